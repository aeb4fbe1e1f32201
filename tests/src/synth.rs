//! Data folders of the server, of any size, for tests and measurements: written as the server and
//! the trainer write them, without training.
//!
//! Questions, rewards, advantages, figures and evaluations come from the trainer's own functions
//! and the real sample clips. Drawn by chance, and the same for the same config, are only the
//! answers and what an update would report of itself. Never written are weights and the columns of
//! `rollouts/`: such a run can be looked at, labelled and compared, not resumed or replayed.

mod answers;
mod copies;
mod trainer;

pub use trainer::Trainer;

use crate::root;
use anyhow::{Context, Result};
use media::{FrameStrip, StripCache};
use shared::annotation::Role;
use shared::api::{Person, Video};
use shared::config::RunConfig;
use shared::event::Phase;
use shared::video::{FrameSize, SamplePlan, VideoId};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{NewToken, Secret, Store, StoredVideo};

/// When everything began, Unix seconds: the same in every folder.
pub(crate) const EPOCH: f64 = 1_770_000_000.0;

/// How much of a group is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bodies {
    /// All, as the trainer does: frames, tokens with their figures, the account of each reward.
    Whole,
    /// What lists show and are filtered by. A tenth of the bytes.
    Bare,
}

/// How a run ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With all its steps.
    Finished,
    /// By a person, after so many steps.
    Stopped(u64),
    /// By an error in the step after so many.
    Failed(u64, Phase, String),
    /// Not yet, after so many steps: live for as long as its [`Trainer`], which stands for a worker
    /// that will come back.
    Open(u64),
    /// It has not begun and waits for a worker.
    Queued,
}

/// A run to be written. Steps, groups in a step and answers in a group are those of its config.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Its config; the seed chooses everything that is drawn.
    pub config: RunConfig,
    /// How much of each group is written.
    pub bodies: Bodies,
    /// Only the groups of every so-manieth step are written; 1 for all, as the trainer does.
    pub groups_every: u64,
    /// Share of groups whose answers are all the same.
    pub alike: f64,
    /// How it ends.
    pub end: End,
}

impl Plan {
    /// A finished run with whole groups, the nano mixture and four evaluations.
    pub fn new(name: &str, steps: u64, groups: u32, answers: u32) -> Self {
        let mut config = RunConfig { steps, ..RunConfig::default() };
        config.grpo.prompts_per_step = groups;
        config.grpo.group_size = answers;
        config.evaluate.every = steps.div_ceil(4).max(1);
        config.checkpoint.every = config.evaluate.every;
        Self {
            name: name.into(),
            config,
            bodies: Bodies::Whole,
            groups_every: 1,
            alike: 0.15,
            end: End::Finished,
        }
    }

    /// Steps that are made of it.
    pub fn made(&self) -> u64 {
        match &self.end {
            End::Finished => self.config.steps,
            End::Stopped(made) | End::Open(made) | End::Failed(made, ..) => *made,
            End::Queued => 0,
        }
    }
}

/// A data folder in the making. The server may be opened on it at any time.
pub struct Folder {
    root: PathBuf,
    /// Its database, for what has no method here.
    pub store: Store,
    /// The first admin; the server's one-time link is for them.
    pub admin: Person,
    strips: Vec<Arc<FrameStrip>>,
}

impl Folder {
    /// Makes the folder with an admin and no video.
    pub fn create(root: &Path) -> Result<Self> {
        std::fs::create_dir_all(root.join("runs"))?;
        // Run folders are handed to workers: they must not depend on the current directory.
        let root = root.canonicalize()?;
        let store = Store::open(&root.join("studio.db"))?;
        let admin = store.first_admin(EPOCH)?;
        Ok(Self { root, store, admin, strips: Vec::new() })
    }

    /// The same with the sample clips in its library.
    pub fn with_clips(root: &Path) -> Result<Self> {
        let mut folder = Self::create(root)?;
        for path in train::library::video_files(&[crate::root().join("static/clips")])? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            folder.add_clip(&path, &name)?;
        }
        Ok(folder)
    }

    /// Puts a video into the library under a name; its file stays where it is.
    pub fn add_clip(&mut self, path: &Path, name: &str) -> Result<VideoId> {
        // Questions are drawn in relative coordinates: small frames give the same ones.
        let plan = SamplePlan::strip(FrameSize::ShortSide(64));
        let strip = media::strip(path, &plan, &StripCache::disabled())
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let video = Video {
            meta: media::probe(path)?,
            name: name.into(),
            bytes: std::fs::metadata(path)?.len(),
            added_at: EPOCH + self.strips.len() as f64,
            problem: None,
        };
        let stored = StoredVideo { video, path: path.canonicalize()? };
        self.store.add_video(stored, self.admin.id)?;
        let id = strip.video.clone();
        self.strips.push(strip);
        Ok(id)
    }

    /// Adds somebody who has signed in once.
    pub fn add_person(&self, name: &str, role: Role) -> Result<Person> {
        let (link, session) = (format!("link of {name}"), format!("session of {name}"));
        let token = NewToken {
            secret: Secret(link.clone()),
            person: None,
            role,
            name: name.into(),
            expires_at: EPOCH + 60.0,
        };
        self.store.add_token(token, Some(self.admin.id), EPOCH)?;
        let ends = EPOCH + 60.0;
        Ok(self.store.sign_in(&Secret(link), name, &Secret(session), ends, EPOCH + 1.0)?)
    }

    /// Writes a whole run and gives its id.
    pub fn add_run(&self, plan: Plan) -> Result<String> {
        let made = plan.made();
        let mut trainer = self.begin(plan)?;
        trainer.make(made)?;
        trainer.end()
    }

    /// Begins a run that goes on as its [`Trainer`] is told.
    pub fn begin(&self, plan: Plan) -> Result<Trainer> {
        Trainer::begin(&self.root, self.store.clone(), self.strips.clone(), plan, &self.admin)
    }
}

/// The file of one of the clips that come with the program.
pub fn clip(name: &str) -> PathBuf {
    root().join("static/clips").join(name)
}
