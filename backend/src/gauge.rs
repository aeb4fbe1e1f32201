//! How much of the disk each part of the data directory takes. Walking through it costs, so what
//! was measured holds for a while.

use crate::api::error::Fail;
use crate::app::blocking;
use crate::data::{DataDir, free_bytes};
use shared::api::{Storage, StoragePart};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long a measurement holds.
const HOLDS: Duration = Duration::from_secs(30);
/// Parts of the data directory, and whether they can be deleted at any time.
const PARTS: [(&str, bool); 7] = [
    ("studio.db", false),
    ("videos", false),
    ("uploads", false),
    ("runs", false),
    ("strips", true),
    ("pictures", true),
    ("logs", false),
];
/// SQLite's files beside the database.
const BESIDE: [&str; 2] = ["studio.db-wal", "studio.db-shm"];

/// The newest measurement.
#[derive(Default)]
pub struct Gauge(Mutex<Option<(Instant, Storage)>>);

impl Gauge {
    /// What the data directory holds, measured at most [`HOLDS`] ago. Whoever asks while it is
    /// being measured waits for that measurement.
    pub async fn storage(&self, data: &DataDir) -> Result<Storage, Fail> {
        let mut newest = self.0.lock().await;
        if let Some((_, storage)) = newest.as_ref().filter(|(at, _)| at.elapsed() < HOLDS) {
            return Ok(storage.clone());
        }
        let root = data.root().to_owned();
        let storage = blocking(move || measure(&root)).await?;
        *newest = Some((Instant::now(), storage.clone()));
        Ok(storage)
    }
}

fn measure(root: &Path) -> Storage {
    let part = |(name, spare): (&str, bool)| {
        let (mut bytes, mut files) = sizes(&root.join(name));
        if name == "studio.db" {
            for beside in BESIDE {
                let (more, count) = sizes(&root.join(beside));
                (bytes, files) = (bytes + more, files + count);
            }
        }
        StoragePart { name: name.into(), bytes, files, spare }
    };
    Storage {
        parts: PARTS.into_iter().map(part).collect(),
        free_bytes: free_bytes(root),
        measured_at: store::now(),
    }
}

/// Bytes and number of the files at or below a path. Links are not followed; files that vanish
/// meanwhile are not counted.
fn sizes(path: &Path) -> (u64, u64) {
    let Ok(facts) = path.symlink_metadata() else { return (0, 0) };
    if facts.is_file() {
        return (facts.len(), 1);
    }
    // A link to a folder would be read like one.
    if !facts.is_dir() {
        return (0, 0);
    }
    let Ok(entries) = std::fs::read_dir(path) else { return (0, 0) };
    entries.flatten().map(|entry| sizes(&entry.path())).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn every_file_counts_once_and_links_do_not() {
        let dir = tempfile::tempdir().unwrap();
        let run = dir.path().join("runs/r/checkpoints");
        std::fs::create_dir_all(&run).unwrap();
        std::fs::write(run.join("weights"), [0; 300]).unwrap();
        std::fs::write(dir.path().join("runs/journal"), [0; 20]).unwrap();
        std::fs::write(dir.path().join("studio.db"), [0; 7]).unwrap();
        std::fs::write(dir.path().join("studio.db-wal"), [0; 5]).unwrap();
        std::os::unix::fs::symlink(dir.path(), run.join("loop")).unwrap();
        let storage = measure(dir.path());
        let of = |name: &str| {
            let part = storage.parts.iter().find(|part| part.name == name).unwrap();
            (part.bytes, part.files)
        };
        assert_eq!((of("runs"), of("studio.db"), of("videos")), ((320, 2), (12, 2), (0, 0)));
    }

    #[tokio::test]
    async fn a_measurement_holds_for_a_while() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::create(dir.path()).unwrap();
        let gauge = Gauge::default();
        let first = gauge.storage(&data).await.unwrap();
        std::fs::write(data.videos().join("new"), [0; 9]).unwrap();
        assert_eq!(gauge.storage(&data).await.unwrap(), first);
    }
}
