//! Every figure of every step as columns of numbers: what charts are drawn from. Small enough
//! to hold 100,000 steps in a page, and to be sent as it lies in memory.

use crate::event::StepMetrics;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Steps that a page is sent one by one when it opens a run; of a longer past it gets as many,
/// evenly spread, and everything as [`Curves`].
pub const STEPS_SENT: u64 = 2_000;

/// Before the name of a task family in a key.
pub const TASK: &str = "task/";
/// Before the name of a cell in a key.
pub const CELL: &str = "cell/";
/// Before the name of a cell in a key: how likely the curriculum asks it.
pub const CHANCE: &str = "chance/";

/// The figures of a step by key.
pub fn figures(metrics: &StepMetrics, mut tell: impl FnMut(&str, f64)) {
    let m = metrics;
    for (key, value) in [
        ("reward_mean", m.reward_mean),
        ("reward_std", m.reward_std),
        ("kl", m.kl),
        ("approx_kl", m.approx_kl),
        ("entropy", m.entropy),
        ("clip_share", m.clip_share),
        ("logprob_gap", m.logprob_gap),
        ("dead_group_share", m.dead_group_share),
        ("replaced_groups", m.replaced_groups as f64),
        ("constant_share", m.constant_share),
        ("parse_failure_share", m.parse_failure_share),
        ("grad_norm", m.grad_norm),
        ("loss", m.loss),
        ("weights_behind", m.weights_behind as f64),
        ("prompt_tokens", m.prompt_tokens),
        ("new_tokens", m.new_tokens),
        ("tokens_per_sec", m.tokens_per_sec),
        ("step_secs", m.step_secs),
        ("sample_secs", m.sample_secs),
        ("rollout_secs", m.rollout_secs),
        ("reward_secs", m.reward_secs),
        ("update_secs", m.update_secs),
        ("learning_rate", m.learning_rate),
    ] {
        tell(key, value);
    }
    m.visual_dependency.into_iter().for_each(|value| tell("visual_dependency", value));
    m.memory_bytes.into_iter().for_each(|value| tell("memory_bytes", value as f64));
    for (prefix, map) in
        [(TASK, &m.reward_by_task), (CELL, &m.reward_by_cell), (CHANCE, &m.curriculum)]
    {
        map.iter().for_each(|(name, value)| tell(&format!("{prefix}{name}"), *value));
    }
}

/// Columns over the steps of a run. A figure that a step does not have is NaN.
#[derive(Clone, Debug, Default)]
pub struct Curves {
    steps: Vec<u32>,
    columns: BTreeMap<String, Vec<f32>>,
}

/// What stands before the numbers in [`Curves::encode`].
#[derive(Serialize, Deserialize)]
struct Head {
    steps: usize,
    columns: Vec<String>,
}

impl Curves {
    /// Takes the next step in. One that is there already is passed over.
    pub fn push(&mut self, step: u64, metrics: &StepMetrics) {
        let step = u32::try_from(step).unwrap_or(u32::MAX);
        if self.steps.last().is_some_and(|last| *last >= step) {
            return;
        }
        let before = self.steps.len();
        self.steps.push(step);
        figures(metrics, |key, value| {
            // What is written as the largest number was not finite.
            let value = if value.abs() < f64::from(f32::MAX) { value as f32 } else { f32::NAN };
            if let Some(column) = self.columns.get_mut(key) {
                column.resize(before, f32::NAN);
                column.push(value);
            } else {
                let mut column = vec![f32::NAN; before];
                column.push(value);
                self.columns.insert(key.to_owned(), column);
            }
        });
        self.columns.values_mut().for_each(|column| column.resize(before + 1, f32::NAN));
    }

    /// Two runs over each other: keys begin with `a/` and `b/`, and a step that one of them does not
    /// have is NaN in its columns.
    pub fn beside(a: &Self, b: &Self) -> Self {
        let mut steps: Vec<u32> = a.steps.iter().chain(&b.steps).copied().collect();
        steps.sort_unstable();
        steps.dedup();
        let mut columns = BTreeMap::new();
        for (side, curves) in [("a/", a), ("b/", b)] {
            let places: Vec<usize> =
                curves.steps.iter().map(|step| steps.partition_point(|s| s < step)).collect();
            for (key, values) in &curves.columns {
                let mut column = vec![f32::NAN; steps.len()];
                places.iter().zip(values).for_each(|(at, value)| column[*at] = *value);
                columns.insert(format!("{side}{key}"), column);
            }
        }
        Self { steps, columns }
    }

    /// Drops the steps after this one: a resumed run makes them again.
    pub fn cut_after(&mut self, step: u64) {
        let kept = self.steps.partition_point(|s| u64::from(*s) <= step);
        self.steps.truncate(kept);
        self.columns.values_mut().for_each(|column| column.truncate(kept));
    }

    /// The steps, in order.
    pub fn steps(&self) -> &[u32] {
        &self.steps
    }

    /// Number of steps.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is no step.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// A figure at every step.
    pub fn column(&self, key: &str) -> Option<&[f32]> {
        self.columns.get(key).map(Vec::as_slice)
    }

    /// Keys that begin with `prefix`, without it, in order.
    pub fn names(&self, prefix: &'static str) -> impl Iterator<Item = &str> {
        let after = self.columns.range(prefix.to_owned()..);
        after.map_while(move |(key, _)| key.strip_prefix(prefix))
    }

    /// A head in JSON, a line feed, then the steps as u32 and each column as f32, all with the
    /// lowest byte first.
    pub fn encode(&self) -> Vec<u8> {
        let head = Head { steps: self.len(), columns: self.columns.keys().cloned().collect() };
        let mut out = serde_json::to_vec(&head).unwrap_or_default();
        out.push(b'\n');
        out.extend(self.steps.iter().flat_map(|step| step.to_le_bytes()));
        let values = self.columns.values().flatten();
        out.extend(values.flat_map(|value| value.to_le_bytes()));
        out
    }

    /// Back from [`Curves::encode`]; none where it is something else.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let line = bytes.iter().position(|byte| *byte == b'\n')?;
        let head: Head = serde_json::from_slice(&bytes[..line]).ok()?;
        let mut words = bytes[line + 1..].chunks_exact(4).map(|w| [w[0], w[1], w[2], w[3]]);
        let steps: Vec<u32> = words.by_ref().take(head.steps).map(u32::from_le_bytes).collect();
        let column = |name: String| {
            let values: Vec<f32> =
                words.by_ref().take(head.steps).map(f32::from_le_bytes).collect();
            (values.len() == head.steps).then_some((name, values))
        };
        let columns = head.columns.into_iter().map(column).collect::<Option<_>>()?;
        (steps.len() == head.steps).then_some(Self { steps, columns })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(reward: f64, tasks: &[&str]) -> StepMetrics {
        StepMetrics {
            reward_mean: reward,
            grad_norm: f64::MAX,
            reward_by_task: tasks.iter().map(|task| ((*task).to_owned(), reward)).collect(),
            ..Default::default()
        }
    }

    fn made() -> Curves {
        let mut curves = Curves::default();
        curves.push(1, &metrics(0.25, &["counting"]));
        curves.push(2, &metrics(0.5, &["jigsaw"]));
        curves.push(3, &metrics(0.75, &["counting", "jigsaw"]));
        curves
    }

    #[test]
    fn two_runs_share_one_axis() {
        let run = |steps: &[u64]| {
            let mut curves = Curves::default();
            steps.iter().for_each(|step| {
                let metrics = StepMetrics { kl: *step as f64, ..StepMetrics::default() };
                curves.push(*step, &metrics);
            });
            curves
        };
        let both = Curves::beside(&run(&[1, 3]), &run(&[2, 3]));
        assert_eq!(both.steps(), [1, 2, 3]);
        let numbers = |key| {
            both.column(key)
                .map(|c| c.iter().map(|v| if v.is_nan() { 0.0 } else { *v }).collect::<Vec<f32>>())
        };
        assert_eq!(numbers("a/kl"), Some(vec![1.0, 0.0, 3.0]));
        assert_eq!(numbers("b/kl"), Some(vec![0.0, 2.0, 3.0]));
    }

    #[test]
    fn columns_have_gaps_where_a_step_has_no_figure() {
        let curves = made();
        assert_eq!(curves.column("reward_mean"), Some(&[0.25, 0.5, 0.75][..]));
        let jigsaw = curves.column("task/jigsaw").expect("asked");
        assert!(jigsaw[0].is_nan() && jigsaw[1..] == [0.5, 0.75]);
        let counting = curves.column("task/counting").expect("asked");
        assert!(counting[1].is_nan() && counting[2] == 0.75);
        assert!(curves.column("grad_norm").expect("there").iter().all(|norm| norm.is_nan()));
        assert_eq!(curves.names(TASK).collect::<Vec<_>>(), ["counting", "jigsaw"]);
        assert_eq!(curves.column("memory_bytes"), None);
    }

    #[test]
    fn steps_made_again_replace_what_was_cut() {
        let mut curves = made();
        curves.push(2, &metrics(9.0, &[]));
        assert_eq!(curves.len(), 3);
        curves.cut_after(1);
        curves.push(2, &metrics(0.125, &[]));
        assert_eq!(curves.column("reward_mean"), Some(&[0.25, 0.125][..]));
        assert_eq!(curves.steps(), [1, 2]);
    }

    #[test]
    fn what_is_sent_is_what_arrives() {
        let curves = made();
        let bytes = curves.encode();
        let back = Curves::decode(&bytes).expect("whole");
        assert_eq!(back.steps(), curves.steps());
        assert_eq!(back.encode(), bytes);
        assert!(Curves::decode(&bytes[..bytes.len() - 1]).is_none());
        assert!(Curves::decode(b"<html>").is_none());
        assert_eq!(Curves::decode(&Curves::default().encode()).map(|c| c.len()), Some(0));
    }
}
