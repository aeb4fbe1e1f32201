//! Figures of one step, from its groups, its update and its clock.

use crate::health;
use crate::step::UpdateReport;
use shared::event::StepMetrics;
use shared::rollout::{Group, Rollout};
use std::collections::BTreeMap;
use std::time::Instant;

/// Seconds of each part of a step.
#[derive(Clone, Copy, Debug, Default)]
pub struct StepClock {
    /// Making samples and waiting for them.
    pub sample_secs: f64,
    /// Answering.
    pub rollout_secs: f64,
    /// Scoring.
    pub reward_secs: f64,
    /// Updating the weights.
    pub update_secs: f64,
    /// All of it.
    pub step_secs: f64,
}

/// Runs `work` and adds its wall time to `secs`.
pub fn timed<T>(secs: &mut f64, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let out = work();
    *secs += start.elapsed().as_secs_f64();
    out
}

/// How a step's questions came together.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// Mean tokens of a prompt.
    pub prompt_tokens: f64,
    /// Questions asked.
    pub asked: u32,
    /// Of them without spread of rewards; counted in the groups where none is replaced.
    pub dead: u32,
    /// Of them replaced.
    pub replaced: u32,
    /// Updates between the weights that answered and those that are updated.
    pub weights_behind: u64,
    /// Probability of each cell; empty where the mixture is fixed.
    pub curriculum: BTreeMap<String, f64>,
}

/// The figures of a step.
pub fn of_step(
    groups: &[Group],
    gathered: Gathered,
    update: UpdateReport,
    clock: StepClock,
    learning_rate: f64,
) -> StepMetrics {
    let rollouts: Vec<&Rollout> = groups.iter().flat_map(|group| &group.rollouts).collect();
    let rewards: Vec<f64> = rollouts.iter().map(|rollout| rollout.reward.total).collect();
    let tokens: usize = rollouts.iter().map(|rollout| rollout.ids.len()).sum();
    let entropy: f64 =
        rollouts.iter().flat_map(|rollout| &rollout.entropies).map(|&e| f64::from(e)).sum();
    let count = rollouts.len().max(1) as f64;
    let share = |hits: usize, of: usize| hits as f64 / of.max(1) as f64;
    let constant = groups.iter().filter(|group| group.degenerate).count();
    let dead = constant.max(gathered.dead as usize);
    let visual: Vec<f64> =
        rollouts.iter().flat_map(|rollout| &rollout.visual).map(|&v| f64::from(v)).collect();
    StepMetrics {
        reward_mean: mean(&rewards),
        reward_std: deviation(&rewards),
        reward_by_task: means_by(groups, |group| group.sample.spec.task.kind().name().into()),
        reward_by_cell: means_by(groups, |group| group.sample.spec.task.cell()),
        kl: finite(update.kl),
        entropy: entropy / tokens.max(1) as f64,
        clip_share: finite(update.clip_share),
        dead_group_share: share(dead, gathered.asked as usize),
        replaced_groups: u64::from(gathered.replaced),
        approx_kl: finite(update.approx_kl),
        logprob_gap: finite(update.logprob_gap),
        constant_share: health::constant_shares(groups).into_values().fold(0.0, f64::max),
        visual_dependency: (!visual.is_empty()).then(|| mean(&visual)),
        weights_behind: gathered.weights_behind,
        curriculum: gathered.curriculum,
        parse_failure_share: share(
            rollouts.iter().filter(|rollout| !rollout.reward.parsed).count(),
            rollouts.len(),
        ),
        grad_norm: finite(update.grad_norm),
        loss: finite(update.loss),
        prompt_tokens: gathered.prompt_tokens,
        new_tokens: tokens as f64 / count,
        tokens_per_sec: tokens as f64 / clock.rollout_secs.max(1e-9),
        step_secs: clock.step_secs,
        sample_secs: clock.sample_secs,
        rollout_secs: clock.rollout_secs,
        reward_secs: clock.reward_secs,
        update_secs: clock.update_secs,
        learning_rate,
        memory_bytes: memory_bytes(),
        skipped: update.skipped,
    }
}

/// What the process holds in memory now; none where the system does not tell.
fn memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// JSON has no infinity: what is not finite is written as the largest number.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::MAX }
}

fn means_by(groups: &[Group], key: impl Fn(&Group) -> String) -> BTreeMap<String, f64> {
    let mut rewards = BTreeMap::<String, Vec<f64>>::new();
    for group in groups {
        rewards
            .entry(key(group))
            .or_default()
            .extend(group.rollouts.iter().map(|rollout| rollout.reward.total));
    }
    rewards.into_iter().map(|(key, rewards)| (key, mean(&rewards))).collect()
}

fn mean(values: &[f64]) -> f64 {
    crate::eval::mean(values)
}

fn deviation(values: &[f64]) -> f64 {
    let middle = mean(values);
    mean(&values.iter().map(|value| (value - middle).powi(2)).collect::<Vec<_>>()).sqrt()
}
