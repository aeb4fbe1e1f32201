//! Changes of speed (arXiv 2511.06281, section 3.1; not part of the released code): a span
//! runs at half or at double speed. They are made from a denser strip, so that the slow span
//! repeats no frame and the fast one skips some.
//!
//! The labels stay evenly spaced: the label time of a shown frame is its place over the rate
//! at which ordinary frames follow each other. They say nothing of the change, as the paper
//! found that a policy else reads the answer off them.

use crate::error::TaskError;
use crate::grounding::{draw_span, label_span};
use crate::plan::{Brush, Drawn, Shown};
use crate::rng::Rng;
use media::FrameStrip;
use shared::task::{Dials, Perturbation, SampleParams, Task, Truth};
use shared::video::STRIP_FRAMES;

/// Dense frames from one ordinary frame to the next.
const NORMAL: usize = 2;

pub(crate) fn draw(
    strip: &FrameStrip,
    kind: Perturbation,
    dials: &Dials,
    mut rng: Rng,
) -> Result<Drawn, TaskError> {
    let task = Task::Grounding { perturbation: kind };
    let needed = task.source_frames() as usize;
    if strip.count() < needed {
        let frames = strip.count();
        return Err(TaskError::TooFewFrames { task: task.cell(), needed, frames });
    }
    let count = STRIP_FRAMES as usize;
    let [start, end] = draw_span(count, task, dials, &mut rng)?;
    let special = if kind == Perturbation::Slow { NORMAL / 2 } else { NORMAL * 2 };
    let step = |place: usize| if (start..end).contains(&place) { special } else { NORMAL };
    let covered: usize = (0..count - 1).map(step).sum();
    let Some(slack) = (strip.count() - 1).checked_sub(covered) else {
        let longest = (strip.count() - 1 - (count - 1) * NORMAL) / (special - NORMAL);
        return Err(TaskError::BadInput(format!(
            "length: {} frames at double speed reach past the strip; use at most {longest}",
            end - start
        )));
    };
    let mut slot = rng.range(0, slack as u64) as usize;
    let mut shown = Vec::with_capacity(count);
    for place in 0..count {
        shown.push(Shown::kept(slot));
        slot += step(place);
    }
    let sampling_fps = strip.sampling_fps / NORMAL as f64;
    let source = |place: usize| match shown.get(place) {
        Some(shown) => strip.frames[shown.slot as usize].pts_secs,
        None => strip.frames.get(slot).map_or_else(|| strip.last_end_secs(), |f| f.pts_secs),
    };
    let truth = Truth::Grounding {
        span_secs: label_span(strip, sampling_fps, [start, end])?,
        span_slots: [start as u32, end as u32],
        source_span_secs: [source(start), source(end)],
    };
    let params = SampleParams {
        start_slot: Some(start as u32),
        length: Some((end - start) as u32),
        shown_slots: Some(shown.iter().map(|shown| shown.slot).collect()),
        ..SampleParams::default()
    };
    Ok(Drawn { clips: vec![shown], brush: Brush::None, params, truth, shapes: None, sampling_fps })
}
