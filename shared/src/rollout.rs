//! What a policy answered: one rollout, and the group it was compared in.

use crate::reward::RewardBreakdown;
use crate::task::SampleInfo;
use serde::{Deserialize, Serialize};

/// Why generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finish {
    /// The policy said that it was done.
    Eos,
    /// The limit on new tokens was reached.
    Length,
}

/// One answer, token by token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    /// Position in the group, from 0.
    pub index: u32,
    /// With the policy version and the sample it determines every token.
    pub seed: u64,
    /// Token ids, the end token included where it was sampled.
    pub ids: Vec<u32>,
    /// Each token as text.
    pub pieces: Vec<String>,
    /// Log-probability of each token when it was sampled, nats, at the sampling temperature.
    pub logprobs: Vec<f32>,
    /// Entropy of the distribution each token was drawn from, nats.
    pub entropies: Vec<f32>,
    /// The answer as scored.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// What it earned, and why.
    pub reward: RewardBreakdown,
    /// Added to the reward before answers are compared: a penalty for length, a bonus of the
    /// recipe; 0 where there is none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bonus: f64,
    /// How much likelier the video made each token: its log-probability minus that with a black
    /// video, nats; empty where it was not measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visual: Vec<f32>,
    /// Against the others of the group.
    pub advantage: f64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference to the field")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// One question and the G answers it got.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Training step, from 1.
    pub step: u64,
    /// Position among the step's groups, from 0.
    pub index: u32,
    /// Optimizer updates behind the weights that answered.
    pub policy_version: u64,
    /// The question and its truth.
    pub sample: SampleInfo,
    /// The answers, in order.
    pub rollouts: Vec<Rollout>,
    /// Mean reward.
    pub reward_mean: f64,
    /// Unbiased standard deviation of the rewards.
    pub reward_std: f64,
    /// All rewards equal: nothing is learnt from it.
    pub degenerate: bool,
}

/// Index of the first token in which two answers differ, or where the shorter one ends; none where
/// they are the same.
pub fn first_difference(ids: &[u32], others: &[u32]) -> Option<usize> {
    let differs = ids.iter().zip(others).position(|(a, b)| a != b);
    differs.or_else(|| (ids.len() != others.len()).then(|| ids.len().min(others.len())))
}

/// The name of a rollout inside its run, `step.group.rollout` such as `412.4.6`
/// (step from 1, the others from 0).
pub fn rollout_id(step: u64, group: u32, rollout: u32) -> String {
    format!("{step}.{group}.{rollout}")
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn answers_differ_at_a_token_or_at_an_end() {
        for (a, b, at) in [
            (&[1, 2][..], &[1, 2][..], None),
            (&[1, 2], &[1, 3], Some(1)),
            (&[1, 2], &[1], Some(1)),
            (&[], &[4], Some(0)),
        ] {
            assert_eq!(first_difference(a, b), at);
        }
    }
}
