//! A batch of items as numbers, and what learning from batches is logged as.

use super::items::{Item, PairTruth};
use burn::tensor::Tensor;
use policy::Packed;
use std::collections::BTreeMap;
use std::time::Instant;

/// A batch of items as numbers.
pub(super) struct Lesson {
    pub packed: Packed,
    pub rows: Vec<usize>,
    pub targets: Vec<u32>,
    pub weights: Vec<f32>,
    /// Family name of each target of a real question, empty for helpers.
    pub families: Vec<&'static str>,
    pub pair_rows: Vec<usize>,
    pub pairs: Vec<PairTruth>,
}

impl Lesson {
    pub fn of(items: &[Item]) -> Self {
        let mut lesson = Self {
            packed: Packed::new(),
            rows: Vec::new(),
            targets: Vec::new(),
            weights: Vec::new(),
            families: Vec::new(),
            pair_rows: Vec::new(),
            pairs: Vec::new(),
        };
        for item in items {
            let prefix = lesson.packed.prefix(&item.shown);
            let start = lesson.packed.prefix_rows(prefix).start;
            for taught in &item.taught {
                let suffix = lesson.packed.suffix(prefix, &taught.ids);
                lesson.rows.extend(lesson.packed.target_rows(suffix, taught.from));
                let targets = &taught.ids[taught.from..];
                lesson.targets.extend_from_slice(targets);
                lesson.weights.extend(targets.iter().map(|_| taught.weight));
                let family = if taught.real { item.kind.name() } else { "helpers" };
                lesson.families.extend(targets.iter().map(|_| family));
            }
            lesson.pair_rows.extend(item.pairs.iter().map(|pair| start + pair.token));
            lesson.pairs.extend_from_slice(&item.pairs);
        }
        lesson
    }
}

/// Sums between two lines of the log.
#[derive(Default)]
pub(super) struct Tally {
    answers: BTreeMap<&'static str, (f64, f64)>,
    probe: f64,
    steps: f64,
    rows: f64,
    since: Option<Instant>,
    /// Seconds spent waiting for items.
    pub waited: f64,
}

impl Tally {
    /// Takes an update in: `logp` of its targets, and the probe's loss.
    pub fn add(&mut self, lesson: &Lesson, logp: &Tensor<1>, probe: &Tensor<1>) {
        self.since.get_or_insert_with(Instant::now);
        let logp = logp.clone().into_data();
        for (family, value) in lesson.families.iter().zip(logp.iter::<f32>()) {
            let sums = self.answers.entry(family).or_default();
            sums.0 -= f64::from(value);
            sums.1 += 1.0;
        }
        self.probe += f64::from(probe.clone().into_scalar::<f32>());
        self.steps += 1.0;
        self.rows += lesson.packed.len() as f64;
    }

    /// Mean cross-entropy by family, probe loss, speed; starts over.
    pub fn line(&mut self) -> String {
        let done = std::mem::take(self);
        let secs = done.since.map_or(1.0, |since| since.elapsed().as_secs_f64());
        let losses: Vec<String> = done
            .answers
            .iter()
            .map(|(family, (sum, count))| format!("{family} {:.3}", sum / count))
            .collect();
        format!(
            "loss {} probe {:.3} | {:.0} ms/step, {:.0} rows/step, {:.0} % waiting",
            losses.join(" "),
            done.probe / done.steps,
            1000.0 * secs / done.steps,
            done.rows / done.steps,
            100.0 * done.waited / secs,
        )
    }
}
