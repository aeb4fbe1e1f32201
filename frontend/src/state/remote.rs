//! Something fetched: on its way, here, or not to be had and why.

use shared::annotation::Label;
use shared::config::Problem;

/// The state of something fetched.
#[derive(Clone, Debug, PartialEq)]
pub enum Remote<T> {
    /// On its way.
    Loading,
    /// Here.
    Ready(T),
    /// Not to be had.
    Failed(Fault),
}

impl<T> Remote<T> {
    /// What came, if it came.
    pub fn ready(&self) -> Option<&T> {
        match self {
            Self::Ready(value) => Some(value),
            _ => None,
        }
    }

    /// What came, to be changed.
    pub fn ready_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Ready(value) => Some(value),
            _ => None,
        }
    }
}

impl<T> From<Result<T, Fault>> for Remote<T> {
    fn from(result: Result<T, Fault>) -> Self {
        match result {
            Ok(value) => Self::Ready(value),
            Err(fault) => Self::Failed(fault),
        }
    }
}

/// Why a request brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// No answer at all.
    Offline,
    /// Nobody is signed in.
    SignedOut,
    /// There is no such thing.
    Missing,
    /// The server understood and refused.
    Refused,
    /// A part of the page itself did not come.
    Incomplete,
    /// Anything else.
    Broken,
}

/// A failed request, ready to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What sort.
    pub kind: FaultKind,
    /// For programs, as the server sent it.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// The field at fault.
    pub field: Option<String>,
    /// Every problem of a config.
    pub problems: Vec<Problem>,
    /// The label as it is now, where an operation was made against an older one.
    pub newer: Option<Box<Label>>,
}

impl Fault {
    /// A fault with a sentence alone.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: String::new(),
            message: message.into(),
            field: None,
            problems: Vec::new(),
            newer: None,
        }
    }

    /// What the reader can do about it.
    pub fn advice(&self) -> &'static str {
        match self.kind {
            FaultKind::Offline => "Check that the server runs; this page tries again by itself.",
            FaultKind::SignedOut => "Open a sign-in link to go on.",
            FaultKind::Missing => "It may have been removed, or the link is cut short.",
            FaultKind::Refused => "Change it and try again.",
            FaultKind::Incomplete => {
                "Try again; if it stays, reload the page: the server may hold a newer one."
            }
            FaultKind::Broken => "Try again; if it stays, the server's log says more.",
        }
    }
}
