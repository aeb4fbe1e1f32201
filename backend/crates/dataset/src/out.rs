//! The folder a build writes into: whether it is free, whose work it holds, and who may write.
//! It knows nothing of what is built.

use crate::build::BuildInputs;
use crate::error::DatasetError;
use crate::files::{Aside, make_folder, read, remove_folder};
use crate::manifest::{MANIFEST, Manifest};
use serde::{Deserialize, Serialize};
use shared::config::{DatasetSpec, Field, Purpose, Settings};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Folder, within a dataset, of what a build needs until it is done.
const WORK: &str = "work";
/// File in it that tells whose work it is.
const IDENTITY: &str = "build.json";

/// Whose work a folder holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub format: u32,
    pub spec: DatasetSpec,
    pub videos_hash: String,
}

/// The output folder.
pub(crate) struct Out {
    folder: PathBuf,
    pub work: PathBuf,
    /// Held while the build runs.
    lock: Option<File>,
}

impl Out {
    /// Checks that a folder is free, holds this build, or holds part of it. Nothing is written
    /// into one that is refused.
    pub fn open(inputs: &BuildInputs) -> Result<Self, DatasetError> {
        let folder = inputs.out.clone();
        let work = folder.join(WORK);
        let taken = |what: &str| DatasetError::Taken { folder: folder.clone(), what: what.into() };
        if lies_in(&folder, &inputs.videos) {
            return Err(taken("lies in the folder of the videos, where nothing is written"));
        }
        if folder.join(MANIFEST).exists() {
            let manifest = Manifest::read(&folder)?;
            let Some(spec) = &manifest.spec else {
                return Err(taken("holds an imported dataset"));
            };
            same_spec(spec, &inputs.spec).map_err(|what| taken(&what))?;
            if spec.purpose == Purpose::Bench && !work.exists() {
                return Err(taken("holds a benchmark, which is frozen"));
            }
        } else if work.join(IDENTITY).exists() {
            let identity = read_identity(&work)?;
            same_spec(&identity.spec, &inputs.spec).map_err(|what| taken(&what))?;
        } else if holds_other_files(&folder)? {
            return Err(taken("holds other files"));
        }
        Ok(Self { folder, work, lock: None })
    }

    /// The manifest, if this very build is done. Errors: it was made of other videos.
    pub fn finished(&self, identity: &Identity) -> Result<Option<Manifest>, DatasetError> {
        if !self.folder.join(MANIFEST).exists() {
            return Ok(None);
        }
        let manifest = Manifest::read(&self.folder)?;
        if manifest.videos_hash.as_ref() != Some(&identity.videos_hash) {
            return Err(self.other_videos());
        }
        // What a build leaves that dies between its last two steps.
        remove_folder(&self.work)?;
        Ok(Some(manifest))
    }

    /// Takes the folder, and writes down whose work this is or checks that it is the same.
    pub fn begin(&mut self, identity: &Identity) -> Result<Aside, DatasetError> {
        self.lock = Some(lock(&self.folder, &self.work)?);
        if self.folder.join(MANIFEST).exists() {
            // Another process finished it between our looking and our taking.
            return Err(DatasetError::Busy { folder: self.folder.clone() });
        }
        let aside = Aside::open(self.work.join("aside"))?;
        let path = self.work.join(IDENTITY);
        if !path.exists() {
            let text = serde_json::to_vec(identity).unwrap_or_default();
            aside.put(&path, &text)?;
        } else if read_identity(&self.work)? != *identity {
            return Err(self.other_videos());
        }
        Ok(aside)
    }

    pub fn parts(&self) -> Result<PathBuf, DatasetError> {
        let parts = self.work.join("parts");
        make_folder(&parts)?;
        Ok(parts)
    }

    pub fn close(self) -> Result<(), DatasetError> {
        remove_folder(&self.work)
    }

    fn other_videos(&self) -> DatasetError {
        let what = "holds a dataset of other videos than these".into();
        DatasetError::Taken { folder: self.folder.clone(), what }
    }
}

fn read_identity(work: &Path) -> Result<Identity, DatasetError> {
    let path = work.join(IDENTITY);
    let bytes = read(&path)?;
    serde_json::from_slice(&bytes).map_err(|error| DatasetError::damaged(&path, error))
}

/// Says which key differs.
fn same_spec(there: &DatasetSpec, asked: &DatasetSpec) -> Result<(), String> {
    let differs = |field: &&Field| there.value_at(field.key) != asked.value_at(field.key);
    match DatasetSpec::FIELDS.iter().find(differs) {
        None => Ok(()),
        Some(field) if field.key == "mixture" => {
            Err("holds a dataset of another spec (its mixture differs)".into())
        }
        Some(field) => {
            let (key, old, new) = (field.key, there.value_at(field.key), asked.value_at(field.key));
            Err(format!("holds a dataset of another spec ({key} is {old} there and {new} here)"))
        }
    }
}

fn lies_in(folder: &Path, videos: &Path) -> bool {
    // The folder may not exist yet: its nearest ancestor that does decides.
    let mut at = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    while !at.exists() && at.pop() {}
    let (at, videos) = (at.canonicalize(), videos.canonicalize());
    at.is_ok_and(|at| videos.is_ok_and(|videos| at.starts_with(videos)))
}

fn holds_other_files(folder: &Path) -> Result<bool, DatasetError> {
    if !folder.exists() {
        return Ok(false);
    }
    let entries = std::fs::read_dir(folder).map_err(|cause| DatasetError::read(folder, cause))?;
    Ok(entries.flatten().any(|entry| entry.file_name() != WORK))
}

/// Takes the folder for this process; the system lets go of it however the process ends.
fn lock(folder: &Path, work: &Path) -> Result<File, DatasetError> {
    make_folder(work)?;
    let path = work.join("lock");
    let file = File::create(&path).map_err(|cause| DatasetError::write(&path, cause))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(DatasetError::Busy { folder: folder.to_owned() })
        }
        Err(std::fs::TryLockError::Error(cause)) => Err(DatasetError::write(&path, cause)),
    }
}
