//! Material for the warm start: auxiliary answers are true, augmentation and scenes repeat.

use media::FrameStrip;
use shared::task::{Difficulty, Perturbation, SampleSpec, ShapeKind, Task, Truth};
use shared::video::{FrameSize, SamplePlan};
use std::collections::BTreeMap;
use tasks::warmup::{augment, aux_questions, scene};
use tasks::{Rng, Sample, generate};

fn strip(seed: u64) -> FrameStrip {
    scene(seed, &SamplePlan::strip(FrameSize::Exact(64, 64)))
}

fn sample(strip: &FrameStrip, task: Task, seed: u64) -> Sample {
    generate(strip, &SampleSpec::new(strip.video.clone(), task, seed)).expect("a sample")
}

fn answers(sample: &Sample) -> BTreeMap<String, String> {
    let all = aux_questions(sample);
    let count = all.len();
    let map: BTreeMap<_, _> = all.into_iter().map(|q| (q.name, q.answer)).collect();
    assert_eq!(map.len(), count, "names are unique");
    map
}

#[test]
fn grounding_answers_follow_the_span() {
    let strip = strip(1);
    for seed in 0..200 {
        let made = sample(&strip, Task::Grounding { perturbation: Perturbation::Invert }, seed);
        let Truth::Grounding { span_slots: [start, end], .. } = made.info.truth else {
            panic!("a span")
        };
        let answers = answers(&made);
        let mask = &answers["mask"];
        assert_eq!(mask.len(), 24);
        for (pair, digit) in mask.chars().enumerate() {
            let changed = (start..end).contains(&(pair as u32 * 2));
            assert_eq!(digit == '1', changed);
        }
        let run =
            format!("{:02}-{:02}", mask.find('1').expect("a run"), mask.rfind('1').expect("a run"));
        assert_eq!(answers["pairs"], run);
        assert_eq!(format!("{}-{}", answers["start"], answers["end"]), made.info.answer);
        assert_eq!(answers["kind"], "invert");
    }
}

#[test]
fn counting_answers_add_up() {
    let strip = strip(2);
    for seed in 0..100 {
        let made = sample(&strip, Task::Counting { difficulty: Difficulty::Hard }, seed);
        let answers = answers(&made);
        let one = |name: &str| answers[name].parse::<u32>().expect("a number");
        let counts = [one("count-circles"), one("count-squares"), one("count-triangles")];
        assert_eq!(counts.map(|n| n.to_string()).join(","), made.info.answer);
        assert_eq!(counts.iter().sum::<u32>(), one("count-shapes"));
        for (kind, mask, many, count) in [
            (ShapeKind::Circle, "mask-circles", "frames-circles", counts[0]),
            (ShapeKind::Triangle, "mask-triangles", "frames-triangles", counts[2]),
        ] {
            let shapes = made.info.shapes.as_deref().expect("shapes");
            let on =
                |pair: usize| shapes.iter().any(|s| s.kind == kind && s.slot as usize / 2 == pair);
            assert!(answers[mask].chars().enumerate().all(|(pair, c)| (c == '1') == on(pair)));
            assert_eq!(
                answers[many].chars().map(|c| c.to_digit(10).expect("a digit")).sum::<u32>(),
                count
            );
        }
    }
}

#[test]
fn jigsaw_answers_follow_the_order() {
    let strip = strip(3);
    for seed in 0..100 {
        let made = sample(&strip, Task::Jigsaw { clips: 6 }, seed);
        let answers = answers(&made);
        let order = &made.info.answer;
        assert_eq!(answers["first-part"], order[..1]);
        assert_eq!(answers["last-part"], order[5..]);
        let parts = &answers["parts"];
        for (part, position) in order.chars().enumerate() {
            let position = position.to_digit(10).expect("a digit") as usize;
            assert_eq!(parts[position - 1..position], (part + 1).to_string());
        }
        assert_eq!(answers["shown-first"], parts[..1]);
        let next = parts[..1].parse::<usize>().expect("a digit") + 1;
        let position = parts.find(&next.to_string()).map_or(0, |p| p + 1);
        assert_eq!(answers["after-first"], position.to_string());
    }
}

#[test]
fn augmentation_repeats_and_grows_with_strength() {
    let strip = strip(4);
    assert_eq!(augment(&strip, &mut Rng::from_seed(1), 0.0), strip);
    let change = |strength: f32| {
        let mut rng = Rng::from_seed(5);
        let made = (0..40).map(|_| augment(&strip, &mut rng, strength));
        made.map(|m| {
            m.rgb.iter().zip(&strip.rgb).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>()
                / strip.rgb.len() as f64
        })
        .sum::<f64>()
            / 40.0
    };
    assert!(change(0.2) < change(0.6) && change(0.6) < change(1.0));
    let (a, b) = (
        augment(&strip, &mut Rng::from_seed(7), 1.0),
        augment(&strip, &mut Rng::from_seed(7), 1.0),
    );
    assert_eq!(a, b);
    assert_eq!((a.frames.len(), a.rgb.len(), &a.frames), (48, strip.rgb.len(), &strip.frames));
    // Planting still works on what comes out, under the same spec.
    sample(&a, Task::Grounding { perturbation: Perturbation::ZoomOut }, 3);
    let wide = scene(4, &SamplePlan::strip(FrameSize::ShortSide(32)));
    for seed in 0..20 {
        assert_eq!(augment(&wide, &mut Rng::from_seed(seed), 1.0).rgb.len(), wide.rgb.len());
    }
}

#[test]
fn scenes_repeat_differ_and_move() {
    let plan = SamplePlan::strip(FrameSize::Exact(64, 64));
    let mut still = 0;
    for seed in 0..60 {
        let one = scene(seed, &plan);
        assert_eq!(one, scene(seed, &plan));
        assert_ne!(one.video, scene(seed + 1, &plan).video);
        assert_eq!((one.count(), one.rgb.len()), (48, 48 * 64 * 64 * 3));
        assert!(one.frames.windows(2).all(|f| f[0].pts_secs < f[1].pts_secs));
        assert!(one.last_end_secs() <= one.meta.duration_secs);
        still += usize::from((1..48).all(|slot| one.frame(slot) == one.frame(0)));
    }
    assert!(still <= 6, "{still} of 60 scenes stand still");
}
