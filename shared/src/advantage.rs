//! Group rewards -> advantages, as plain numbers that the page can recompute.

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
    /// All rewards equal: no gradient comes from this group.
    pub degenerate: bool,
}

/// Spread below which a group counts as degenerate.
const NO_SPREAD: f64 = 1e-9;

/// GRPO (arXiv 2402.03300, eq. 4; verl): `(r - mean) / (std + 1e-6)` with the unbiased
/// standard deviation. A zero-variance group gives zeros and is flagged; so does a group
/// of one or none.
pub fn grpo(rewards: &[f64]) -> Advantages {
    let n = rewards.len() as f64;
    if rewards.len() < 2 {
        let mean = rewards.first().copied().unwrap_or(0.0);
        return Advantages { values: vec![0.0; rewards.len()], mean, std: 0.0, degenerate: true };
    }
    let mean = rewards.iter().sum::<f64>() / n;
    let variance = rewards.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let std = variance.sqrt();
    let degenerate = std < NO_SPREAD;
    let values =
        rewards.iter().map(|r| if degenerate { 0.0 } else { (r - mean) / (std + 1e-6) }).collect();
    Advantages { values, mean, std, degenerate }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
