//! The crate's one error type.

use std::path::{Path, PathBuf};

/// Why a run, a warm start or one of their files failed. Each message is one sentence.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The policy could not be loaded, asked or saved.
    #[error(transparent)]
    Policy(#[from] policy::PolicyError),
    /// A sample could not be made.
    #[error("sample: {0}")]
    Sample(String),
    /// No video is usable.
    #[error("{0}")]
    Videos(String),
    /// A run folder, checkpoint or rollout file is damaged or of another run.
    #[error("run folder: {0}")]
    Run(String),
    /// The receiver of the events is gone.
    #[error("events cannot be delivered: {0}")]
    Sink(String),
    /// A thread or a tensor operation panicked; the message is the panic's.
    #[error("{0}")]
    Panic(String),
}

impl TrainError {
    /// Names the file of an I/O error.
    pub fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), source }
    }
}

/// The text of a caught panic.
pub fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a message".into())
}
