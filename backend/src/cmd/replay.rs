//! `videossr replay`: a stored rollout made again, token by token.

use super::progress::Shown;
use super::serve::say;
use super::train::inputs;
use crate::cli::Usage;
use anyhow::{Result, bail};
use shared::api::ReplayState;
use shared::event::{EventBody, RunEvent};
use std::io::Write;
use std::path::PathBuf;
use train::replay::{Place, Replayed};
use train::{RunInputs, Sink, TrainError};

/// Regenerates rollouts and compares their tokens with the stored ones.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Run folder
    #[arg(long, value_name = "RUN_DIR")]
    run: PathBuf,
    /// STEP.GROUP.ROLLOUT, such as 412.4.6; may be given several times
    #[arg(long, value_name = "ID", required = true)]
    rollout: Vec<String>,
    /// Videos of the run, where its config does not name them
    #[arg(long, value_name = "PATH")]
    videos: Vec<PathBuf>,
    /// Policy folder that the run began with, where its config does not name it
    #[arg(long, value_name = "DIR")]
    policy: Option<PathBuf>,
    /// Where decoded strips are kept
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Print JSON lines, for rollouts of one group: how far it is, then what came out
    #[arg(long, conflicts_with = "tokens")]
    json: bool,
    /// Also print each token's probability and how much likelier the video made it
    #[arg(long)]
    tokens: bool,
}

/// Prints `identical`, or the first token that differs; fails if one does.
pub fn run(args: Args) -> Result<()> {
    policy::tune_process();
    let places: Vec<Place> =
        args.rollout.iter().map(|id| id.parse().map_err(Usage::new)).collect::<Result<_, _>>()?;
    let several = places.iter().any(|p| (p.step, p.group) != (places[0].step, places[0].group));
    if args.json && several {
        return Err(Usage::new("--json takes rollouts of one group").into());
    }
    let inputs = inputs_of(&args)?;
    let last = places.iter().map(|place| place.step).max().unwrap_or_default();
    if args.json {
        let replayed = train::replay::replay(&inputs, &places, &mut JsonProgress::to(last))?;
        let rollouts = replayed.into_iter().map(|one| one.again).collect();
        return line(&ReplayState::Done { at: store::now(), rollouts });
    }
    let mut progress = Progress(Shown::bar(last, "{wide_bar} step {pos}/{len} {msg} {eta}"));
    let replayed = train::replay::replay(&inputs, &places, &mut progress)?;
    drop(progress);
    let mut different = 0;
    for one in &replayed {
        say(verdict(one, replayed.len() > 1));
        different += usize::from(one.first_difference().is_some());
        if args.tokens {
            tokens(one);
        }
    }
    if different > 0 {
        bail!("{different} of {} rollouts came out differently", replayed.len());
    }
    Ok(())
}

/// The run's own inputs, but for what the command line names.
fn inputs_of(args: &Args) -> Result<RunInputs> {
    let mut config = train::read_config(&args.run)?;
    if let Some(policy) = &args.policy {
        config.policy = policy.to_string_lossy().into_owned();
    }
    if !args.videos.is_empty() {
        config.videos = args.videos.iter().map(|p| p.to_string_lossy().into_owned()).collect();
    }
    let mut inputs = inputs(config, args.run.clone())?;
    // What is made again is made from the run's own config.
    inputs.config = train::read_config(&args.run)?;
    if let Some(cache) = &args.cache {
        inputs.cache_dir.clone_from(cache);
    }
    Ok(inputs)
}

/// One line for programs; nobody reading it any more is a reason to end.
fn line(state: &ReplayState) -> Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, state)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

fn verdict(one: &Replayed, named: bool) -> String {
    let name = if named { format!("{} ", one.place) } else { String::new() };
    let Some(at) = one.first_difference() else { return format!("{name}identical") };
    let piece = |pieces: &[String]| {
        pieces.get(at).map_or_else(|| "the end".to_owned(), |piece| format!("{piece:?}"))
    };
    let (stored, again) = (piece(&one.stored.pieces), piece(&one.again.pieces));
    format!("{name}token {at} was {stored} and is {again} now")
}

fn tokens(one: &Replayed) {
    say("  token            probability   from the video, nats");
    let again = &one.again;
    for (i, piece) in again.pieces.iter().enumerate() {
        let probability = again.logprobs.get(i).map_or(f64::NAN, |l| f64::from(*l).exp());
        let visual = again.visual.get(i).map_or(f64::NAN, |v| f64::from(*v));
        say(format_args!("  {:16} {probability:11.3} {visual:+22.3}", format!("{piece:?}")));
    }
}

/// The steps made on the way, as JSON lines.
struct JsonProgress {
    from: Option<u64>,
    last: u64,
}

impl JsonProgress {
    fn to(last: u64) -> Self {
        Self { from: None, last }
    }
}

impl Sink for JsonProgress {
    fn emit(&mut self, event: &RunEvent) -> Result<(), TrainError> {
        let step = match &event.body {
            EventBody::RunStarted { resumed_from, .. } => {
                self.from = Some(*resumed_from);
                *resumed_from
            }
            EventBody::Step(_) => event.step,
            _ => return Ok(()),
        };
        let told = line(&ReplayState::Running { from: self.from, step, last: self.last });
        told.map_err(|error| TrainError::Run(error.to_string()))
    }
}

/// The steps made on the way, on standard error.
struct Progress(Shown);

impl Sink for Progress {
    fn emit(&mut self, event: &RunEvent) -> Result<(), TrainError> {
        match &event.body {
            EventBody::RunStarted { resumed_from, .. } => self.0.at(*resumed_from, ""),
            EventBody::Step(_) => self.0.at(event.step, ""),
            _ => {}
        }
        Ok(())
    }
}
