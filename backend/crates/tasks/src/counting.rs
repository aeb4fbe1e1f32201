//! Object Counting (arXiv 2511.06281, section 3.2): shapes are drawn on some frames; how many?
//!
//! Everything is laid out in pixels of the canonical frame before anything is drawn, so the
//! layout does not depend on the strip's own size. Unlike in the released code, shapes never
//! overlap and never leave the frame: the true count can always be seen.

use crate::draw::Canvas;
use crate::error::TaskError;
use crate::rng::Rng;
use crate::sample::{ClipFrames, Made};
use media::FrameStrip;
use shared::task::{Difficulty, SampleParams, Shape, ShapeKind, Task, Truth};

/// Frames of one kind lie more than this many slots apart.
const MIN_GAP: usize = 8;
/// Side of a shape as a share of the frame's shorter side.
const SIZE: (f64, f64) = (0.2, 0.4);
/// Tries to place all shapes of a frame; the largest allowed size sinks from try to try.
const FRAME_TRIES: u32 = 40;
/// Tries to place one shape.
const SHAPE_TRIES: u32 = 60;

/// (frames per kind, instances per frame) at most.
fn limits(difficulty: Difficulty) -> (usize, u64) {
    match difficulty {
        Difficulty::Easy => (3, 3),
        Difficulty::Hard => (4, 4),
    }
}

pub(crate) fn make(
    strip: &FrameStrip,
    difficulty: Difficulty,
    rng: Rng,
) -> Result<Made, TaskError> {
    let canonical = strip.canonical_size();
    let shapes = lay_out(strip.count(), difficulty, canonical, rng)?;
    let mut clip = ClipFrames::of(strip, 0..strip.count());
    let size = strip.frame_bytes();
    let mut canvas = Canvas::new((strip.width, strip.height), canonical)?;
    for on_frame in shapes.chunk_by(|a, b| a.slot == b.slot) {
        let at = on_frame[0].slot as usize * size;
        canvas.draw(&mut clip.rgb[at..at + size], on_frame);
    }
    let count = |kind| shapes.iter().filter(|s| s.kind == kind).count() as u32;
    let truth = Truth::Counting {
        circles: count(ShapeKind::Circle),
        squares: count(ShapeKind::Square),
        triangles: count(ShapeKind::Triangle),
    };
    Ok(Made { clips: vec![clip], params: SampleParams::default(), truth, shapes: Some(shapes) })
}

/// All shapes, kind after kind and slot after slot, in canonical pixels.
pub(crate) fn lay_out(
    frames: usize,
    difficulty: Difficulty,
    canonical: (u32, u32),
    mut rng: Rng,
) -> Result<Vec<Shape>, TaskError> {
    let (max_frames, max_instances) = limits(difficulty);
    let mut used = vec![false; frames];
    let mut shapes = Vec::new();
    for kind in ShapeKind::ALL {
        let wanted = rng.range(1, max_frames as u64) as usize;
        let slots =
            draw_slots(&mut used, wanted, &mut rng).ok_or_else(|| TaskError::TooFewFrames {
                task: Task::Counting { difficulty }.cell(),
                needed: max_frames * (MIN_GAP + ShapeKind::ALL.len()),
                frames,
            })?;
        for slot in slots {
            let instances = rng.range(1, max_instances) as usize;
            shapes.extend(place(*kind, slot as u32, instances, canonical, &mut rng)?);
        }
    }
    Ok(shapes)
}

/// `wanted` free slots in order, more than [`MIN_GAP`] apart; marks them used.
fn draw_slots(used: &mut [bool], wanted: usize, rng: &mut Rng) -> Option<Vec<usize>> {
    let spread = (wanted - 1) * MIN_GAP;
    let room = used.len().checked_sub(spread).filter(|room| *room >= wanted)?;
    for _ in 0..1000 {
        // A sorted choice from the shortened row, pulled apart again, is uniform over all
        // choices with the gap.
        let mut places: Vec<usize> = (0..room).collect();
        rng.shuffle(&mut places);
        places.truncate(wanted);
        places.sort_unstable();
        let slots: Vec<usize> = places.iter().enumerate().map(|(i, p)| p + i * MIN_GAP).collect();
        if slots.iter().all(|s| !used[*s]) {
            slots.iter().for_each(|s| used[*s] = true);
            return Some(slots);
        }
    }
    None
}

/// Radius of the circle around the centre that holds the shape, whatever its angle.
pub(crate) fn reach(kind: ShapeKind, size: f64) -> f64 {
    match kind {
        ShapeKind::Circle => size / 2.0,
        ShapeKind::Square => size * std::f64::consts::FRAC_1_SQRT_2,
        // Centre to corner of an equilateral triangle: side / sqrt(3).
        ShapeKind::Triangle => size * 0.577_350_269_189_625_8,
    }
}

/// All shapes of one frame, inside it and apart from each other.
fn place(
    kind: ShapeKind,
    slot: u32,
    instances: usize,
    canonical: (u32, u32),
    rng: &mut Rng,
) -> Result<Vec<Shape>, TaskError> {
    let short = f64::from(canonical.0.min(canonical.1));
    let (low, high) =
        ((short * SIZE.0).floor().max(1.0) as u64, (short * SIZE.1).floor().max(1.0) as u64);
    for attempt in 0..FRAME_TRIES {
        let largest = high - (high - low) * u64::from(attempt) / u64::from(FRAME_TRIES - 1);
        let mut placed: Vec<Shape> = Vec::with_capacity(instances);
        while placed.len() < instances {
            let size = rng.range(low, largest) as f64;
            let Some(center_px) = find_spot(kind, size, &placed, canonical, rng) else { break };
            placed.push(dress(kind, slot, center_px, size, rng));
        }
        if placed.len() == instances {
            return Ok(placed);
        }
    }
    Err(TaskError::NoRoom { shapes: instances, width: canonical.0, height: canonical.1 })
}

/// A centre that keeps the shape inside the frame and clear of those already placed.
fn find_spot(
    kind: ShapeKind,
    size: f64,
    placed: &[Shape],
    canonical: (u32, u32),
    rng: &mut Rng,
) -> Option<[f64; 2]> {
    let (w, h) = (f64::from(canonical.0), f64::from(canonical.1));
    let gap = w.min(h) / 128.0;
    let reach_here = reach(kind, size);
    let margin = reach_here + gap;
    if 2.0 * margin >= w.min(h) {
        return None;
    }
    (0..SHAPE_TRIES).find_map(|_| {
        // Tenths of a pixel: exact in files.
        let along =
            |side: f64, rng: &mut Rng| (rng.uniform(margin, side - margin) * 10.0).round() / 10.0;
        let spot = [along(w, rng), along(h, rng)];
        let clear = placed.iter().all(|other| {
            let (dx, dy) = (spot[0] - other.center_px[0], spot[1] - other.center_px[1]);
            let apart = reach_here + reach(other.kind, other.size_px) + gap;
            dx * dx + dy * dy >= apart * apart
        });
        clear.then_some(spot)
    })
}

/// Draws the rest by chance: angle in tenths of a degree, colour away from black.
fn dress(kind: ShapeKind, slot: u32, center_px: [f64; 2], size_px: f64, rng: &mut Rng) -> Shape {
    let angle_deg = match kind {
        ShapeKind::Circle => 0.0,
        _ => rng.below(3600) as f64 / 10.0,
    };
    let color = [0; 3].map(|_: u8| rng.range(50, 255) as u8);
    Shape { slot, kind, center_px, size_px, angle_deg, color }
}
