//! Labels as listed and answered.

use super::PageMeta;
use crate::annotation::Label;
use crate::task::TaskKind;
use serde::{Deserialize, Serialize};

/// A label with what a list shows beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What people said.
    pub label: Label,
    /// Name of the run.
    pub run_name: String,
    /// (task, dial) cell.
    pub cell: String,
    /// Task family.
    pub task: TaskKind,
    /// The question.
    pub question: String,
    /// The answer given.
    pub text: String,
    /// The right answer.
    pub truth: String,
    /// What it earned.
    pub reward: f64,
    /// File name of the video.
    pub video_name: String,
}

/// `GET /labels?state=&after=&limit=`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailuresBody {
    /// Newest first; withdrawn ones are left out.
    pub failures: Vec<Failure>,
    /// Where the next page starts.
    pub meta: PageMeta,
}

/// `POST /labels` (an [`crate::annotation::Op`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelBody {
    /// The label after the operation.
    pub label: Label,
}
