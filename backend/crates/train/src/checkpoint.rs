//! Checkpoints: whole or not there. Written aside, flushed, renamed into place.

use crate::error::TrainError;
use crate::optim::AdamW;
use policy::Policy;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Everything beside weights and moments that a run needs to go on: all generators are
/// derived from (seed, step), so the counters are also the generators' state and the
/// sampler's cursor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

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
    let whole = folder(run_dir).join(&name);
    let aside = folder(run_dir).join(format!("partial-{name}"));
    remove(&aside)?;
    fs::create_dir_all(&aside).map_err(|error| TrainError::io(&aside, error))?;
    policy.save(&aside.join("policy"))?;
    optim.save(&aside.join("optimizer.safetensors"))?;
    let text =
        serde_json::to_string_pretty(state).map_err(|error| TrainError::Run(error.to_string()))?;
    write(&aside.join("state.json"), &(text + "\n"))?;
    sync(&aside.join("optimizer.safetensors"))?;
    sync(&aside)?;
    // A resumed run may reach a step that has a checkpoint of a lost branch.
    remove(&whole)?;
    fs::rename(&aside, &whole).map_err(|error| TrainError::io(&whole, error))?;
    sync(&folder(run_dir))?;
    Ok((name, size(&whole)))
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

/// Deletes all but the `keep` newest checkpoints.
///
/// # Errors
/// What the file system reports.
pub fn prune(run_dir: &Path, keep: usize) -> Result<(), TrainError> {
    let all = all(run_dir)?;
    let surplus = all.len().saturating_sub(keep.max(1));
    all.iter().take(surplus).try_for_each(|(_, dir)| remove(dir))
}

/// Whole checkpoints, oldest first.
fn all(run_dir: &Path) -> Result<Vec<(u64, PathBuf)>, TrainError> {
    let dir = folder(run_dir);
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(&dir).map_err(|error| TrainError::io(&dir, error))? {
        let path = entry.map_err(|error| TrainError::io(&dir, error))?.path();
        let step =
            path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
        if let Some(step) = step.filter(|_| path.join("state.json").is_file()) {
            found.push((step, path));
        }
    }
    found.sort();
    Ok(found)
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
