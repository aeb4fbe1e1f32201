//! Byte-level BPE: a Hugging Face `tokenizer.json`, or a small one trained here.
//! It never interprets special tokens written inside ordinary text.

use crate::error::PolicyError;
use serde_json::json;
use std::fs;
use std::path::Path;
use tokenizers::models::bpe::{BPE, BpeTrainerBuilder};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{
    AddedToken, DecoderWrapper, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper,
    SplitDelimiterBehavior, Tokenizer, TokenizerImpl,
};

/// Special tokens of the architecture; a tokenizer trained here gives them the ids 0 to 6.
pub const SPECIAL_TOKENS: [&str; 7] = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
];

/// How the published models cut text into words before merging.
const WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Answers are built from these: each is a token of its own, so that spans, counts and orders
/// are spelled alike wherever they stand.
const SINGLE: &str = "[0-9,.-]";

/// The template a chat client applies; kept in the folder for other programs.
const CHAT_TEMPLATE: &str = "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}{% if part['type'] == 'video' %}<|vision_start|><|video_pad|><|vision_end|>{% elif part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

type Untrained = TokenizerImpl<
    BPE,
    NormalizerWrapper,
    PreTokenizerWrapper,
    PostProcessorWrapper,
    DecoderWrapper,
>;

/// A tokenizer and the ids of the tokens that prompts are built from.
#[derive(Clone)]
pub struct PolicyTokenizer {
    inner: Tokenizer,
    json: String,
    /// Id of `<|im_start|>`.
    pub im_start: u32,
    /// Id of `<|im_end|>`, which ends an answer.
    pub im_end: u32,
    /// Id of `<|vision_start|>`.
    pub vision_start: u32,
    /// Id of `<|vision_end|>`.
    pub vision_end: u32,
    /// Id of `<|video_pad|>`.
    pub video_pad: u32,
}

impl PolicyTokenizer {
    /// Reads `tokenizer.json` of a policy folder.
    ///
    /// # Errors
    /// An unreadable file, or a missing special token.
    pub fn load(dir: &Path) -> Result<Self, PolicyError> {
        let path = dir.join("tokenizer.json");
        let json = fs::read_to_string(&path).map_err(|source| PolicyError::io(&path, source))?;
        Self::from_json(json)
    }

    /// Parses the text of a `tokenizer.json`.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn from_json(json: String) -> Result<Self, PolicyError> {
        let mut inner = Tokenizer::from_bytes(json.as_bytes()).map_err(wrong)?;
        inner.set_encode_special_tokens(true);
        let id = |token: &str| {
            inner.token_to_id(token).ok_or_else(|| {
                PolicyError::Tokenizer(format!("the special token {token} is missing"))
            })
        };
        let (im_start, im_end) = (id("<|im_start|>")?, id("<|im_end|>")?);
        let (vision_start, vision_end) = (id("<|vision_start|>")?, id("<|vision_end|>")?);
        let video_pad = id("<|video_pad|>")?;
        Ok(Self { inner, json, im_start, im_end, vision_start, vision_end, video_pad })
    }

    /// Learns merges from a corpus. The same corpus gives the same file.
    ///
    /// `vocab_size` counts the 7 special tokens and the 256 bytes; a small corpus may not fill it.
    ///
    /// # Errors
    /// What the `tokenizers` crate reports, e.g. a vocabulary smaller than its alphabet.
    pub fn train(corpus: &[String], vocab_size: usize) -> Result<Self, PolicyError> {
        let special = SPECIAL_TOKENS.map(|token| AddedToken::from(token, true));
        let mut trainer = BpeTrainerBuilder::new()
            .vocab_size(vocab_size)
            .show_progress(false)
            .special_tokens(special.to_vec())
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .build();
        let mut fresh = Untrained::new(BPE::default());
        fresh
            .with_pre_tokenizer(Some(Sequence::new(vec![
                split(SINGLE)?,
                split(WORDS)?,
                PreTokenizerWrapper::ByteLevel(ByteLevel::new(false, false, false)),
            ])))
            .with_decoder(Some(ByteLevel::new(false, false, false)));
        fresh.train(&mut trainer, corpus.iter()).map_err(wrong)?;
        let json = fresh.to_string(true).map_err(wrong)?;
        Self::from_json(json)
    }

    /// Ids of ordinary text; special tokens inside it are spelled out, never obeyed.
    ///
    /// # Errors
    /// What the `tokenizers` crate reports.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, PolicyError> {
        let encoding = self.inner.encode_fast(text, false).map_err(wrong)?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Text of generated ids, without special tokens; ids outside the vocabulary are skipped.
    pub fn decode(&self, ids: &[u32]) -> String {
        self.inner.decode(ids, true).unwrap_or_default()
    }

    /// The text of one token as it stands, special ones included.
    pub fn token(&self, id: u32) -> String {
        self.inner.decode(&[id], false).unwrap_or_default()
    }

    /// Number of ids, special tokens included.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The text of `tokenizer.json`.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The text of `tokenizer_config.json` for a tokenizer trained here.
    pub fn config_json(&self) -> String {
        let config = json!({
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": null, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>",
            "additional_special_tokens": SPECIAL_TOKENS,
            "clean_up_tokenization_spaces": false,
            "model_max_length": 4096,
            "chat_template": CHAT_TEMPLATE,
        });
        format!("{config:#}\n")
    }
}

fn split(pattern: &str) -> Result<PreTokenizerWrapper, PolicyError> {
    let pattern = SplitPattern::Regex(pattern.into());
    let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false).map_err(wrong)?;
    Ok(PreTokenizerWrapper::Split(split))
}

fn wrong(error: tokenizers::Error) -> PolicyError {
    PolicyError::Tokenizer(error.to_string())
}
