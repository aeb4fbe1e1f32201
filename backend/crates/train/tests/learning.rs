//! The point of it all: training raises the reward.

mod common;

use shared::config::MixtureItem;
use shared::event::EventBody;
use shared::task::{Difficulty, Perturbation, Task};
use train::NoControl;

/// Steps at either end that are compared.
const WINDOW: usize = 20;

/// Welch's t of two samples: (mean b - mean a) / sqrt(var a / n + var b / m).
fn welch(a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let spread = |x: &[f64]| {
        x.iter().map(|v| (v - mean(x)).powi(2)).sum::<f64>()
            / (x.len() as f64 - 1.0)
            / x.len() as f64
    };
    (mean(b) - mean(a)) / (spread(a) + spread(b)).sqrt()
}

/// GRPO from the warm policy on four rendered videos, whose questions never repeat. The mean
/// rewards of the first and the last 20 steps are compared with Welch's t, one-sided. The
/// questions of different steps are drawn independently, so under "nothing was learnt" the
/// step means of both ends have the same distribution; with at least 19 degrees of freedom
/// t > 3.58 has p < 0.001. The seed is fixed: the outcome is the same every time.
#[test]
fn a_short_run_raises_the_reward_beyond_chance() {
    let dir = tempfile::tempdir().expect("a folder");
    common::videos(dir.path(), 4);
    let mut config = common::config(80);
    config.mixture = vec![
        MixtureItem::of(Task::Counting { difficulty: Difficulty::Easy }, 1.0),
        MixtureItem::of(Task::Grounding { perturbation: Perturbation::ZoomOut }, 1.0),
    ];
    config.grpo.prompts_per_step = 6;
    config.grpo.group_size = 8;
    config.optim.learning_rate = 3e-4;
    let (outcome, events) =
        common::run(common::inputs(dir.path(), "run", config), false, &mut NoControl);
    outcome.expect("ran");
    let rewards: Vec<f64> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Step(metrics) => Some(metrics.reward_mean),
            _ => None,
        })
        .collect();
    let (first, last) = (&rewards[..WINDOW], &rewards[rewards.len() - WINDOW..]);
    let t = welch(first, last);
    println!("first {first:.3?}\nlast {last:.3?}\nt = {t:.2}");
    assert!(t > 3.58, "t = {t:.2}");
}
