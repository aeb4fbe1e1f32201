//! A whole sample: which task, which frames, what is asked and what is true.
//! The tasks themselves are in `grounding`, `counting` and `jigsaw`.

use crate::answerable::is_answerable;
use crate::error::TaskError;
use crate::question::question;
use crate::rng::Rng;
use crate::{counting, grounding, jigsaw};
use media::FrameStrip;
use shared::task::{SampleInfo, SampleParams, SampleSpec, Shape, Task, Truth};
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
    /// What is shown: one clip for grounding and counting, n for jigsaw, in display order.
    pub clips: Vec<ClipFrames>,
    /// Whether these pixels show the answer. `false` where the planted change leaves the ends
    /// of its span as they were (swapped channels of a clip without colour, a symmetric
    /// picture mirrored), or where clips of a jigsaw look alike. It may differ between frame
    /// sizes, so it decides which samples are drawn ([`crate::sample_at`]), never what they are.
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

/// What a task makes of a strip.
pub(crate) struct Made {
    pub clips: Vec<ClipFrames>,
    pub params: SampleParams,
    pub truth: Truth,
    pub shapes: Option<Vec<Shape>>,
}

/// Makes the sample of a spec. The same spec gives the same question, truth and shapes at
/// every frame size, and the same bytes for the same strip.
///
/// Errors: every [`TaskError`] but the mixture's.
pub fn generate(strip: &FrameStrip, spec: &SampleSpec) -> Result<Sample, TaskError> {
    if strip.video != spec.video {
        return Err(TaskError::OtherVideo {
            strip: strip.video.to_string(),
            spec: spec.video.to_string(),
        });
    }
    let rng = spec_rng(spec);
    let made = match spec.task {
        Task::Grounding { perturbation } => grounding::make(strip, perturbation, rng)?,
        Task::Counting { difficulty } => counting::make(strip, difficulty, rng)?,
        Task::Jigsaw { clips } => jigsaw::make(strip, clips, rng)?,
    };
    let answerable = is_answerable(strip, &made.truth, &made.clips);
    let (width, height) = strip.canonical_size();
    let info = SampleInfo {
        spec: spec.clone(),
        params: made.params,
        question: question(&spec.task),
        answer: made.truth.answer(),
        truth: made.truth,
        shapes: made.shapes,
        sampling_fps: strip.sampling_fps,
        width,
        height,
        frames: made.clips.iter().flat_map(|c| c.frames.iter().copied()).collect(),
    };
    Ok(Sample { info, width: strip.width, height: strip.height, clips: made.clips, answerable })
}

/// Everything drawn for a sample follows from these three.
fn spec_rng(spec: &SampleSpec) -> Rng {
    let cell = spec.task.cell();
    Rng::keyed(&[
        b"sample-1",
        spec.video.as_str().as_bytes(),
        cell.as_bytes(),
        &spec.seed.to_le_bytes(),
    ])
}

impl ClipFrames {
    /// A clip of some slots of a strip, its label clock starting at 0.
    pub(crate) fn of(strip: &FrameStrip, slots: std::ops::Range<usize>) -> Self {
        let size = strip.frame_bytes();
        Self {
            rgb: strip.rgb[slots.start * size..slots.end * size].to_vec(),
            frames: strip.frames[slots.clone()].to_vec(),
            label_secs: (0..slots.len()).map(|k| k as f64 / strip.sampling_fps).collect(),
        }
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
