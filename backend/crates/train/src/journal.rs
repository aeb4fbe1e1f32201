//! `journal.jsonl`: one event a line, on disk before anybody hears of it. It is never rewritten;
//! only a torn last line, which nobody was told of, is cut off.

use crate::error::TrainError;
use shared::edit::Edits;
use shared::event::{EventBody, RunEvent};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The journal of one run, open for appending.
pub struct Journal {
    path: PathBuf,
    file: File,
    next_seq: u64,
    has_steps: bool,
    edits: Edits,
}

impl Journal {
    /// Opens or creates `journal.jsonl` in a run folder, for one process at a time.
    ///
    /// # Errors
    /// An unreadable file, a line that is not an event, or another process that writes it.
    pub fn open(run_dir: &Path) -> Result<Self, TrainError> {
        let path = run_dir.join("journal.jsonl");
        let wrong = |error| TrainError::io(&path, error);
        let mut file =
            OpenOptions::new().create(true).read(true).append(true).open(&path).map_err(wrong)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let dir = run_dir.display();
                return Err(TrainError::Run(format!("another process is writing {dir}")));
            }
            Err(TryLockError::Error(error)) => return Err(wrong(error)),
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(wrong)?;
        let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(wrong)?;
            file.seek(SeekFrom::End(0)).map_err(wrong)?;
        }
        let events = parse(&path, &text[..whole])?;
        let last = events.last().map_or(0, |event| event.seq);
        let has_steps = events.iter().any(|event| matches!(event.body, EventBody::Step(_)));
        Ok(Self { path, file, next_seq: last + 1, has_steps, edits: edits(&events) })
    }

    /// The edits that were made before it was opened.
    pub fn edits(&self) -> &Edits {
        &self.edits
    }

    /// Whether a step was made before it was opened.
    pub fn has_steps(&self) -> bool {
        self.has_steps
    }

    /// The sequence number that the next event gets.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Appends events and waits until the disk has them: what the server has acknowledged must
    /// not be missing, or numbered anew, after a power cut.
    ///
    /// # Errors
    /// A full or failing disk.
    pub fn append(&mut self, events: &[RunEvent]) -> Result<(), TrainError> {
        let mut lines = Vec::new();
        for event in events {
            serde_json::to_writer(&mut lines, event)
                .map_err(|error| TrainError::Run(error.to_string()))?;
            lines.push(b'\n');
        }
        let wrong = |error| TrainError::io(&self.path, error);
        self.file.write_all(&lines).map_err(wrong)?;
        self.file.sync_data().map_err(wrong)?;
        self.next_seq += events.len() as u64;
        Ok(())
    }
}

/// Every whole event of a run folder's journal, oldest first.
///
/// # Errors
/// A missing file, or a line that is not an event.
pub fn read(run_dir: &Path) -> Result<Vec<RunEvent>, TrainError> {
    let path = run_dir.join("journal.jsonl");
    let text = std::fs::read(&path).map_err(|error| TrainError::io(&path, error))?;
    let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    parse(&path, &text[..whole])
}

/// Begins a folder's journal with the edits of another run's, so that its steps can be made
/// again there.
///
/// # Errors
/// A journal that cannot be read or written.
pub fn copy_edits(from: &Path, to: &Path) -> Result<(), TrainError> {
    let mut events = read(from)?;
    events.retain(|event| matches!(event.body, EventBody::Edited(_)));
    (1..).zip(&mut events).for_each(|(seq, event)| event.seq = seq);
    if events.is_empty() { Ok(()) } else { Journal::open(to)?.append(&events) }
}

fn edits(events: &[RunEvent]) -> Edits {
    let mut edits = Edits::default();
    for event in events {
        if let EventBody::Edited(edited) = &event.body {
            edits.take(edited.clone());
        }
    }
    edits
}

fn parse(path: &Path, text: &[u8]) -> Result<Vec<RunEvent>, TrainError> {
    let lines = text.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    lines
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_slice(line).map_err(|error| {
                TrainError::Run(format!("{} line {}: {error}", path.display(), index + 1))
            })
        })
        .collect()
}
