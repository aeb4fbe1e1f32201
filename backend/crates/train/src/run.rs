//! A run from its folder's point of view: takes it up, keeps it from taking others down, and
//! writes how it ended.

use crate::checkpoint::{self, write_whole};
use crate::error::{TrainError, panic_text};
use crate::grpo;
use crate::journal::Journal;
use crate::recorder::Recorder;
use crate::sink::{Control, Sink};
use shared::config::{RunConfig, Settings};
use shared::event::EventBody;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

/// Seconds without progress in one phase before the watchdog says so.
const STALL_LIMIT: Duration = Duration::from_secs(60);

/// What a run needs.
#[derive(Clone, Debug)]
pub struct RunInputs {
    /// Everything that determines the run.
    pub config: RunConfig,
    /// The run folder: `run.toml`, `journal.jsonl`, `rollouts/`, `checkpoints/`, `results/`.
    pub run_dir: PathBuf,
    /// The start policy; it must stay as it is while the run can be resumed.
    pub policy_dir: PathBuf,
    /// Video files and folders. On resume those that the run began with must be among them, and
    /// others are left out.
    pub videos: Vec<PathBuf>,
    /// Where decoded strips are kept.
    pub cache_dir: PathBuf,
}

/// How a run ended without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All steps are made.
    Finished,
    /// A person stopped it; it can be resumed.
    Stopped,
}

/// Makes a run, or goes on with it from its newest whole checkpoint (from the start where
/// there is none). Every event is in `run_dir/journal.jsonl` before `sink` gets it. A panic
/// inside is caught; any failure is the journal's last event, `failed`, and is returned.
///
/// # Errors
/// A folder that holds another run, an unusable policy or video set, a failing disk or sink.
pub fn run(
    inputs: RunInputs,
    resume: bool,
    sink: &mut dyn Sink,
    control: &mut dyn Control,
) -> Result<Outcome, TrainError> {
    let recorder = Recorder::new(prepare(&inputs, resume)?, sink);
    let outcome = watched(&recorder, || grpo::train(&inputs, resume, &recorder, control));
    let last = match &outcome {
        Ok(outcome) => EventBody::Finished { stopped: *outcome == Outcome::Stopped },
        Err(error) => EventBody::Failed { phase: recorder.phase(), cause: error.to_string() },
    };
    match (recorder.emit(vec![last]), outcome) {
        (Err(error), Ok(_)) => Err(error),
        (_, outcome) => outcome,
    }
}

/// Runs `work` with a watchdog beside it; a panic becomes an error.
fn watched<'a>(
    recorder: &Recorder<'a>,
    work: impl FnOnce() -> Result<Outcome, TrainError>,
) -> Result<Outcome, TrainError> {
    let (running, end) = sync_channel::<()>(0);
    thread::scope(|scope| {
        let watchdog = thread::Builder::new().name("watchdog".into());
        let watchdog = watchdog.spawn_scoped(scope, move || recorder.watch(STALL_LIMIT, &end));
        let outcome = catch_unwind(AssertUnwindSafe(work));
        drop(running);
        watchdog
            .map_err(|error| TrainError::Run(format!("no thread for the watchdog: {error}")))?;
        outcome.unwrap_or_else(|payload| Err(TrainError::Panic(panic_text(&*payload))))
    })
}

/// Makes the folder and writes `run.toml`, or checks that they are there; gives the journal.
fn prepare(inputs: &RunInputs, resume: bool) -> Result<Journal, TrainError> {
    let dir = &inputs.run_dir;
    if resume {
        if read_config(dir)? != inputs.config {
            return Err(TrainError::Run(
                "a run is resumed with its own config, but another was given".into(),
            ));
        }
        return Journal::open(dir);
    }
    for folder in ["", "rollouts", "checkpoints", "results"] {
        let dir = dir.join(folder);
        std::fs::create_dir_all(&dir).map_err(|error| TrainError::io(&dir, error))?;
    }
    let journal = Journal::open(dir)?;
    if journal.has_steps() {
        return Err(TrainError::Run(format!(
            "{} already holds a run; resume it or choose another folder",
            dir.display()
        )));
    }
    // A run that made no step, because its policy or videos could not be used, left nothing to
    // keep: whoever mended the cause may start again in the same folder.
    let path = dir.join("run.toml");
    if path.exists() {
        checkpoint::clear(dir)?;
    }
    let text =
        toml::to_string(&inputs.config).map_err(|error| TrainError::Run(error.to_string()))?;
    write_whole(&path, text.as_bytes())?;
    Ok(journal)
}

/// The config that a run folder was made with.
///
/// # Errors
/// A missing or damaged `run.toml`, a key in it that no config has, a value out of its range.
pub fn read_config(run_dir: &Path) -> Result<RunConfig, TrainError> {
    let path = run_dir.join("run.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| TrainError::io(&path, error))?;
    let wrong = |why: String| TrainError::Run(format!("{}: {why}", path.display()));
    let value = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    RunConfig::from_value(&RunConfig::default(), &value).map_err(|problems| {
        wrong(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    })
}
