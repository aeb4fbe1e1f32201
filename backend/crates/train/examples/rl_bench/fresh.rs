//! An untrained policy larger than the one that comes with the program, for timing alone.

use crate::Fallible;
use crate::arguments::Arguments;
use policy::{Policy, PolicyConfig};
use std::path::{Path, PathBuf};

/// POLICY --out FOLDER
pub fn make(mut arguments: Arguments) -> Fallible<()> {
    let policy = PathBuf::from(arguments.next("the folder of a policy")?);
    let out: PathBuf = arguments.option("out")?.ok_or("--out FOLDER is missing")?;
    arguments.done()?;
    folder(&policy, &out)
}

/// Writes the folder: tokenizer and processor of another policy, 50 M fresh weights.
pub fn folder(policy: &Path, out: &Path) -> Fallible<()> {
    let like = Policy::load(policy, &policy::pick("cpu")?)?;
    let config = fifty_million(like.config.text_config.vocab_size);
    Policy::fresh(config, like.tokenizer, like.processor, 1, &like.device).save(out)?;
    Ok(())
}

/// The nano policy with wider and more layers: 50 M parameters, nearly all in the decoder, as in
/// the published models.
fn fifty_million(vocab_size: usize) -> PolicyConfig {
    let mut config = PolicyConfig::nano(vocab_size);
    let text = &mut config.text_config;
    (text.hidden_size, text.intermediate_size, text.num_hidden_layers) = (640, 1792, 10);
    (text.num_attention_heads, text.num_key_value_heads, text.head_dim) = (10, 5, Some(64));
    text.initializer_range = 0.02;
    if let Some(rope) = &mut text.rope_parameters {
        rope.mrope_section = Some([12, 10, 10]);
    }
    let vision = &mut config.vision_config;
    (vision.depth, vision.hidden_size, vision.num_heads) = (4, 192, 3);
    (vision.intermediate_size, vision.out_hidden_size) = (768, 640);
    config
}
