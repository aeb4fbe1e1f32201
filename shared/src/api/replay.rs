//! A stored group made again from the checkpoint before it.

use crate::rollout::Rollout;
use serde::{Deserialize, Serialize};

/// `GET`, `POST`, `DELETE /runs/{id}/groups/{step}/{group}/replay`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplayBody {
    /// How the group's replay stands; none where nobody asked for one.
    pub replay: Option<ReplayState>,
}

/// How a replay stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ReplayState {
    /// Steps are made again.
    Running {
        /// The step that the checkpoint was taken after; none while it is loaded.
        from: Option<u64>,
        /// The last step made again.
        step: u64,
        /// The group's own step, which is the last.
        last: u64,
    },
    /// It came out. Kept beside the run.
    Done {
        /// Unix time it ended, seconds.
        at: f64,
        /// The group's answers as they came out now, with how much likelier the video made each
        /// token.
        rollouts: Vec<Rollout>,
    },
    /// It could not be made.
    Failed {
        /// One sentence.
        message: String,
    },
}
