//! Task studio: one sample, made while somebody looks.

use crate::task::SampleInfo;
use crate::video::VideoId;
use serde::{Deserialize, Serialize};

/// `POST /studio/sample`. The same request gives the same sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleRequest {
    /// The video it is made from.
    pub video: VideoId,
    /// One item of a mixture, [`crate::config::MixtureItem`]; of several changes the seed
    /// picks one.
    pub item: serde_json::Value,
    /// The video that frames are borrowed from, for tasks that do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<VideoId>,
    /// Chooses everything that is drawn by chance.
    pub seed: u64,
}

/// The answer to [`SampleRequest`]. Its spec, as JSON, is the `spec` of
/// `GET /studio/clip.webm?spec=&size=view|policy` and `GET /studio/atlas.jpg?spec=`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleBody {
    /// The sample, with its truth.
    pub sample: SampleInfo,
    /// Whether its frames show the answer; a data set or a run would draw again.
    pub answerable: bool,
}

/// Samples of an audited cell: fewest and most.
pub const AUDIT_SAMPLES: [u32; 2] = [20, 400];

/// `POST /studio/audit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRequest {
    /// One item of a mixture, without further dials: audits know the published ones.
    pub item: serde_json::Value,
    /// Samples of each of its cells, within [`AUDIT_SAMPLES`].
    pub samples: u32,
}

/// `POST /studio/audit`, `GET /studio/audit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditBody {
    /// The newest audit since the server started; none before the first.
    pub audit: Option<AuditState>,
}

/// How an audit stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum AuditState {
    /// Samples are made and looked at.
    Running {
        /// What is audited.
        cells: Vec<String>,
        /// Samples done.
        done: usize,
        /// Samples asked for.
        total: usize,
    },
    /// It ended.
    Done {
        /// One for each cell.
        cells: Vec<AuditCell>,
        /// Videos that samples were made from.
        videos: usize,
        /// Chance below which a test counts as failed.
        limit: f64,
    },
    /// It could not be made.
    Failed {
        /// One sentence.
        message: String,
    },
}

/// What an audit found of one cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditCell {
    /// The cell's name.
    pub cell: String,
    /// Why it could not be audited, if so; that is no ruling.
    pub problem: Option<String>,
    /// Samples looked at.
    pub samples: usize,
    /// Samples left out because their pixels do not show the answer.
    pub unanswerable: usize,
    /// Samples whose truth was proved from the pixels.
    pub proved: usize,
    /// What was measured.
    pub tests: Vec<AuditTest>,
    /// Why the generator is unfair; empty for a fair one.
    pub rulings: Vec<String>,
}

/// One measurement of an audit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditTest {
    /// What was measured.
    pub what: String,
    /// What came out: a mean reward or overlap, or a number.
    pub found: Option<f64>,
    /// What it is held against.
    pub against: Option<f64>,
    /// Chance of an outcome as far off where nothing is wrong; none where it is not judged.
    pub chance: Option<f64>,
}
