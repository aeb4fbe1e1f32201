//! What can go wrong in the database.

use shared::annotation::{Label, Refusal};
use shared::fold::IllegalMove;

/// Shorthand.
pub type Result<T> = std::result::Result<T, StoreError>;

/// What can go wrong in the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused.
    #[error("the database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A stored record does not read back.
    #[error("a stored record cannot be read: {0}")]
    Record(String),
    /// The writer is gone.
    #[error("the database is closed")]
    Closed,
    /// The file cannot be made.
    #[error("cannot open {path}: {cause}")]
    Open {
        /// Where.
        path: String,
        /// Why.
        cause: String,
    },
    /// Written by a newer program.
    #[error("the database is of version {found}, newer than this program's {known}; update it")]
    Newer {
        /// In the file.
        found: i64,
        /// The newest known here.
        known: i64,
    },
    /// No such record.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A page of a list was asked for after something that the list does not hold.
    #[error("the list holds no such entry")]
    NoPlace,
    /// A sign-in link that does not work.
    #[error("this sign-in link {0}")]
    BadLink(&'static str),
    /// The link makes a new person, who needs a name.
    #[error("say your name")]
    NameNeeded,
    /// Events do not follow the stored ones.
    #[error("events of run {run} go on at {got}, but {have} is the newest stored")]
    Gap {
        /// Which run.
        run: String,
        /// Newest stored.
        have: u64,
        /// First given.
        got: u64,
    },
    /// The run's state does not allow it.
    #[error(transparent)]
    IllegalMove(#[from] IllegalMove),
    /// The label's state or the person's role does not allow it.
    #[error("{refusal}")]
    Refused {
        /// Why.
        refusal: Refusal,
        /// The label as it is.
        label: Option<Box<Label>>,
    },
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Record(error.to_string())
    }
}

impl StoreError {
    /// What a missing entry means where it was to say where a page begins.
    pub(crate) fn no_place(self) -> Self {
        match self {
            Self::NotFound(_) => Self::NoPlace,
            other => other,
        }
    }
}
