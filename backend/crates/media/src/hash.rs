//! Content identity of files, and remembering it. It never interprets what it hashes.

use crate::error::{MediaError, file_name};
use shared::video::VideoId;
use std::collections::HashMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// How long a file has to have stood still before its hash is remembered: within one tick of
/// the file system's clock a second change would leave no trace.
const STILL: Duration = Duration::from_secs(2);

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

/// Hashes of files by what the system says of them, as Git's index keeps them: a file whose
/// place on the disk, size and times are as before was not changed.
#[derive(Debug, Default)]
pub(crate) struct Sources(Mutex<HashMap<PathBuf, (Stamp, VideoId)>>);

/// What the system says of a file: device, inode, bytes, times of the last change of its
/// content and of anything about it in seconds and nanoseconds.
type Stamp = [i64; 7];

impl Sources {
    /// The content hash of a file, read again only where it may have changed.
    /// Errors: as [`hash_file`].
    pub fn id_of(&self, path: &Path) -> Result<VideoId, MediaError> {
        let before = stamp(path);
        if let Some(before) = before
            && let Some((known, id)) = self.alive().get(path)
            && *known == before
        {
            return Ok(id.clone());
        }
        let id = hash_file(path)?;
        // What was changed while it was read has another stamp next time.
        if let Some(before) = before {
            self.alive().insert(path.to_owned(), (before, id.clone()));
        }
        Ok(id)
    }

    fn alive(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, (Stamp, VideoId)>> {
        // Every entry is true by itself, whatever happened to another.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `None` for a file that was changed just now, or where the system does not tell.
fn stamp(path: &Path) -> Option<Stamp> {
    let facts = std::fs::metadata(path).ok()?;
    let still = facts.modified().ok()? + STILL < SystemTime::now();
    still.then(|| details(&facts)).flatten()
}

#[cfg(unix)]
fn details(facts: &Metadata) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let [device, inode, bytes] = [facts.dev(), facts.ino(), facts.len()].map(|n| n as i64);
    let times = [facts.mtime(), facts.mtime_nsec(), facts.ctime(), facts.ctime_nsec()];
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(times[2].max(0) as u64);
    let still = changed + STILL < SystemTime::now();
    still.then_some([device, inode, bytes, times[0], times[1], times[2], times[3]])
}

#[cfg(not(unix))]
fn details(_: &Metadata) -> Option<Stamp> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same number of bytes, and a time put back as copying tools do: the system's own time
    /// of the change still tells.
    #[test]
    fn a_changed_file_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.bin");
        let sources = Sources::default();
        let old = SystemTime::now() - Duration::from_secs(3600);
        let write = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("room");
            let file = std::fs::File::options().append(true).open(&path).expect("a file");
            file.set_modified(old).expect("a time");
        };
        write(b"one");
        let first = sources.id_of(&path).expect("a file");
        assert!(stamp(&path).is_none(), "too fresh to be remembered");
        write(b"two");
        assert_ne!(sources.id_of(&path).expect("a file"), first);
        std::thread::sleep(STILL + Duration::from_millis(1100));
        let second = sources.id_of(&path).expect("a file");
        assert!(stamp(&path).is_some() && sources.alive().contains_key(&path));
        assert_eq!(sources.id_of(&path).expect("a file"), second);
        write(b"one");
        assert_eq!(sources.id_of(&path).expect("a file"), first);
    }
}
