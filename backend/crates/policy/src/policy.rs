//! A policy folder in memory: network, tokenizer, processor.

use crate::config::PolicyConfig;
use crate::error::PolicyError;
use crate::model::Model;
use crate::ops::Kernels;
use crate::processor::Processor;
use crate::prompt::{self, Part, Prompt};
use crate::tokenizer::PolicyTokenizer;
use crate::weights::{self, FreshWeights, WeightFiles};
use burn::tensor::Device;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Files that are written back as they were read.
const KEPT_FILES: [&str; 10] = [
    "generation_config.json",
    "tokenizer_config.json",
    "chat_template.json",
    "chat_template.jinja",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
    "vocab.json",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
];

/// Everything needed to turn clips and questions into answers.
#[derive(Clone)]
pub struct Policy {
    /// Sizes and token ids.
    pub config: PolicyConfig,
    /// The network.
    pub model: Model,
    /// Text to ids and back.
    pub tokenizer: PolicyTokenizer,
    /// Frames to patches.
    pub processor: Processor,
    /// Where the network lives.
    pub device: Device,
    kept: BTreeMap<String, String>,
}

impl Policy {
    /// Reads a Hugging Face folder.
    ///
    /// # Errors
    /// The first file, field or tensor that does not fit, in one sentence.
    pub fn load(dir: &Path, device: &Device) -> Result<Self, PolicyError> {
        let config = PolicyConfig::load(dir)?;
        let tokenizer = PolicyTokenizer::load(dir)?;
        let processor = Processor::load(dir)?;
        processor.validate(&config)?;
        if tokenizer.vocab_size() > config.text_config.vocab_size {
            return Err(PolicyError::Tokenizer(format!(
                "{} tokens do not fit a vocabulary of {}",
                tokenizer.vocab_size(),
                config.text_config.vocab_size
            )));
        }
        let model = Model::build(&config, &mut WeightFiles::open(dir)?, device)?;
        let mut kept = BTreeMap::new();
        for name in KEPT_FILES {
            if let Ok(text) = fs::read_to_string(dir.join(name)) {
                kept.insert(name.to_string(), text);
            }
        }
        Ok(Self { config, model, tokenizer, processor, device: device.clone(), kept })
    }

    /// An untrained policy; the same seed gives the same weights on any machine.
    ///
    /// # Panics
    /// If the config does not pass [`PolicyConfig::validate`].
    pub fn fresh(
        config: PolicyConfig,
        tokenizer: PolicyTokenizer,
        processor: Processor,
        seed: u64,
        device: &Device,
    ) -> Self {
        config.validate().expect("a fresh policy has a valid config");
        let model = Model::build(&config, &mut FreshWeights { seed }, device)
            .expect("fresh weights have every tensor");
        let pretty = |value: serde_json::Value| format!("{value:#}\n");
        let processor_json = serde_json::to_value(&processor).expect("a processor is plain data");
        let generation = json!({
            "do_sample": true, "temperature": 1.0, "eos_token_id": config.eos_token_ids,
            "pad_token_id": config.text_config.extra.get("pad_token_id"),
        });
        let kept = BTreeMap::from([
            ("generation_config.json".to_string(), pretty(generation)),
            ("tokenizer_config.json".to_string(), tokenizer.config_json()),
            ("preprocessor_config.json".to_string(), pretty(processor_json)),
        ]);
        Self { config, model, tokenizer, processor, device: device.clone(), kept }
    }

    /// The same policy with products in bf16; its parameters stay f32.
    ///
    /// # Errors
    /// On the CPU, whose kernels are f32.
    pub fn mixed(mut self) -> Result<Self, PolicyError> {
        if self.model.kernels() == Kernels::Fused {
            return Err(PolicyError::Device("bf16 needs a GPU; the CPU computes in f32".into()));
        }
        self.model = self.model.with_kernels(Kernels::Mixed);
        Ok(self)
    }

    /// Writes the folder: aside first, flushed, then renamed into place, so that a reader or a
    /// crash never sees half of it. An existing folder is replaced.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn save(&self, dir: &Path) -> Result<(), PolicyError> {
        let aside = beside(dir, "partial");
        let _ = fs::remove_dir_all(&aside);
        fs::create_dir_all(&aside).map_err(|source| PolicyError::io(&aside, source))?;
        let config = serde_json::to_string_pretty(&self.config)
            .map_err(|error| PolicyError::Config(error.to_string()))?;
        weights::write_synced(&aside.join("config.json"), format!("{config}\n").as_bytes())?;
        weights::write_synced(&aside.join("tokenizer.json"), self.tokenizer.json().as_bytes())?;
        for (name, text) in &self.kept {
            weights::write_synced(&aside.join(name), text.as_bytes())?;
        }
        weights::save(&self.model, &self.config, &aside.join("model.safetensors"))?;
        replace(&aside, dir)
    }

    /// Tokens, positions and patches of a user's turn, up to the first answer token.
    ///
    /// # Errors
    /// A clip that does not fit its sizes or times.
    pub fn prompt(&self, parts: &[Part]) -> Result<Prompt, PolicyError> {
        prompt::build(&self.config, &self.tokenizer, &self.processor, parts)
    }
}

fn beside(dir: &Path, ending: &str) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{ending}-{}", std::process::id()));
    dir.with_file_name(name)
}

/// Renames `aside` to `dir`; what was at `dir` is moved away first and deleted last.
fn replace(aside: &Path, dir: &Path) -> Result<(), PolicyError> {
    let old = beside(dir, "old");
    if dir.exists() {
        fs::rename(dir, &old).map_err(|source| PolicyError::io(dir, source))?;
    }
    fs::rename(aside, dir).map_err(|source| PolicyError::io(dir, source))?;
    let parent =
        dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = fs::File::open(parent).and_then(|folder| folder.sync_all());
    synced.map_err(|source| PolicyError::io(parent, source))?;
    let _ = fs::remove_dir_all(&old);
    Ok(())
}
