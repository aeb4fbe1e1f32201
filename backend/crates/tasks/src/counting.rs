//! Object Counting (arXiv 2511.06281, section 3.2): shapes are drawn on some frames; how many?
//!
//! Everything is laid out in pixels of the canonical frame before anything is drawn, so the
//! layout does not depend on the strip's own size. Unlike in the released code, shapes never
//! overlap and never leave the frame: the true count can always be seen.

use crate::error::TaskError;
use crate::plan::{Brush, Drawn, Shown};
use crate::rng::Rng;
use media::FrameStrip;
use shared::task::{Dials, Difficulty, SampleParams, Shape, ShapeCounts, ShapeKind, Task, Truth};

/// Frames of one kind lie more than this many slots apart.
const MIN_GAP: u32 = 8;
/// Kinds of shapes that are counted.
const KINDS: u32 = 3;
/// Side of a shape as a share of the frame's shorter side.
const SIZE: [f64; 2] = [0.2, 0.4];
/// Tries to place all shapes of a frame; the largest allowed size sinks from try to try.
const FRAME_TRIES: u32 = 40;
/// Tries to place one shape.
const SHAPE_TRIES: u32 = 60;

/// All knobs of one layout.
struct Layout {
    task: Task,
    kinds: Vec<ShapeKind>,
    /// Frames per kind at most.
    frames: u64,
    /// Shapes of a kind per frame at most.
    per_frame: u64,
    gap: usize,
    mixed: bool,
    /// Smallest and largest size, canonical pixels.
    size: (u64, u64),
    /// Width and height of the canonical frame, pixels.
    canonical: (u32, u32),
}

impl Layout {
    /// The dials over the published values of a difficulty.
    fn new(difficulty: Difficulty, dials: &Dials, canonical: (u32, u32)) -> Self {
        let limit = difficulty.limit();
        let short = f64::from(canonical.0.min(canonical.1));
        let [low, high] = dials.size.map_or(SIZE, |size| size.map(f64::from));
        let pixels = |share: f64| (short * share).floor().max(1.0) as u64;
        Self {
            task: Task::Counting { difficulty },
            kinds: ShapeKind::ALL[..dials.kinds.unwrap_or(KINDS) as usize].to_vec(),
            frames: u64::from(dials.frames_per_kind.unwrap_or(limit)),
            per_frame: u64::from(dials.per_frame.unwrap_or(limit)),
            gap: dials.gap.unwrap_or(MIN_GAP) as usize,
            mixed: dials.mixed.unwrap_or(false),
            size: (pixels(low), pixels(high)),
            canonical,
        }
    }

    /// Refuses settings under which a full frame would not hold its shapes, whatever chance
    /// draws: the same settings are refused for every seed.
    fn check_room(&self) -> Result<(), TaskError> {
        let kinds = if self.mixed { self.kinds.as_slice() } else { &self.kinds[..1] };
        let mut rng = Rng::keyed(&[b"room"]);
        let mut placed = Vec::new();
        // Squares reach farthest for their size; only the mixed frame has them beside others.
        for kind in kinds {
            let kind = if self.mixed { *kind } else { self.widest() };
            let full = self.place(kind, 0, self.per_frame as usize, &placed, &mut rng)?;
            placed.extend(full);
        }
        Ok(())
    }

    fn widest(&self) -> ShapeKind {
        let wider = |a: &&ShapeKind, b: &&ShapeKind| a.reach(1.0).total_cmp(&b.reach(1.0));
        self.kinds.iter().max_by(wider).copied().unwrap_or(ShapeKind::Circle)
    }
}

pub(crate) fn draw(
    strip: &FrameStrip,
    difficulty: Difficulty,
    dials: &Dials,
    rng: Rng,
) -> Result<Drawn, TaskError> {
    let layout = Layout::new(difficulty, dials, strip.canonical_size());
    if *dials != Dials::default() {
        layout.check_room()?;
    }
    let shapes = layout.lay_out(strip.count(), rng)?;
    let count = |kind: &ShapeKind| shapes.iter().filter(|s| s.kind == *kind).count() as u32;
    let counts = ShapeCounts::new(layout.kinds.iter().map(count).collect())
        .ok_or_else(|| TaskError::BadInput("kinds: there must be at least one".into()))?;
    let mut shown: Vec<Shown> = (0..strip.count()).map(Shown::kept).collect();
    shapes.iter().for_each(|shape| shown[shape.slot as usize].kept = false);
    Ok(Drawn {
        clips: vec![shown],
        brush: Brush::Draw(shapes.clone()),
        params: SampleParams::default(),
        truth: Truth::Counting(counts),
        shapes: Some(shapes),
        sampling_fps: strip.sampling_fps,
    })
}

impl Layout {
    /// All shapes, kind after kind and slot after slot, in canonical pixels.
    fn lay_out(&self, frames: usize, mut rng: Rng) -> Result<Vec<Shape>, TaskError> {
        let mut used = vec![false; frames];
        let mut shapes: Vec<Shape> = Vec::new();
        for kind in &self.kinds {
            if self.mixed {
                used.fill(false);
            }
            let wanted = rng.range(1, self.frames) as usize;
            let slots = draw_slots(&mut used, wanted, self.gap, &mut rng).ok_or_else(|| {
                let needed = self.frames as usize * (self.gap + self.kinds.len());
                TaskError::TooFewFrames { task: self.task.cell(), needed, frames }
            })?;
            for slot in slots {
                let instances = rng.range(1, self.per_frame) as usize;
                let slot = slot as u32;
                let there: Vec<Shape> =
                    shapes.iter().filter(|shape| shape.slot == slot).cloned().collect();
                shapes.extend(self.place(*kind, slot, instances, &there, &mut rng)?);
            }
        }
        Ok(shapes)
    }

    /// Shapes of one kind on one frame: inside it, apart from each other and from those
    /// that are `there` already.
    fn place(
        &self,
        kind: ShapeKind,
        slot: u32,
        instances: usize,
        there: &[Shape],
        rng: &mut Rng,
    ) -> Result<Vec<Shape>, TaskError> {
        let (low, high) = self.size;
        for attempt in 0..FRAME_TRIES {
            let largest = high - (high - low) * u64::from(attempt) / u64::from(FRAME_TRIES - 1);
            let mut placed = there.to_vec();
            while placed.len() < there.len() + instances {
                let size = rng.range(low, largest) as f64;
                let Some(center_px) = find_spot(kind, size, &placed, self.canonical, rng) else {
                    break;
                };
                placed.push(dress(kind, slot, center_px, size, rng));
            }
            if placed.len() == there.len() + instances {
                return Ok(placed.split_off(there.len()));
            }
        }
        let (width, height) = self.canonical;
        Err(TaskError::NoRoom { shapes: there.len() + instances, width, height })
    }
}

/// `wanted` free slots in order, more than `gap` apart; marks them used.
fn draw_slots(used: &mut [bool], wanted: usize, gap: usize, rng: &mut Rng) -> Option<Vec<usize>> {
    let spread = (wanted - 1) * gap;
    let room = used.len().checked_sub(spread).filter(|room| *room >= wanted)?;
    for _ in 0..1000 {
        // A sorted choice from the shortened row, pulled apart again, is uniform over all
        // choices with the gap.
        let mut places: Vec<usize> = (0..room).collect();
        rng.shuffle(&mut places);
        places.truncate(wanted);
        places.sort_unstable();
        let slots: Vec<usize> = places.iter().enumerate().map(|(i, p)| p + i * gap).collect();
        if slots.iter().all(|s| !used[*s]) {
            slots.iter().for_each(|s| used[*s] = true);
            return Some(slots);
        }
    }
    None
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
    let reach_here = kind.reach(size);
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
            let apart = reach_here + other.kind.reach(other.size_px) + gap;
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
    Shape { slot, kind, center_px, size_px, angle_deg, color, number: None }
}
