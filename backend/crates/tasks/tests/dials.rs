//! The dials: what they change, what they leave alone, and what is refused.

mod common;

use common::{small, strip};
use media::FrameStrip;
use serde_json::{Value, json};
use shared::task::{Dials, Difficulty, Perturbation, SampleSpec, ShapeKind, Task, Truth};
use shared::video::FrameSize;
use std::collections::BTreeSet;
use tasks::{Sample, Sources, TaskError, generate, paint, plan};

fn dialled(strip: &FrameStrip, task: Task, dials: &Value, seed: u64) -> Result<Sample, TaskError> {
    let dials: Dials = serde_json::from_value(dials.clone()).expect("dials");
    generate(strip, &SampleSpec { dials, ..SampleSpec::new(strip.video.clone(), task, seed) })
}

fn grounding(perturbation: Perturbation) -> Task {
    Task::Grounding { perturbation }
}

#[test]
fn kept_frames_are_the_strips_own_and_painted_ones_are_not() {
    let strip = small(21);
    for task in common::all_tasks() {
        let spec = SampleSpec::new(strip.video.clone(), task, 3);
        let sources = Sources::from(&strip);
        let plan = plan(&sources, &spec).expect("a plan");
        let painted = paint(&sources, &plan).expect("pixels");
        let whole = generate(&strip, &spec).expect("a sample");
        assert_eq!((plan.info.clone(), painted.answerable), (whole.info.clone(), whole.answerable));
        let mut fresh = painted.frames.iter();
        for (clip, shown) in plan.clips.iter().enumerate() {
            let frames = whole.clips[clip].rgb.chunks_exact(strip.frame_bytes());
            for (place, (shown, rgb)) in shown.iter().zip(frames).enumerate() {
                let own = strip.frame(shown.slot as usize);
                if shown.kept {
                    assert_eq!(rgb, own, "{}", task.cell());
                } else {
                    let frame = fresh.next().expect("painted");
                    assert_eq!((frame.clip, frame.place, &*frame.rgb), (clip, place, rgb));
                    assert_ne!(rgb, own, "{}", task.cell());
                }
            }
        }
        assert!(fresh.next().is_none());
    }
}

#[test]
fn a_dial_at_its_published_value_changes_no_pixel_of_the_layout() {
    // The dial is part of what chance is keyed by, so samples differ; their law does not.
    let strip = small(22);
    let counting = Task::Counting { difficulty: Difficulty::Easy };
    for seed in 0..200 {
        let made = dialled(&strip, counting, &json!({"frames_per_kind": 3, "per_frame": 3}), seed)
            .expect("a sample");
        let Truth::Counting(counts) = made.info.truth else { panic!("counts") };
        assert!(counts.iter().all(|(_, n)| (1..=9).contains(&n)));
    }
}

#[test]
fn lengths_and_strengths_stay_in_their_ranges() {
    let strip = small(23);
    for seed in 0..60 {
        let dials = json!({"length": [3, 5], "strength": [2.0, 2.5]});
        let made = dialled(&strip, grounding(Perturbation::ZoomIn), &dials, seed).expect("made");
        assert!((3..=5).contains(&made.info.params.length.expect("a length")));
        assert!((2.0..=2.5).contains(&made.info.params.scale.expect("a scale")));
        let made =
            dialled(&strip, grounding(Perturbation::Blur), &json!({"strength": [3.0, 6.0]}), seed)
                .expect("made");
        assert!((3.0..=6.0).contains(&made.info.params.strength.expect("a radius")));
    }
}

#[test]
fn per_frame_draws_differ_within_a_span_and_per_span_draws_do_not() {
    let strip = small(24);
    for kind in [Perturbation::ZoomIn, Perturbation::ZoomOut, Perturbation::Noise] {
        let made =
            dialled(&strip, grounding(kind), &json!({"paper_exact": true}), 1).expect("made");
        let strengths = made.info.params.strengths.expect("one per frame");
        assert_eq!(strengths.len() as u32, made.info.params.length.expect("a length"));
        let distinct: BTreeSet<String> = strengths.iter().map(f64::to_string).collect();
        assert!(distinct.len() > 4, "{kind}: {distinct:?}");
        let made = dialled(&strip, grounding(kind), &json!({}), 1).expect("made");
        assert!(made.info.params.strengths.is_none());
        assert!(made.info.params.scale.or(made.info.params.sigma).is_some());
    }
}

#[test]
fn any_number_of_kinds_is_counted_and_drawn_apart() {
    let strip = strip(25, FrameSize::ShortSide(256));
    for kinds in 1..=6usize {
        for mixed in [false, true] {
            let dials = json!({"kinds": kinds, "mixed": mixed, "size": [0.08, 0.16], "gap": 2});
            let mut shared_frames = 0;
            for seed in 0..20 {
                let made =
                    dialled(&strip, Task::Counting { difficulty: Difficulty::Hard }, &dials, seed)
                        .expect("there is room");
                let Truth::Counting(counts) = &made.info.truth else { panic!("counts") };
                let shapes = made.info.shapes.as_deref().expect("shapes");
                assert_eq!(counts.iter().count(), kinds);
                for (kind, count) in counts.iter() {
                    let own = shapes.iter().filter(|s| s.kind == kind).count();
                    assert_eq!(own as u32, count);
                }
                for (i, a) in shapes.iter().enumerate() {
                    for b in shapes[i + 1..].iter().filter(|b| b.slot == a.slot) {
                        let apart = (a.center_px[0] - b.center_px[0])
                            .hypot(a.center_px[1] - b.center_px[1]);
                        assert!(apart > a.kind.reach(a.size_px) + b.kind.reach(b.size_px));
                        shared_frames += usize::from(a.kind != b.kind);
                    }
                }
                let named =
                    ShapeKind::ALL[..kinds].iter().all(|k| made.info.question.contains(k.plural()));
                assert!(named, "{}", made.info.question);
            }
            assert_eq!(shared_frames > 0, mixed && kinds > 1, "{kinds} {mixed}");
        }
    }
}

#[test]
fn settings_that_cannot_hold_are_refused_for_every_seed() {
    let strip = small(26);
    let counting = Task::Counting { difficulty: Difficulty::Hard };
    for (task, dials, reason) in [
        (counting, json!({"per_frame": 12, "size": [0.5, 0.6]}), "do not fit into a frame"),
        (counting, json!({"frames_per_kind": 12}), "do not fit into 48"),
        (counting, json!({"kinds": 7}), "kinds: 7 does not fit"),
        (counting, json!({"trim": 1}), "trim: is not a dial of counting hard"),
        (Task::Jigsaw { clips: 24 }, json!({"trim": 1}), "none left"),
        (grounding(Perturbation::Swap), json!({}), "needs a second video"),
        (grounding(Perturbation::Slow), json!({}), "needs a strip of at least 128 frames"),
        (grounding(Perturbation::Mirror), json!({"length": [9, 3]}), "the smaller first"),
    ] {
        for seed in 0..5 {
            let refused = dialled(&strip, task, &dials, seed).expect_err("refused").to_string();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}

#[test]
fn trimmed_clips_leave_out_their_borders_and_many_clips_are_numbered() {
    let strip = small(27);
    let made = dialled(&strip, Task::Jigsaw { clips: 6 }, &json!({"trim": 1}), 4).expect("made");
    let display = made.info.params.display.expect("an order");
    for (clip, part) in made.clips.iter().zip(display) {
        let slots: Vec<u32> = clip.frames.iter().map(|frame| frame.slot).collect();
        assert_eq!(slots, (part * 8 + 1..part * 8 + 7).collect::<Vec<_>>());
        assert_eq!(clip.label_secs[0], 0.0);
    }
    for clips in [12, 16, 24, 48] {
        let made = dialled(&strip, Task::Jigsaw { clips }, &json!({}), 5).expect("made");
        let order: Vec<usize> =
            made.info.answer.split(',').map(|n| n.parse().expect("a number")).collect();
        let rebuilt: Vec<u8> = order.iter().flat_map(|n| made.clips[n - 1].rgb.clone()).collect();
        assert_eq!(rebuilt, strip.rgb);
        let reward = shared::reward::score(
            shared::reward::RewardMode::Smooth,
            &made.info.truth,
            &made.info.answer,
        );
        assert_eq!(reward.total, 1.0);
    }
}
