//! Anomaly Grounding (arXiv 2511.06281, section 3.1): a run of frames is changed; when?

use crate::error::TaskError;
use crate::perturb::Strengths;
use crate::plan::{Brush, Drawn, Shown};
use crate::rng::Rng;
use crate::source::Sources;
use crate::speed;
use media::FrameStrip;
use shared::task::{Dials, Milli, Perturbation, SampleParams, Task, Truth};

/// Changed frames, shortest and longest (code released with arXiv 2511.06281).
pub(crate) const LENGTH: [u32; 2] = [8, 16];

pub(crate) fn draw(
    sources: &Sources,
    kind: Perturbation,
    dials: &Dials,
    mut rng: Rng,
) -> Result<Drawn, TaskError> {
    let strip = sources.strip;
    if matches!(kind, Perturbation::Slow | Perturbation::Fast) {
        return speed::draw(strip, kind, dials, rng);
    }
    let task = Task::Grounding { perturbation: kind };
    let [start, end] = draw_span(strip.count(), task, dials, &mut rng)?;
    let mut params = SampleParams {
        start_slot: Some(start as u32),
        length: Some((end - start) as u32),
        ..SampleParams::default()
    };
    let truth = truth(strip, start, end)?;
    let mut shown: Vec<Shown> = (0..strip.count()).map(Shown::kept).collect();
    let brush = match kind {
        Perturbation::Shuffle | Perturbation::StutterHold => {
            let slots = match kind {
                Perturbation::Shuffle => shuffled(start, end, &mut rng),
                _ => held(start, end, dials, &mut rng),
            };
            params.shown_slots = Some(slots.iter().map(|slot| *slot as u32).collect());
            for (place, slot) in (start..end).zip(slots) {
                shown[place] = Shown::kept(slot);
            }
            Brush::None
        }
        _ => {
            shown[start..end].iter_mut().for_each(|shown| shown.kept = false);
            if kind == Perturbation::Swap {
                check_other(sources, strip)?;
                Brush::Borrow
            } else {
                let strengths = draw_strengths(kind, dials, end - start, &mut params, &mut rng);
                Brush::Plant { kind, strengths, grain: rng }
            }
        }
    };
    let sampling_fps = strip.sampling_fps;
    Ok(Drawn { clips: vec![shown], brush, params, truth, shapes: None, sampling_fps })
}

/// Start and end slot of a span within `count` frames.
///
/// Errors: `TooFewFrames` where the longest span would not leave a frame unchanged.
pub(crate) fn draw_span(
    count: usize,
    task: Task,
    dials: &Dials,
    rng: &mut Rng,
) -> Result<[usize; 2], TaskError> {
    let [shortest, longest] = dials.length.unwrap_or(LENGTH);
    if count <= longest as usize {
        let needed = longest as usize + 1;
        return Err(TaskError::TooFewFrames { task: task.cell(), needed, frames: count });
    }
    let length = rng.range(u64::from(shortest), u64::from(longest)) as usize;
    let start = rng.range(0, (count - length) as u64) as usize;
    Ok([start, start + length])
}

fn check_other(sources: &Sources, strip: &FrameStrip) -> Result<(), TaskError> {
    match sources.other {
        Some(other) if other.count() == strip.count() => Ok(()),
        _ => Err(TaskError::BadInput(format!(
            "the second video's strip must have {} frames too",
            strip.count()
        ))),
    }
}

/// The span's slots in another order, whose first and last are not the span's own: else its
/// ends could not be seen.
fn shuffled(start: usize, end: usize, rng: &mut Rng) -> Vec<usize> {
    let mut slots: Vec<usize> = (start..end).collect();
    loop {
        rng.shuffle(&mut slots);
        if slots[0] != start && slots[slots.len() - 1] != end - 1 {
            return slots;
        }
    }
}

/// Few slots of the span, evenly spread from its first to its last, each held equally long;
/// what is left over goes to the first ones (code released with arXiv 2511.06281).
fn held(start: usize, end: usize, dials: &Dials, rng: &mut Rng) -> Vec<usize> {
    let length = end - start;
    let [low, high] =
        strength_range(Perturbation::StutterHold, dials).map(|Milli(n)| u64::from(n / 1000));
    let holds = (rng.range(low, high) as usize).clamp(2, (length / 2).max(2));
    let each = length / holds;
    let mut slots = Vec::with_capacity(length);
    for hold in 0..holds {
        // numpy.linspace to whole slots, rounded down.
        let slot = start + hold * (length - 1) / (holds - 1);
        let times = each + usize::from(hold < length % holds);
        slots.extend(std::iter::repeat_n(slot, times));
    }
    slots
}

fn strength_range(kind: Perturbation, dials: &Dials) -> [Milli; 2] {
    let published = kind.strength().map_or([1.0, 1.0], |(_, published)| published);
    dials.strength.unwrap_or(published.map(Milli::from))
}

/// Strengths in the released code's ranges, rounded so that they read well in files and are
/// exactly what was used: one for the whole span, or one for each frame if so dialled.
fn draw_strengths(
    kind: Perturbation,
    dials: &Dials,
    frames: usize,
    params: &mut SampleParams,
    rng: &mut Rng,
) -> Vec<Strengths> {
    if kind.strength().is_none() {
        return vec![Strengths::default()];
    }
    let [Milli(low), Milli(high)] = strength_range(kind, dials);
    let mut one = || match kind {
        _ if low == high => f64::from(low) / 1000.0,
        Perturbation::Noise => rng.range(u64::from(low / 100), u64::from(high / 100)) as f64 / 10.0,
        _ => rng.range(u64::from(low), u64::from(high)) as f64 / 1000.0,
    };
    let drawn: Vec<f64> = match dials.paper_exact {
        Some(true) => (0..frames).map(|_| one()).collect(),
        _ => vec![one()],
    };
    match (drawn.as_slice(), kind) {
        ([scale], Perturbation::ZoomIn | Perturbation::ZoomOut) => params.scale = Some(*scale),
        ([sigma], Perturbation::Noise) => params.sigma = Some(*sigma),
        ([other], _) if dials.strength.is_some() => params.strength = Some(*other),
        ([_], _) => {}
        (many, _) => params.strengths = Some(many.to_vec()),
    }
    drawn.into_iter().map(|value| Strengths::of(kind, value)).collect()
}

/// Slots `start..end` of an ordinary strip on all clocks.
pub(crate) fn truth(strip: &FrameStrip, start: usize, end: usize) -> Result<Truth, TaskError> {
    let [span_secs, source_span_secs] = spans(strip, start, end)?;
    Ok(Truth::Grounding { span_secs, span_slots: [start as u32, end as u32], source_span_secs })
}

/// Slots `start..end` on the label clock and on the source's.
pub(crate) fn spans(
    strip: &FrameStrip,
    start: usize,
    end: usize,
) -> Result<[[f64; 2]; 2], TaskError> {
    let source =
        |slot: usize| strip.frames.get(slot).map_or_else(|| strip.last_end_secs(), |f| f.pts_secs);
    Ok([label_span(strip, strip.sampling_fps, [start, end])?, [source(start), source(end)]])
}

/// Shown slots on the label clock, one decimal. Errors: `TooBrief` where both are equal.
pub(crate) fn label_span(
    strip: &FrameStrip,
    sampling_fps: f64,
    slots: [usize; 2],
) -> Result<[f64; 2], TaskError> {
    let span = slots.map(|slot| one_decimal(slot as f64 / sampling_fps));
    if span[0] >= span[1] {
        return Err(TaskError::TooBrief { secs: strip.meta.duration_secs });
    }
    Ok(span)
}

/// The number that `{:.1}` prints.
fn one_decimal(secs: f64) -> f64 {
    format!("{secs:.1}").parse().unwrap_or(secs)
}
