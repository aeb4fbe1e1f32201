//! `journal.jsonl`: one event a line, appended, on disk before anybody hears of it.
//! It is never rewritten; only a torn last line, which nobody was told of, is cut off.

use crate::error::TrainError;
use shared::event::RunEvent;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The journal of one run, open for appending.
pub struct Journal {
    path: PathBuf,
    file: File,
    next_seq: u64,
}

impl Journal {
    /// Opens or creates `journal.jsonl` in a run folder.
    ///
    /// # Errors
    /// An unreadable file, or a line that is not an event.
    pub fn open(run_dir: &Path) -> Result<Self, TrainError> {
        let path = run_dir.join("journal.jsonl");
        let wrong = |error| TrainError::io(&path, error);
        let mut file =
            OpenOptions::new().create(true).read(true).append(true).open(&path).map_err(wrong)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(wrong)?;
        let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(wrong)?;
            file.seek(SeekFrom::End(0)).map_err(wrong)?;
        }
        let last = parse(&path, &text[..whole])?.last().map_or(0, |event| event.seq);
        Ok(Self { path, file, next_seq: last + 1 })
    }

    /// The sequence number that the next event gets.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Appends events and waits until the disk has them.
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
        let written = self.file.write_all(&lines).and_then(|()| self.file.sync_data());
        written.map_err(|error| TrainError::io(&self.path, error))?;
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
