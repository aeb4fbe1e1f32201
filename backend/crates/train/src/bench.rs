//! How fast the parts of training are on this machine: a short real run, timed.

use crate::error::TrainError;
use crate::library::Library;
use crate::prompts::{PromptMaker, plan_of};
use crate::run::{RunInputs, run};
use crate::seed::{Stream, derive};
use crate::sink::NoControl;
use media::StripCache;
use policy::Policy;
use serde::{Deserialize, Serialize};
use shared::config::RunConfig;
use shared::event::{EventBody, RunEvent, StepMetrics};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tasks::Mixture;

/// Samples made for the measurement.
const SAMPLES: u64 = 64;
/// Steps timed by [`report`].
const STEPS: u64 = 20;

/// Speeds; times are medians over the steps after the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BenchReport {
    /// Device the policy ran on.
    pub device: String,
    /// Parameters of the policy.
    pub parameters: u64,
    /// Questions per step and answers per question.
    pub batch: [u32; 2],
    /// Steps timed.
    pub steps: u64,
    /// Samples with their prompts made per second, on one thread.
    pub samples_per_sec: f64,
    /// New tokens per second of rollout.
    pub tokens_per_sec: f64,
    /// Wall time of a step, seconds.
    pub step_secs: f64,
    /// Of it: answering.
    pub rollout_secs: f64,
    /// Of it: updating the weights.
    pub update_secs: f64,
    /// Of it: waiting for samples.
    pub sample_secs: f64,
    /// Largest resident memory of the process so far, bytes; 0 where the system does not say.
    pub peak_rss_bytes: u64,
}

impl fmt::Display for BenchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [prompts, answers] = self.batch;
        writeln!(f, "policy              {} parameters on {}", self.parameters, self.device)?;
        writeln!(
            f,
            "samples             {:.0} made per second on one thread",
            self.samples_per_sec
        )?;
        writeln!(f, "rollout             {:.0} new tokens per second", self.tokens_per_sec)?;
        writeln!(
            f,
            "step of {prompts} x {answers}       {:.3} s: rollout {:.3}, update {:.3}, waiting for samples {:.3} (medians of {})",
            self.step_secs, self.rollout_secs, self.update_secs, self.sample_secs, self.steps
        )?;
        write!(f, "peak memory         {:.0} MB", self.peak_rss_bytes as f64 / 1e6)
    }
}

/// Times the default run of the nano policy on the sample clips, both below `static_dir`.
///
/// # Errors
/// What a run fails with.
pub fn report(static_dir: &Path) -> Result<BenchReport, TrainError> {
    let cache = std::env::temp_dir().join(format!("videossr-bench-strips-{}", std::process::id()));
    let timed = time(
        RunConfig::default(),
        &static_dir.join("nano"),
        &[static_dir.join("clips")],
        &cache,
        STEPS,
    );
    // A cache that stays behind in the temporary folder does no harm.
    let _ = std::fs::remove_dir_all(&cache);
    timed
}

/// Times `steps` steps of a run with this config. The run's folder is made below the system's
/// temporary folder and removed again.
///
/// # Errors
/// What a run fails with.
pub fn time(
    mut config: RunConfig,
    policy_dir: &Path,
    videos: &[PathBuf],
    cache_dir: &Path,
    steps: u64,
) -> Result<BenchReport, TrainError> {
    config.steps = steps + 1;
    config.checkpoint.every = 0;
    config.evaluate.every = 0;
    let samples_per_sec = samples_per_sec(&config, policy_dir, videos, cache_dir)?;
    let run_dir = std::env::temp_dir().join(format!("videossr-bench-{}", std::process::id()));
    let (mut figures, mut parameters) = (Vec::new(), 0);
    let mut sink = |event: &RunEvent| match &event.body {
        EventBody::Step(metrics) if event.step > 1 => figures.push(metrics.clone()),
        EventBody::RunStarted { parameters: count, .. } => parameters = *count,
        _ => {}
    };
    let inputs = RunInputs {
        config: config.clone(),
        run_dir: run_dir.clone(),
        policy_dir: policy_dir.to_path_buf(),
        videos: videos.to_vec(),
        cache_dir: cache_dir.to_path_buf(),
    };
    let outcome = run(inputs, false, &mut sink, &mut NoControl);
    let removed = std::fs::remove_dir_all(&run_dir);
    outcome?;
    removed.map_err(|error| TrainError::io(&run_dir, error))?;
    let median = |of: fn(&StepMetrics) -> f64| median(figures.iter().map(of).collect());
    Ok(BenchReport {
        device: config.device,
        parameters,
        batch: [config.grpo.prompts_per_step, config.grpo.group_size],
        steps,
        samples_per_sec,
        tokens_per_sec: median(|m| m.tokens_per_sec),
        step_secs: median(|m| m.step_secs),
        rollout_secs: median(|m| m.rollout_secs),
        update_secs: median(|m| m.update_secs),
        sample_secs: median(|m| m.sample_secs),
        peak_rss_bytes: peak_rss_bytes(),
    })
}

fn samples_per_sec(
    config: &RunConfig,
    policy_dir: &Path,
    videos: &[PathBuf],
    cache_dir: &Path,
) -> Result<f64, TrainError> {
    let wrong = |error: tasks::TaskError| TrainError::Sample(error.to_string());
    let policy = Policy::load(policy_dir, &policy::pick(&config.device)?)?;
    let cache =
        StripCache::open(cache_dir).map_err(|error| TrainError::Videos(error.to_string()))?;
    let plan = plan_of(&policy.processor);
    let mut library = Library::load(videos, &plan, &cache, |_| ())?.not_empty()?;
    library.densify(&config.mixture, &plan, &cache);
    let mixture = Mixture::from_config(&config.mixture).map_err(wrong)?;
    let (prompts, shelf) = (PromptMaker::of(&policy), library.shelf());
    let seed = derive(config.seed, Stream::Sample, &[]);
    let began = Instant::now();
    for index in 0..SAMPLES {
        prompts.ask(&tasks::sample_at(&shelf, &mixture, seed, index).map_err(wrong)?)?;
    }
    Ok(SAMPLES as f64 / began.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn peak_rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.map_or(0, |kib| kib * 1024)
}
