//! The library.

use super::PageMeta;
use crate::video::VideoMeta;
use serde::{Deserialize, Serialize};

/// A video of the library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Video {
    /// Facts of the file.
    pub meta: VideoMeta,
    /// File name.
    pub name: String,
    /// Size, bytes.
    pub bytes: u64,
    /// Unix time it was added, seconds.
    pub added_at: f64,
    /// Why no questions can be made from it, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// `GET /videos?after=&limit=`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideosBody {
    /// The library, newest first.
    pub videos: Vec<Video>,
    /// Where the next page starts.
    pub meta: PageMeta,
}

/// `POST /videos?name=FILE` (raw bytes), `GET /videos/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoBody {
    /// The video.
    pub video: Video,
}
