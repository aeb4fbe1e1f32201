//! Two evaluations question by question: who won, by how much, and whether that is more than
//! chance.

use crate::chance::{Draws, splitmix};
use crate::reward::{self, RewardMode};
use crate::task::{SampleSpec, Truth};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Resamplings behind an interval.
const RESAMPLES: usize = 1000;
/// Keeps the draws of intervals apart from all others.
const STREAM: u64 = 5;
/// Rewards nearer to each other than this are a tie: the same answer can be summed in another
/// order.
const TIE: f64 = 1e-9;

/// What an answer is worth in an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Score {
    /// The training reward.
    Reward(RewardMode),
    /// The benchmark's own figure, see [`reward::benchmark`].
    Benchmark,
}

impl Score {
    /// What an answer is worth.
    pub fn of(self, truth: &Truth, answer: &str) -> f64 {
        match self {
            Self::Reward(mode) => reward::score(mode, truth, answer).total,
            Self::Benchmark => reward::benchmark(truth, answer),
        }
    }

    /// The name shown to people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reward(mode) => mode.name(),
            Self::Benchmark => "VIUBench",
        }
    }
}

/// One question of an evaluation, and how it was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleResult {
    /// What the question was made from.
    pub spec: SampleSpec,
    /// What is true.
    pub truth: Truth,
    /// The answer.
    pub said: String,
    /// What it earned.
    pub reward: f64,
}

/// One evaluation of a run on one set of questions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetResults {
    /// Step after which it was made.
    pub step: u64,
    /// Which set.
    pub set: String,
    /// How many questions were asked.
    pub asked: u64,
    /// How answers were scored; none where the run did not write that down.
    pub score: Option<Score>,
    /// The questions; empty where the run wrote down rewards alone.
    pub samples: Vec<SampleResult>,
}

/// A question that both were asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Places in the two lists.
    pub places: [usize; 2],
    /// What each earned, by the same rule.
    pub rewards: [f64; 2],
}

impl Pair {
    /// What the second earned more than the first; 0 for a tie.
    pub fn change(&self) -> f64 {
        let change = self.rewards[1] - self.rewards[0];
        if change.abs() < TIE { 0.0 } else { change }
    }
}

/// How several questions went, seen from the second side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Questions the second earned more on.
    pub wins: usize,
    /// Questions it earned less on.
    pub losses: usize,
    /// Questions both earned the same on.
    pub ties: usize,
    /// Mean reward of each.
    pub means: [f64; 2],
    /// Mean difference.
    pub change: f64,
    /// Half width of the 95 % bootstrap interval of the difference, paired by question; none
    /// for a single question.
    pub interval: Option<f64>,
}

impl Tally {
    /// Counts pairs.
    pub fn of(pairs: &[Pair]) -> Self {
        let changes: Vec<f64> = pairs.iter().map(Pair::change).collect();
        let side = |k: usize| mean(&pairs.iter().map(|pair| pair.rewards[k]).collect::<Vec<_>>());
        Self {
            wins: changes.iter().filter(|change| **change > 0.0).count(),
            losses: changes.iter().filter(|change| **change < 0.0).count(),
            ties: changes.iter().filter(|change| **change == 0.0).count(),
            means: [side(0), side(1)],
            change: mean(&changes),
            interval: (changes.len() > 1).then(|| half_interval(&changes)),
        }
    }

    /// Number of questions.
    pub fn pairs(&self) -> usize {
        self.wins + self.losses + self.ties
    }

    /// Whether the difference is outside its interval.
    pub fn is_clear(&self) -> bool {
        self.interval.is_some_and(|half| self.change.abs() > half)
    }
}

/// Two evaluations laid beside each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairing {
    /// The rule both sides are scored by: the first side's.
    pub score: Score,
    /// Whether the second side was scored by another rule, so that its answers were scored again.
    pub rescored: bool,
    /// Questions both were asked, in the first side's order.
    pub pairs: Vec<Pair>,
    /// Questions that only one was asked.
    pub alone: [usize; 2],
    /// All of them.
    pub all: Tally,
    /// By (task, dial) cell, in the first side's order.
    pub cells: Vec<(String, Tally)>,
}

/// Pairs the questions that both were asked: same video, task, dials and seed. None where a side
/// did not write its questions down.
pub fn pair(a: &SetResults, b: &SetResults) -> Option<Pairing> {
    let (score, second) = (a.score?, b.score?);
    let mut places: HashMap<&SampleSpec, usize> = HashMap::new();
    for (at, sample) in b.samples.iter().enumerate() {
        places.entry(&sample.spec).or_insert(at);
    }
    let rescored = score != second;
    let mut pairs = Vec::new();
    for (at, sample) in a.samples.iter().enumerate() {
        // Taken out, so that no answer counts twice.
        let Some(other) = places.remove(&sample.spec) else { continue };
        let answer = &b.samples[other];
        let theirs = if rescored { score.of(&answer.truth, &answer.said) } else { answer.reward };
        pairs.push(Pair { places: [at, other], rewards: [sample.reward, theirs] });
    }
    let cells = by_cell(&a.samples, &pairs);
    Some(Pairing {
        score,
        rescored,
        alone: [a.samples.len() - pairs.len(), b.samples.len() - pairs.len()],
        all: Tally::of(&pairs),
        pairs,
        cells,
    })
}

fn by_cell(samples: &[SampleResult], pairs: &[Pair]) -> Vec<(String, Tally)> {
    let mut cells: Vec<(String, Vec<Pair>)> = Vec::new();
    for pair in pairs {
        let cell = samples[pair.places[0]].spec.task.cell();
        match cells.iter_mut().find(|(name, _)| *name == cell) {
            Some((_, list)) => list.push(*pair),
            None => cells.push((cell, vec![*pair])),
        }
    }
    cells.into_iter().map(|(cell, list)| (cell, Tally::of(&list))).collect()
}

/// Mean; 0 of nothing.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// Half width of the 95 % bootstrap interval of the mean (percentile method, 1,000 resamples
/// with a fixed seed).
pub fn half_interval(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mut draws = Draws::new(splitmix(values.len() as u64 ^ splitmix(STREAM)));
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            (0..values.len()).map(|_| values[draws.below(values.len())]).sum::<f64>()
                / values.len() as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    (means[RESAMPLES * 975 / 1000] - means[RESAMPLES * 25 / 1000]) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Perturbation, Task};
    use crate::video::VideoId;

    fn sample(seed: u64, task: Task, said: &str, reward: f64) -> SampleResult {
        let video = VideoId::try_from("ab".repeat(32)).expect("an id");
        let truth = Truth::Spatial { tiles: "2143".into() };
        SampleResult { spec: SampleSpec::new(video, task, seed), truth, said: said.into(), reward }
    }

    fn side(mode: RewardMode, samples: Vec<SampleResult>) -> SetResults {
        let (set, score) = ("held-out clips".into(), Some(Score::Reward(mode)));
        SetResults { step: 9, set, asked: samples.len() as u64, score, samples }
    }

    const GRID: Task = Task::Spatial { grid: 2 };
    const MIRROR: Task = Task::Grounding { perturbation: Perturbation::Mirror };

    #[test]
    fn the_interval_is_near_the_normal_one() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let want = 1.96 * 0.5 / 20.0;
        assert!((half_interval(&values) - want).abs() < 0.006);
        assert_eq!(half_interval(&[0.3]), 0.0);
        assert_eq!(half_interval(&[0.3; 9]), 0.0);
    }

    #[test]
    fn questions_are_paired_by_what_they_are_made_from_and_not_by_place() {
        let smooth = RewardMode::Smooth;
        let a = side(
            smooth,
            vec![
                sample(1, GRID, "", 0.5),
                sample(2, GRID, "", 0.5),
                sample(1, MIRROR, "", 0.2),
                sample(7, MIRROR, "", 1.0),
            ],
        );
        let b = side(
            smooth,
            vec![
                sample(1, MIRROR, "", 0.1),
                sample(2, GRID, "", 1.0),
                sample(1, GRID, "", 0.5),
                sample(8, MIRROR, "", 1.0),
                sample(9, MIRROR, "", 1.0),
            ],
        );
        let got = pair(&a, &b).expect("both have questions");
        let places: Vec<[usize; 2]> = got.pairs.iter().map(|pair| pair.places).collect();
        assert_eq!(places, [[0, 2], [1, 1], [2, 0]]);
        assert_eq!((got.all.wins, got.all.losses, got.all.ties), (1, 1, 1));
        assert_eq!(got.alone, [1, 2]);
        assert!((got.all.change - 0.4 / 3.0).abs() < 1e-12);
        assert!((got.all.means[1] - got.all.means[0] - got.all.change).abs() < 1e-12);
        let cells: Vec<(&str, usize)> =
            got.cells.iter().map(|(name, tally)| (name.as_str(), tally.pairs())).collect();
        assert_eq!(cells, [("spatial 2", 2), ("mirror", 1)]);
        assert_eq!((got.cells[1].1.interval, got.cells[1].1.is_clear()), (None, false));
    }

    #[test]
    fn another_rule_is_not_compared_but_scored_again() {
        let a = side(RewardMode::Strict, vec![sample(1, GRID, "1243", 0.0)]);
        let b = side(RewardMode::Smooth, vec![sample(1, GRID, "2134", 0.5)]);
        let got = pair(&a, &b).expect("both have questions");
        assert!(got.rescored);
        assert_eq!(got.pairs[0].rewards, [0.0, 0.0], "strict pays nothing for a near miss");
        assert!(!pair(&a, &a).expect("both").rescored);
    }

    #[test]
    fn what_was_not_written_down_cannot_be_paired() {
        let a = side(RewardMode::Smooth, vec![sample(1, GRID, "", 0.5)]);
        let old = SetResults { score: None, samples: vec![], ..a.clone() };
        assert_eq!(pair(&a, &old), None);
        let other = side(RewardMode::Smooth, vec![sample(2, GRID, "", 0.5)]);
        let got = pair(&a, &other).expect("both have questions");
        assert_eq!((got.pairs.len(), got.alone, got.all), (0, [1, 1], Tally::default()));
    }

    #[test]
    fn a_steady_gain_is_clear_and_noise_is_not() {
        let of = |changes: &[f64]| {
            let pair = |change: &f64| Pair { places: [0, 0], rewards: [0.5, 0.5 + change] };
            Tally::of(&changes.iter().map(pair).collect::<Vec<_>>())
        };
        assert!(of(&[0.1, 0.2, 0.1, 0.3, 0.2, 0.1]).is_clear());
        assert!(!of(&[0.4, -0.4, 0.3, -0.2, 0.1, -0.1]).is_clear());
        assert_eq!(of(&[1e-12, 0.0]).ties, 2);
    }
}
