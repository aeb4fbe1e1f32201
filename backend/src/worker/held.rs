//! The run that a worker holds: its trainer's thread, its journal, and how much of it the
//! server has.

use crate::journal::{JournalReader, hold};
use shared::event::RunEvent;
use shared::link::ToWorker;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use tokio::sync::watch;
use train::{Request, RunInputs};

/// Stack of the trainer's thread: deep graphs are walked by recursion.
const STACK_BYTES: usize = 64 << 20;

/// Requests that wait for the end of a step, at most.
const REQUESTS_WAITING: usize = 64;

/// How far a trainer is.
#[derive(Clone, Debug, PartialEq)]
struct Progress {
    /// Newest event in the journal.
    durable: u64,
    /// How it ended.
    over: Option<Result<(), String>>,
}

/// A run in this worker's hands.
pub(super) struct HeldRun {
    /// Which run.
    pub run: String,
    run_dir: PathBuf,
    journal: JournalReader,
    /// Newest event sent.
    sent: u64,
    /// Newest event the server has.
    acked: u64,
    progress: watch::Receiver<Progress>,
    requests: SyncSender<Request>,
    /// Locked for as long as the run is held.
    _lock: File,
}

impl HeldRun {
    /// Takes a run up from the server's `Start`; `Err` names the run and the reason.
    pub fn start(message: ToWorker) -> Result<Self, (String, String)> {
        let ToWorker::Start { run, config, run_dir, policy_dir, videos, cache_dir, acked, .. } =
            message
        else {
            return Err((String::new(), "no run was named".into()));
        };
        let fail = |reason: String| (run.clone(), reason);
        let run_dir = PathBuf::from(run_dir);
        let lock = hold(&run_dir)
            .map_err(|error| fail(format!("{} cannot be used: {error}", run_dir.display())))?
            .ok_or_else(|| {
                fail("another worker still holds this run; wait for it to end".into())
            })?;
        let inputs = RunInputs {
            config: *config,
            run_dir: run_dir.clone(),
            policy_dir: policy_dir.into(),
            videos: videos.into_iter().map(PathBuf::from).collect(),
            cache_dir: cache_dir.into(),
        };
        let (requests, asked) = sync_channel(REQUESTS_WAITING);
        let progress = spawn(inputs, asked)
            .map_err(|error| fail(format!("no thread for the trainer: {error}")))?;
        Ok(Self {
            journal: JournalReader::after(&run_dir, acked),
            run,
            run_dir,
            sent: acked,
            acked,
            progress,
            requests,
            _lock: lock,
        })
    }

    /// The server has events up to here and wants the next ones: after a new connection.
    pub fn resend_after(&mut self, acked: u64) {
        self.journal = JournalReader::after(&self.run_dir, acked);
        (self.sent, self.acked) = (acked, acked);
        self.progress.mark_changed();
    }

    /// The server has events up to here.
    pub fn acknowledge(&mut self, seq: u64) {
        self.acked = seq.max(self.acked);
        self.progress.mark_changed();
    }

    /// Hands a request to the trainer, which looks at it between steps.
    pub fn ask(&self, request: Request) {
        // A trainer that has ended needs no request.
        if let Err(TrySendError::Full(_)) = self.requests.try_send(request) {
            tracing::warn!("run {}: too many requests wait for the end of the step", self.run);
        }
    }

    /// Events to be sent next; none while the last ones are not acknowledged, so that what
    /// is on its way stays bounded.
    pub fn next_part(&mut self) -> std::io::Result<Vec<RunEvent>> {
        if self.acked < self.sent {
            return Ok(Vec::new());
        }
        let events = self.journal.next_part()?;
        if let Some(last) = events.last() {
            self.sent = last.seq;
        }
        Ok(events)
    }

    /// Whether the trainer has ended: what is left is on the disk.
    pub fn has_ended(&self) -> bool {
        self.progress.borrow().over.is_some()
    }

    /// Whether the trainer has ended and the server has its whole journal.
    pub fn is_over(&self) -> bool {
        let progress = self.progress.borrow();
        progress.over.is_some() && self.acked >= progress.durable.max(self.sent)
    }

    /// How the trainer ended; `Err` is the reason.
    pub fn outcome(&self) -> Result<(), String> {
        self.progress.borrow().over.clone().unwrap_or(Ok(()))
    }
}

/// Waits until a held run has something to report.
pub(super) async fn news(held: &mut Option<HeldRun>) {
    let Some(held) = held else {
        return std::future::pending().await;
    };
    if held.progress.changed().await.is_err() {
        // The trainer's thread has said its last word.
        std::future::pending().await
    }
}

fn spawn(
    inputs: RunInputs,
    mut asked: Receiver<Request>,
) -> std::io::Result<watch::Receiver<Progress>> {
    let start = Progress { durable: 0, over: None };
    let (tell, progress) = watch::channel(start);
    // A run that failed before it wrote its config down is taken up afresh.
    let resume = inputs.run_dir.join("run.toml").is_file();
    std::thread::Builder::new().name("trainer".into()).stack_size(STACK_BYTES).spawn(
        move || {
            let mut sink = |event: &RunEvent| {
                tell.send_modify(|progress| progress.durable = event.seq);
            };
            let train = || train::run(inputs, resume, &mut sink, &mut asked);
            // The worker must hear of the end, whatever it was.
            let over = match catch_unwind(AssertUnwindSafe(train)) {
                Ok(outcome) => outcome.map(|_| ()).map_err(|error| error.to_string()),
                Err(panic) => Err(train::panic_text(&*panic)),
            };
            tell.send_modify(|progress| progress.over = Some(over));
        },
    )?;
    Ok(progress)
}
