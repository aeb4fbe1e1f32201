//! DUMP (arXiv 2504.09710): what is asked next hangs on how much is learnt in each cell. The
//! advantage is taken before it is divided by the group's spread: divided, every group that is
//! not constant looks alike.

use serde::{Deserialize, Serialize};
use shared::rollout::Group;
use std::collections::{BTreeMap, VecDeque};

/// Absolute advantages remembered of each cell.
const WINDOW: usize = 300;
/// Temperature of the choice.
const TEMPERATURE: f64 = 0.1;

/// What is known of every cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    cells: BTreeMap<String, Cell>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Cell {
    /// The newest `|r - mean|`.
    recent: VecDeque<f64>,
    /// Answers so far.
    answers: u64,
}

impl Progress {
    /// Takes in the answers of a step.
    pub fn observe(&mut self, groups: &[Group]) {
        for group in groups {
            let cell = self.cells.entry(group.sample.spec.task.cell()).or_default();
            for rollout in &group.rollouts {
                let worth = rollout.reward.total + rollout.bonus;
                cell.recent.push_back((worth - group.reward_mean).abs());
                cell.answers += 1;
            }
            while cell.recent.len() > WINDOW {
                cell.recent.pop_front();
            }
        }
    }

    /// Probability of each of the cells, in order: `softmax(UCB / .1)` with
    /// `UCB = mean |A| + sqrt(2 ln(N + 1) / (n + 1))`, n answers of the cell, N of all.
    pub fn probabilities(&self, cells: &[String]) -> Vec<f64> {
        let all: u64 = self.cells.values().map(|cell| cell.answers).sum();
        let bound = |name: &String| {
            let known = self.cells.get(name);
            let recent = known.map_or(0.0, |cell| {
                cell.recent.iter().sum::<f64>() / cell.recent.len().max(1) as f64
            });
            let own = known.map_or(0, |cell| cell.answers);
            recent + (2.0 * ((all + 1) as f64).ln() / (own + 1) as f64).sqrt()
        };
        let bounds: Vec<f64> = cells.iter().map(bound).collect();
        let most = bounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = bounds.iter().map(|b| ((b - most) / TEMPERATURE).exp()).collect();
        let sum: f64 = powers.iter().sum();
        powers.iter().map(|power| power / sum).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(cells: &[(&str, &[f64], u64)]) -> Progress {
        let cell = |(name, recent, answers): &(&str, &[f64], u64)| {
            let recent = recent.iter().copied().collect();
            ((*name).to_owned(), Cell { recent, answers: *answers })
        };
        Progress { cells: cells.iter().map(cell).collect() }
    }

    #[test]
    fn probabilities_by_hand() {
        let names = ["a", "b", "new"].map(String::from);
        let known = progress(&[("a", &[0.4, 0.2], 200), ("b", &[0.1], 100)]);
        let root = |n: f64| (2.0 * 301f64.ln() / (n + 1.0)).sqrt();
        let bounds = [0.3 + root(200.0), 0.1 + root(100.0), root(0.0)];
        let powers = bounds.map(|b: f64| (b / 0.1).exp());
        let sum: f64 = powers.iter().sum();
        let got = known.probabilities(&names);
        assert!(got.iter().zip(powers).all(|(g, p)| (g - p / sum).abs() < 1e-9), "{got:?}");
        assert!(got[2] > 0.999, "what was never asked comes first: {got:?}");
        assert_eq!(Progress::default().probabilities(&names), [1.0 / 3.0; 3]);
    }
}
