//! Content identity of files. It never interprets what it hashes.

use crate::error::{MediaError, file_name};
use shared::video::VideoId;
use std::path::Path;

/// BLAKE3 of the whole file, read through a memory map on several threads.
///
/// Errors: [`MediaError::Io`]; [`MediaError::Empty`] for a file of zero bytes.
pub fn hash_file(path: &Path) -> Result<VideoId, MediaError> {
    let facts = std::fs::metadata(path).map_err(|e| MediaError::read(path, e))?;
    if !facts.is_file() {
        let kind = std::io::Error::other("it is not a plain file");
        return Err(MediaError::read(path, kind));
    }
    if facts.len() == 0 {
        return Err(MediaError::Empty { file: file_name(path) });
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update_mmap_rayon(path).map_err(|e| MediaError::read(path, e))?;
    Ok(VideoId::from_hash(hasher.finalize().as_bytes()))
}
