//! The strip: the evenly spaced frames of a video that every task is made from.
//! It never looks inside a container: `decode` does.

use crate::cache::StripCache;
use crate::decode;
use crate::error::MediaError;
use serde::{Deserialize, Serialize};
use shared::video::{FrameRef, FrameSize, SamplePlan, VideoId, VideoMeta};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Evenly spaced frames of one video at one size, with where each came from.
#[derive(Clone, PartialEq)]
pub struct FrameStrip {
    /// Content hash of the source.
    pub video: VideoId,
    /// How the frames were chosen.
    pub plan: SamplePlan,
    /// One per frame, in order; times are seconds from the source's first frame.
    pub frames: Vec<FrameRef>,
    /// Label clock, frames per second: the label time of slot k is `k / sampling_fps`.
    pub sampling_fps: f64,
    /// Width of each frame in `rgb`, pixels.
    pub width: u32,
    /// Height of each frame in `rgb`, pixels.
    pub height: u32,
    /// Pixels `[count, height, width, 3]`, red green blue.
    pub rgb: Vec<u8>,
    /// Facts of the source.
    pub meta: VideoMeta,
    /// Width and height of the source as shown, pixels.
    pub display: (u32, u32),
}

impl fmt::Debug for FrameStrip {
    /// Everything but the pixels, of which there are millions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameStrip")
            .field("video", &self.video)
            .field("plan", &self.plan)
            .field("frames", &self.frames.len())
            .field("sampling_fps", &self.sampling_fps)
            .field("size", &(self.width, self.height))
            .finish_non_exhaustive()
    }
}

/// Everything of a strip but its pixels: what the cache keeps as text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StripHead {
    pub plan: SamplePlan,
    pub frames: Vec<FrameRef>,
    pub sampling_fps: f64,
    pub width: u32,
    pub height: u32,
    pub meta: VideoMeta,
}

/// Short side of the frame that drawn shapes are measured in, pixels.
pub const CANONICAL_SHORT_SIDE: u32 = 256;

impl FrameStrip {
    /// Number of frames.
    pub fn count(&self) -> usize {
        self.frames.len()
    }

    /// Bytes of one frame: `height * width * 3`.
    pub fn frame_bytes(&self) -> usize {
        self.width as usize * self.height as usize * 3
    }

    /// Pixels `[height, width, 3]` of a slot. Panics when `slot >= count()`.
    pub fn frame(&self, slot: usize) -> &[u8] {
        let size = self.frame_bytes();
        &self.rgb[slot * size..(slot + 1) * size]
    }

    /// Size of the canonical frame: the source as shown with its short side at
    /// [`CANONICAL_SHORT_SIDE`]. Shapes are measured in it, whatever the strip's own size.
    pub fn canonical_size(&self) -> (u32, u32) {
        FrameSize::ShortSide(CANONICAL_SHORT_SIDE).of(self.display.0, self.display.1)
    }

    /// When the last frame stops being shown, seconds from the source's first frame:
    /// its own time plus the mean frame interval, at most the duration.
    pub fn last_end_secs(&self) -> f64 {
        let interval = self.meta.duration_secs / (self.meta.frames.max(1) as f64);
        let last = self.frames.last().map_or(0.0, |f| f.pts_secs);
        (last + interval).min(self.meta.duration_secs.max(last))
    }

    pub(crate) fn head(&self) -> StripHead {
        StripHead {
            plan: self.plan,
            frames: self.frames.clone(),
            sampling_fps: self.sampling_fps,
            width: self.width,
            height: self.height,
            meta: self.meta.clone(),
        }
    }

    pub(crate) fn from_parts(head: StripHead, rgb: Vec<u8>) -> Self {
        Self {
            video: head.meta.id.clone(),
            plan: head.plan,
            frames: head.frames,
            sampling_fps: head.sampling_fps,
            width: head.width,
            height: head.height,
            rgb,
            display: (head.meta.width, head.meta.height),
            meta: head.meta,
        }
    }
}

/// The strip of one video under one plan, from the cache or decoded now.
///
/// The source is only read. Errors: every [`MediaError`] about files.
pub fn strip(
    path: &Path,
    plan: &SamplePlan,
    cache: &StripCache,
) -> Result<Arc<FrameStrip>, MediaError> {
    let mut all = strips(path, std::slice::from_ref(plan), cache)?;
    all.pop().ok_or_else(|| MediaError::BadInput("no plan was given".into()))
}

/// Strips of one video under several plans, in the order of `plans`; whatever is not in the
/// cache is made in a single decode of the file.
pub fn strips(
    path: &Path,
    plans: &[SamplePlan],
    cache: &StripCache,
) -> Result<Vec<Arc<FrameStrip>>, MediaError> {
    let id = cache.id_of(path)?;
    let mut found: Vec<Option<Arc<FrameStrip>>> =
        plans.iter().map(|plan| cache.get(&id, plan)).collect();
    let missing: Vec<SamplePlan> =
        plans.iter().zip(&found).filter(|(_, hit)| hit.is_none()).map(|(plan, _)| *plan).collect();
    if !missing.is_empty() {
        let mut made = decode::strips(path, &id, &missing)?.into_iter();
        for slot in found.iter_mut().filter(|slot| slot.is_none()) {
            *slot = made.next().map(|strip| cache.put(strip));
        }
    }
    Ok(found.into_iter().flatten().collect())
}
