//! Counted shapes: drawn where they are said to be, never overlapping, never cut off.

mod common;

use common::{sample, strip};
use shared::task::{Difficulty, Shape, ShapeKind, Task, Truth};
use shared::video::{FrameSize, SamplePlan};
use std::collections::BTreeSet;
use tasks::warmup::scene;

/// Whether a point lies on a shape, from its own definition.
fn covers(shape: &Shape, x: f64, y: f64, margin: f64) -> bool {
    let (dx, dy) = (x - shape.center_px[0], y - shape.center_px[1]);
    let (sin, cos) = shape.angle_deg.to_radians().sin_cos();
    let (u, v) = (dx * cos + dy * sin, dy * cos - dx * sin);
    let half = shape.size_px / 2.0;
    match shape.kind {
        ShapeKind::Circle => dx.hypot(dy) <= half - margin,
        ShapeKind::Square => u.abs().max(v.abs()) <= half - margin,
        // Point up, centre of mass at the origin: base at a third of the height.
        ShapeKind::Triangle => {
            let base = half / 3f64.sqrt();
            v <= base - margin && (3f64.sqrt() * u.abs() - v) / 2.0 <= base - margin
        }
        other => panic!("{other} is not drawn by default"),
    }
}

#[test]
fn shapes_are_drawn_where_they_are_said_to_be() {
    let strip = strip(5, FrameSize::ShortSide(256));
    for seed in 0..12 {
        let made = sample(&strip, Task::Counting { difficulty: Difficulty::Hard }, seed);
        let shapes = made.info.shapes.as_deref().expect("shapes");
        let (w, h) = (strip.width as usize, strip.height as usize);
        for slot in 0..48usize {
            let frame = &made.clips[0].rgb[slot * strip.frame_bytes()..][..strip.frame_bytes()];
            let here: Vec<&Shape> = shapes.iter().filter(|s| s.slot as usize == slot).collect();
            for (i, pixel) in frame.chunks_exact(3).enumerate() {
                let (x, y) = ((i % w) as f64 + 0.5, (i / w) as f64 + 0.5);
                if let Some(shape) = here.iter().find(|s| covers(s, x, y, 1.0)) {
                    assert_eq!(pixel, shape.color, "{shape:?} at {x} {y}");
                } else if !here.iter().any(|s| covers(s, x, y, -1.0)) {
                    assert_eq!(
                        pixel,
                        &strip.frame(slot)[i * 3..i * 3 + 3],
                        "slot {slot} at {x} {y}"
                    );
                }
            }
        }
        assert!(shapes.iter().all(|s| s.center_px[0] < w as f64 && s.center_px[1] < h as f64));
    }
}

/// Radius of the circle around a shape's centre that holds it.
fn reach(shape: &Shape) -> f64 {
    shape.size_px
        * match shape.kind {
            ShapeKind::Circle => 0.5,
            ShapeKind::Square => 0.5f64.sqrt(),
            ShapeKind::Triangle => 1.0 / 3f64.sqrt(),
            other => panic!("{other} is not drawn by default"),
        }
}

#[test]
fn shapes_never_overlap_nor_leave_the_frame() {
    for (scene_seed, difficulty, most) in
        [(6, Difficulty::Easy, 9), (7, Difficulty::Hard, 16), (8, Difficulty::Hard, 16)]
    {
        let strip = scene(scene_seed, &SamplePlan::strip(FrameSize::Exact(2, 2)));
        let mut seen = BTreeSet::new();
        for seed in 0..2500 {
            let info = sample(&strip, Task::Counting { difficulty }, seed).info;
            let shapes = info.shapes.as_deref().expect("shapes");
            seen.extend(counts_hold(&info.truth, shapes, most));
            let (w, h) = (f64::from(info.width), f64::from(info.height));
            for (i, shape) in shapes.iter().enumerate() {
                lies_free(shape, &shapes[i + 1..], (w, h));
            }
        }
        assert!(seen.len() as u32 >= most - 2, "{seen:?}");
    }
}

/// The truth counts the shapes, whose kinds keep apart in time; returns the counts.
fn counts_hold(truth: &Truth, shapes: &[Shape], most: u32) -> [u32; 3] {
    let Truth::Counting(counts) = truth else { panic!("counts") };
    for (kind, count) in counts.iter() {
        let own: Vec<&Shape> = shapes.iter().filter(|s| s.kind == kind).collect();
        assert_eq!(own.len() as u32, count);
        assert!((1..=most).contains(&count));
        let slots: BTreeSet<u32> = own.iter().map(|s| s.slot).collect();
        assert!(slots.iter().zip(slots.iter().skip(1)).all(|(a, b)| b - a > 8), "{slots:?}");
        assert!(shapes.iter().all(|s| s.kind == kind || !slots.contains(&s.slot)));
    }
    let counts: Vec<u32> = counts.iter().map(|(_, count)| count).collect();
    counts.try_into().expect("three kinds")
}

/// A shape is inside the frame, of a fair size and colour, and clear of the others.
fn lies_free(shape: &Shape, others: &[Shape], (w, h): (f64, f64)) {
    let ([x, y], r, short) = (shape.center_px, reach(shape), w.min(h));
    assert!(x - r > 0.0 && y - r > 0.0 && x + r < w && y + r < h, "{shape:?}");
    assert!(shape.size_px >= (0.2 * short).floor() && shape.size_px <= (0.4 * short).floor());
    assert!(shape.color.iter().all(|c| *c >= 50));
    for other in others.iter().filter(|o| o.slot == shape.slot) {
        let apart = (x - other.center_px[0]).hypot(y - other.center_px[1]);
        assert!(apart > r + reach(other), "{shape:?} {other:?}");
    }
}
