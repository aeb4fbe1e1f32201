//! Parts: what a build made of one video in one round, as lines of JSON with a checksum. A part
//! that is there and whole is the mark that its video is done; anything else is made again.

use crate::error::DatasetError;
use crate::files::{Aside, read};
use crate::rows::Row;
use serde::{Deserialize, Serialize};
use shared::video::VideoId;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// What a video is asked in a round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartKey {
    pub round: u32,
    pub video: VideoId,
    /// Indices of the rows, ascending.
    pub rows: Vec<u64>,
}

/// One line of a part after its first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Line {
    /// A row that is done.
    Made(Box<Row>),
    /// A row that this video does not show the answer of.
    Failed { index: u64, why: String },
    /// The video cannot be decoded: none of the rows is done.
    Bad { why: String },
}

/// What a part says, without the rows themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Index of each row that is done, with the position of its line in the file.
    pub made: Vec<(u64, u64)>,
    /// Rows that need another video, with the reason.
    pub failed: Vec<(u64, String)>,
    /// Why the video is of no use.
    pub bad: Option<String>,
}

/// Where the part of a video in a round lies.
pub(crate) fn path_of(parts: &Path, round: u32, video: &VideoId) -> PathBuf {
    parts.join(format!("{round}-{}.jsonl", video.hex()))
}

/// Puts a part in its place.
pub(crate) fn write(
    path: &Path,
    key: &PartKey,
    lines: &[Line],
    aside: &Aside,
) -> Result<Outcome, DatasetError> {
    let json = |value: serde_json::Result<String>| {
        value.map_err(|error| DatasetError::damaged(path, format!("no JSON: {error}")))
    };
    let mut text = json(serde_json::to_string(key))? + "\n";
    let mut outcome = Outcome::default();
    for line in lines {
        outcome.add(line, text.len() as u64);
        text += &json(serde_json::to_string(line))?;
        text.push('\n');
    }
    text += &(blake3::hash(text.as_bytes()).to_hex().to_string() + "\n");
    aside.put(path, text.as_bytes())?;
    Ok(outcome)
}

/// Reads a part that an earlier process left; `None` if there is none, if it is not whole, not
/// of this key, or names a frame that `is_whole` does not know.
pub(crate) fn recall(
    path: &Path,
    key: &PartKey,
    is_whole: impl Fn(&str) -> bool,
) -> Option<Outcome> {
    let bytes = read(path).ok()?;
    let text = std::str::from_utf8(&bytes).ok()?;
    let body = text.len().checked_sub(blake3::OUT_LEN * 2 + 1)?;
    let (body, sum) = text.split_at_checked(body)?;
    if blake3::hash(body.as_bytes()).to_hex().as_str() != sum.trim_end() {
        return None;
    }
    let (first, mut rest) = body.split_once('\n')?;
    if serde_json::from_str::<PartKey>(first).ok()? != *key {
        return None;
    }
    let mut outcome = Outcome::default();
    let mut frames = std::collections::HashSet::new();
    while let Some((line, after)) = rest.split_once('\n') {
        let position = (body.len() - rest.len()) as u64;
        let line: Line = serde_json::from_str(line).ok()?;
        outcome.add(&line, position);
        if let Line::Made(row) = line {
            frames.extend(row.videos.into_iter().flat_map(|clip| clip.video));
        }
        rest = after;
    }
    frames.iter().all(|frame| is_whole(frame)).then_some(outcome)
}

/// The row at a position of a part.
pub(crate) fn row_at(path: &Path, position: u64) -> Result<Row, DatasetError> {
    let mut line = String::new();
    File::open(path)
        .and_then(|mut file| file.seek(SeekFrom::Start(position)).map(|_| file))
        .and_then(|file| BufReader::new(file).read_line(&mut line))
        .map_err(|cause| DatasetError::read(path, cause))?;
    match serde_json::from_str(&line) {
        Ok(Line::Made(row)) => Ok(*row),
        Ok(_) => Err(DatasetError::damaged(path, "a row is missing")),
        Err(error) => Err(DatasetError::damaged(path, error)),
    }
}

impl Outcome {
    fn add(&mut self, line: &Line, position: u64) {
        match line {
            Line::Made(row) => self.made.push((row.extra_info.index as u64, position)),
            Line::Failed { index, why } => self.failed.push((*index, why.clone())),
            Line::Bad { why } => self.bad = Some(why.clone()),
        }
    }
}
