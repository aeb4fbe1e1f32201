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
