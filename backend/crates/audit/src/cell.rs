//! The audit of one cell: samples are made, proved, and handed to the probes.

use crate::AuditConfig;
use crate::cues::{self, Seen};
use crate::draft::{self, Draft, Generator};
use crate::facts::Known;
use crate::law::{self, Classes};
use crate::report::{Balance, CellReport, Duplicates, Floors, Proofs};
use crate::stats::{above, chi_square_tail, mean_error, poisson_tail};
use crate::truth;
use shared::reward::{RewardMode, score};
use shared::task::{Task, Truth};
use std::collections::HashMap;
use tasks::Sources;

/// Specs tried for each sample that is asked for.
const TRIES: u64 = 4;
/// What a measured floor may lie above the law's whatever its error: the videos at hand do not
/// show every answer equally often.
const SLACK: f64 = 0.03;

/// Everything of a cell that is looked at once all samples are made.
#[derive(Default)]
struct Pool {
    seen: Vec<Seen>,
    /// Of every draft, shown its answer or not.
    truths: Vec<Truth>,
    unanswerable: usize,
    proofs: Proofs,
    /// Video and hash of all that is shown.
    shown: Vec<(usize, blake3::Hash)>,
}

pub(crate) fn audit(
    generator: &dyn Generator,
    known: &Known,
    task: Task,
    config: &AuditConfig,
    tick: &(dyn Fn() + Sync),
) -> CellReport {
    let wanted = config.samples as usize;
    let mut pool = Pool::default();
    let outcome = fill(generator, known, task, config, tick, &mut pool);
    (pool.seen.len()..wanted).for_each(|_| tick());
    let mut report = CellReport::empty(task);
    report.problem = outcome.err();
    if report.problem.is_none() && pool.seen.len() < wanted.min(20) {
        report.problem = Some(format!(
            "only {} of {} samples show their answer",
            pool.seen.len(),
            pool.seen.len() + pool.unanswerable
        ));
    }
    report.samples = pool.seen.len();
    report.unanswerable = pool.unanswerable;
    report.proofs = pool.proofs.clone();
    if report.problem.is_none() {
        report.floors = Some(floors(&task, &pool.seen));
        report.probes = cues::probes(&task, known, &pool.seen);
        report.balance = balance(&task, &pool.truths);
        report.duplicates = Some(duplicates(&task, &pool.shown));
    }
    report
}

/// Makes samples until there are enough. Errors: why this cell cannot be made at all.
fn fill(
    generator: &dyn Generator,
    known: &Known,
    task: Task,
    config: &AuditConfig,
    tick: &(dyn Fn() + Sync),
    pool: &mut Pool,
) -> Result<(), String> {
    let strips = known.strips();
    if strips.is_empty() {
        return Err(format!("no video has the {} frames it needs", task.source_frames()));
    }
    let wanted = config.samples as usize;
    for index in 0..u64::from(config.samples) * TRIES {
        if pool.seen.len() == wanted {
            break;
        }
        let spec = draft::spec(strips, task, config.seed, index);
        let number = (index % strips.len() as u64) as usize;
        let of = |id: &shared::video::VideoId| strips.iter().copied().find(|s| s.video == *id);
        let sources = Sources { strip: strips[number], other: spec.other.as_ref().and_then(of) };
        let draft = generator.draft(&sources, &spec).map_err(|e| e.to_string())?;
        if take(&sources, known, number, draft, pool)? {
            tick();
        }
    }
    Ok(())
}

/// Adds a draft to the pool; says whether it counts as a sample.
fn take(
    sources: &Sources,
    known: &Known,
    number: usize,
    draft: Draft,
    pool: &mut Pool,
) -> Result<bool, String> {
    pool.truths.push(draft.info.truth.clone());
    if !draft.answerable {
        pool.unanswerable += 1;
        return Ok(false);
    }
    match truth::problem(sources, &draft) {
        None => pool.proofs.proved += 1,
        Some(problem) => {
            pool.proofs
                .first_problem
                .get_or_insert(format!("seed {}: {problem}", draft.info.spec.seed));
        }
    }
    let clips = known.draft(number, &draft).map_err(|e| e.to_string())?;
    let Some(clips) = clips else {
        return Err("a frame that is said to be painted is missing".into());
    };
    pool.shown.push((number, shown_hash(&draft)));
    pool.seen.push(Seen {
        video: number,
        rate: draft.info.sampling_fps,
        display: draft.info.params.display.clone().unwrap_or_default(),
        slots: draft.clips.iter().map(|c| c.iter().map(|s| s.slot as usize).collect()).collect(),
        truth: draft.info.truth,
        clips,
    });
    Ok(true)
}

/// Hash of all that a viewer sees: which frames of the strip where, and the painted pixels.
fn shown_hash(draft: &Draft) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for shown in draft.clips.iter().flatten() {
        hasher.update(&if shown.kept { shown.slot } else { u32::MAX }.to_le_bytes());
    }
    for frame in &draft.painted {
        hasher.update(&frame.rgb);
    }
    // What is asked is part of what is seen: one clip may serve for several questions.
    hasher.update(draft.info.question.as_bytes());
    hasher.finalize()
}

/// The answer that a truth gives on another sample's clock.
fn on_clock(truth: &Truth, rate: f64) -> String {
    let span = |[a, b]: [u32; 2]| format!("{:.1}-{:.1}", f64::from(a) / rate, f64::from(b) / rate);
    match truth {
        Truth::Grounding { span_slots, .. } => span(*span_slots),
        Truth::Spotting { number, span_slots, .. } => format!("{number},{}", span(*span_slots)),
        other => other.answer(),
    }
}

fn earns(answer: &Truth, sample: &Seen) -> f64 {
    score(RewardMode::Smooth, &sample.truth, &on_clock(answer, sample.rate)).total
}

fn floors(task: &Task, seen: &[Seen]) -> Floors {
    let law = law::floors(task);
    // Two halves with every video in both: the best constant of one is tried on the other.
    let videos = seen.iter().map(|s| s.video).max().unwrap_or(0) + 1;
    let half = |k: usize| (k / videos) % 2;
    let mut constant = vec![0.0; seen.len()];
    for side in 0..2 {
        let [own, other] = [side, 1 - side]
            .map(|side| (0..seen.len()).filter(|k| half(*k) == side).collect::<Vec<_>>());
        let fixed = law::best_constant(task);
        let candidates = own.iter().map(|k| &seen[*k].truth).chain([&fixed]);
        let total = |answer: &Truth| own.iter().map(|k| earns(answer, &seen[*k])).sum::<f64>();
        let best = candidates.max_by(|a, b| total(a).total_cmp(&total(b))).unwrap_or(&fixed);
        other.iter().for_each(|k| constant[*k] = earns(best, &seen[*k]));
    }
    let n = seen.len();
    let random: Vec<f64> = (0..n).map(|k| earns(&seen[(k + n / 2) % n].truth, &seen[k])).collect();
    let chance = |values: &[f64], known: f64| {
        if mean_error(values).0 <= known + SLACK { 1.0 } else { above(values, known) }
    };
    Floors {
        constant: mean_error(&constant).0,
        constant_by_law: law.constant,
        constant_chance: chance(&constant, law.constant),
        random: mean_error(&random).0,
        random_by_law: law.random,
        random_chance: chance(&random, law.random),
        published: law::published(task),
    }
}

/// How often each class came up, and how many truths had one.
pub(crate) fn tally<'a>(
    classes: &Classes,
    truths: impl Iterator<Item = &'a Truth>,
) -> (Vec<usize>, usize) {
    let mut counts = vec![0; classes.shares.len()];
    let mut total = 0;
    for class in truths.flat_map(|truth| (classes.of)(truth)) {
        total += 1;
        // What is outside of all classes is missed where it should have been.
        if let Some(count) = counts.get_mut(class) {
            *count += 1;
        }
    }
    (counts, total)
}

fn balance(task: &Task, truths: &[Truth]) -> Vec<Balance> {
    let one = |classes: Classes| {
        let (counts, total) = tally(&classes, truths.iter());
        let due: Vec<f64> = classes.shares.iter().map(|s| s * total as f64).collect();
        let chance = chi_square_tail(&counts, &due);
        Balance { of: classes.name.to_owned(), counts, chance }
    };
    law::classes(task).into_iter().map(one).collect()
}

fn duplicates(task: &Task, shown: &[(usize, blake3::Hash)]) -> Duplicates {
    let mut alike: HashMap<&(usize, blake3::Hash), usize> = HashMap::new();
    let mut per_video: HashMap<usize, usize> = HashMap::new();
    for one in shown {
        *alike.entry(one).or_default() += 1;
        *per_video.entry(one.0).or_default() += 1;
    }
    let pairs = |n: &usize| n * (n - 1) / 2;
    let found: usize = alike.values().map(pairs).sum();
    let possible: usize = per_video.values().map(pairs).sum();
    let expected = possible as f64 * law::collision(task);
    Duplicates { pairs: found, expected, chance: poisson_tail(found, expected) }
}
