//! Videos on their way in, part by part: what has come stays there through broken connections and
//! restarts of the server, until it is whole, given up, or forgotten.

use crate::secret::new_id;
use serde::{Deserialize, Serialize};
use shared::api::{NewUpload, Upload};
use std::collections::HashSet;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// What nobody went on with for so long is forgotten when a server starts.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// What is written beside the bytes.
#[derive(Serialize, Deserialize)]
struct Note {
    file: NewUpload,
    /// Whose it is.
    by: u64,
}

/// All uploads in a folder: `ID.json` says what is to come, `ID/NAME` is what has.
pub struct Uploads {
    dir: PathBuf,
    /// Those that somebody writes to now.
    held: Mutex<HashSet<String>>,
}

/// Why an upload cannot be written to.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// There is none, or it is somebody else's.
    #[error("there is no such upload")]
    Unknown,
    /// Another request writes to it.
    #[error("another part of this file is on its way; ask again how far it is")]
    Busy,
    /// The disk.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Uploads {
    /// Those in `dir`; whatever else lies there is removed, being left over.
    pub fn open(dir: PathBuf) -> io::Result<Self> {
        let uploads = Self { dir, held: Mutex::default() };
        let now = SystemTime::now();
        for entry in std::fs::read_dir(&uploads.dir)? {
            let path = entry?.path();
            let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let age = uploads.changed(id).and_then(|at| now.duration_since(at).ok());
            if uploads.note(id).is_err() || age.is_none_or(|age| age > KEPT) {
                remove(&path)?;
            }
        }
        Ok(uploads)
    }

    /// A folder for a file that comes in one piece; nobody goes on with it later.
    pub fn folder(&self) -> io::Result<PathBuf> {
        let folder = self.dir.join(new_id()?);
        std::fs::create_dir(&folder)?;
        Ok(folder)
    }

    /// Takes note of a file that is to come, or finds it where it has begun to; says whether it
    /// is new. The name must be safe as a file's.
    pub fn begin(&self, by: u64, file: NewUpload) -> io::Result<(Upload, bool)> {
        if let Some(known) = self.of(by)?.into_iter().find(|known| known.file == file) {
            return Ok((known, false));
        }
        let folder = self.folder()?;
        std::fs::File::create_new(folder.join(&file.name))?;
        let note = Note { file, by };
        // The note comes last: without it the folder counts as left over.
        std::fs::write(folder.with_extension("json"), serde_json::to_vec(&note)?)?;
        let id = folder.file_name().and_then(|id| id.to_str()).unwrap_or_default().to_owned();
        Ok((Upload { id, file: note.file, received: 0 }, true))
    }

    /// A person's, by name.
    pub fn of(&self, by: u64) -> io::Result<Vec<Upload>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "json") {
                let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                found.extend(self.find(by, id)?);
            }
        }
        found.sort_by(|a, b| (&a.file.name, &a.id).cmp(&(&b.file.name, &b.id)));
        Ok(found)
    }

    /// A person's of this id.
    pub fn find(&self, by: u64, id: &str) -> io::Result<Option<Upload>> {
        let read = || {
            let Note { file, by: owner } = self.note(id)?;
            let received = std::fs::metadata(self.dir.join(id).join(&file.name))?.len();
            Ok((owner == by).then(|| Upload { id: id.to_owned(), file, received }))
        };
        match read() {
            // It may end while one looks.
            Err(error) if io::Error::kind(&error) == ErrorKind::NotFound => Ok(None),
            found => found,
        }
    }

    /// The only right to write to an upload, for as long as it is held.
    pub fn hold(self: &Arc<Self>, by: u64, id: &str) -> Result<Held, HoldError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let upload = self.find(by, id)?.ok_or(HoldError::Unknown)?;
        if !held.insert(upload.id.clone()) {
            return Err(HoldError::Busy);
        }
        Ok(Held { uploads: Arc::clone(self), upload })
    }

    fn note(&self, id: &str) -> io::Result<Note> {
        // An id comes out of an address: nothing but a name of this folder is looked at.
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ErrorKind::NotFound.into());
        }
        Ok(serde_json::from_slice(&std::fs::read(self.dir.join(format!("{id}.json")))?)?)
    }

    /// When a part of it came last.
    fn changed(&self, id: &str) -> Option<SystemTime> {
        let file = self.dir.join(id).join(self.note(id).ok()?.file.name);
        file.metadata().and_then(|facts| facts.modified()).ok()
    }
}

/// An upload that one writes to.
pub struct Held {
    uploads: Arc<Uploads>,
    /// How far it was when it was taken.
    pub upload: Upload,
}

impl Held {
    /// The bytes that have come.
    pub fn file(&self) -> PathBuf {
        self.folder().join(&self.upload.file.name)
    }

    /// Ends it; whatever of it still lies there goes.
    pub fn end(self) -> io::Result<()> {
        let folder = self.folder();
        // The note goes first: without it the rest counts as left over.
        remove(&folder.with_extension("json"))?;
        remove(&folder)
    }

    fn folder(&self) -> PathBuf {
        self.uploads.dir.join(&self.upload.id)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.uploads.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(&self.upload.id);
    }
}

/// Removes a file or a folder; one that is gone is no error.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match path.is_dir() {
        true => std::fs::remove_dir_all(path),
        false => std::fs::remove_file(path),
    };
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use std::fs::{File, read_dir};

    fn clip(name: &str) -> NewUpload {
        NewUpload { name: name.to_owned(), bytes: 100, modified_ms: Some(7) }
    }

    #[test]
    fn what_has_come_is_there_after_a_restart_and_the_rest_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let uploads = Arc::new(Uploads::open(dir.path().to_owned()).unwrap());
        let (mine, new) = uploads.begin(1, clip("a.mp4")).unwrap();
        assert!(new);
        std::fs::write(uploads.hold(1, &mine.id).unwrap().file(), [0; 40]).unwrap();
        let (old, _) = uploads.begin(1, clip("old.mp4")).unwrap();
        let long_ago = SystemTime::now() - KEPT - Duration::from_secs(60);
        let file = uploads.hold(1, &old.id).unwrap().file();
        File::options().write(true).open(file).unwrap().set_modified(long_ago).unwrap();
        std::fs::write(uploads.folder().unwrap().join("whole.mp4"), [0; 9]).unwrap();

        let uploads = Arc::new(Uploads::open(dir.path().to_owned()).unwrap());
        assert_eq!(read_dir(dir.path()).unwrap().count(), 2, "a note and its folder");
        let (again, new) = uploads.begin(1, clip("a.mp4")).unwrap();
        assert_eq!((again.id, again.received, new), (mine.id, 40, false));
    }

    #[test]
    fn an_upload_is_its_person_s_and_written_by_one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let uploads = Arc::new(Uploads::open(dir.path().to_owned()).unwrap());
        let (mine, _) = uploads.begin(1, clip("a.mp4")).unwrap();
        let (theirs, new) = uploads.begin(2, clip("a.mp4")).unwrap();
        assert!(new && theirs.id != mine.id);
        assert!(matches!(uploads.hold(2, &mine.id), Err(HoldError::Unknown)));
        assert!(matches!(uploads.hold(1, "../a"), Err(HoldError::Unknown)));
        let held = uploads.hold(1, &mine.id).unwrap();
        assert!(matches!(uploads.hold(1, &mine.id), Err(HoldError::Busy)));
        drop(held);
        uploads.hold(1, &mine.id).unwrap().end().unwrap();
        assert!(matches!(uploads.hold(1, &mine.id), Err(HoldError::Unknown)));
        assert_eq!((uploads.of(1).unwrap(), uploads.of(2).unwrap()), (vec![], vec![theirs]));
    }
}
