//! Videos of a run as strips: decoded once, kept in memory. A video that cannot be used is a
//! problem to report, never the end of a run.

use crate::error::TrainError;
use media::{FrameStrip, StripCache};
use serde::{Deserialize, Serialize};
use shared::config::MixtureItem;
use shared::video::{SamplePlan, VideoId};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tasks::Shelf;

/// Endings of files that a folder is searched for.
const ENDINGS: [&str; 12] =
    ["mp4", "mkv", "webm", "avi", "mov", "m4v", "ogv", "mpg", "mpeg", "ts", "flv", "wmv"];

/// One usable video.
#[derive(Clone)]
pub struct Entry {
    /// The file's name without its folder.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Its frames.
    pub strip: Arc<FrameStrip>,
    /// Its frames again, closer together, where a task needs them (see [`Library::densify`]).
    pub dense: Option<Arc<FrameStrip>>,
}

impl Entry {
    fn is(&self, wanted: &str) -> bool {
        self.name == wanted || self.strip.video.to_string() == wanted
    }
}

/// A video that a run was begun with: by its content, with its name for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Content hash.
    pub id: VideoId,
    /// The file's name when the run began.
    pub name: String,
}

/// The strips of a run.
#[derive(Clone, Default)]
pub struct Library {
    /// Usable videos, in the order of their paths; each content once.
    pub entries: Vec<Entry>,
    /// One sentence for each video that was passed over.
    pub problems: Vec<String>,
}

impl Library {
    /// Decodes every video of the given files and folders, or takes it from the cache.
    /// `before` is told each file before it is decoded.
    ///
    /// # Errors
    /// A path that does not exist.
    pub fn load(
        paths: &[PathBuf],
        plan: &SamplePlan,
        cache: &StripCache,
        mut before: impl FnMut(&Path),
    ) -> Result<Self, TrainError> {
        let mut library = Self::default();
        for path in video_files(paths)? {
            before(&path);
            match media::strip(&path, plan, cache) {
                Ok(strip) if library.strip(&strip.video).is_some() => {
                    library
                        .problems
                        .push(format!("{} has the same content as another video", path.display()));
                }
                Ok(strip) => {
                    library.entries.push(Entry { name: file_name(&path), path, strip, dense: None })
                }
                Err(error) => library.problems.push(error.to_string()),
            }
        }
        Ok(library)
    }

    /// Decodes the denser strips that tasks of the mixture are made from, if any. A video with
    /// too few frames for them keeps its place for the other tasks and is named as a problem.
    pub fn densify(&mut self, mixture: &[MixtureItem], plan: &SamplePlan, cache: &StripCache) {
        let wanted = mixture.iter().flat_map(MixtureItem::tasks).map(|task| task.source_frames());
        let Some(count) = wanted.max().filter(|count| *count > plan.count) else { return };
        let dense = SamplePlan { count, size: plan.size };
        for entry in &mut self.entries {
            match media::strip(&entry.path, &dense, cache) {
                Ok(strip) => entry.dense = Some(strip),
                Err(error) => self.problems.push(error.to_string()),
            }
        }
    }

    /// All strips in the order of [`Library::entries`].
    pub fn shelf(&self) -> Shelf<Arc<FrameStrip>> {
        Shelf {
            strips: self.entries.iter().map(|entry| entry.strip.clone()).collect(),
            dense: self.entries.iter().filter_map(|entry| entry.dense.clone()).collect(),
        }
    }

    /// The strip of a video.
    pub fn strip(&self, id: &VideoId) -> Option<&Arc<FrameStrip>> {
        self.entries.iter().find(|entry| entry.strip.video == *id).map(|entry| &entry.strip)
    }

    /// The entries that are not, and those that are, among `held_out`: file names or ids.
    pub fn split(&self, held_out: &[String]) -> (Self, Self) {
        let (held, kept) = self
            .entries
            .iter()
            .cloned()
            .partition(|entry| held_out.iter().any(|wanted| entry.is(wanted)));
        (
            Self { entries: kept, problems: self.problems.clone() },
            Self { entries: held, problems: Vec::new() },
        )
    }

    /// One sentence for each of `held_out` that is no entry.
    pub fn strangers(&self, held_out: &[String]) -> Vec<String> {
        let missing =
            held_out.iter().filter(|wanted| !self.entries.iter().any(|entry| entry.is(wanted)));
        missing.map(|name| format!("{name} is held out, but not among the videos")).collect()
    }

    /// What tells these videos from others, in order.
    pub fn pins(&self) -> Vec<Pin> {
        let pin = |entry: &Entry| Pin { id: entry.strip.video.clone(), name: entry.name.clone() };
        self.entries.iter().map(pin).collect()
    }

    /// The pinned videos in their order; others are left out.
    ///
    /// # Errors
    /// The first that is not there with the same content.
    pub fn pinned(&self, pins: &[Pin]) -> Result<Self, TrainError> {
        let entry = |pin: &Pin| {
            let found = self.entries.iter().find(|entry| entry.strip.video == pin.id);
            found.cloned().ok_or_else(|| {
                TrainError::Videos(format!(
                    "{} is gone or has changed since the run began; put it back as it was to go on",
                    pin.name
                ))
            })
        };
        Ok(Self {
            entries: pins.iter().map(entry).collect::<Result<_, _>>()?,
            problems: Vec::new(),
        })
    }

    /// This library if it has a video.
    ///
    /// # Errors
    /// No video is usable.
    pub fn not_empty(self) -> Result<Self, TrainError> {
        if !self.entries.is_empty() {
            return Ok(self);
        }
        let why = self.problems.first().map(|p| format!(": {p}")).unwrap_or_default();
        Err(TrainError::Videos(format!("no video can be used{why}")))
    }
}

/// The files among `paths`, and the videos of the folders among them, sorted.
///
/// # Errors
/// A path that does not exist or cannot be read.
pub fn video_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, TrainError> {
    let mut files = Vec::new();
    for path in paths {
        let about = std::fs::metadata(path).map_err(|error| TrainError::io(path, error))?;
        if !about.is_dir() {
            files.push(path.clone());
            continue;
        }
        for entry in std::fs::read_dir(path).map_err(|error| TrainError::io(path, error))? {
            let file = entry.map_err(|error| TrainError::io(path, error))?.path();
            if file.is_file() && is_video(&file) {
                files.push(file);
            }
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn is_video(path: &Path) -> bool {
    let ending = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
