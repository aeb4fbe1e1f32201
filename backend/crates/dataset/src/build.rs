//! A build: look at the videos, give every row to one of them, make parts round by round, put
//! the dataset together. Everything is decided by the spec and the content of the videos, and
//! each finished part stays: a build that is started again only does what is missing.

use crate::assemble::{self, Made};
use crate::error::DatasetError;
use crate::files::Aside;
use crate::frames::FrameStore;
use crate::make::{Workshop, plan};
use crate::manifest::{FORMAT, Manifest};
use crate::out::{Identity, Out};
use crate::rounds::Rounds;
use crate::scan::{Scan, VideoProblem, scan};
use crate::shares;
use shared::config::DatasetSpec;
use shared::video::VideoId;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

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
    let plan = plan(&inputs.spec);
    let (videos, jobs) = (&inputs.videos, inputs.jobs);
    let scan = scan(videos, &plan, &excluded, jobs, &mut at(progress, Stage::Scan))?;
    let spec = inputs.spec.clone();
    let identity = Identity { format: FORMAT, spec, videos_hash: scan.identity() };
    if let Some(manifest) = out.finished(&identity)? {
        let problems = assemble::read_problems(&inputs.out)?;
        return Ok(Summary { manifest, problems, was_there: true });
    }
    if scan.candidates.is_empty() {
        let first = scan.problems.first().map(|p| p.problem.clone());
        let first = first.unwrap_or_else(|| "it holds no file.".into());
        let (folder, files) = (inputs.videos.clone(), scan.files);
        return Err(DatasetError::NoVideos { folder, files, first });
    }
    let aside = out.begin(&identity)?;
    let (manifest, problems) = make(inputs, &scan, &out, &aside, &identity, progress)?;
    out.close()?;
    Ok(Summary { manifest, problems, was_there: false })
}

/// Makes every row and puts them together.
fn make(
    inputs: &BuildInputs,
    scan: &Scan,
    out: &Out,
    aside: &Aside,
    identity: &Identity,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Manifest, Vec<VideoProblem>), DatasetError> {
    let asks = shares::asks(&inputs.spec);
    let order = shares::order(&asks, inputs.spec.seed);
    let workshop = Workshop {
        spec: &inputs.spec,
        asks: &asks,
        order: &order,
        videos: &scan.candidates,
        root: &inputs.out,
        parts: out.parts()?,
        frames: FrameStore::open(&inputs.out, &inputs.spec)?,
        aside,
        rows_done: AtomicU64::new(0),
    };
    let mut rounds = Rounds::new(scan, &workshop);
    rounds.run(inputs.jobs, &mut at(progress, Stage::Make))?;
    let (places, bad) = (rounds.places, rounds.bad);
    let made = Made { workshop: &workshop, scan, places, bad };
    made.assemble(&identity.videos_hash, &out.work, &mut at(progress, Stage::Write))
}

/// Tells (done, total) as progress of a stage.
fn at(progress: &mut dyn FnMut(Progress), stage: Stage) -> impl FnMut(u64, u64) {
    move |done, total| progress(Progress { stage, done, total })
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
