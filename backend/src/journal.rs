//! Reads a run's journal while it grows, and hands on only what is on the disk. The journal is
//! the buffer between a trainer and the network: whatever was not sent, or not acknowledged, is
//! read again here.

use shared::event::RunEvent;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes of lines given at once at most; one line may be longer.
const PART_BYTES: usize = 1 << 20;

/// Follows one journal from a sequence number on.
pub struct JournalReader {
    path: PathBuf,
    /// Where the next unread line starts.
    offset: u64,
    /// Newest sequence number given.
    seq: u64,
}

impl JournalReader {
    /// Will give the events after `seq`.
    pub fn after(run_dir: &Path, seq: u64) -> Self {
        Self { path: run_dir.join("journal.jsonl"), offset: 0, seq }
    }

    /// The next events, none where the journal holds no more (yet). A last line without its
    /// end is still being written and is left for later.
    pub fn next_part(&mut self) -> io::Result<Vec<RunEvent>> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(self.offset))?;
        let mut lines = BufReader::new(file);
        let (mut events, mut bytes, mut line) = (Vec::new(), 0, Vec::new());
        while bytes < PART_BYTES {
            line.clear();
            let read = lines.read_until(b'\n', &mut line)?;
            if line.last() != Some(&b'\n') {
                break;
            }
            let event: RunEvent = serde_json::from_slice(&line)?;
            self.offset += read as u64;
            if event.seq > self.seq {
                self.seq = event.seq;
                bytes += read;
                events.push(event);
            }
        }
        if !events.is_empty() {
            // The trainer may have written them an instant ago, or died before it waited for
            // the disk. What is told on from here must outlive a power cut.
            lines.get_ref().sync_data()?;
        }
        Ok(events)
    }
}

/// Whether some process holds the run in this directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// One does, and lives.
    Yes,
    /// None does.
    No,
    /// It cannot be told: no worker ever locked it here.
    Unknown,
}

/// Looks at the lock that a worker holds on its run directory.
pub fn held(run_dir: &Path) -> Held {
    let Ok(file) = File::options().write(true).open(run_dir.join(shared::link::LOCK_FILE)) else {
        return Held::Unknown;
    };
    match file.try_lock() {
        Ok(()) => Held::No,
        Err(std::fs::TryLockError::WouldBlock) => Held::Yes,
        Err(std::fs::TryLockError::Error(_)) => Held::Unknown,
    }
}

/// Locks a run directory until the file is dropped; `None` where another process has it.
pub fn hold(run_dir: &Path) -> io::Result<Option<File>> {
    std::fs::create_dir_all(run_dir)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(run_dir.join(shared::link::LOCK_FILE))?;
    match file.try_lock() {
        Ok(()) => {
            // Only for people who look which process it is.
            file.set_len(0)?;
            writeln!(&file, "{}", std::process::id())?;
            Ok(Some(file))
        }
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use shared::event::EventBody;

    fn line(seq: u64) -> String {
        let body = EventBody::Warning { message: "odd".into() };
        let event = RunEvent { seq, at: 0.0, step: 0, body };
        serde_json::to_string(&event).unwrap()
    }

    fn seqs(reader: &mut JournalReader) -> Vec<u64> {
        reader.next_part().unwrap().iter().map(|e| e.seq).collect()
    }

    #[test]
    fn a_growing_journal_is_read_once_and_without_torn_lines() {
        let dir = tempfile::tempdir().unwrap();
        let mut reader = JournalReader::after(dir.path(), 1);
        assert_eq!(seqs(&mut reader), [0u64; 0]);
        let mut file = File::create(dir.path().join("journal.jsonl")).unwrap();
        write!(file, "{}\n{}\n{}", line(1), line(2), &line(3)[..9]).unwrap();
        assert_eq!(seqs(&mut reader), [2]);
        writeln!(file, "{}", &line(3)[9..]).unwrap();
        assert_eq!(seqs(&mut reader), [3]);
        assert_eq!(seqs(&mut reader), [0u64; 0]);
    }

    #[test]
    fn a_run_is_held_by_one() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(held(dir.path()), Held::Unknown);
        let lock = hold(dir.path()).unwrap();
        assert!(lock.is_some());
        assert!(hold(dir.path()).unwrap().is_none());
        assert_eq!(held(dir.path()), Held::Yes);
        drop(lock);
        assert_eq!(held(dir.path()), Held::No);
    }
}
