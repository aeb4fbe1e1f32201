//! The crate's one error type.

use std::path::{Path, PathBuf};

/// What can go wrong between a policy folder and its tokens. Each message is one sentence that
/// names the file, tensor or device concerned.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// `config.json`, `generation_config.json` or `preprocessor_config.json` is unusable.
    #[error("config: {0}")]
    Config(String),
    /// A tensor is missing, misshapen, truncated or of an unknown type.
    #[error("weights: {0}")]
    Weights(String),
    /// The tokenizer cannot be read, trained or applied.
    #[error("tokenizer: {0}")]
    Tokenizer(String),
    /// A prompt or clip does not fit the policy.
    #[error("prompt: {0}")]
    Prompt(String),
    /// The device is not there.
    #[error("device: {0}")]
    Device(String),
    /// A tensor file given to `logits` or `generate` is unusable.
    #[error("input: {0}")]
    Input(String),
}

impl PolicyError {
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), source }
    }
}
