//! Truth by construction: what a sample says is what its pixels show.

use media::FrameStrip;
use shared::task::{
    Difficulty, Perturbation, SampleInfo, SampleSpec, Shape, ShapeKind, Task, Truth,
};
use shared::video::{FrameSize, SamplePlan};
use std::collections::{BTreeMap, BTreeSet};
use tasks::warmup::scene;
use tasks::{Mixture, Sample, TaskError, generate, spec_at};

fn strip(seed: u64, size: FrameSize) -> FrameStrip {
    scene(seed, &SamplePlan::strip(size))
}

fn small(seed: u64) -> FrameStrip {
    strip(seed, FrameSize::Exact(64, 64))
}

fn sample(strip: &FrameStrip, task: Task, seed: u64) -> Sample {
    generate(strip, &SampleSpec { video: strip.video.clone(), task, seed }).expect("a sample")
}

fn all_tasks() -> Vec<Task> {
    let mut all: Vec<Task> =
        Perturbation::ALL.iter().map(|p| Task::Grounding { perturbation: *p }).collect();
    all.extend(Difficulty::ALL.iter().map(|d| Task::Counting { difficulty: *d }));
    all.extend([2, 3, 4, 6, 8].map(|clips| Task::Jigsaw { clips }));
    all
}

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

const KNOWN: [&str; 3] = ["?", "?", "?"];

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
            let noisy = task == Task::Grounding { perturbation: Perturbation::Noise };
            let (a, b) = (sample(&tiny, task, seed), sample(&large, task, seed));
            let total: f64 = a
                .rgb()
                .chunks_exact(64 * 64 * 3)
                .zip(b.rgb().chunks_exact(256 * 256 * 3))
                .map(|(a, b)| shrunk_difference(a, b))
                .sum();
            let mean = total / 48.0;
            assert!(mean < if noisy { 20.0 } else { 9.0 }, "{} {seed}: {mean}", task.cell());
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
    for kind in Perturbation::ALL {
        for seed in 0..30 {
            let made = sample(&strip, Task::Grounding { perturbation: *kind }, seed);
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
            let made = sample(&strip, Task::Counting { difficulty }, seed);
            let shapes = made.info.shapes.as_deref().expect("shapes");
            let (w, h) = (f64::from(made.info.width), f64::from(made.info.height));
            let Truth::Counting { circles, squares, triangles } = made.info.truth else {
                panic!("counts")
            };
            for (kind, count) in [
                (ShapeKind::Circle, circles),
                (ShapeKind::Square, squares),
                (ShapeKind::Triangle, triangles),
            ] {
                let own: Vec<&Shape> = shapes.iter().filter(|s| s.kind == kind).collect();
                assert_eq!(own.len() as u32, count);
                assert!((1..=most).contains(&count));
                seen.insert(count);
                let slots: BTreeSet<u32> = own.iter().map(|s| s.slot).collect();
                assert!(
                    slots.iter().zip(slots.iter().skip(1)).all(|(a, b)| b - a > 8),
                    "{slots:?}"
                );
                assert!(shapes.iter().all(|s| s.kind == kind || !slots.contains(&s.slot)));
            }
            for (i, a) in shapes.iter().enumerate() {
                let [x, y] = a.center_px;
                let r = reach(a);
                assert!(x - r > 0.0 && y - r > 0.0 && x + r < w && y + r < h, "{a:?}");
                let short = w.min(h);
                assert!(a.size_px >= (0.2 * short).floor() && a.size_px <= (0.4 * short).floor());
                assert!(a.color.iter().all(|c| *c >= 50));
                for b in shapes[i + 1..].iter().filter(|b| b.slot == a.slot) {
                    let apart = (x - b.center_px[0]).hypot(y - b.center_px[1]);
                    assert!(apart > r + reach(b), "{a:?} {b:?}");
                }
            }
        }
        assert!(seen.len() as u32 >= most - 2, "{seen:?}");
    }
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
    let spec = |task| SampleSpec { video: strip.video.clone(), task, seed: 1 };
    for clips in [0, 1, 5, 7, 9, 10, 48] {
        assert!(
            matches!(
                generate(&strip, &spec(Task::Jigsaw { clips })),
                Err(TaskError::BadClips { .. })
            ),
            "{clips}"
        );
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

#[test]
fn a_mixture_gives_each_task_its_share() {
    let videos: Vec<_> = (0..5).map(|seed| small(seed).video).collect();
    let tasks = [
        (Task::Jigsaw { clips: 6 }, 1.0),
        (Task::Counting { difficulty: Difficulty::Easy }, 3.0),
        (Task::Jigsaw { clips: 8 }, 0.0),
    ];
    let mixture = Mixture::new(tasks.to_vec()).expect("weights");
    let specs: Vec<SampleSpec> =
        (0..4000).map(|i| spec_at(&videos, &mixture, 1, i).expect("a spec")).collect();
    let jigsaws = specs.iter().filter(|s| s.task == Task::Jigsaw { clips: 6 }).count();
    assert!((850..1150).contains(&jigsaws), "{jigsaws}");
    assert!(specs.iter().all(|s| s.task != Task::Jigsaw { clips: 8 } && s.seed < 1 << 48));
    let used: BTreeSet<_> = specs.iter().map(|s| &s.video).collect();
    assert_eq!(used.len(), 5);
    assert_eq!(spec_at(&videos, &mixture, 1, 77).expect("a spec"), specs[77]);
    assert_ne!(spec_at(&videos, &mixture, 2, 77).expect("a spec"), specs[77]);
    assert!(spec_at(&[], &mixture, 1, 0).is_err());
    for bad in [
        vec![],
        vec![(Task::Jigsaw { clips: 6 }, 0.0)],
        vec![(Task::Jigsaw { clips: 6 }, -1.0)],
        vec![(Task::Jigsaw { clips: 6 }, f64::NAN)],
    ] {
        assert!(matches!(Mixture::new(bad), Err(TaskError::BadMixture(_))));
    }
}
