//! Facts of a video file. It decodes nothing.

use crate::error::MediaError;
use crate::hash::hash_file;
use crate::index::Index;
use shared::video::{VideoId, VideoMeta};
use std::path::Path;

/// Content hash, size as shown, frame count and durations of the best video track, from one
/// pass over the file's packets.
///
/// Errors: every [`MediaError`] about files except `TooShort`.
pub fn probe(path: &Path) -> Result<VideoMeta, MediaError> {
    let id = hash_file(path)?;
    facts(path, &id)
}

/// As [`probe`], for a file whose content hash is known.
pub fn facts(path: &Path, id: &VideoId) -> Result<VideoMeta, MediaError> {
    Ok(Index::read(path)?.meta(id.clone()))
}
