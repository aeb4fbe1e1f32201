//! A build: look at the videos, give every row to one of them, make parts round by round, put
//! the dataset together. Everything is decided by the spec and the content of the videos, and
//! each finished part stays: a build that is started again only does what is missing.

use crate::assemble::{self, Place};
use crate::crew;
use crate::error::DatasetError;
use crate::files::{Aside, make_folder, remove_folder};
use crate::frames::FrameStore;
use crate::make::{Workshop, plan};
use crate::manifest::{FORMAT, MANIFEST, Manifest};
use crate::part::{Outcome, PartKey};
use crate::scan::{Scan, VideoProblem, scan};
use crate::shares::{self, Ask, AskAt, NoVideo, VideoAt};
use serde::{Deserialize, Serialize};
use shared::config::{DatasetSpec, Purpose};
use shared::video::VideoId;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Folder, within a dataset, of what a build needs until it is done.
const WORK: &str = "work";
/// File in it that tells whose work it is.
const IDENTITY: &str = "build.json";

/// What a build is made from.
#[derive(Clone, Debug)]
pub struct BuildInputs {
    /// Folder of videos; it is only read.
    pub videos: PathBuf,
    /// Folder of the dataset.
    pub out: PathBuf,
    /// What is asked, and how often.
    pub spec: DatasetSpec,
    /// Videos worked on at a time.
    pub jobs: NonZeroUsize,
    /// Datasets (folders or manifests) whose videos are refused.
    pub exclude: Vec<PathBuf>,
}

/// What a build is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Looking at files.
    Scan,
    /// Making samples.
    Make,
    /// Putting rows in order.
    Write,
}

/// How far a build is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What it is at.
    pub stage: Stage,
    /// Files or rows done.
    pub done: u64,
    /// Files or rows in all.
    pub total: u64,
}

/// What a build did.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What the dataset holds.
    pub manifest: Manifest,
    /// Files that were passed over.
    pub problems: Vec<VideoProblem>,
    /// Whether it was there already.
    pub was_there: bool,
}

/// Whose work a folder holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Identity {
    format: u32,
    spec: DatasetSpec,
    videos_hash: String,
}

/// Builds a dataset, or goes on with one. The same spec and the same videos give the same
/// files, whatever their names, the number of jobs, and how often the build was broken off.
///
/// Errors: the output folder holds something else or cannot be written; no video can be used;
/// a task shows its answer on none of them.
pub fn build(
    inputs: &BuildInputs,
    progress: &mut dyn FnMut(Progress),
) -> Result<Summary, DatasetError> {
    let mut out = Out::open(inputs)?;
    let excluded = videos_of(&inputs.exclude)?;
    let at = |stage| move |done, total| Progress { stage, done, total };
    let scanned = {
        let of = at(Stage::Scan);
        let mut tick = |done, total| progress(of(done, total));
        scan(&inputs.videos, &plan(&inputs.spec), &excluded, inputs.jobs, &mut tick)?
    };
    let identity =
        Identity { format: FORMAT, spec: inputs.spec.clone(), videos_hash: scanned.identity() };
    if let Some(manifest) = out.finished(&identity)? {
        let problems = assemble::read_problems(&inputs.out)?;
        return Ok(Summary { manifest, problems, was_there: true });
    }
    if scanned.candidates.is_empty() {
        let first = scanned.problems.first().map(|p| p.problem.clone());
        return Err(DatasetError::NoVideos {
            folder: inputs.videos.clone(),
            files: scanned.files,
            first: first.unwrap_or_else(|| "it holds no file.".into()),
        });
    }
    let aside = out.begin(&identity)?;
    let asks = shares::asks(&inputs.spec);
    let order = shares::order(&asks, inputs.spec.seed);
    let workshop = Workshop {
        spec: &inputs.spec,
        asks: &asks,
        order: &order,
        videos: &scanned.candidates,
        root: &inputs.out,
        parts: out.parts()?,
        frames: FrameStore::open(&inputs.out, &inputs.spec, &aside)?,
        aside: &aside,
        rows_done: AtomicU64::new(0),
    };
    let mut rounds = Rounds::new(&scanned, &workshop);
    let of = at(Stage::Make);
    rounds.run(inputs.jobs, &mut |done, total| progress(of(done, total)))?;
    let of = at(Stage::Write);
    let (places, bad) = (rounds.places, rounds.bad);
    let made = assemble::Made { workshop: &workshop, scan: &scanned, places, bad };
    let (manifest, problems) =
        made.assemble(&identity.videos_hash, &out.work, &mut |done, total| {
            progress(of(done, total))
        })?;
    out.close()?;
    Ok(Summary { manifest, problems, was_there: false })
}

/// The videos of other datasets, with the name of the dataset.
fn videos_of(datasets: &[PathBuf]) -> Result<BTreeMap<VideoId, String>, DatasetError> {
    let mut all = BTreeMap::new();
    for path in datasets {
        let manifest = Manifest::read(path)?;
        let ids = manifest.videos.into_keys();
        all.extend(ids.map(|id| (id, format!("the dataset `{}`", path.display()))));
    }
    Ok(all)
}

/// The output folder.
struct Out {
    folder: PathBuf,
    work: PathBuf,
    /// Held while the build runs.
    lock: Option<File>,
}

impl Out {
    /// Checks that a folder is free, holds this build, or holds part of it. Nothing is written
    /// into one that is refused.
    fn open(inputs: &BuildInputs) -> Result<Self, DatasetError> {
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
    fn finished(&self, identity: &Identity) -> Result<Option<Manifest>, DatasetError> {
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
    fn begin(&mut self, identity: &Identity) -> Result<Aside, DatasetError> {
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

    fn parts(&self) -> Result<PathBuf, DatasetError> {
        let parts = self.work.join("parts");
        make_folder(&parts)?;
        Ok(parts)
    }

    fn close(self) -> Result<(), DatasetError> {
        remove_folder(&self.work)
    }

    fn other_videos(&self) -> DatasetError {
        let what = "holds a dataset of other videos than these".into();
        DatasetError::Taken { folder: self.folder.clone(), what }
    }
}

fn read_identity(work: &Path) -> Result<Identity, DatasetError> {
    let path = work.join(IDENTITY);
    let bytes = crate::files::read(&path)?;
    serde_json::from_slice(&bytes).map_err(|error| DatasetError::damaged(&path, error))
}

/// Says which key differs.
fn same_spec(there: &DatasetSpec, asked: &DatasetSpec) -> Result<(), String> {
    use shared::config::Settings;
    let differs =
        |field: &&shared::config::Field| there.value_at(field.key) != asked.value_at(field.key);
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

/// Rows given to videos, round after round, until each has found one that shows its answer.
struct Rounds<'a> {
    scan: &'a Scan,
    workshop: &'a Workshop<'a>,
    /// Where each row lies.
    places: Vec<Option<Place>>,
    /// Videos that cannot be decoded, with the reason.
    bad: BTreeMap<VideoAt, String>,
    /// What a video cannot be asked, with the reason.
    barred: HashMap<(AskAt, VideoAt), String>,
    last_reason: HashMap<AskAt, String>,
}

impl<'a> Rounds<'a> {
    fn new(scan: &'a Scan, workshop: &'a Workshop<'a>) -> Self {
        Self {
            scan,
            workshop,
            places: vec![None; workshop.order.len()],
            bad: BTreeMap::new(),
            barred: HashMap::new(),
            last_reason: HashMap::new(),
        }
    }

    fn run(
        &mut self,
        jobs: NonZeroUsize,
        tick: &mut dyn FnMut(u64, u64),
    ) -> Result<(), DatasetError> {
        let mut open: Vec<u64> = (0..self.places.len() as u64).collect();
        for round in 0.. {
            let keys = self.keys(round, &open)?;
            self.round(jobs, &keys, tick)?;
            open.retain(|index| self.places[*index as usize].is_none());
            if open.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// What each video is asked in a round; those that take longest first.
    fn keys(&self, round: u32, open: &[u64]) -> Result<Vec<(VideoAt, PartKey)>, DatasetError> {
        let usable = |ask: AskAt| {
            let all = 0..self.scan.candidates.len() as VideoAt;
            all.filter(|video| {
                !self.bad.contains_key(video) && !self.barred.contains_key(&(ask, *video))
            })
            .collect()
        };
        let (seed, order) = (self.workshop.spec.seed, self.workshop.order);
        let given = shares::assign(seed, round, open, order, usable)
            .map_err(|without| self.no_video(without))?;
        let mut by_video: BTreeMap<VideoAt, Vec<u64>> = BTreeMap::new();
        for (index, video) in given {
            by_video.entry(video).or_default().push(index);
        }
        let key = |(at, rows): (VideoAt, Vec<u64>)| {
            let video = self.scan.candidates[at as usize].meta.id.clone();
            (at, PartKey { round, video, rows })
        };
        let mut keys: Vec<_> = by_video.into_iter().map(key).collect();
        let cost = |at: VideoAt| {
            let meta = &self.scan.candidates[at as usize].meta;
            meta.frames * u64::from(meta.width) * u64::from(meta.height)
        };
        keys.sort_by_key(|(at, _)| std::cmp::Reverse(cost(*at)));
        Ok(keys)
    }

    fn no_video(&self, without: NoVideo) -> DatasetError {
        let ask: &Ask = &self.workshop.asks[usize::from(without.ask)];
        let reason = self.last_reason.get(&without.ask).or_else(|| self.bad.values().next());
        DatasetError::Unanswerable {
            cell: ask.task.cell(),
            samples: without.samples,
            why: reason.cloned().unwrap_or_default(),
        }
    }

    fn round(
        &mut self,
        jobs: NonZeroUsize,
        keys: &[(VideoAt, PartKey)],
        tick: &mut dyn FnMut(u64, u64),
    ) -> Result<(), DatasetError> {
        let (scan, workshop) = (self.scan, self.workshop);
        let total = workshop.order.len() as u64;
        crew::each(
            jobs,
            keys,
            |(at, key)| workshop.part(key, &scan.candidates[*at as usize]),
            |(at, key), outcome| {
                self.take(*at, key, outcome);
                Ok(())
            },
            || tick(workshop.rows_done.load(Ordering::Relaxed).min(total), total),
        )
    }

    fn take(&mut self, at: VideoAt, key: &PartKey, outcome: Outcome) {
        if let Some(why) = outcome.bad {
            self.bad.insert(at, why);
        }
        for (index, position) in outcome.made {
            self.places[index as usize] = Some(Place { round: key.round, video: at, position });
        }
        for (index, why) in outcome.failed {
            let ask = self.workshop.order[index as usize];
            self.last_reason.insert(ask, why.clone());
            self.barred.insert((ask, at), why);
        }
    }
}
