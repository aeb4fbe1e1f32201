//! Checkpoints: whole or not there. Written aside, flushed, renamed into place; what stood
//! there before is deleted last.

use crate::error::TrainError;
use crate::library::Pin;
use crate::optim::AdamW;
use crate::recipes::curriculum::Progress;
use policy::{Generated, Policy};
use serde::{Deserialize, Serialize};
use shared::task::TaskKind;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Everything beside weights and moments that a run needs to go on: all generators are
/// derived from (seed, step), so the counters are also the generators' state and the
/// sampler's cursor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Steps made.
    pub step: u64,
    /// Optimizer updates made; differs from `step` where updates were skipped.
    pub policy_version: u64,
    /// Seed that all draws are derived from.
    pub seed: u64,
    /// Index of the next sample in the run's endless list of samples.
    pub next_sample: u64,
    /// Fingerprint of the start policy, which the divergence is measured from.
    pub start_policy: String,
    /// Videos that questions are made from, in the order that the draws refer to.
    pub videos: Vec<Pin>,
    /// Videos only evaluated on.
    pub held_out: Vec<Pin>,
    /// What the curriculum knows, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Tasks of which it was told that all answers are the same.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub collapsed: BTreeSet<TaskKind>,
    /// Answers to the questions from `next_sample` on, drawn during the last update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ahead: Option<Ahead>,
    /// The newest evaluation: its step and its score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluated: Option<(u64, f64)>,
    /// The checkpoint with the best score so far: its step and its score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<(u64, f64)>,
}

impl State {
    /// Notes the checkpoint about to be written where it was just evaluated and none was better.
    pub fn judge(&mut self) {
        let own = self.evaluated.filter(|(step, _)| *step == self.step);
        if let Some((step, score)) = own
            && self.best.is_none_or(|(_, best)| score > best)
        {
            self.best = Some((step, score));
        }
    }
}

/// Answers drawn ahead of their step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ahead {
    /// Updates behind the weights that answered.
    pub policy_version: u64,
    /// `[questions][group size]`.
    pub answers: Vec<Vec<Generated>>,
}

/// Names of folders beside the checkpoints: one being written or deleted, and one that makes
/// room for its successor.
const PARTIAL: &str = "partial-";
const REPLACED: &str = "replaced-";

/// Writes `checkpoints/STEP` and gives its folder name and its size in bytes.
///
/// # Errors
/// What the file system reports.
pub fn save(
    run_dir: &Path,
    policy: &Policy,
    optim: &AdamW,
    state: &State,
) -> Result<(String, u64), TrainError> {
    let name = state.step.to_string();
    let (whole, aside) = (folder(run_dir).join(&name), beside(run_dir, PARTIAL, &name));
    remove(&aside)?;
    fs::create_dir_all(&aside).map_err(|error| TrainError::io(&aside, error))?;
    policy.save(&aside.join("policy"))?;
    optim.save(&aside.join("optimizer.safetensors"))?;
    let text =
        serde_json::to_string_pretty(state).map_err(|error| TrainError::Run(error.to_string()))?;
    write(&aside.join("state.json"), &(text + "\n"))?;
    sync(&aside.join("optimizer.safetensors"))?;
    sync(&aside)?;
    // A run stopped or resumed at a step that has its checkpoint writes it once more.
    let replaced = beside(run_dir, REPLACED, &name);
    if whole.exists() {
        remove(&replaced)?;
        rename(&whole, &replaced)?;
    }
    rename(&aside, &whole)?;
    sync(&folder(run_dir))?;
    remove(&replaced)?;
    Ok((name, size(&whole)))
}

/// Puts in order what a killed process left: half-written and half-deleted checkpoints go, one
/// that was about to be replaced comes back.
///
/// # Errors
/// What the file system reports.
pub fn sweep(run_dir: &Path) -> Result<(), TrainError> {
    for path in entries(&folder(run_dir))? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(step) = name.strip_prefix(REPLACED) {
            let whole = folder(run_dir).join(step);
            if whole.exists() { remove(&path)? } else { rename(&path, &whole)? }
        } else if name.starts_with(PARTIAL) {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Deletes every checkpoint: of a run that begins anew.
///
/// # Errors
/// What the file system reports.
pub fn clear(run_dir: &Path) -> Result<(), TrainError> {
    remove(&folder(run_dir))
}

/// Step and folder of the newest whole checkpoint.
///
/// # Errors
/// What the file system reports.
pub fn newest(run_dir: &Path) -> Result<Option<(u64, PathBuf)>, TrainError> {
    Ok(all(run_dir)?.pop())
}

/// The state in a checkpoint.
///
/// # Errors
/// A missing or damaged `state.json`.
pub fn state(checkpoint: &Path) -> Result<State, TrainError> {
    let path = checkpoint.join("state.json");
    let text = fs::read_to_string(&path).map_err(|error| TrainError::io(&path, error))?;
    serde_json::from_str(&text)
        .map_err(|error| TrainError::Run(format!("{}: {error}", path.display())))
}

/// Deletes all but the `keep` newest checkpoints and the one of the `best` step.
///
/// # Errors
/// What the file system reports.
pub fn prune(run_dir: &Path, keep: usize, best: Option<u64>) -> Result<(), TrainError> {
    let all = all(run_dir)?;
    let surplus = all.len().saturating_sub(keep.max(1));
    let old = all.iter().take(surplus).filter(|(step, _)| Some(*step) != best);
    old.into_iter().try_for_each(|(step, dir)| {
        // Deleting takes several calls; under this name nobody takes what is left for whole.
        let aside = beside(run_dir, PARTIAL, &step.to_string());
        rename(dir, &aside)?;
        remove(&aside)
    })
}

/// Step and folder of all whole checkpoints, oldest first.
///
/// # Errors
/// What the file system reports.
pub fn all(run_dir: &Path) -> Result<Vec<(u64, PathBuf)>, TrainError> {
    let mut found = Vec::new();
    for path in entries(&folder(run_dir))? {
        let step =
            path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
        if let Some(step) = step.filter(|_| path.join("state.json").is_file()) {
            found.push((step, path));
        }
    }
    found.sort();
    Ok(found)
}

/// What is in a folder; nothing where there is none.
fn entries(dir: &Path) -> Result<Vec<PathBuf>, TrainError> {
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let wrong = |error| TrainError::io(dir, error);
    fs::read_dir(dir).map_err(wrong)?.map(|entry| Ok(entry.map_err(wrong)?.path())).collect()
}

fn beside(run_dir: &Path, what: &str, step: &str) -> PathBuf {
    folder(run_dir).join(format!("{what}{step}"))
}

fn folder(run_dir: &Path) -> PathBuf {
    run_dir.join("checkpoints")
}

/// Writes a file aside, flushes it and renames it into place.
///
/// # Errors
/// What the file system reports.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".partial");
    let aside = path.with_file_name(name);
    fs::write(&aside, bytes).map_err(|error| TrainError::io(&aside, error))?;
    sync(&aside)?;
    fs::rename(&aside, path).map_err(|error| TrainError::io(path, error))?;
    path.parent().map_or(Ok(()), sync)
}

fn write(path: &Path, text: &str) -> Result<(), TrainError> {
    fs::write(path, text).map_err(|error| TrainError::io(path, error))?;
    sync(path)
}

fn sync(path: &Path) -> Result<(), TrainError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| TrainError::io(path, error))
}

fn rename(from: &Path, to: &Path) -> Result<(), TrainError> {
    fs::rename(from, to).map_err(|error| TrainError::io(to, error))
}

fn remove(dir: &Path) -> Result<(), TrainError> {
    if dir.exists() {
        fs::remove_dir_all(dir).map_err(|error| TrainError::io(dir, error))
    } else {
        Ok(())
    }
}

fn size(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(about) if about.is_dir() => size(&entry.path()),
            Ok(about) => about.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(run_dir: &Path) -> Vec<String> {
        let name = |path: PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let mut names: Vec<_> =
            entries(&folder(run_dir)).expect("readable").into_iter().filter_map(name).collect();
        names.sort();
        names
    }

    /// Folders as a process killed at any moment leaves them, each with a note of its own.
    fn left_behind(names: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        for name in names {
            let path = folder(dir.path()).join(name);
            fs::create_dir_all(&path).expect("made");
            fs::write(path.join("state.json"), name).expect("written");
        }
        dir
    }

    #[test]
    fn what_a_killed_process_left_is_put_in_order() {
        // Killed between the two renames of a save: the old one comes back.
        let dir = left_behind(&["partial-8", "replaced-8", "4"]);
        sweep(dir.path()).expect("swept");
        assert_eq!(folders(dir.path()), ["4", "8"]);
        let kept = fs::read_to_string(folder(dir.path()).join("8/state.json"));
        assert_eq!(kept.expect("there"), "replaced-8");
        // Killed before the old one was deleted: the new one stays.
        let dir = left_behind(&["8", "replaced-8", "partial-2"]);
        sweep(dir.path()).expect("swept");
        assert_eq!(folders(dir.path()), ["8"]);
        let kept = fs::read_to_string(folder(dir.path()).join("8/state.json"));
        assert_eq!(kept.expect("there"), "8");
    }

    #[test]
    fn the_newest_stay() {
        let dir = left_behind(&["2", "4", "10"]);
        prune(dir.path(), 2, None).expect("pruned");
        assert_eq!(folders(dir.path()), ["10", "4"]);
        assert_eq!(newest(dir.path()).expect("readable").map(|(step, _)| step), Some(10));
        prune(dir.path(), 1, Some(4)).expect("pruned");
        assert_eq!(folders(dir.path()), ["10", "4"], "the best stays beside the newest");
    }
}
