//! Spotting, after STVG-R1: shapes with numbers on them cross the picture, each for a while;
//! which number does one of them carry, and when is it there?
//!
//! Every shape moves along a lane of its own, so none ever covers another.

use crate::error::TaskError;
use crate::grounding::{draw_span, spans};
use crate::plan::{Brush, Drawn, Shown};
use crate::rng::Rng;
use media::FrameStrip;
use shared::task::{Dials, SampleParams, Shape, ShapeKind, Task, Truth};

/// Shapes in the video unless dialled otherwise.
const OBJECTS: u32 = 3;
/// Size of a shape as a share of the frame's shorter side, if its lane is wide enough.
const SIZE: f64 = 0.3;

pub(crate) fn draw(strip: &FrameStrip, dials: &Dials, mut rng: Rng) -> Result<Drawn, TaskError> {
    let objects = dials.objects.unwrap_or(OBJECTS) as usize;
    let mut kinds = ShapeKind::ALL.to_vec();
    let mut numbers: Vec<u32> = (1..=9).collect();
    let mut lanes: Vec<usize> = (0..objects).collect();
    rng.shuffle(&mut kinds);
    rng.shuffle(&mut numbers);
    rng.shuffle(&mut lanes);
    let mut shapes = Vec::new();
    let mut asked = None;
    for ((kind, number), lane) in kinds.iter().zip(numbers).zip(lanes) {
        let [start, end] = draw_span(strip.count(), Task::Spotting, dials, &mut rng)?;
        let way = Way::draw(strip.canonical_size(), *kind, (lane, objects), &mut rng);
        let color = [0; 3].map(|_: u8| rng.range(50, 255) as u8);
        shapes.extend((start..end).map(|slot| {
            let share = (slot - start) as f64 / (end - start - 1).max(1) as f64;
            way.shape(slot as u32, *kind, number, color, share)
        }));
        // The first one is asked for; kinds, numbers and lanes are in random order.
        asked.get_or_insert((*kind, number, start, end));
    }
    let Some((kind, number, start, end)) = asked else {
        return Err(TaskError::BadInput("objects: there must be at least one".into()));
    };
    let [span_secs, source_span_secs] = spans(strip, start, end)?;
    let span_slots = [start as u32, end as u32];
    let shown = |slot: usize| {
        let drawn_on = shapes.iter().any(|shape| shape.slot as usize == slot);
        if drawn_on { Shown::changed(slot) } else { Shown::kept(slot) }
    };
    Ok(Drawn {
        clips: vec![(0..strip.count()).map(shown).collect()],
        params: SampleParams {
            start_slot: Some(start as u32),
            length: Some((end - start) as u32),
            kind: Some(kind),
            ..SampleParams::default()
        },
        truth: Truth::Spotting { number, span_secs, span_slots, source_span_secs },
        brush: Brush::Draw(shapes.clone()),
        shapes: Some(shapes),
        sampling_fps: strip.sampling_fps,
    })
}

/// A straight way along a lane, canonical pixels.
struct Way {
    y: f64,
    from_x: f64,
    to_x: f64,
    size: f64,
}

impl Way {
    fn draw(
        canonical: (u32, u32),
        kind: ShapeKind,
        (lane, lanes): (usize, usize),
        rng: &mut Rng,
    ) -> Self {
        let (w, h) = (f64::from(canonical.0), f64::from(canonical.1));
        let wide = h / lanes as f64;
        // The largest size whose reach stays within the lane, whatever the kind.
        let size = (w.min(h) * SIZE).min(wide * 0.48 / kind.reach(1.0));
        let margin = kind.reach(size) + 1.0;
        let along = |rng: &mut Rng| (rng.uniform(margin, w - margin) * 10.0).round() / 10.0;
        let (from_x, to_x) = (along(rng), along(rng));
        Self { y: (wide * (lane as f64 + 0.5) * 10.0).round() / 10.0, from_x, to_x, size }
    }

    fn shape(&self, slot: u32, kind: ShapeKind, number: u32, color: [u8; 3], share: f64) -> Shape {
        let x = self.from_x + (self.to_x - self.from_x) * share;
        Shape {
            slot,
            kind,
            center_px: [(x * 10.0).round() / 10.0, self.y],
            size_px: (self.size * 10.0).floor() / 10.0,
            angle_deg: 0.0,
            color,
            number: Some(number),
        }
    }
}
