//! The program's own generators pass; generators with planted faults are caught, each by the
//! test that is meant for it.

use audit::{AuditConfig, AuditReport, Draft, Generator, Released, run, run_with};
use media::FrameStrip;
use shared::task::{Difficulty, Perturbation, SampleSpec, Task, Truth};
use shared::video::{FrameSize, SamplePlan};
use std::sync::atomic::{AtomicUsize, Ordering};
use tasks::{Rng, Shelf, Sources, TaskError};

const MIRROR: Task = Task::Grounding { perturbation: Perturbation::Mirror };

/// Made scenes of moving things, each a video.
fn shelf() -> Shelf<FrameStrip> {
    let plan = SamplePlan::strip(FrameSize::Exact(64, 64));
    let dense = SamplePlan { count: 128, ..plan };
    let scenes = |plan: SamplePlan| (0..12).map(|k| tasks::warmup::scene(k, &plan)).collect();
    Shelf { strips: scenes(plan), dense: scenes(dense) }
}

fn config(tasks: &[Task]) -> AuditConfig {
    AuditConfig { tasks: tasks.to_vec(), samples: 160, seed: 1 }
}

/// The released generator with something done to its specs or drafts.
struct Planted<B, A>(B, A);

impl<B, A> Generator for Planted<B, A>
where
    B: Fn(&mut SampleSpec) + Sync,
    A: Fn(&Sources, &mut Draft) + Sync,
{
    fn draft(&self, sources: &Sources, spec: &SampleSpec) -> Result<Draft, TaskError> {
        let mut spec = spec.clone();
        (self.0)(&mut spec);
        let mut draft = Released.draft(sources, &spec)?;
        (self.1)(sources, &mut draft);
        Ok(draft)
    }
}

fn audited(generator: &dyn Generator, task: Task) -> AuditReport {
    run_with(generator, &shelf(), &config(&[task]), |_, _| {}).expect("videos and samples")
}

/// What the only cell is blamed for.
fn faults(report: &AuditReport) -> Vec<&str> {
    report.cells[0].rulings.iter().map(|ruling| ruling.what.as_str()).collect()
}

#[test]
fn the_programs_generators_are_fair() {
    let shelf = shelf();
    let config = AuditConfig { samples: 120, ..AuditConfig::default() };
    let told = AtomicUsize::new(0);
    let report = run(&shelf, &config, |done, total| {
        assert!(done <= total);
        told.fetch_max(done, Ordering::Relaxed);
    })
    .expect("videos and samples");
    assert!(report.is_fair(), "{}", report.table());
    assert_eq!(told.into_inner(), config.tasks.len() * 120);
    for cell in &report.cells {
        assert_eq!((&cell.problem, cell.proofs.proved), (&None, 120), "{}", report.table());
    }
    let text = serde_json::to_string(&report).expect("json");
    let read: AuditReport = serde_json::from_str(&text).expect("the same");
    assert_eq!(read.table(), report.table());
}

#[test]
fn an_audit_is_deterministic() {
    let config = config(&[MIRROR, Task::Jigsaw { clips: 6 }, Task::Spotting]);
    let audit = || run(&shelf(), &config, |_, _| {}).expect("videos and samples");
    assert_eq!(audit(), audit());
}

#[test]
fn a_constant_start_is_caught() {
    // Seeds whose span starts at slot 20, found by trying.
    let strips = shelf().strips;
    let generator = Planted(
        |spec: &mut SampleSpec| {
            let strip = strips.iter().find(|s| s.video == spec.video).expect("a scene");
            let start = |spec: &SampleSpec| {
                tasks::plan(&Sources::from(strip), spec).expect("a plan").info.params.start_slot
            };
            while start(spec) != Some(20) {
                spec.seed += 1;
            }
        },
        |_: &Sources, _: &mut Draft| {},
    );
    let report = audited(&generator, MIRROR);
    let faults = faults(&report);
    assert!(faults.contains(&"constant") && faults.contains(&"balance"), "{}", report.table());
    assert!(!faults.contains(&"truth"), "{}", report.table());
}

#[test]
fn changed_frames_of_another_size_are_caught() {
    // A little grain in changed frames alone: brightness stays, JPEG files grow.
    let generator = Planted(
        |_: &mut SampleSpec| {},
        |_: &Sources, draft: &mut Draft| {
            let mut rng = Rng::from_seed(draft.info.spec.seed);
            for value in draft.painted.iter_mut().flat_map(|frame| &mut frame.rgb) {
                let grain = rng.range(0, 12) as i16 - 6;
                *value = (i16::from(*value) + grain).clamp(0, 255) as u8;
            }
        },
    );
    let report = audited(&generator, MIRROR);
    assert!(faults(&report).contains(&"file size"), "{}", report.table());
}

#[test]
fn darker_changed_frames_are_caught() {
    let generator = Planted(
        |_: &mut SampleSpec| {},
        |_: &Sources, draft: &mut Draft| {
            let values = draft.painted.iter_mut().flat_map(|frame| &mut frame.rgb);
            values.for_each(|value| *value = (u16::from(*value) * 9 / 10) as u8);
        },
    );
    let report = audited(&generator, MIRROR);
    assert!(faults(&report).contains(&"kept statistics"), "{}", report.table());
}

#[test]
fn a_truth_that_the_pixels_do_not_show_is_caught() {
    let off_by_one = Planted(
        |_: &mut SampleSpec| {},
        |_: &Sources, draft: &mut Draft| {
            if let Truth::Grounding { span_slots, span_secs, .. } = &mut draft.info.truth {
                span_slots[1] -= 1;
                let secs = f64::from(span_slots[1]) / draft.info.sampling_fps;
                span_secs[1] = format!("{secs:.1}").parse().expect("a number");
            }
            draft.info.answer = draft.info.truth.answer();
        },
    );
    for kind in [Perturbation::Mirror, Perturbation::Fast, Perturbation::StutterHold] {
        let report = audited(&off_by_one, Task::Grounding { perturbation: kind });
        assert!(faults(&report).contains(&"truth"), "{}", report.table());
    }
    // The display permutation in place of its inverse: the mistake that is easily made.
    let inverse = Planted(
        |_: &mut SampleSpec| {},
        |_: &Sources, draft: &mut Draft| {
            let display = draft.info.params.display.clone().unwrap_or_default();
            let order: String = display.iter().map(|part| (part + 1).to_string()).collect();
            draft.info.truth = Truth::Jigsaw { order: order.clone() };
            draft.info.answer = order;
        },
    );
    let report = audited(&inverse, Task::Jigsaw { clips: 6 });
    assert_eq!(faults(&report), ["truth"], "{}", report.table());
}

#[test]
fn shapes_that_are_not_drawn_are_caught() {
    let generator = Planted(
        |_: &mut SampleSpec| {},
        |sources: &Sources, draft: &mut Draft| {
            // One frame is left as it was, though its shapes stay in the list.
            if let Some(frame) = draft.painted.first_mut() {
                frame.rgb = sources.strip.frame(frame.place).to_vec();
            }
        },
    );
    let report = audited(&generator, Task::Counting { difficulty: Difficulty::Easy });
    assert_eq!(faults(&report), ["truth"], "{}", report.table());
}

#[test]
fn few_seeds_are_caught() {
    let generator =
        Planted(|spec: &mut SampleSpec| spec.seed %= 7, |_: &Sources, _: &mut Draft| {});
    let report = audited(&generator, MIRROR);
    assert!(faults(&report).contains(&"duplicates"), "{}", report.table());
}

#[test]
fn an_audit_without_videos_or_samples_is_refused() {
    let none = Shelf::<FrameStrip>::of(Vec::new());
    assert!(run(&none, &AuditConfig::default(), |_, _| {}).is_err());
    let few = AuditConfig { samples: 3, ..AuditConfig::default() };
    let refused = run(&shelf(), &few, |_, _| {}).expect_err("too few");
    assert!(refused.to_string().contains('3'));
}
