//! What people do to a run, and how they look for its groups.

use super::PageMeta;
use crate::edit::Edit;
use crate::task::TaskKind;
use crate::video::VideoId;
use serde::{Deserialize, Serialize};

/// `POST /runs/{id}/edits`: a run that goes on is made with another value from its next step on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EditRequest {
    /// The new value.
    pub edit: Edit,
}

/// `POST /runs/{id}/archive`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveRequest {
    /// Whether it goes out of sight, or comes back.
    pub archived: bool,
}

/// A group as a feed shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupCard {
    /// Training step.
    pub step: u64,
    /// Group of the step.
    pub group: u32,
    /// Task family.
    pub task: TaskKind,
    /// (task, dial) cell.
    pub cell: String,
    /// Source video.
    pub video: VideoId,
    /// What was asked.
    pub question: String,
    /// Reward and advantage of every answer, in order.
    pub answers: Vec<(f64, f64)>,
    /// Answers that did not have the asked form.
    pub unparsed: u32,
}

/// `GET /runs/{id}/groups?task=&min_reward=&max_reward=&parsed=&dead=&text=&after=&limit=`:
/// groups of which at least one answer is as asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupsBody {
    /// Newest first.
    pub groups: Vec<GroupCard>,
    /// Where the next page starts.
    pub meta: PageMeta,
}
