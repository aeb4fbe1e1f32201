//! Stored rollouts made again. A rollout is a function of (weights, sample, seed), and on the CPU
//! the weights of any step follow to the last bit from the checkpoint before it: the steps between
//! are made once more, in a folder of their own.

use crate::checkpoint::{self, write_whole};
use crate::error::TrainError;
use crate::journal;
use crate::records;
use crate::run::{RunInputs, run};
use crate::sink::{NoControl, Sink};
use shared::rollout::{Group, Rollout, first_difference, rollout_id};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Names a rollout of a run: step from 1, group and rollout from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The step.
    pub step: u64,
    /// The group of the step.
    pub group: u32,
    /// The rollout of the group.
    pub rollout: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&rollout_id(self.step, self.group, self.rollout))
    }
}

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` names no rollout; write STEP.GROUP.ROLLOUT, such as 412.4.6");
        let mut parts = text.split('.');
        let mut part = || parts.next().and_then(|part| part.parse::<u64>().ok()).ok_or_else(wrong);
        let (step, group, rollout) = (part()?, part()?, part()?);
        let small = |n: u64| u32::try_from(n).map_err(|_| wrong());
        match parts.next() {
            Some(_) => Err(wrong()),
            None => Ok(Self { step, group: small(group)?, rollout: small(rollout)? }),
        }
    }
}

/// A rollout as it is stored and as it came out again.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// Which.
    pub place: Place,
    /// As the run stored it.
    pub stored: Rollout,
    /// As it came out now, with how much likelier the video made each token.
    pub again: Rollout,
}

impl Replayed {
    /// Index of the first token that differs, or where the shorter one ends.
    pub fn first_difference(&self) -> Option<usize> {
        first_difference(&self.stored.ids, &self.again.ids)
    }
}

/// Makes stored rollouts again, in the order asked for. `inputs` are those of the run; nothing in
/// its folder is changed. `sink` hears the steps that are made for it.
///
/// # Errors
/// A rollout that the run does not hold, a checkpoint, policy or video that is gone, a full disk.
pub fn replay(
    inputs: &RunInputs,
    places: &[Place],
    sink: &mut dyn Sink,
) -> Result<Vec<Replayed>, TrainError> {
    let stored = rollouts(&inputs.run_dir, places)?;
    let mut again = BTreeMap::new();
    for (start, last) in stretches(&inputs.run_dir, places)? {
        let folder = Folder::new(&inputs.run_dir)?;
        make_again(inputs, start.as_deref(), last, folder.path(), sink)?;
        again.extend(rollouts_where(folder.path(), |place| places.contains(&place))?);
    }
    places
        .iter()
        .map(|place| match (stored.get(place), again.get(place)) {
            (Some(stored), Some(again)) => {
                Ok(Replayed { place: *place, stored: stored.clone(), again: again.clone() })
            }
            _ => Err(TrainError::Run(format!("rollout {place} did not come out again"))),
        })
        .collect()
}

fn rollouts(run_dir: &Path, places: &[Place]) -> Result<BTreeMap<Place, Rollout>, TrainError> {
    let found = rollouts_where(run_dir, |place| places.contains(&place))?;
    match places.iter().find(|place| !found.contains_key(place)) {
        None => Ok(found),
        Some(place) => {
            Err(TrainError::Run(format!("{} holds no rollout {place}", run_dir.display())))
        }
    }
}

fn rollouts_where(
    run_dir: &Path,
    wanted: impl Fn(Place) -> bool,
) -> Result<BTreeMap<Place, Rollout>, TrainError> {
    let each = |group: Group| {
        let (step, index) = (group.step, group.index);
        let place = move |rollout: &Rollout| Place { step, group: index, rollout: rollout.index };
        group.rollouts.into_iter().map(move |rollout| (place(&rollout), rollout))
    };
    let all = records::read(run_dir)?.into_iter().flat_map(each);
    Ok(all.filter(|(place, _)| wanted(*place)).collect())
}

/// For every checkpoint that rollouts follow from (none for the run's start): the last step to be
/// made after it.
fn stretches(
    run_dir: &Path,
    places: &[Place],
) -> Result<BTreeMap<Option<PathBuf>, u64>, TrainError> {
    let checkpoints = checkpoint::all(run_dir)?;
    let mut out = BTreeMap::new();
    for place in places {
        let before = checkpoints.iter().rev().find(|(step, _)| *step < place.step);
        let last = out.entry(before.map(|(_, path)| path.clone())).or_insert(place.step);
        *last = place.step.max(*last);
    }
    Ok(out)
}

/// Makes the steps from a checkpoint up to `last` in a folder.
fn make_again(
    inputs: &RunInputs,
    start: Option<&Path>,
    last: u64,
    folder: &Path,
    sink: &mut dyn Sink,
) -> Result<(), TrainError> {
    let mut config = inputs.config.clone();
    config.steps = last;
    config.evaluate.every = 0;
    config.checkpoint.every = 0;
    // Measuring draws nothing: the run stays the same.
    config.vision.measure = 1.0;
    if let Some(start) = start {
        let name = start.file_name().unwrap_or_default();
        copy(start, &folder.join("checkpoints").join(name))?;
        let text = toml::to_string(&config).map_err(|error| TrainError::Run(error.to_string()))?;
        write_whole(&folder.join("run.toml"), text.as_bytes())?;
    }
    journal::copy_edits(&inputs.run_dir, folder)?;
    let again = RunInputs { config, run_dir: folder.to_owned(), ..inputs.clone() };
    run(again, start.is_some(), sink, &mut NoControl).map(drop)
}

fn copy(from: &Path, to: &Path) -> Result<(), TrainError> {
    std::fs::create_dir_all(to).map_err(|error| TrainError::io(to, error))?;
    for entry in std::fs::read_dir(from).map_err(|error| TrainError::io(from, error))? {
        let source = entry.map_err(|error| TrainError::io(from, error))?.path();
        let target = to.join(source.file_name().unwrap_or_default());
        if source.is_dir() {
            copy(&source, &target)?;
        } else {
            std::fs::copy(&source, &target).map_err(|error| TrainError::io(&target, error))?;
        }
    }
    Ok(())
}

/// A folder beside the system's other temporary ones that goes with this value.
struct Folder(PathBuf);

impl Folder {
    fn new(run_dir: &Path) -> Result<Self, TrainError> {
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let run = run_dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = format!("videossr-replay-{}-{count}-{run}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).map_err(|error| TrainError::io(&path, error))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays behind in the temporary folder does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_they_are_written() {
        let place = Place { step: 412, group: 4, rollout: 6 };
        assert_eq!("412.4.6".parse(), Ok(place));
        assert_eq!(place.to_string(), "412.4.6");
        for odd in ["", "412", "412.4", "412.4.6.1", "a.b.c", "1.4294967296.0", "-1.0.0"] {
            let error = odd.parse::<Place>().expect_err("no rollout");
            assert!(error.contains("STEP.GROUP.ROLLOUT"), "{error}");
        }
    }
}
