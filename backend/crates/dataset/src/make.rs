//! One video's work in one round: decode it, make its samples, keep their frames. One strip is
//! alive at a time in each thread, two where frames of another video are borrowed.

use crate::draw::{Drawn, Frame, draw};
use crate::error::DatasetError;
use crate::files::Aside;
use crate::frames::{FrameStore, is_whole};
use crate::part::{self, Line, Outcome, PartKey};
use crate::rows::Row;
use crate::scan::Candidate;
use crate::shares::{Ask, AskAt};
use media::{FrameStrip, MediaError, StripCache};
use shared::config::DatasetSpec;
use shared::task::SampleSpec;
use shared::video::{FrameSize, SamplePlan};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use tasks::Rng;

/// Seeds tried for a row on one video before the row moves to another.
const TRIES: u64 = 8;

/// What all videos of a build share.
pub(crate) struct Workshop<'a> {
    pub spec: &'a DatasetSpec,
    pub asks: &'a [Ask],
    pub order: &'a [AskAt],
    /// Folder of the dataset.
    pub root: &'a Path,
    /// Folder of the parts.
    pub parts: PathBuf,
    pub aside: &'a Aside,
    pub frames: FrameStore<'a>,
    /// Rows done so far, for people.
    pub rows_done: AtomicU64,
}

impl Workshop<'_> {
    /// The part of a video: found, or made now.
    ///
    /// Errors: what is written cannot be written. A video that is no good is an outcome.
    pub fn part(&self, key: &PartKey, video: &Candidate) -> Result<Outcome, DatasetError> {
        let path = part::path_of(&self.parts, key.round, &key.video);
        if let Some(outcome) = part::recall(&path, key, |frame| is_whole(self.root, frame)) {
            self.rows_done.fetch_add(outcome.made.len() as u64, Ordering::Relaxed);
            return Ok(outcome);
        }
        part::write(&path, key, &self.lines(key, video)?, self.aside)
    }

    fn lines(&self, key: &PartKey, video: &Candidate) -> Result<Vec<Line>, DatasetError> {
        let bad = |why: String| Ok(vec![Line::Bad { why }]);
        let strip = match media::strip(&video.path, &plan(self.spec), &StripCache::disabled()) {
            Ok(strip) if strip.video == key.video => strip,
            Ok(_) => return bad(format!("`{}` was changed while it was read.", video.file)),
            Err(error) => return bad(error.to_string()),
        };
        let mut kept = Kept { strip: &strip, frames: &self.frames, paths: HashMap::new() };
        let mut lines = Vec::with_capacity(key.rows.len());
        for index in &key.rows {
            match self.row(*index, key, &mut kept) {
                Ok(line) => lines.push(line),
                Err(Trouble::Picture(error)) => return bad(error.to_string()),
                Err(Trouble::Ours(error)) => return Err(error),
            }
            self.rows_done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(lines)
    }

    /// The row with the first of some seeds whose pixels show the answer.
    fn row(&self, index: u64, key: &PartKey, kept: &mut Kept) -> Result<Line, Trouble> {
        let ask = &self.asks[usize::from(self.order[index as usize])];
        for attempt in 0..TRIES {
            let parts =
                [self.spec.seed, index, u64::from(key.round), attempt].map(u64::to_le_bytes);
            let [seed, row, round, attempt] = &parts;
            let mut rng = Rng::keyed(&[b"dataset-sample-1", seed, row, round, attempt]);
            // Under 2^48: exact in every JSON reader.
            let seed = rng.below(1 << 48);
            let spec = SampleSpec { video: key.video.clone(), task: ask.task, seed };
            match draw(kept.strip, &spec) {
                Ok(Some(drawn)) => {
                    let clips = kept.keep(&drawn)?;
                    let row = Row::of(self.spec, index, &drawn.info, clips);
                    return Ok(Line::Made(Box::new(row)));
                }
                Ok(None) => {}
                Err(error) => return Ok(Line::Failed { index, why: error.to_string() }),
            }
        }
        let why = format!("{TRIES} tries on the last video left showed no answer.");
        Ok(Line::Failed { index, why })
    }
}

/// How a dataset's frames are chosen.
pub(crate) fn plan(spec: &DatasetSpec) -> SamplePlan {
    SamplePlan { count: spec.frames, size: FrameSize::ShortSide(spec.short_side) }
}

/// Why a row could not be made.
enum Trouble {
    /// The picture does not fit its form.
    Picture(MediaError),
    /// The dataset cannot be written.
    Ours(DatasetError),
}

/// Frames of a strip as files; each is encoded when it is first shown.
struct Kept<'a> {
    strip: &'a FrameStrip,
    frames: &'a FrameStore<'a>,
    paths: HashMap<u32, String>,
}

impl Kept<'_> {
    /// The files of a sample's frames, clip by clip.
    fn keep(&mut self, drawn: &Drawn) -> Result<Vec<Vec<String>>, Trouble> {
        let clip = |frames: &Vec<Frame>| frames.iter().map(|frame| self.path(frame)).collect();
        drawn.clips.iter().map(clip).collect()
    }

    fn path(&mut self, frame: &Frame) -> Result<String, Trouble> {
        match frame {
            Frame::Painted(rgb) => self.put(rgb),
            Frame::Kept(slot) => {
                if let Some(path) = self.paths.get(slot) {
                    return Ok(path.clone());
                }
                let path = self.put(self.strip.frame(*slot as usize))?;
                self.paths.insert(*slot, path.clone());
                Ok(path)
            }
        }
    }

    fn put(&self, rgb: &[u8]) -> Result<String, Trouble> {
        let size = (self.strip.width, self.strip.height);
        let bytes = self.frames.encode(rgb, size).map_err(Trouble::Picture)?;
        self.frames.put(&bytes).map_err(Trouble::Ours)
    }
}
