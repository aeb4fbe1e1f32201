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

/// `POST /uploads`: a file is to come in parts. The same file asked for again goes on where it
/// stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewUpload {
    /// File name.
    pub name: String,
    /// Size, bytes.
    pub bytes: u64,
    /// When the file was last changed, Unix time in milliseconds: tells two files of one name and
    /// size apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified_ms: Option<u64>,
}

/// A file that comes in parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Names it in its address.
    pub id: String,
    /// What is to come.
    #[serde(flatten)]
    pub file: NewUpload,
    /// Bytes that have come; the next part starts there.
    pub received: u64,
}

/// `POST /uploads`, `GET /uploads/{id}`, and `PATCH /uploads/{id}?at=BYTE` with raw bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UploadBody {
    /// How far it is.
    pub upload: Upload,
    /// The video, once all of it has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video: Option<Video>,
}

/// `GET /uploads`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadsBody {
    /// One's own that have not ended, by name.
    pub uploads: Vec<Upload>,
}
