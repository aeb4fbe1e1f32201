//! The point of it all: training raises the reward.

mod common;

use policy::{Policy, SamplingOptions};
use shared::config::{MixtureItem, RunConfig};
use shared::reward::RewardMode;
use shared::task::{Difficulty, Task};
use std::path::Path;
use train::eval::{EvalSet, Score, mean};
use train::library::Library;
use train::prompts::{PromptMaker, plan_of};
use train::{NoControl, RunInputs};

/// Runs that are made, one for each of these seeds.
const SEEDS: [u64; 3] = [1, 2, 3];
/// Fresh questions for each of the two tasks, asked before and after each run.
const QUESTIONS: u32 = 100;
/// One-sided p < 0.001 for any t distribution with 100 degrees of freedom or more.
const LIMIT: f64 = 3.18;

/// A short run on two tasks from the paper.
fn config(seed: u64) -> RunConfig {
    let mut config = common::config(36);
    config.seed = seed;
    config.mixture = vec![
        MixtureItem::of(Task::Counting { difficulty: Difficulty::Easy }, 1.0),
        MixtureItem::of(Task::Jigsaw { clips: 6 }, 1.0),
    ];
    config.grpo.prompts_per_step = 8;
    config.grpo.group_size = 8;
    config.optim.learning_rate = 6e-4;
    config
}

/// Trains with one seed; gives the reward of each fresh question before and after.
fn before_and_after(dir: &Path, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let config = config(seed);
    let clips = vec![common::shipped("clips")];
    let before = common::load(&common::nano());
    let cache = media::StripCache::open(dir.join("strips")).expect("a cache");
    let library =
        Library::load(&clips, &plan_of(&before.processor), &cache, |_| ()).expect("clips");
    let prompts = PromptMaker::of(&before);
    // A seed that no run draws its questions from.
    let fresh = EvalSet::new("fresh", &library, &config.mixture, QUESTIONS, 1000 + seed, &prompts);
    let fresh = fresh.expect("questions");
    let rewards = |policy: &Policy| {
        let asked =
            fresh.ask(policy, Score::Reward(RewardMode::Smooth), &SamplingOptions::default());
        asked.expect("answers").all()
    };
    let steps = config.steps;
    let run_dir = dir.join(format!("run-{seed}"));
    let inputs = RunInputs {
        config,
        run_dir: run_dir.clone(),
        policy_dir: common::nano(),
        videos: clips,
        cache_dir: dir.join("strips"),
    };
    common::run(inputs, false, &mut NoControl).0.expect("ran");
    let after = common::load(&run_dir.join(format!("checkpoints/{steps}/policy")));
    (rewards(&before), rewards(&after))
}

/// GRPO from the committed policy on the sample clips, three times with other seeds. Before and
/// after each run the policy answers the same 200 questions that no run asks, at temperature 1
/// with the same random numbers. The 600 differences are put to a paired t test, one-sided:
/// if training left the expected reward as it was they would have mean 0, and t > 3.18 has
/// p < 0.001.
#[test]
fn short_runs_raise_the_reward_beyond_chance() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut differences, mut account) = (Vec::new(), Vec::new());
    for seed in SEEDS {
        let (before, after) = before_and_after(dir.path(), seed);
        account.push(format!("seed {seed}: {:.3} -> {:.3}", mean(&before), mean(&after)));
        differences.extend(before.iter().zip(&after).map(|(before, after)| after - before));
    }
    let (count, gain) = (differences.len() as f64, mean(&differences));
    let variance = differences.iter().map(|d| (d - gain).powi(2)).sum::<f64>() / (count - 1.0);
    let t = gain / (variance / count).sqrt();
    let account = account.join(", ");
    println!("{account}; gain {gain:.3}, t = {t:.2} over {count} questions");
    assert!(
        t > LIMIT,
        "mean rewards {account}: a gain of {gain:.3} over {count} questions has t = {t:.2}, \
         which chance explains (p < 0.001 needs {LIMIT})"
    );
}
