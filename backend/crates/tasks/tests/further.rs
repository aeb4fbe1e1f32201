//! Changes of the order of frames, and the further tasks: what they say is what they show.

mod common;

use common::{sample, small, strip};
use media::FrameStrip;
use shared::reward::{RewardMode, score};
use shared::task::{Perturbation, SampleSpec, Task, Truth};
use shared::video::{FrameSize, SamplePlan};
use std::collections::BTreeSet;
use tasks::warmup::scene;
use tasks::{Sample, Sources, generate};

fn grounding(perturbation: Perturbation) -> Task {
    Task::Grounding { perturbation }
}

fn span(sample: &Sample) -> std::ops::Range<usize> {
    let span = sample.info.truth.span_slots().expect("a span");
    span.start() as usize..span.end() as usize
}

/// Slot of the strip that each shown frame is.
fn slots(sample: &Sample) -> Vec<usize> {
    sample.clips[0].frames.iter().map(|frame| frame.slot as usize).collect()
}

#[test]
fn a_shuffled_span_holds_its_own_frames_and_shows_both_ends() {
    let strip = small(31);
    for seed in 0..300 {
        let made = sample(&strip, grounding(Perturbation::Shuffle), seed);
        let (span, slots) = (span(&made), slots(&made));
        assert!((0..48).all(|k| span.contains(&k) || slots[k] == k));
        let own: BTreeSet<usize> = slots[span.clone()].iter().copied().collect();
        assert_eq!(own, span.clone().collect());
        assert!(slots[span.start] != span.start && slots[span.end - 1] != span.end - 1);
        assert_eq!(made.info.params.shown_slots.expect("slots").len(), span.len());
    }
}

#[test]
fn a_stutter_holds_few_frames_as_the_released_code_spreads_them() {
    let strip = small(32);
    let mut holds_seen = BTreeSet::new();
    for seed in 0..200 {
        let made = sample(&strip, grounding(Perturbation::StutterHold), seed);
        let (span, slots) = (span(&made), slots(&made));
        let shown = &slots[span.clone()];
        let mut held = shown.to_vec();
        held.dedup();
        holds_seen.insert(held.len());
        let (holds, length) = (held.len(), span.len());
        for (k, slot) in held.iter().enumerate() {
            assert_eq!(*slot, span.start + k * (length - 1) / (holds - 1));
            let times = shown.iter().filter(|s| *s == slot).count();
            assert_eq!(times, length / holds + usize::from(k < length % holds));
        }
    }
    assert_eq!(holds_seen, BTreeSet::from([2, 3, 4, 5]));
}

#[test]
fn a_swap_shows_the_same_places_of_another_video() {
    for (own, other) in [
        (small(33), small(34)),
        (strip(33, FrameSize::ShortSide(128)), strip(34, FrameSize::Exact(90, 200))),
    ] {
        let task = grounding(Perturbation::Swap);
        let spec = SampleSpec {
            other: Some(other.video.clone()),
            ..SampleSpec::new(own.video.clone(), task, 3)
        };
        let made = generate(Sources { strip: &own, other: Some(&other) }, &spec).expect("made");
        assert!(made.answerable);
        let span = span(&made);
        for (k, frame) in made.clips[0].rgb.chunks_exact(own.frame_bytes()).enumerate() {
            assert_eq!(frame == own.frame(k), !span.contains(&k), "{k}");
            if own.width == other.width && span.contains(&k) {
                assert_eq!(frame, other.frame(k));
            }
        }
        let itself = SampleSpec { other: Some(own.video.clone()), ..spec.clone() };
        assert!(generate(Sources { strip: &own, other: Some(&own) }, &itself).is_err());
        assert!(generate(&own, &spec).is_err());
    }
}

#[test]
fn changes_of_speed_keep_even_times_and_change_the_steps() {
    let dense = scene(35, &SamplePlan { count: 128, size: FrameSize::Exact(64, 64) });
    for (kind, step) in [(Perturbation::Slow, 1), (Perturbation::Fast, 4)] {
        let mut starts = BTreeSet::new();
        for seed in 0..100 {
            let made = sample(&dense, grounding(kind), seed);
            let (span, slots) = (span(&made), slots(&made));
            assert_eq!(slots.len(), 48);
            for (k, two) in slots.windows(2).enumerate() {
                assert_eq!(two[1] - two[0], if span.contains(&k) { step } else { 2 }, "{k}");
            }
            starts.insert(slots[0]);
            let secs = &made.clips[0].label_secs;
            let even = 2.0 / dense.sampling_fps;
            assert!(secs.windows(2).all(|two| (two[1] - two[0] - even).abs() < 1e-9));
            let Truth::Grounding { span_secs, source_span_secs, .. } = made.info.truth else {
                panic!("a span")
            };
            assert!((span_secs[0] - secs[span.start]).abs() <= 0.05 + 1e-9);
            assert_eq!(source_span_secs[0], dense.frames[slots[span.start]].pts_secs);
        }
        assert!(starts.len() > 3, "{kind} begins anywhere");
    }
}

#[test]
fn tiles_in_the_order_of_the_answer_give_the_picture_back() {
    let strip = strip(36, FrameSize::Exact(66, 60));
    for grid in [2u32, 3] {
        for seed in 0..40 {
            let made = sample(&strip, Task::Spatial { grid }, seed);
            let slot = slots(&made)[0];
            let (wide, high) = ((66 / grid) as usize, (60 / grid) as usize);
            let pixel = |rgb: &[u8], x: usize, y: usize| rgb[(y * 66 + x) * 3..][..3].to_vec();
            for (place, digit) in made.info.answer.chars().enumerate() {
                let tile = digit.to_digit(10).expect("a digit") as usize - 1;
                let corner = |k: usize| (k % grid as usize * wide, k / grid as usize * high);
                let ((to_x, to_y), (from_x, from_y)) = (corner(place), corner(tile));
                for (x, y) in [(0, 0), (wide - 1, high / 2), (wide / 2, high - 1)] {
                    assert_eq!(
                        pixel(&made.clips[0].rgb, from_x + x, from_y + y),
                        pixel(strip.frame(slot), to_x + x, to_y + y),
                        "{grid} {seed} {place}"
                    );
                }
            }
        }
    }
}

#[test]
fn numbered_shapes_are_there_exactly_during_their_span() {
    let strip = strip(37, FrameSize::ShortSide(256));
    for seed in 0..40 {
        let made = sample(&strip, Task::Spotting, seed);
        let Truth::Spotting { number, span_slots: [start, end], .. } = made.info.truth else {
            panic!("a spot")
        };
        let shapes = made.info.shapes.as_deref().expect("shapes");
        let kind = made.info.params.kind.expect("asked for");
        assert!(made.info.question.contains(kind.name()));
        let asked: BTreeSet<(u32, Option<u32>)> =
            shapes.iter().filter(|s| s.kind == kind).map(|s| (s.slot, s.number)).collect();
        assert_eq!(asked, (start..end).map(|slot| (slot, Some(number))).collect());
        let kinds: BTreeSet<_> = shapes.iter().map(|s| (s.kind, s.number)).collect();
        assert_eq!(kinds.len(), 3, "each shape has one number");
        let (w, h) = (f64::from(made.info.width), f64::from(made.info.height));
        for (i, a) in shapes.iter().enumerate() {
            let ([x, y], r) = (a.center_px, a.kind.reach(a.size_px));
            assert!(x - r >= 0.0 && y - r >= 0.0 && x + r <= w && y + r <= h, "{a:?}");
            for b in shapes[i + 1..].iter().filter(|b| b.slot == a.slot) {
                let apart = (x - b.center_px[0]).hypot(y - b.center_px[1]);
                assert!(apart > r + b.kind.reach(b.size_px), "{a:?} {b:?}");
            }
        }
    }
}

#[test]
fn every_digit_leaves_its_own_ink() {
    let strip = strip(38, FrameSize::ShortSide(256));
    let mut inks = BTreeSet::new();
    for seed in 0..60 {
        let made = sample(&strip, Task::Spotting, seed);
        let shape = &made.info.shapes.as_deref().expect("shapes")[0];
        let frame = &made.clips[0].rgb[shape.slot as usize * strip.frame_bytes()..];
        let at = |x: f64, y: f64| {
            let (x, y) = ((shape.center_px[0] + x) as usize, (shape.center_px[1] + y) as usize);
            frame[(y * strip.width as usize + x) * 3..][..3] == shape.color
        };
        let reach = shape.size_px * 0.3;
        let grid = |k: usize| (k as f64 / 15.0 - 0.5) * 2.0 * reach;
        let ink = (0..256).filter(|k| !at(grid(k % 16) * 0.4, grid(k / 16))).count();
        if shape.kind == shared::task::ShapeKind::Square {
            inks.insert((shape.number, ink));
        }
    }
    let numbers: BTreeSet<_> = inks.iter().map(|(number, _)| number).collect();
    assert!(numbers.len() > 3 && inks.iter().all(|(_, ink)| *ink > 5), "{inks:?}");
}

#[test]
fn progress_is_where_the_middle_clip_lies() {
    let strip = small(39);
    let mut seen = BTreeSet::new();
    for seed in 0..200 {
        let made = sample(&strip, Task::Progress, seed);
        let Truth::Progress { percent } = made.info.truth else { panic!("a share") };
        let starts: Vec<u32> = made.clips.iter().map(|clip| clip.frames[0].slot).collect();
        assert_eq!((starts[0], starts[2]), (0, 44));
        assert!((f64::from(percent) - f64::from(starts[1]) / 0.44).abs() <= 0.5);
        assert!((4..=40).contains(&starts[1]));
        seen.insert(percent);
    }
    assert!(seen.len() > 25);
}

#[test]
fn the_true_answer_of_every_task_earns_the_full_reward() {
    let strip = small(40);
    for task in common::all_tasks() {
        for seed in 0..10 {
            let info = sample(&strip, task, seed).info;
            for mode in RewardMode::ALL {
                let reward = score(*mode, &info.truth, &info.answer);
                assert_eq!((reward.total, reward.parsed), (1.0, true), "{} {mode}", task.cell());
            }
        }
    }
}

/// The strip with frames that repeat those before them.
fn still(mut strip: FrameStrip) -> FrameStrip {
    let first = strip.frame(0).to_vec();
    strip.rgb = first.repeat(strip.count());
    strip
}

#[test]
fn nothing_is_asked_of_a_still_picture_that_it_cannot_show() {
    let (ordinary, dense) = (
        still(small(41)),
        still(scene(41, &SamplePlan { count: 128, size: FrameSize::Exact(64, 64) })),
    );
    for (task, strip) in [
        (grounding(Perturbation::Shuffle), &ordinary),
        (grounding(Perturbation::StutterHold), &ordinary),
        (grounding(Perturbation::Slow), &dense),
        (grounding(Perturbation::Fast), &dense),
        (Task::Progress, &ordinary),
    ] {
        assert!(!sample(strip, task, 1).answerable, "{}", task.cell());
    }
    assert!(sample(&ordinary, Task::Spotting, 1).answerable);
    assert!(sample(&ordinary, Task::Spatial { grid: 2 }, 1).answerable);
}
