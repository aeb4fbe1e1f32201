//! Files that are there whole or not at all: written aside, then renamed. It knows nothing of
//! what they hold.

use crate::error::DatasetError;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes files of one folder tree by way of a folder aside on the same file system.
#[derive(Debug)]
pub(crate) struct Aside {
    folder: PathBuf,
    count: AtomicU64,
}

impl Aside {
    /// Uses an empty folder: what a process that died left there goes.
    pub fn open(folder: PathBuf) -> Result<Self, DatasetError> {
        remove_folder(&folder)?;
        make_folder(&folder)?;
        Ok(Self { folder, count: AtomicU64::new(0) })
    }

    /// Puts bytes at a path; a reader sees all of them or none. That they outlive a power cut
    /// is only sure after [`sync_all_under`].
    pub fn put(&self, path: &Path, bytes: &[u8]) -> Result<(), DatasetError> {
        let aside = self.folder.join(self.count.fetch_add(1, Ordering::Relaxed).to_string());
        let outcome = File::create(&aside)
            .and_then(|mut file| file.write_all(bytes))
            .and_then(|()| fs::rename(&aside, path));
        outcome.map_err(|cause| {
            // The folder is emptied at the next start, should this fail as well.
            let _ = fs::remove_file(&aside);
            DatasetError::write(path, cause)
        })
    }
}

pub(crate) fn make_folder(path: &Path) -> Result<(), DatasetError> {
    fs::create_dir_all(path).map_err(|cause| DatasetError::write(path, cause))
}

/// Removes a folder with all it holds; one that is not there is fine.
pub(crate) fn remove_folder(path: &Path) -> Result<(), DatasetError> {
    match fs::remove_dir_all(path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(DatasetError::write(path, cause)),
        _ => Ok(()),
    }
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, DatasetError> {
    fs::read(path).map_err(|cause| DatasetError::read(path, cause))
}

pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), DatasetError> {
    fs::rename(from, to).map_err(|cause| DatasetError::write(to, cause))
}

/// Waits until everything written so far to the file system of a folder is on its disk.
pub(crate) fn sync_all_under(folder: &Path) -> Result<(), DatasetError> {
    let open = File::open(folder).map_err(|cause| DatasetError::read(folder, cause))?;
    #[cfg(target_os = "linux")]
    let synced = rustix::fs::syncfs(&open).map_err(std::io::Error::from);
    #[cfg(not(target_os = "linux"))]
    let synced = {
        rustix::fs::sync();
        open.sync_all()
    };
    synced.map_err(|cause| DatasetError::write(folder, cause))
}

/// Hex digits of the BLAKE3 hash of a file, read in pieces.
pub(crate) fn hash_of(path: &Path) -> Result<String, DatasetError> {
    let mut hasher = blake3::Hasher::new();
    let file = File::open(path).map_err(|cause| DatasetError::read(path, cause))?;
    hasher.update_reader(file).map_err(|cause| DatasetError::read(path, cause))?;
    Ok(hasher.finalize().to_hex().to_string())
}
