//! Whether the pixels of a sample hold its answer. Swapping the channels of a black-and-white
//! film changes nothing that can be seen: who is asked when it happened can only guess.

use crate::paint::{PaintedFrame, tile};
use crate::plan::{Plan, Shown};
use media::FrameStrip;
use shared::task::{Perturbation, Task, Truth};

/// Mean change of a value, in units of 0..=255, under which pictures pass for the same. Clips
/// without colour change by up to 0.1 where their channels are swapped: their colour planes
/// are not quite empty.
const VISIBLE: f64 = 0.5;

/// Whether someone who sees the sample can tell the truth.
///
/// Of a changed span both ends must show, since the answer is its ends; what is to be put in
/// order must differ; drawn shapes always show.
pub(crate) fn is_answerable(strip: &FrameStrip, plan: &Plan, painted: &[PaintedFrame]) -> bool {
    match (&plan.info.spec.task, &plan.info.truth) {
        (Task::Grounding { perturbation }, Truth::Grounding { span_slots: [start, end], .. }) => {
            span_shows(strip, plan, painted, *perturbation, [*start as usize, *end as usize])
        }
        (Task::Jigsaw { .. } | Task::Progress, _) => all_differ(&plan.clips, |a, b| {
            let pairs = a.iter().zip(b.iter());
            differ(pairs.map(|(a, b)| [a, b].map(|s| strip.frame(s.slot as usize))))
        }),
        (Task::Spatial { grid }, _) => {
            let frame = strip.frame(plan.clips[0][0].slot as usize);
            let tiles: Vec<Vec<u8>> =
                (0..grid * grid).map(|k| tile(frame, strip, *grid, k)).collect();
            all_differ(&tiles, |a, b| differ([[a.as_slice(), b.as_slice()]].into_iter()))
        }
        _ => true,
    }
}

fn span_shows(
    strip: &FrameStrip,
    plan: &Plan,
    painted: &[PaintedFrame],
    kind: Perturbation,
    [start, end]: [usize; 2],
) -> bool {
    let shown = &plan.clips[0];
    let slot = |shown: &Shown| shown.slot as usize;
    let differs = |a: usize, b: usize| differ([[strip.frame(a), strip.frame(b)]].into_iter());
    match kind {
        // Frames of the strip out of their place.
        Perturbation::Shuffle => [start, end - 1].iter().all(|k| differs(slot(&shown[*k]), *k)),
        // The first frame of a hold is in its place; the change shows one frame further in.
        Perturbation::StutterHold => {
            [start + 1, end - 2].iter().all(|k| differs(slot(&shown[*k]), *k))
        }
        // A change of speed shows where something moves.
        Perturbation::Slow | Perturbation::Fast => {
            let moves = |k: usize| k == 0 || differs(slot(&shown[k - 1]), slot(&shown[k]));
            [start, start + 1, end - 1, end.min(shown.len() - 1)].into_iter().all(moves)
        }
        _ => {
            let ends = painted.first().into_iter().chain(painted.last());
            ends.into_iter().all(|frame| {
                differ([[frame.rgb.as_slice(), strip.frame(slot(&shown[frame.place]))]].into_iter())
            })
        }
    }
}

fn all_differ<T>(items: &[T], differ: impl Fn(&T, &T) -> bool) -> bool {
    items.iter().enumerate().all(|(k, item)| items[..k].iter().all(|other| differ(item, other)))
}

/// Whether pictures, paired, look different; most do after a small part of the first.
fn differ<'a>(pairs: impl ExactSizeIterator<Item = [&'a [u8]; 2]>) -> bool {
    const PART: usize = 4096;
    let count = pairs.len();
    let mut total = 0u64;
    for [a, b] in pairs {
        let enough = VISIBLE * (a.len() * count) as f64;
        for (a, b) in a.chunks(PART).zip(b.chunks(PART)) {
            total +=
                u64::from(a.iter().zip(b).map(|(x, y)| u32::from(x.abs_diff(*y))).sum::<u32>());
            if total as f64 >= enough {
                return true;
            }
        }
    }
    false
}
