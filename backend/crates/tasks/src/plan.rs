//! A sample without its pixels: what is shown in which order, what is asked and what is true.
//! Nothing is painted here; `paint` does that.

use crate::error::TaskError;
use crate::perturb::Strengths;
use crate::question::question;
use crate::rng::Rng;
use crate::source::Sources;
use crate::{counting, grounding, jigsaw, progress, spatial, spotting};
use shared::task::{Perturbation, SampleInfo, SampleParams, SampleSpec, Shape, Task, Truth};
use shared::video::FrameRef;

/// One frame as shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Slot of the source strip.
    pub slot: u32,
    /// Whether its pixels are those of that slot, untouched.
    pub kept: bool,
}

impl Shown {
    pub(crate) fn kept(slot: usize) -> Self {
        Self { slot: slot as u32, kept: true }
    }

    pub(crate) fn changed(slot: usize) -> Self {
        Self { slot: slot as u32, kept: false }
    }
}

/// Everything about a sample but its pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Question, truth and all that a page needs.
    pub info: SampleInfo,
    /// The frames of every clip, in display order.
    pub clips: Vec<Vec<Shown>>,
    pub(crate) brush: Brush,
}

/// How the frames that are not kept are made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Brush {
    /// There are none.
    None,
    /// A change of the frame's own pixels; one strength for all, or one for each frame.
    Plant { kind: Perturbation, strengths: Vec<Strengths>, grain: Rng },
    /// The frame of the other video.
    Borrow,
    /// Shapes over the frame, measured on the canonical frame.
    Draw(Vec<Shape>),
    /// The frame's tiles in another order: original tile at each display place.
    Tiles { grid: u32, display: Vec<u32> },
}

/// What a task draws up.
pub(crate) struct Drawn {
    pub clips: Vec<Vec<Shown>>,
    pub brush: Brush,
    pub params: SampleParams,
    pub truth: Truth,
    pub shapes: Option<Vec<Shape>>,
    /// Label clock, frames per second.
    pub sampling_fps: f64,
}

/// Draws up the sample of a spec. The same spec gives the same question, truth and shapes at
/// every frame size. Errors: every [`TaskError`] but the mixture's.
pub fn plan(sources: &Sources, spec: &SampleSpec) -> Result<Plan, TaskError> {
    sources.check(spec)?;
    let (strip, dials, rng) = (sources.strip, &spec.dials, spec_rng(spec));
    let drawn = match spec.task {
        Task::Grounding { perturbation } => grounding::draw(sources, perturbation, dials, rng)?,
        Task::Counting { difficulty } => counting::draw(strip, difficulty, dials, rng)?,
        Task::Jigsaw { clips } => jigsaw::draw(strip, clips, dials, rng)?,
        Task::Spatial { grid } => spatial::draw(strip, grid, rng)?,
        Task::Spotting => spotting::draw(strip, dials, rng)?,
        Task::Progress => progress::draw(strip, dials, rng)?,
    };
    let (width, height) = strip.canonical_size();
    let frames: Vec<FrameRef> =
        drawn.clips.iter().flatten().map(|shown| strip.frames[shown.slot as usize]).collect();
    let info = SampleInfo {
        spec: spec.clone(),
        question: question(&spec.task, &drawn.truth, &drawn.params),
        params: drawn.params,
        answer: drawn.truth.answer(),
        truth: drawn.truth,
        shapes: drawn.shapes,
        sampling_fps: drawn.sampling_fps,
        width,
        height,
        frames,
    };
    Ok(Plan { info, clips: drawn.clips, brush: drawn.brush })
}

/// Everything drawn for a sample follows from these.
fn spec_rng(spec: &SampleSpec) -> Rng {
    let (cell, dials) = (spec.task.cell(), spec.dials.key());
    let seed = spec.seed.to_le_bytes();
    let other = spec.other.as_ref().map(|video| video.as_str()).unwrap_or_default();
    let mut parts: Vec<&[u8]> =
        vec![b"sample-1", spec.video.as_str().as_bytes(), cell.as_bytes(), &seed];
    // Left out where they say nothing: a sample with the published values of all dials keeps
    // its bytes when a dial is added.
    parts.extend([dials.as_bytes(), other.as_bytes()].into_iter().filter(|part| !part.is_empty()));
    Rng::keyed(&parts)
}

impl Plan {
    /// Number of frames over all clips.
    pub fn frame_count(&self) -> usize {
        self.clips.iter().map(Vec::len).sum()
    }

    /// Label time of frame `place` of any clip, seconds; every clip starts at 0.
    pub fn label_secs(&self, place: usize) -> f64 {
        place as f64 / self.info.sampling_fps
    }
}
