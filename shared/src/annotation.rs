//! What people say about rollouts: append-only operations and the label they fold to.
//!
//! A label is never changed in place. Each operation names the version it was made
//! against; a stale one is refused with the newer label.

use crate::task::named_enum;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

mod rules;
mod tag;
pub use rules::{Refusal, apply};
pub use tag::Tag;

/// Which rollout a label is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RolloutRef {
    /// Run.
    pub run: String,
    /// Training step, from 1.
    pub step: u64,
    /// Group of the step, from 0.
    pub group: u32,
    /// Rollout of the group, from 0.
    pub rollout: u32,
}

named_enum! {
    /// Where a label is between the people.
    LabelState, "label state" {
        /// Waits for a second person.
        Submitted => "submitted",
        /// A second person agrees.
        Accepted => "accepted",
        /// A second person wants something else.
        ChangesAsked => "changes-asked",
        /// Taken back by its author.
        Withdrawn => "withdrawn",
    }
}

impl LabelState {
    /// Name shown to people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Submitted => "waits for review",
            Self::Accepted => "accepted",
            Self::ChangesAsked => "changes asked",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What a person does to a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Says what went wrong (again), for review.
    Submit {
        /// Tags, at least one.
        tags: Vec<Tag>,
        /// A note for the reviewer; may be empty.
        note: String,
    },
    /// Takes the own label back.
    Withdraw,
    /// Agrees.
    Accept {
        /// May be empty.
        comment: String,
    },
    /// Wants something else.
    AskChanges {
        /// What; not empty.
        comment: String,
    },
    /// Takes the own decision back: the label waits for review again.
    Reopen,
}

/// One line of the annotation log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Op {
    /// Which rollout.
    pub target: RolloutRef,
    /// Version of the label it was made against; 0 where there was none.
    pub base_version: u64,
    /// What is done.
    pub action: Action,
}

/// A person as shown beside what they did.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PersonRef {
    /// Stable id.
    pub id: u64,
    /// Name.
    pub name: String,
}

/// A label: the fold of the operations on one rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// Which rollout.
    pub target: RolloutRef,
    /// Number of operations folded in.
    pub version: u64,
    /// Where it is.
    pub state: LabelState,
    /// What went wrong.
    pub tags: Vec<Tag>,
    /// The author's note.
    pub note: String,
    /// Who wrote it.
    pub author: PersonRef,
    /// Who reviewed it last.
    pub reviewer: Option<PersonRef>,
    /// The reviewer's words.
    pub comment: String,
    /// Unix time of the newest operation, seconds.
    pub at: f64,
}

named_enum! {
    /// What a person may do; each role may do what the ones before it may.
    Role, "role" {
        /// Looks.
        Viewer => "viewer",
        /// Tags failures.
        Annotator => "annotator",
        /// Reviews other people's tags.
        Reviewer => "reviewer",
        /// Runs, videos and people.
        Admin => "admin",
    }
}
