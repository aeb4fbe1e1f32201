//! `manifest.json`: what a dataset holds, with the hashes to prove it. It says nothing about
//! when or where the dataset was made: the same build gives the same bytes.

use crate::error::DatasetError;
use crate::files::read;
use serde::{Deserialize, Serialize};
use shared::config::DatasetSpec;
use shared::video::VideoId;
use std::collections::BTreeMap;
use std::path::Path;

/// File name within a dataset. It is written last: a folder with it is whole.
pub(crate) const MANIFEST: &str = "manifest.json";
/// File name of the rows.
pub(crate) const ROWS: &str = "rows.parquet";
/// File name of the list of problems.
pub(crate) const PROBLEMS: &str = "problems.jsonl";
/// Changes whenever the same spec and videos would give other files.
pub(crate) const FORMAT: u32 = 1;

/// What a dataset holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Layout and meaning of all files; 1.
    pub format: u32,
    /// Version of the program that wrote it.
    pub version: String,
    /// What it was built from; none for imported rows.
    pub spec: Option<DatasetSpec>,
    /// Hash over the content hashes of the videos offered to the build; none for imported rows.
    pub videos_hash: Option<String>,
    /// Number of rows.
    pub samples: u64,
    /// Rows of each (task, dial) cell.
    pub cells: BTreeMap<String, u64>,
    /// Rows of each split.
    pub splits: BTreeMap<String, u64>,
    /// The rows' file.
    pub rows: RowFacts,
    /// The frame files.
    pub frames: FrameFacts,
    /// Lines of `problems.jsonl`.
    pub problems: u64,
    /// Videos refused because an excluded dataset was made of them.
    pub refused: u64,
    /// Every video that could be used, by content hash.
    pub videos: BTreeMap<VideoId, VideoFacts>,
}

/// The rows' file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowFacts {
    /// Size.
    pub bytes: u64,
    /// BLAKE3 of the file, hex.
    pub blake3: String,
}

/// The frame files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameFacts {
    /// Number of files; 0 where rows name files outside the dataset.
    pub files: u64,
    /// Their sizes together.
    pub bytes: u64,
    /// BLAKE3 over the paths that the rows name, row after row, each with a line feed. The
    /// paths of frames are hashes of what the files hold.
    pub blake3: String,
}

/// One video of a dataset; empty but for the rows where imported rows name it by hash alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VideoFacts {
    /// Path below the folder of videos; of imported rows the whole path.
    pub file: String,
    /// Rows made of it.
    pub samples: u64,
    /// Seconds.
    pub duration_secs: f64,
    /// Frames of the source.
    pub frames: u64,
    /// Pixels, as shown.
    pub width: u32,
    /// Pixels, as shown.
    pub height: u32,
}

impl Manifest {
    /// Of a dataset, by its folder or by the path of the manifest itself. Errors: it cannot be
    /// read, or is none.
    pub fn read(path: &Path) -> Result<Self, DatasetError> {
        let file = if path.is_dir() { path.join(MANIFEST) } else { path.to_owned() };
        serde_json::from_slice(&read(&file)?).map_err(|error| DatasetError::damaged(&file, error))
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // Plain data: strings as keys and finite numbers.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}
