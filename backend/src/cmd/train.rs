//! `videossr train`: a run without a server.

use super::config::Source;
use super::frames::refuse_beside;
use super::progress::Shown;
use super::serve::say;
use crate::data::static_dir;
use anyhow::{Context, Result, bail};
use shared::config::RunConfig;
use shared::event::{EventBody, RunEvent};
use std::path::{Path, PathBuf};
use train::{NoControl, Outcome, RunInputs, Sink, TrainError};

/// What a run writes below its folder.
const RUN_FOLDERS: [&str; 3] = ["rollouts", "checkpoints", "results"];

/// Trains a policy into a run folder.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// Run folder to make, or to go on with
    #[arg(long, value_name = "RUN_DIR")]
    out: PathBuf,
    /// Go on from the newest whole checkpoint, with the run's own config
    #[arg(long, conflicts_with_all = ["config", "preset", "sets", "device"])]
    resume: bool,
    /// cpu or cuda:0; short for --set device=...
    #[arg(long)]
    device: Option<String>,
}

/// Makes all steps of the run.
pub fn run(args: Args) -> Result<()> {
    policy::tune_process();
    let config = config(&args)?;
    let steps = config.steps;
    let inputs = inputs(config, args.out.clone())?;
    refuse_beside(&args.out, &RUN_FOLDERS, &inputs.videos)?;
    refuse_beside(&inputs.cache_dir, &[], &inputs.videos)?;
    let mut progress = Progress(Shown::bar(steps, "{wide_bar} step {pos}/{len} {msg} {eta}"));
    let outcome = train::run(inputs, args.resume, &mut progress, &mut NoControl)?;
    drop(progress);
    let how = if outcome == Outcome::Finished { "finished" } else { "stopped" };
    say(format_args!("{how}: {}", args.out.display()));
    Ok(())
}

fn config(args: &Args) -> Result<RunConfig> {
    if args.resume {
        return Ok(train::read_config(&args.out)?);
    }
    let config = args.source.read()?;
    Ok(match &args.device {
        Some(device) => RunConfig { device: device.clone(), ..config },
        None => config,
    })
}

/// Paths of a run: those of its config; where it names none, what comes with the program.
pub fn inputs(config: RunConfig, run_dir: PathBuf) -> Result<RunInputs> {
    let policy_dir = policy_dir(&config)?;
    let videos = videos(&config)?;
    Ok(RunInputs { config, run_dir, policy_dir, videos, cache_dir: cache_dir() })
}

/// The config's policy folder, or the nano policy.
pub fn policy_dir(config: &RunConfig) -> Result<PathBuf> {
    if config.policy.is_empty() {
        return shipped("nano");
    }
    let dir = PathBuf::from(&config.policy);
    if !dir.is_dir() {
        bail!("the policy folder {} is not there", dir.display());
    }
    Ok(dir)
}

/// The config's videos, or the sample clips.
pub fn videos(config: &RunConfig) -> Result<Vec<PathBuf>> {
    if config.videos.is_empty() {
        return Ok(vec![shipped("clips")?]);
    }
    Ok(config.videos.iter().map(PathBuf::from).collect())
}

fn shipped(name: &str) -> Result<PathBuf> {
    let dir = static_dir().map(|dir| dir.join(name)).filter(|dir| dir.is_dir());
    dir.with_context(|| {
        format!("static/{name} was not found; set VIDEOSSR_STATIC to the folder that holds it")
    })
}

/// Decoded strips of commands without a data directory.
pub fn cache_dir() -> PathBuf {
    let home =
        |name: &str, below: &str| std::env::var_os(name).map(|dir| Path::new(&dir).join(below));
    let base = home("XDG_CACHE_HOME", "")
        .or_else(|| home("HOME", ".cache"))
        .unwrap_or_else(std::env::temp_dir);
    base.join("videossr").join("strips")
}

/// The run's progress on standard error.
struct Progress(Shown);

impl Sink for Progress {
    fn emit(&mut self, event: &RunEvent) -> Result<(), TrainError> {
        let Self(shown) = self;
        match &event.body {
            EventBody::RunStarted { resumed_from, .. } => shown.at(*resumed_from, ""),
            EventBody::Phase { phase } if event.step == 0 => shown.doing(phase.name()),
            EventBody::Step(metrics) => {
                shown.at(event.step, format_args!("reward {:.3}", metrics.reward_mean));
            }
            EventBody::Evaluation { set, reward_mean, reward_interval, .. } => shown.line(
                format_args!("step {}: {set} {reward_mean:.3} ± {reward_interval:.3}", event.step),
            ),
            EventBody::Warning { message } => shown.line(format_args!("warning: {message}")),
            EventBody::Stalled { phase, secs, what } => {
                let what = what.as_deref().unwrap_or("no question");
                let phase = phase.name();
                shown.line(format_args!("no progress in {phase} ({what}) for {secs:.0} s"));
            }
            _ => {}
        }
        Ok(())
    }
}
