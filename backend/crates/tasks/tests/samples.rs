//! Truth by construction: what a sample says is what its pixels show.

mod common;

use common::{all_tasks, pixel_changes, sample, small, strip};
use shared::task::{Difficulty, Perturbation, SampleInfo, SampleSpec, Task, Truth};
use shared::video::{FrameSize, SamplePlan};
use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::PI;
use tasks::warmup::scene;
use tasks::{Picture, Strengths, TaskError, generate, perturb};

#[test]
fn the_same_spec_gives_the_same_bytes() {
    let strip = small(1);
    for task in all_tasks() {
        assert_eq!(sample(&strip, task, 9), sample(&strip, task, 9));
        let others: BTreeSet<String> =
            (0..40).map(|seed| format!("{:?}", sample(&strip, task, seed).info.params)).collect();
        let fixed = matches!(task, Task::Counting { .. } | Task::Jigsaw { clips: 2 });
        assert!(fixed || others.len() > 4, "{}: seeds must matter", task.cell());
    }
}

#[test]
fn known_samples_stay_what_they_are() {
    // A change here breaks every stored run: raise the version in `spec_rng` on purpose.
    let strip = small(1);
    let got: Vec<String> = [
        Task::Grounding { perturbation: Perturbation::Mirror },
        Task::Counting { difficulty: Difficulty::Easy },
        Task::Jigsaw { clips: 6 },
    ]
    .into_iter()
    .map(|task| {
        format!(
            "{} {:?}",
            sample(&strip, task, 7).info.answer,
            sample(&strip, task, 7).info.params.start_slot
        )
    })
    .collect();
    assert_eq!(got, KNOWN);
}

const KNOWN: [&str; 3] = ["12.6-20.5 Some(16)", "5,6,7 None", "246135 None"];

#[test]
fn known_grain_stays_what_it_is() {
    let rgb: Vec<u8> = (0..64 * 48 * 3).map(|i| (i % 251) as u8).collect();
    let picture = Picture { width: 64, height: 48, rgb };
    let made = perturb(Perturbation::Noise, &Strengths::default(), &picture).expect("a picture");
    assert_eq!(&blake3::hash(&made.rgb).to_hex()[..16], "bb36d32844d991d7");
}

#[test]
fn questions_and_truth_do_not_depend_on_the_frame_size() {
    for seed in 0..8 {
        let (tiny, large) = (small(seed), strip(seed, FrameSize::ShortSide(256)));
        assert_eq!(tiny.video, large.video);
        for task in all_tasks() {
            let (a, b) = (sample(&tiny, task, seed), sample(&large, task, seed));
            assert_eq!(a.info, b.info, "{}", task.cell());
            assert_eq!((a.info.width, a.info.height), (large.width, large.height));
        }
    }
}

#[test]
fn small_samples_show_what_large_ones_show() {
    // Scaled down, the large sample looks like the small one: same frames, same shapes.
    for seed in 0..4 {
        let (tiny, large) = (small(seed), strip(seed, FrameSize::Exact(256, 256)));
        for task in all_tasks() {
            let (a, b) = (sample(&tiny, task, seed), sample(&large, task, seed));
            let total: f64 = a
                .rgb()
                .chunks_exact(64 * 64 * 3)
                .zip(b.rgb().chunks_exact(256 * 256 * 3))
                .map(|(a, b)| shrunk_difference(a, b))
                .sum();
            // Each size has its own grain. A normal difference of deviation s is sqrt(2 / pi) s
            // in the mean; the large grain is worn down to a quarter by the 4 x 4 means.
            let grain = a.info.params.sigma.unwrap_or(0.0) * (2.0 / PI * (1.0 + 1.0 / 16.0)).sqrt();
            let noisy = f64::from(a.info.params.length.unwrap_or(0)) / 48.0;
            let (mean, limit) = (total / 48.0, 9.0 + grain * noisy);
            assert!(mean < limit, "{} {seed}: {mean} of {limit}", task.cell());
        }
    }
}

/// Mean difference of a 64 x 64 frame and the 4 x 4 means of a 256 x 256 one.
fn shrunk_difference(small: &[u8], large: &[u8]) -> f64 {
    let mut total = 0.0;
    for (i, value) in small.iter().enumerate() {
        let (x, y, c) = (i / 3 % 64, i / 3 / 64, i % 3);
        let sum: u32 = (0..16)
            .map(|k| u32::from(large[((y * 4 + k / 4) * 256 + x * 4 + k % 4) * 3 + c]))
            .sum();
        total += (f64::from(sum) / 16.0 - f64::from(*value)).abs();
    }
    total / small.len() as f64
}

#[test]
fn exactly_the_span_is_changed() {
    let strip = small(3);
    for kind in pixel_changes() {
        for seed in 0..30 {
            let made = sample(&strip, Task::Grounding { perturbation: kind }, seed);
            let Truth::Grounding { span_secs, span_slots: [start, end], source_span_secs } =
                made.info.truth
            else {
                panic!("grounding has a span")
            };
            assert!((8..=16).contains(&(end - start)) && end <= 48);
            let size = strip.frame_bytes();
            for (slot, frame) in made.clips[0].rgb.chunks_exact(size).enumerate() {
                let inside = (start as usize..end as usize).contains(&slot);
                assert_eq!(frame != strip.frame(slot), inside, "{kind} {seed} slot {slot}");
            }
            let label = |slot: u32| format!("{:.1}", f64::from(slot) / strip.sampling_fps);
            assert_eq!(made.info.answer, format!("{}-{}", label(start), label(end)));
            assert_eq!(span_secs.map(|s| format!("{s:.1}")), [label(start), label(end)]);
            assert_eq!(source_span_secs[0], strip.frames[start as usize].pts_secs);
            let after =
                strip.frames.get(end as usize).map_or(strip.last_end_secs(), |f| f.pts_secs);
            assert_eq!(source_span_secs[1], after);
            assert!(source_span_secs[1] <= strip.meta.duration_secs);
        }
    }
}

#[test]
fn spans_follow_the_papers_law() {
    let strip = small(4);
    let mut lengths = BTreeMap::new();
    let mut ends = BTreeSet::new();
    for seed in 0..3000 {
        let made = sample(&strip, Task::Grounding { perturbation: Perturbation::Invert }, seed);
        *lengths.entry(made.info.params.length).or_insert(0u32) += 1;
        ends.insert(made.info.truth.span_slots().map(|s| s.end() as u32));
    }
    assert_eq!(lengths.len(), 9);
    assert!(lengths.values().all(|n| (240..430).contains(n)), "{lengths:?}");
    assert!(ends.contains(&Some(48)), "a span may reach the end");
}

#[test]
fn the_jigsaw_answer_puts_the_clips_back() {
    let strip = small(9);
    for clips in [2u32, 3, 4, 6, 8] {
        for seed in 0..60 {
            let made = sample(&strip, Task::Jigsaw { clips }, seed);
            assert_eq!(made.clips.len(), clips as usize);
            let order: Vec<usize> = made
                .info
                .answer
                .chars()
                .map(|c| c.to_digit(10).expect("a digit") as usize)
                .collect();
            // Reading the clips in the order of the digits gives the strip back.
            let rebuilt: Vec<u8> =
                order.iter().flat_map(|position| made.clips[position - 1].rgb.clone()).collect();
            assert_eq!(rebuilt, strip.rgb);
            let display = made.info.params.display.as_deref().expect("an order");
            for (part, position) in order.iter().enumerate() {
                assert_eq!(display[position - 1] as usize, part);
            }
            assert!(
                order.iter().enumerate().any(|(part, position)| part + 1 != *position),
                "never the true order"
            );
            for clip in &made.clips {
                assert_eq!(clip.label_secs[0], 0.0);
                assert!((clip.label_secs[1] - 1.0 / strip.sampling_fps).abs() < 1e-12);
            }
            assert_eq!(made.info.frames.len(), 48);
        }
    }
}

#[test]
fn impossible_wishes_are_refused() {
    let strip = small(10);
    let spec = |task| SampleSpec::new(strip.video.clone(), task, 1);
    for clips in [0, 1, 5, 7, 9, 10, 96] {
        let refused = generate(&strip, &spec(Task::Jigsaw { clips })).expect_err("no clips");
        assert!(refused.to_string().contains("does not divide 48"), "{refused}");
    }
    let other = SampleSpec { video: small(11).video, ..spec(Task::Jigsaw { clips: 6 }) };
    assert!(matches!(generate(&strip, &other), Err(TaskError::OtherVideo { .. })));
    let short = scene(10, &SamplePlan { count: 12, size: FrameSize::Exact(8, 8) });
    for task in [
        Task::Grounding { perturbation: Perturbation::Blur },
        Task::Counting { difficulty: Difficulty::Hard },
    ] {
        let outcome = (0..20).map(|seed| generate(&short, &SampleSpec { seed, ..spec(task) }));
        for error in outcome.filter_map(Result::err) {
            assert!(matches!(error, TaskError::TooFewFrames { .. }), "{error}");
        }
    }
}

#[test]
fn every_info_survives_json() {
    let strip = small(12);
    for task in all_tasks() {
        let info = sample(&strip, task, 5).info;
        let text = serde_json::to_string(&info).expect("json");
        let back: SampleInfo = serde_json::from_str(&text).expect("same");
        assert_eq!(
            (&back.spec, &back.params, &back.shapes),
            (&info.spec, &info.params, &info.shapes)
        );
        assert_eq!((back.answer, back.question), (info.answer, info.question));
    }
}
