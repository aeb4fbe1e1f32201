//! What if the reward were another one: re-scores a group with the trainer's own code.

use shared::advantage::grpo;
use shared::reward::{RewardMode, score};
use shared::rollout::Group;

/// One rollout under another reward.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rescored {
    /// Reward now.
    pub reward: f64,
    /// Advantage now.
    pub advantage: f64,
    /// Whether the advantage points the other way than it did (zero counts as a change
    /// only where the other is not zero).
    pub flips: bool,
}

/// A group under another reward.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatIf {
    /// One per rollout.
    pub rollouts: Vec<Rescored>,
    /// How many advantages change their sign.
    pub flips: usize,
    /// Whether nothing would be learnt from the group.
    pub degenerate: bool,
}

/// Scores every stored answer of the group again.
pub fn rescore(group: &Group, mode: RewardMode) -> WhatIf {
    let rewards: Vec<f64> =
        group.rollouts.iter().map(|r| score(mode, &group.sample.truth, &r.text).total).collect();
    let advantages = grpo(&rewards);
    let rollouts: Vec<Rescored> = group
        .rollouts
        .iter()
        .zip(rewards.iter().zip(&advantages.values))
        .map(|(rollout, (&reward, &advantage))| Rescored {
            reward,
            advantage,
            flips: sign(rollout.advantage) != sign(advantage),
        })
        .collect();
    let flips = rollouts.iter().filter(|r| r.flips).count();
    WhatIf { rollouts, flips, degenerate: advantages.degenerate }
}

fn sign(x: f64) -> i8 {
    if x > 1e-6 {
        1
    } else if x < -1e-6 {
        -1
    } else {
        0
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use shared::rollout::{Finish, Rollout};
    use shared::task::{SampleInfo, SampleParams, SampleSpec, ShapeCounts, Task, Truth};
    use shared::video::VideoId;

    /// A counting group with the given answers, scored smoothly.
    pub(crate) fn group(answers: &[&str]) -> Group {
        let truth = Truth::Counting(ShapeCounts::new(vec![3, 1, 4]).expect("three"));
        let rewards: Vec<_> =
            answers.iter().map(|a| score(RewardMode::Smooth, &truth, a)).collect();
        let advantages = grpo(&rewards.iter().map(|r| r.total).collect::<Vec<_>>());
        let rollouts = answers.iter().zip(rewards).enumerate().map(|(i, (text, reward))| Rollout {
            index: i as u32,
            seed: 0,
            ids: vec![],
            pieces: vec![],
            logprobs: vec![],
            entropies: vec![],
            text: (*text).into(),
            finish: Finish::Eos,
            reward,
            bonus: 0.0,
            visual: vec![],
            advantage: advantages.values[i],
        });
        Group {
            step: 1,
            index: 0,
            policy_version: 0,
            sample: SampleInfo {
                spec: SampleSpec::new(
                    VideoId::from_hash(&[0; 32]),
                    Task::Counting { difficulty: shared::task::Difficulty::Easy },
                    0,
                ),
                params: SampleParams::default(),
                question: String::new(),
                answer: truth.answer(),
                truth,
                shapes: None,
                sampling_fps: 1.0,
                width: 64,
                height: 64,
                frames: vec![],
            },
            rollouts: rollouts.collect(),
            reward_mean: advantages.mean,
            reward_std: advantages.std,
            degenerate: advantages.degenerate,
        }
    }

    #[test]
    fn strict_flips_the_near_misses() {
        let group = group(&["3,1,4", "4,1,4", "9,9,9", "none"]);
        assert_eq!(rescore(&group, RewardMode::Smooth).flips, 0);
        let strict = rescore(&group, RewardMode::Strict);
        assert!(strict.rollouts[1].flips && strict.flips == 1);
    }

    #[test]
    fn a_group_can_die() {
        let group = group(&["4,1,4", "3,2,4"]);
        assert!(rescore(&group, RewardMode::Strict).degenerate);
    }
}
