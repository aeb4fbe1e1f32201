//! Anomaly Grounding (arXiv 2511.06281, section 3.1): a run of frames is changed; when?

use crate::error::TaskError;
use crate::perturb::{Dials, Planter};
use crate::rng::Rng;
use crate::sample::{ClipFrames, Made};
use media::FrameStrip;
use shared::task::{Perturbation, SampleParams, Task, Truth};

/// Changed frames, shortest and longest (code released with arXiv 2511.06281).
const LENGTH: (u64, u64) = (8, 16);

pub(crate) fn make(
    strip: &FrameStrip,
    kind: Perturbation,
    mut rng: Rng,
) -> Result<Made, TaskError> {
    let count = strip.count();
    if (count as u64) < LENGTH.1 {
        let task = Task::Grounding { perturbation: kind }.cell();
        return Err(TaskError::TooFewFrames { task, needed: LENGTH.1 as usize, frames: count });
    }
    let length = rng.range(LENGTH.0, LENGTH.1) as usize;
    let start = rng.range(0, (count - length) as u64) as usize;
    let (dials, params) = draw_dials(kind, start, length, &mut rng);
    let truth = truth(strip, start, start + length)?;
    let mut clip = ClipFrames::of(strip, 0..count);
    let mut planter =
        Planter::new(kind, dials, (strip.width, strip.height), strip.canonical_size());
    // The grain has its own stream: how much of it is drawn depends on the frame size.
    let mut grain = rng.child("grain");
    let size = strip.frame_bytes();
    for frame in clip.rgb[start * size..(start + length) * size].chunks_exact_mut(size) {
        planter.apply(frame, &mut grain);
    }
    Ok(Made { clips: vec![clip], params, truth, shapes: None })
}

/// Strengths in the released code's ranges, constant within the span, rounded so that they read
/// well in files and are exactly what was used.
fn draw_dials(
    kind: Perturbation,
    start: usize,
    length: usize,
    rng: &mut Rng,
) -> (Dials, SampleParams) {
    let mut dials = Dials::default();
    let mut params = SampleParams {
        start_slot: Some(start as u32),
        length: Some(length as u32),
        ..SampleParams::default()
    };
    match kind {
        Perturbation::ZoomIn => dials.scale = rng.range(1300, 1500) as f64 / 1000.0,
        Perturbation::ZoomOut => dials.scale = rng.range(1200, 1400) as f64 / 1000.0,
        Perturbation::Noise => dials.sigma = rng.range(350, 700) as f64 / 10.0,
        _ => {}
    }
    match kind {
        Perturbation::ZoomIn | Perturbation::ZoomOut => params.scale = Some(dials.scale),
        Perturbation::Noise => params.sigma = Some(dials.sigma),
        _ => {}
    }
    (dials, params)
}

/// Slots `start..end` on all clocks.
fn truth(strip: &FrameStrip, start: usize, end: usize) -> Result<Truth, TaskError> {
    let label = |slot: usize| one_decimal(slot as f64 / strip.sampling_fps);
    let span_secs = [label(start), label(end)];
    if span_secs[0] >= span_secs[1] {
        return Err(TaskError::TooBrief { secs: strip.meta.duration_secs });
    }
    let source =
        |slot: usize| strip.frames.get(slot).map_or_else(|| strip.last_end_secs(), |f| f.pts_secs);
    Ok(Truth::Grounding {
        span_secs,
        span_slots: [start as u32, end as u32],
        source_span_secs: [source(start), source(end)],
    })
}

/// The number that `{:.1}` prints.
fn one_decimal(secs: f64) -> f64 {
    format!("{secs:.1}").parse().unwrap_or(secs)
}
