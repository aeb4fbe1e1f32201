//! A whole sample with all its pixels, as a policy sees it.

use crate::error::TaskError;
use crate::paint::paint;
use crate::plan::{Plan, plan};
use crate::source::Sources;
use media::FrameStrip;
use shared::task::{SampleInfo, SampleSpec};
use shared::video::FrameRef;
use std::fmt;

/// A question on pixels, with its true answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Everything but the pixels.
    pub info: SampleInfo,
    /// Width of each frame, pixels.
    pub width: u32,
    /// Height of each frame, pixels.
    pub height: u32,
    /// What is shown, in display order: one clip, n for jigsaw, three for progress.
    pub clips: Vec<ClipFrames>,
    /// Whether these pixels show the answer; see [`crate::Painted::answerable`].
    pub answerable: bool,
}

/// One clip of a sample.
#[derive(Clone, PartialEq)]
pub struct ClipFrames {
    /// Pixels `[frames, height, width, 3]`, red green blue.
    pub rgb: Vec<u8>,
    /// Where each frame came from: its slot is that of the source strip.
    pub frames: Vec<FrameRef>,
    /// Label time of each frame, seconds; every clip starts at 0.
    pub label_secs: Vec<f64>,
}

impl fmt::Debug for ClipFrames {
    /// The number of frames alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClipFrames({})", self.frames.len())
    }
}

/// Makes the sample of a spec: its plan and all its pixels. The same spec gives the same
/// bytes for the same strips. Errors: those of [`plan`] and [`paint`].
pub fn generate<'a>(
    sources: impl Into<Sources<'a>>,
    spec: &SampleSpec,
) -> Result<Sample, TaskError> {
    let sources = sources.into();
    let plan = plan(&sources, spec)?;
    let painted = paint(&sources, &plan)?;
    let strip = sources.strip;
    let mut clips: Vec<ClipFrames> = (0..plan.clips.len()).map(|k| clip(strip, &plan, k)).collect();
    let size = strip.frame_bytes();
    for frame in painted.frames {
        clips[frame.clip].rgb[frame.place * size..][..size].copy_from_slice(&frame.rgb);
    }
    Ok(Sample {
        info: plan.info,
        width: strip.width,
        height: strip.height,
        clips,
        answerable: painted.answerable,
    })
}

/// A clip with the strip's own pixels.
fn clip(strip: &FrameStrip, plan: &Plan, index: usize) -> ClipFrames {
    let shown = &plan.clips[index];
    let mut rgb = Vec::with_capacity(shown.len() * strip.frame_bytes());
    shown.iter().for_each(|s| rgb.extend_from_slice(strip.frame(s.slot as usize)));
    ClipFrames {
        rgb,
        frames: shown.iter().map(|s| strip.frames[s.slot as usize]).collect(),
        label_secs: (0..shown.len()).map(|place| plan.label_secs(place)).collect(),
    }
}

impl Sample {
    /// Number of frames over all clips.
    pub fn frame_count(&self) -> usize {
        self.clips.iter().map(|c| c.frames.len()).sum()
    }

    /// All pixels in display order, `[frames, height, width, 3]`.
    pub fn rgb(&self) -> Vec<u8> {
        self.clips.iter().flat_map(|c| c.rgb.iter().copied()).collect()
    }
}
