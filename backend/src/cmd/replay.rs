//! `videossr replay`: a stored rollout made again, token by token.

use super::progress::Shown;
use super::serve::say;
use super::train::inputs;
use crate::cli::Usage;
use anyhow::{Result, bail};
use shared::event::{EventBody, RunEvent};
use std::path::PathBuf;
use train::replay::{Place, Replayed};
use train::{Sink, TrainError};

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
    /// Also print each token's probability and how much likelier the video made it
    #[arg(long)]
    tokens: bool,
}

/// Prints `identical`, or the first token that differs; fails if one does.
pub fn run(args: Args) -> Result<()> {
    policy::tune_process();
    let places: Vec<Place> =
        args.rollout.iter().map(|id| id.parse().map_err(Usage::new)).collect::<Result<_, _>>()?;
    let mut inputs = inputs(train::read_config(&args.run)?, args.run)?;
    if !args.videos.is_empty() {
        inputs.videos = args.videos;
    }
    let last = places.iter().map(|place| place.step).max().unwrap_or_default();
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
