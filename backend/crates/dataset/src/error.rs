//! What can go wrong with a dataset as a whole, one sentence for people each. A video that
//! cannot be used is no error: it is listed as a problem.

use std::io;
use std::path::{Path, PathBuf};

/// Why a dataset could not be made, read or checked.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// Reading or writing failed.
    #[error("`{}` cannot be {verb}: {cause}.", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// `read` or `written`.
        verb: &'static str,
        /// What the system said.
        cause: io::Error,
    },
    /// No room is left.
    #[error(
        "`{}` cannot be written: no room is left ({cause}); make room and start the same command again, it goes on where it stopped.",
        path.display()
    )]
    Full {
        /// The file that did not fit.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The output folder holds something else.
    #[error("`{}` {what}; choose another folder for --out.", folder.display())]
    Taken {
        /// The output folder.
        folder: PathBuf,
        /// What it holds, as the middle of a sentence.
        what: String,
    },
    /// Another process writes into the output folder.
    #[error("another build is writing into `{}`.", folder.display())]
    Busy {
        /// The output folder.
        folder: PathBuf,
    },
    /// Not one video can be used.
    #[error("none of the {files} file(s) in `{}` can be used: {first}", folder.display())]
    NoVideos {
        /// The folder of videos.
        folder: PathBuf,
        /// Files looked at.
        files: usize,
        /// The first problem, a whole sentence.
        first: String,
    },
    /// No video is left on which a task shows its answer.
    #[error(
        "no video is left for {samples} sample(s) of {cell}: {why} Add other videos or leave {cell} out of the mixture."
    )]
    Unanswerable {
        /// The task's cell.
        cell: String,
        /// Samples without a video.
        samples: usize,
        /// Why the last video could not be used, a whole sentence.
        why: String,
    },
    /// A file of a dataset does not hold what it should.
    #[error("`{}` is damaged: {reason}.", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found, as the end of a sentence.
        reason: String,
    },
    /// What was asked for makes no sense.
    #[error("{0}.")]
    BadInput(String),
}

impl DatasetError {
    pub(crate) fn read(path: &Path, cause: io::Error) -> Self {
        Self::Io { path: path.to_owned(), verb: "read", cause }
    }

    /// A failed write; a lack of room has its own sentence.
    pub(crate) fn write(path: &Path, cause: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let path = path.to_owned();
        match cause.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::Full { path, cause },
            _ => Self::Io { path, verb: "written", cause },
        }
    }

    pub(crate) fn damaged(path: &Path, reason: impl ToString) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.to_string() }
    }
}
