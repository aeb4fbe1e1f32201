//! The command line: what can be asked, and what each answer means to the shell.

use crate::cmd;
use crate::cmd::progress::note;
use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Self-supervised reinforcement learning for video-language policies, from raw videos to
/// reviewed failures.
#[derive(Parser, Debug)]
#[command(name = "videossr", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Serve the page and start local workers
    Serve(cmd::serve::Args),
    /// Show everything at work: sample videos, the nano policy, a run in progress
    Demo(cmd::demo::Args),
    /// Join a server, whose disk is visible here, and take its runs, one at a time
    Worker(cmd::worker::Args),
    /// List devices, and why some are missing
    Devices(cmd::devices::Args),
    /// Check codecs, devices, disk, page, policy and port
    Doctor(cmd::doctor::Args),
    /// Print the facts of a video file
    Probe(cmd::probe::Args),
    /// Write a video's frames as the tasks see them
    Frames(cmd::frames::Args),
    /// Make one question from a video, with its frames and its truth
    Sample(cmd::sample::Args),
    /// Apply one perturbation to one frame
    Perturb(cmd::perturb::Args),
    /// Make datasets from videos, take over others' rows, check them
    Dataset(cmd::dataset::Args),
    /// Score answers, one JSON line each
    Score(cmd::score::Args),
    /// Print a whole run config with what each field means
    Config(cmd::config::Args),
    /// Train a policy into a run folder, without a server
    Train(cmd::train::Args),
    /// List the recipes, or train several beside each other
    Recipes(cmd::recipes::Args),
    /// Make stored rollouts again and compare their tokens
    Replay(cmd::replay::Args),
    /// Teach a policy the tasks by example before it is trained
    Warmup(cmd::warmup::Args),
    /// Compute a policy's logits for given inputs
    Logits(cmd::logits::Args),
    /// Continue given inputs with a policy
    Generate(cmd::generate::Args),
}

/// What was asked cannot be meant: an unknown name, a value out of range, options that do not
/// go together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(String);

impl Usage {
    /// With a sentence that says what is allowed.
    pub fn new(message: impl std::fmt::Display) -> Self {
        Self(message.to_string())
    }
}

/// Exit code of wrong usage; clap's own.
const WRONG_USAGE: u8 = 2;

/// Reads the command line and does what it says. Exit code 0: done; 1: failed, with one line
/// on stderr; 2: wrong usage.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(format_args!("videossr: {}", one_line(&error)));
            match error.is::<Usage>() {
                true => WRONG_USAGE.into(),
                false => ExitCode::FAILURE,
            }
        }
    }
}

fn dispatch(command: Command) -> Result<()> {
    match command {
        Command::Serve(args) => cmd::serve::run(args)?,
        Command::Demo(args) => cmd::demo::run(args)?,
        Command::Worker(args) => cmd::worker::run(args)?,
        Command::Devices(args) => cmd::devices::run(args)?,
        Command::Probe(args) => cmd::probe::run(args)?,
        Command::Frames(args) => cmd::frames::run(args)?,
        Command::Sample(args) => cmd::sample::run(args)?,
        Command::Perturb(args) => cmd::perturb::run(args)?,
        Command::Dataset(args) => cmd::dataset::run(args)?,
        Command::Score(args) => cmd::score::run(args)?,
        Command::Config(args) => cmd::config::run(args)?,
        Command::Train(args) => cmd::train::run(args)?,
        Command::Recipes(args) => cmd::recipes::run(args)?,
        Command::Replay(args) => cmd::replay::run(args)?,
        Command::Warmup(args) => cmd::warmup::run(args)?,
        Command::Logits(args) => cmd::logits::run(args)?,
        Command::Generate(args) => cmd::generate::run(args)?,
        Command::Doctor(args) => cmd::doctor::run(&args)?,
    }
    Ok(())
}

/// The error and its causes in one line.
fn one_line(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        // A transparent error repeats its source.
        if !text.ends_with(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    text.replace('\n', " ")
}
