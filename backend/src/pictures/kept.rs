//! Files kept up to a number of bytes; the ones used longest ago go first.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// A folder of files that can be made again.
pub(super) struct Kept {
    dir: PathBuf,
    limit: u64,
    /// Bytes of all files.
    bytes: Mutex<u64>,
}

impl Kept {
    /// Keeps at most about `limit` bytes in `dir`.
    pub fn open(dir: PathBuf, limit: u64) -> io::Result<Self> {
        let kept = Self { dir, limit, bytes: Mutex::new(0) };
        let mut bytes = 0;
        kept.trim(&mut bytes)?;
        Ok(Self { bytes: Mutex::new(bytes), ..kept })
    }

    /// Where a file lies or would lie.
    pub fn place(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Whether a file is there; it counts as used now.
    pub fn find(&self, path: &Path) -> bool {
        let Ok(file) = File::open(path) else { return false };
        // A file whose time cannot be set only goes sooner.
        let _ = file.set_modified(SystemTime::now());
        true
    }

    /// Writes a file under another name first: a reader sees the whole file or none. Others
    /// make room for it.
    pub fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let aside = path.with_extension("part");
        std::fs::write(&aside, content)?;
        std::fs::rename(&aside, path)?;
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        *bytes += content.len() as u64;
        if *bytes > self.limit { self.trim(&mut bytes) } else { Ok(()) }
    }

    /// Removes the files used longest ago until a tenth of the limit is free, so that not
    /// every new file needs a look at all of them. `bytes` is what is left.
    fn trim(&self, bytes: &mut u64) -> io::Result<()> {
        let mut files = self.files()?;
        files.sort_by_key(|file| file.used);
        *bytes = files.iter().map(|file| file.bytes).sum();
        if *bytes <= self.limit {
            return Ok(());
        }
        for file in files {
            if *bytes <= self.limit - self.limit / 10 {
                break;
            }
            std::fs::remove_file(file.path)?;
            *bytes -= file.bytes;
        }
        Ok(())
    }

    fn files(&self) -> io::Result<Vec<KeptFile>> {
        let read = |entry: io::Result<std::fs::DirEntry>| {
            let entry = entry?;
            let facts = entry.metadata()?;
            Ok(KeptFile { used: facts.modified()?, bytes: facts.len(), path: entry.path() })
        };
        std::fs::read_dir(&self.dir)?.map(read).collect()
    }
}

struct KeptFile {
    used: SystemTime,
    bytes: u64,
    path: PathBuf,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let kept = Kept::open(dir.path().to_owned(), 100).unwrap();
        let age = |name: &str, secs: u64| {
            let file = File::options().write(true).open(kept.place(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(secs)).unwrap();
        };
        for (name, secs) in [("a", 30), ("b", 20), ("c", 10)] {
            kept.write(&kept.place(name), &[0; 30]).unwrap();
            age(name, secs);
        }
        assert!(kept.find(&kept.place("a")), "used again");
        kept.write(&kept.place("d"), &[0; 30]).unwrap();
        let there = ["a", "b", "c", "d"].map(|name| kept.place(name).is_file());
        assert_eq!(there, [true, false, true, true]);
        assert_eq!(*kept.bytes.lock().unwrap(), 90);
        assert!(!kept.find(&kept.place("b")));

        let kept = Kept::open(dir.path().to_owned(), 50).unwrap();
        assert_eq!(*kept.bytes.lock().unwrap(), 30, "an older server kept more");
    }
}
