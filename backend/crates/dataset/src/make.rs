//! One video's work in one round: decode it, make its samples, keep their frames. What a thread
//! holds is the strip of one video (two, where a task asks for a denser one) and that of one
//! other video, where frames are borrowed.

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
use shared::task::{SampleSpec, Task};
use shared::video::{FrameSize, STRIP_FRAMES, SamplePlan};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tasks::{Rng, Sources};

/// Seeds tried for a row on one video before the row moves to another.
const TRIES: u64 = 8;

/// What all videos of a build share.
pub(crate) struct Workshop<'a> {
    pub spec: &'a DatasetSpec,
    pub asks: &'a [Ask],
    pub order: &'a [AskAt],
    /// Every video, to borrow frames from.
    pub videos: &'a [Candidate],
    /// Folder of the dataset.
    pub root: &'a Path,
    /// Folder of the parts.
    pub parts: PathBuf,
    pub aside: &'a Aside,
    pub frames: FrameStore,
    /// Rows done so far, for people.
    pub rows_done: AtomicU64,
}

/// Why a row could not be made.
enum Trouble {
    /// The picture does not fit its form.
    Picture(MediaError),
    /// The dataset cannot be written.
    Ours(DatasetError),
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
        let mut strips = Vec::new();
        match media::strips(&video.path, &self.plans(key, video), &StripCache::disabled()) {
            Ok(made) if made.iter().all(|strip| strip.video == key.video) => strips.extend(made),
            Ok(_) => return bad(format!("`{}` was changed while it was read.", video.file)),
            Err(error) => return bad(error.to_string()),
        }
        let mut desk = Desk { shop: self, key, strips, paths: HashMap::new(), other: None };
        let mut lines = Vec::with_capacity(key.rows.len());
        for index in &key.rows {
            match desk.row(*index) {
                Ok(line) => lines.push(line),
                Err(Trouble::Picture(error)) => return bad(error.to_string()),
                Err(Trouble::Ours(error)) => return Err(error),
            }
            self.rows_done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(lines)
    }

    /// The strips that the rows of a part are made from, as far as the video is long enough.
    fn plans(&self, key: &PartKey, video: &Candidate) -> Vec<SamplePlan> {
        let mut plans = Vec::new();
        for row in &key.rows {
            let plan = plan_for(self.spec, &self.ask(*row).task);
            if !plans.contains(&plan) && plan.indices(video.meta.frames).is_some() {
                plans.push(plan);
            }
        }
        plans
    }

    fn ask(&self, row: u64) -> &Ask {
        &self.asks[usize::from(self.order[row as usize])]
    }
}

/// How a dataset's frames are chosen.
pub(crate) fn plan(spec: &DatasetSpec) -> SamplePlan {
    SamplePlan { count: spec.frames, size: FrameSize::ShortSide(spec.short_side) }
}

/// How the frames are chosen that a task of a dataset is made from: with it, a row's sample spec
/// and its video, `tasks::plan` makes the row again.
pub fn plan_for(spec: &DatasetSpec, task: &Task) -> SamplePlan {
    match task.source_frames() {
        STRIP_FRAMES => plan(spec),
        count => SamplePlan { count, ..plan(spec) },
    }
}

/// One part under way.
struct Desk<'a> {
    shop: &'a Workshop<'a>,
    key: &'a PartKey,
    strips: Vec<Arc<FrameStrip>>,
    /// Files of frames that are the video's own, by count of the strip and slot: each is
    /// encoded when it is first shown.
    paths: HashMap<(usize, u32), String>,
    /// The video that frames were last borrowed from.
    other: Option<Arc<FrameStrip>>,
}

impl Desk<'_> {
    /// The row with the first of some seeds whose pixels show the answer.
    fn row(&mut self, index: u64) -> Result<Line, Trouble> {
        let (shop, failed) = (self.shop, |why: &str| Ok(Line::Failed { index, why: why.into() }));
        let ask = shop.ask(index);
        let wanted = plan_for(shop.spec, &ask.task);
        let Some(strip) = self.strips.iter().find(|strip| strip.plan == wanted).cloned() else {
            return failed("the last video left has too few frames.");
        };
        for attempt in 0..TRIES {
            let mut spec = self.spec(index, attempt, ask);
            if ask.task.needs_other() && !self.borrow(attempt, &mut spec) {
                continue;
            }
            let other = spec.other.as_ref().and(self.other.as_deref());
            match draw(&Sources { strip: &strip, other }, &spec) {
                Ok(Some(drawn)) => {
                    let clips = self.keep(&strip, &drawn)?;
                    let row = Row::of(shop.spec, index, &drawn.info, clips);
                    return Ok(Line::Made(Box::new(row)));
                }
                Ok(None) => {}
                Err(error) => return failed(&error.to_string()),
            }
        }
        failed(&format!("{TRIES} tries on the last video left showed no answer."))
    }

    fn spec(&self, index: u64, attempt: u64, ask: &Ask) -> SampleSpec {
        let parts = [self.shop.spec.seed, index, u64::from(self.key.round), attempt];
        let [seed, row, round, attempt] = &parts.map(u64::to_le_bytes);
        let mut rng = Rng::keyed(&[b"dataset-sample-1", seed, row, round, attempt]);
        // Under 2^48: exact in every JSON reader.
        let seed = rng.below(1 << 48);
        SampleSpec { dials: ask.dials, ..SampleSpec::new(self.key.video.clone(), ask.task, seed) }
    }

    /// Chooses the video to borrow frames from and has its strip at hand; whether there is one.
    /// All rows of a part borrow from the same one, so that it is decoded once.
    fn borrow(&mut self, attempt: u64, spec: &mut SampleSpec) -> bool {
        let shop = self.shop;
        let parts = [shop.spec.seed, u64::from(self.key.round), attempt].map(u64::to_le_bytes);
        let [seed, round, attempt] = &parts;
        let own = self.key.video.as_str().as_bytes();
        let mut rng = Rng::keyed(&[b"dataset-other-1", seed, round, attempt, own]);
        let others: Vec<&Candidate> =
            shop.videos.iter().filter(|video| video.meta.id != self.key.video).collect();
        let Some(other) = rng.pick(&others) else { return false };
        spec.other = Some(other.meta.id.clone());
        if self.other.as_ref().is_none_or(|strip| strip.video != other.meta.id) {
            self.other = decoded(other, &plan(shop.spec));
        }
        self.other.is_some()
    }

    /// The files of a sample's frames, clip by clip.
    fn keep(&mut self, strip: &FrameStrip, drawn: &Drawn) -> Result<Vec<Vec<String>>, Trouble> {
        let clip =
            |frames: &Vec<Frame>| frames.iter().map(|frame| self.path(strip, frame)).collect();
        drawn.clips.iter().map(clip).collect()
    }

    fn path(&mut self, strip: &FrameStrip, frame: &Frame) -> Result<String, Trouble> {
        let slot = match frame {
            Frame::Painted(rgb) => return self.put(strip, rgb),
            Frame::Kept(slot) => *slot,
        };
        if let Some(path) = self.paths.get(&(strip.count(), slot)) {
            return Ok(path.clone());
        }
        let path = self.put(strip, strip.frame(slot as usize))?;
        self.paths.insert((strip.count(), slot), path.clone());
        Ok(path)
    }

    fn put(&self, strip: &FrameStrip, rgb: &[u8]) -> Result<String, Trouble> {
        let frames = &self.shop.frames;
        let bytes = frames.encode(rgb, (strip.width, strip.height)).map_err(Trouble::Picture)?;
        frames.put(&bytes).map_err(Trouble::Ours)
    }
}

/// The strip of a video that may be no good; that is told when its own part is made.
fn decoded(video: &Candidate, plan: &SamplePlan) -> Option<Arc<FrameStrip>> {
    let strip = media::strip(&video.path, plan, &StripCache::disabled()).ok()?;
    (strip.video == video.meta.id).then_some(strip)
}
