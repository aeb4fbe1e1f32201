//! Rewards of a batch -> advantages, as plain numbers that the page can recompute.

use crate::config::RunConfig;
use crate::recipe::AdvantageRule;
use crate::task::TaskKind;
use serde::{Deserialize, Serialize};

/// Advantages of one group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Advantages {
    /// One per rollout, in order.
    pub values: Vec<f64>,
    /// Mean reward of the group.
    pub mean: f64,
    /// Unbiased standard deviation of the rewards; 0 for a single rollout.
    pub std: f64,
    /// All rewards equal: a comparison within the group finds nothing.
    pub degenerate: bool,
}

/// What advantages are computed from: one answered question.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The task family.
    pub task: TaskKind,
    /// One reward per answer.
    pub rewards: Vec<f64>,
    /// Tokens of each answer; whitening weighs by them.
    pub tokens: Vec<usize>,
}

/// A rule with its constants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// What a reward is compared with.
    pub rule: AdvantageRule,
    /// Reward from which an answer counts as right (PSR, NSR, W-REINFORCE; their rewards are 0
    /// or 1, these are graded).
    pub right_from: f64,
    /// Advantage of a right answer under W-REINFORCE.
    pub positive_weight: f64,
}

/// What a batch's answers are worth beside each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// Of the sampled answers, question by question.
    pub advantages: Vec<Advantages>,
    /// Of the true answers, where they joined.
    pub labels: Vec<Option<f64>>,
}

/// Advantages of a whole batch as a run of this config makes them. Where true answers join
/// (ViSurf, arXiv 2510.10606) each is one more answer of its group, worth the full reward, or the
/// group's mean where an answer already earned as much: then it teaches nothing. `label_tokens`
/// tells how long the true answer of a question is, which only whitening asks for.
pub fn of_run(
    config: &RunConfig,
    mut groups: Vec<Answered>,
    label_tokens: impl Fn(usize) -> usize,
) -> Compared {
    let update = &config.update;
    let how = Comparison {
        rule: update.advantage,
        right_from: update.right_from,
        positive_weight: update.positive_weight,
    };
    let join = config.select.label_rollout.is_on();
    let own: Vec<Advantages> = match join {
        true => groups.iter().map(|group| grpo(&group.rewards)).collect(),
        false => Vec::new(),
    };
    for (i, group) in groups.iter_mut().enumerate().filter(|_| join) {
        let best = group.rewards.iter().copied().fold(f64::MIN, f64::max);
        group.rewards.push(if best >= 1.0 { own[i].mean } else { 1.0 });
        group.tokens.push(label_tokens(i));
    }
    let mut advantages = of_batch(&how, &groups);
    let labels = advantages.iter_mut().map(|a| if join { a.values.pop() } else { None }).collect();
    // Mean, spread and flag are those of the sampled answers.
    for (advantages, own) in advantages.iter_mut().zip(own) {
        (advantages.mean, advantages.std) = (own.mean, own.std);
        advantages.degenerate = own.degenerate;
    }
    Compared { advantages, labels }
}

/// Spread below which a group counts as degenerate.
const NO_SPREAD: f64 = 1e-9;
/// Added to a standard deviation that divides (verl `compute_grpo_outcome_advantage`).
const EPSILON: f64 = 1e-6;
/// Added to a variance under a root (verl `masked_whiten`).
const VARIANCE_EPSILON: f64 = 1e-8;

/// Advantages of every group of a batch:
///
/// - `group-std`: `(r - mean) / (std + 1e-6)`, unbiased (GRPO, arXiv 2402.03300; verl)
/// - `group-mean`: `r - mean` (Dr.GRPO, arXiv 2503.20783)
/// - `leave-one-out`: `G / (G - 1) * (r - mean)` (RLOO, arXiv 2402.14740)
/// - `batch`: `r` whitened over the batch's tokens (REINFORCE++, arXiv 2501.03262, with no
///   discount every token of an answer returns its reward)
/// - `group-mean-batch`: `r - mean` whitened over the batch's tokens (its baseline form)
/// - `task-std`: `(r - mean) / (std of the task's rewards in the batch + 1e-6)` (QwenLong-L1.5,
///   arXiv 2512.12967)
/// - `positive`, `negative`, `weighted`: 1 or 0, 0 or -1, a weight or -1 (PSR, NSR,
///   W-REINFORCE, arXiv 2506.01347)
pub fn of_batch(how: &Comparison, groups: &[Answered]) -> Vec<Advantages> {
    let mut all: Vec<Advantages> = groups.iter().map(|group| of_group(how, group)).collect();
    match how.rule {
        AdvantageRule::Batch | AdvantageRule::GroupMeanBatch => whiten(&mut all, groups),
        AdvantageRule::TaskStd => divide_by_task(&mut all, groups),
        _ => {}
    }
    all
}

/// `group-std` of one group: see [`of_batch`]. A group without spread gives zeros and is
/// flagged; so does a group of one or none.
pub fn grpo(rewards: &[f64]) -> Advantages {
    let how = Comparison { rule: AdvantageRule::GroupStd, right_from: 0.5, positive_weight: 0.1 };
    let group =
        Answered { task: TaskKind::Grounding, rewards: rewards.to_vec(), tokens: Vec::new() };
    of_group(&how, &group)
}

/// What a group shows by itself.
fn of_group(how: &Comparison, group: &Answered) -> Advantages {
    let rewards = &group.rewards;
    let (mean, std) = mean_std(rewards);
    let degenerate = rewards.len() < 2 || std < NO_SPREAD;
    let n = rewards.len() as f64;
    let right = |r: f64| r >= how.right_from;
    let value = |r: f64| match how.rule {
        AdvantageRule::Batch => r,
        AdvantageRule::Positive => f64::from(u8::from(right(r))),
        AdvantageRule::Negative => f64::from(u8::from(right(r))) - 1.0,
        AdvantageRule::Weighted if right(r) => how.positive_weight,
        AdvantageRule::Weighted => -1.0,
        _ if degenerate => 0.0,
        AdvantageRule::GroupStd => (r - mean) / (std + EPSILON),
        AdvantageRule::LeaveOneOut => n / (n - 1.0) * (r - mean),
        AdvantageRule::GroupMean | AdvantageRule::GroupMeanBatch | AdvantageRule::TaskStd => {
            r - mean
        }
    };
    Advantages { values: rewards.iter().map(|r| value(*r)).collect(), mean, std, degenerate }
}

/// Mean and unbiased standard deviation; 0 spread for fewer than two numbers.
fn mean_std(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / n };
    if values.len() < 2 {
        return (mean, 0.0);
    }
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}

/// `(x - mean) / sqrt(variance + 1e-8)` over the tokens of all answers, as verl `masked_whiten`:
/// an answer of many tokens counts as often.
fn whiten(all: &mut [Advantages], groups: &[Answered]) {
    let weighted = |all: &[Advantages]| -> Vec<(f64, f64)> {
        let pairs = |(a, group): (&Advantages, &Answered)| {
            let tokens = group.tokens.iter().map(|t| *t as f64);
            a.values.iter().copied().zip(tokens).collect::<Vec<_>>()
        };
        all.iter().zip(groups).flat_map(pairs).collect()
    };
    let tokens = weighted(all);
    let count: f64 = tokens.iter().map(|(_, n)| n).sum();
    if count < 2.0 {
        return;
    }
    let mean = tokens.iter().map(|(x, n)| x * n).sum::<f64>() / count;
    let squares: f64 = tokens.iter().map(|(x, n)| (x - mean).powi(2) * n).sum();
    let scale = (squares / (count - 1.0) + VARIANCE_EPSILON).sqrt();
    for value in all.iter_mut().flat_map(|a| &mut a.values) {
        *value = (*value - mean) / scale;
    }
}

fn divide_by_task(all: &mut [Advantages], groups: &[Answered]) {
    for (advantages, group) in all.iter_mut().zip(groups) {
        let same = groups.iter().filter(|other| other.task == group.task);
        let rewards: Vec<f64> = same.flat_map(|other| other.rewards.iter().copied()).collect();
        let scale = mean_std(&rewards).1 + EPSILON;
        advantages.values.iter_mut().for_each(|value| *value /= scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn how(rule: AdvantageRule) -> Comparison {
        Comparison { rule, right_from: 0.5, positive_weight: 0.1 }
    }

    fn group(task: TaskKind, rewards: &[f64], tokens: &[usize]) -> Answered {
        Answered { task, rewards: rewards.to_vec(), tokens: tokens.to_vec() }
    }

    fn values(rule: AdvantageRule, groups: &[Answered]) -> Vec<Vec<f64>> {
        of_batch(&how(rule), groups).into_iter().map(|a| a.values).collect()
    }

    fn close(got: &[Vec<f64>], want: &[&[f64]]) {
        for (got, want) in got.iter().zip(want) {
            assert!(
                got.iter().zip(*want).all(|(g, w)| (g - w).abs() < 1e-5) && got.len() == want.len(),
                "{got:?} {want:?}"
            );
        }
    }

    #[test]
    fn a_group_by_hand() {
        let got = grpo(&[1.0, 0.0, 0.5, 0.5]);
        assert!((got.mean - 0.5).abs() < 1e-12);
        assert!((got.std - (1.0f64 / 6.0).sqrt()).abs() < 1e-12);
        assert!((got.values[0] - 0.5 / (got.std + 1e-6)).abs() < 1e-12);
        assert!(!got.degenerate);
    }

    #[test]
    fn equal_rewards_give_zeros_and_a_flag() {
        for rewards in [vec![0.3; 8], vec![1.0], vec![]] {
            let got = grpo(&rewards);
            assert!(got.degenerate && got.values.iter().all(|a| *a == 0.0));
        }
    }

    /// Two groups of two tasks; every number computed by hand.
    #[test]
    fn every_rule_by_hand() {
        use AdvantageRule as R;
        use TaskKind::{Counting, Grounding};
        let batch = [group(Grounding, &[1.0, 0.0], &[1, 1]), group(Counting, &[0.6, 0.2], &[1, 1])];
        let root = 0.5f64.sqrt();
        close(&values(R::GroupStd, &batch), &[&[root, -root], &[root, -root]]);
        close(&values(R::GroupMean, &batch), &[&[0.5, -0.5], &[0.2, -0.2]]);
        close(&values(R::LeaveOneOut, &batch), &[&[1.0, -1.0], &[0.4, -0.4]]);
        // Mean 0.45, squares .3025 + .2025 + .0225 + .0625 = .59, variance .59 / 3.
        let s = (0.59f64 / 3.0).sqrt();
        close(&values(R::Batch, &batch), &[&[0.55 / s, -0.45 / s], &[0.15 / s, -0.25 / s]]);
        // Mean 0, squares .25 + .25 + .04 + .04 = .58.
        let s = (0.58f64 / 3.0).sqrt();
        close(&values(R::GroupMeanBatch, &batch), &[&[0.5 / s, -0.5 / s], &[0.2 / s, -0.2 / s]]);
        close(&values(R::Positive, &batch), &[&[1.0, 0.0], &[1.0, 0.0]]);
        close(&values(R::Negative, &batch), &[&[0.0, -1.0], &[0.0, -1.0]]);
        close(&values(R::Weighted, &batch), &[&[0.1, -1.0], &[0.1, -1.0]]);
        // The spread of a task is taken over all its groups: of 1, 0, .6, .2 it is sqrt(.59 / 3).
        let same = [group(Counting, &[1.0, 0.0], &[1, 1]), batch[1].clone()];
        let s = (0.59f64 / 3.0).sqrt();
        close(&values(R::TaskStd, &same), &[&[0.5 / s, -0.5 / s], &[0.2 / s, -0.2 / s]]);
        close(&values(R::TaskStd, &batch)[..1], &[&[root, -root]]);
    }

    /// An answer of three tokens counts three times: 1, 1, 1, 0 has mean .75 and variance .25.
    #[test]
    fn whitening_counts_tokens() {
        let batch = [group(TaskKind::Jigsaw, &[1.0, 0.0], &[3, 1])];
        close(&values(AdvantageRule::Batch, &batch), &[&[0.5, -1.5]]);
    }

    /// A dead group is worth nothing where groups are compared within, and something elsewhere.
    #[test]
    fn dead_groups() {
        use AdvantageRule as R;
        let batch = [
            group(TaskKind::Jigsaw, &[0.2, 0.2], &[1, 1]),
            group(TaskKind::Jigsaw, &[1.0, 0.0], &[1, 1]),
        ];
        for rule in [R::GroupStd, R::GroupMean, R::LeaveOneOut, R::TaskStd] {
            assert_eq!(values(rule, &batch)[0], [0.0, 0.0], "{rule}");
        }
        assert_eq!(values(R::Negative, &batch)[0], [-1.0, -1.0]);
        assert!(values(R::Batch, &batch)[0][0] < 0.0);
        assert!(of_batch(&how(R::Batch), &batch)[0].degenerate);
    }
}
