//! Replays: stored groups made again by a process of their own (`videossr replay`), for the
//! server holds no tensors. One at a time; what came out is kept beside the run.

use crate::app::{App, Ending};
use crate::data::DataDir;
use shared::api::ReplayState;
use shared::rollout::rollout_id;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

/// What a process says when it fails is read up to here, bytes.
const LAST_WORDS: u64 = 64 << 10;

/// A group of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The run's id.
    pub run: String,
    /// The step, from 1.
    pub step: u64,
    /// The group of the step, from 0.
    pub group: u32,
}

impl Place {
    /// Where its replay is kept.
    fn file(&self, data: &DataDir) -> PathBuf {
        let name = format!("{}.{}.json", self.step, self.group);
        data.run(&self.run).join("replays").join(name)
    }
}

/// What is to be made again, and from what.
pub struct Job {
    /// The group.
    pub place: Place,
    /// Its number of answers.
    pub rollouts: usize,
    /// The run's videos, in its order.
    pub videos: Vec<PathBuf>,
    /// The policy that the run began with.
    pub policy: PathBuf,
}

/// The newest replay that was begun.
struct Newest {
    /// Tells it from an earlier one of the same group.
    number: u64,
    place: Place,
    state: ReplayState,
    /// Dropped, it ends the process.
    _stop: oneshot::Sender<()>,
}

/// Runs one replay at a time.
pub struct Replayer {
    program: PathBuf,
    newest: Mutex<Option<Newest>>,
    begun: AtomicU64,
}

impl Replayer {
    /// Replays are made by `program`.
    pub fn new(program: PathBuf) -> Self {
        Self { program, newest: Mutex::default(), begun: AtomicU64::new(0) }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Option<Newest>) -> T) -> T {
        work(&mut self.newest.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How a group's replay stands: the one under way or failed, else the kept one. Blocks.
    pub fn state(&self, data: &DataDir, place: &Place) -> Option<ReplayState> {
        let newest = self.with(|newest| {
            newest.as_ref().filter(|newest| newest.place == *place).map(|n| n.state.clone())
        });
        newest.or_else(|| {
            let bytes = std::fs::read(place.file(data)).ok()?;
            // One that cannot be read is as good as none: it can be made again.
            serde_json::from_slice(&bytes).ok()
        })
    }

    /// Begins a replay; `Err` holds the group whose replay is still under way.
    pub fn begin(self: &Arc<Self>, app: &App, job: Job) -> Result<ReplayState, Place> {
        let begun = ReplayState::Running { from: None, step: 0, last: job.place.step };
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let (stop, stopped) = oneshot::channel();
        self.with(|newest| match newest {
            Some(Newest { place, state: ReplayState::Running { .. }, .. }) => Err(place.clone()),
            _ => {
                let (place, state) = (job.place.clone(), begun.clone());
                *newest = Some(Newest { number, place, state, _stop: stop });
                Ok(())
            }
        })?;
        let (own, data, ending) = (Arc::clone(self), app.data.clone(), app.ending.clone());
        tokio::spawn(async move {
            let outcome = own.work(number, &data, &job, stopped, ending).await;
            let file = job.place.file(&data);
            let kept = outcome.and_then(|done| keep(&file, &done).map(|()| done));
            own.note(number, kept.unwrap_or_else(|message| ReplayState::Failed { message }));
        });
        Ok(begun)
    }

    /// Ends a group's replay, if it is under way.
    pub fn cancel(&self, place: &Place) {
        self.with(|newest| {
            if newest.as_ref().is_some_and(|newest| newest.place == *place) {
                *newest = None;
            }
        });
    }

    /// Notes how a replay stands; one that was ended meanwhile is forgotten.
    fn note(&self, number: u64, new: ReplayState) {
        self.with(|newest| {
            if let Some(newest) = newest.as_mut().filter(|newest| newest.number == number) {
                newest.state = new;
            }
        });
    }

    async fn work(
        &self,
        number: u64,
        data: &DataDir,
        job: &Job,
        stopped: oneshot::Receiver<()>,
        mut ending: Ending,
    ) -> Result<ReplayState, String> {
        // The folder of uploads is emptied when a server starts: what a killed one leaves goes.
        let scratch = tempfile::Builder::new().prefix("replay-").tempdir_in(data.uploads());
        let scratch = scratch.map_err(|error| format!("no room to replay in: {error}"))?;
        let child = self.spawn(data, job, scratch.path());
        let mut child = child.map_err(|error| format!("the replay does not start: {error}"))?;
        tokio::select! {
            outcome = self.listen(number, &mut child) => outcome,
            _ = stopped => Err(end(child, "it was ended").await),
            () = ending.begun() => Err(end(child, "the server ended").await),
        }
    }

    fn spawn(&self, data: &DataDir, job: &Job, scratch: &Path) -> std::io::Result<Child> {
        let mut command = Command::new(&self.program);
        command.args(["replay", "--json", "--run"]).arg(data.run(&job.place.run));
        command.arg("--policy").arg(&job.policy).arg("--cache").arg(data.strips());
        for video in &job.videos {
            command.arg("--videos").arg(video);
        }
        for index in 0..job.rollouts {
            let id = rollout_id(job.place.step, job.place.group, index as u32);
            command.args(["--rollout", &id]);
        }
        command
            .env("TMPDIR", scratch)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }

    /// Takes in what the process says, one JSON line at a time.
    async fn listen(&self, number: u64, child: &mut Child) -> Result<ReplayState, String> {
        let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
            return Err("the replay says nothing".into());
        };
        let read = async {
            let mut lines = BufReader::new(out).lines();
            let mut done = None;
            while let Ok(Some(line)) = lines.next_line().await {
                match serde_json::from_str(&line) {
                    Ok(state @ ReplayState::Running { .. }) => self.note(number, state),
                    Ok(state) => done = Some(state),
                    Err(error) => tracing::warn!("a replay says what cannot be read: {error}"),
                }
            }
            done
        };
        let mut words = Vec::new();
        let mut err = err.take(LAST_WORDS);
        let (done, _) = tokio::join!(read, err.read_to_end(&mut words));
        let status = child.wait().await;
        done.ok_or_else(|| {
            let words = String::from_utf8_lossy(&words);
            let last = words.lines().rev().find(|line| !line.trim().is_empty());
            match (last, status) {
                (Some(line), _) => line.trim_start_matches("videossr: ").to_owned(),
                (None, Ok(status)) => format!("the replay ended: {status}"),
                (None, Err(error)) => format!("the replay is lost: {error}"),
            }
        })
    }
}

/// Kills a process and waits for it, so that its folder can go.
async fn end(mut child: Child, why: &str) -> String {
    // It is gone already or goes now.
    let _ = child.kill().await;
    why.to_owned()
}

/// Writes a replay whole or not at all.
fn keep(file: &Path, done: &ReplayState) -> Result<(), String> {
    let write = || -> std::io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut new, done)?;
        new.persist(file)?;
        Ok(())
    };
    write().map_err(|error| format!("the replay cannot be kept: {error}"))
}
