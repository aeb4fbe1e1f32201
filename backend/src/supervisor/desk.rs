//! The supervisor's own thread: plain blocking code over its tables and the database.

use super::{Hello, Patience, Request, WorkerId};
use crate::api::error::Fail;
use crate::data::DataDir;
use crate::hub::Hub;
use crate::journal::{Held, JournalReader, held};
use shared::api::{Person, ToBrowser, WorkerInfo};
use shared::event::Control;
use shared::fold::{IllegalMove, RunMove, RunState};
use shared::link::{ANY_DEVICE, ToWorker};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::{Act, Store, StoreError, StoredRun};
use tokio::sync::{mpsc, oneshot};

/// A dead worker's lock is free about this long after its connection ended.
const FIRST_LOOK: Duration = Duration::from_millis(300);

/// What the supervisor works with.
pub struct Setup {
    /// The database.
    pub store: Store,
    /// Places on the disk.
    pub data: DataDir,
    /// News for browsers.
    pub hub: Arc<Hub>,
    /// The policy a run starts from where its config names none.
    pub policy: Option<PathBuf>,
    /// How long a worker that may be alive is waited for.
    pub grace: Duration,
}

/// What a worker is told when it joins.
#[derive(Clone, Copy, Debug)]
pub struct Joined {
    /// Its name here.
    pub worker: WorkerId,
    /// Newest durable sequence number of the run it holds.
    pub acked: u64,
}

struct Worker {
    name: String,
    device: String,
    run: Option<String>,
    link: mpsc::Sender<ToWorker>,
}

/// A run whose worker is away.
struct Away {
    worker: String,
    /// Tells an old check from a newer one.
    turn: u64,
}

pub(super) struct Desk {
    setup: Setup,
    requests: mpsc::WeakSender<Request>,
    timers: tokio::runtime::Handle,
    workers: BTreeMap<WorkerId, Worker>,
    away: HashMap<String, Away>,
    counter: u64,
    ending: Option<oneshot::Sender<()>>,
    ended: bool,
}

impl Desk {
    pub fn new(
        setup: Setup,
        requests: mpsc::WeakSender<Request>,
        timers: tokio::runtime::Handle,
    ) -> Self {
        Self {
            setup,
            requests,
            timers,
            workers: BTreeMap::new(),
            away: HashMap::new(),
            counter: 0,
            ending: None,
            ended: false,
        }
    }

    /// At the start: runs that were live when the last server ended may still be held by a
    /// worker that outlived it.
    pub fn take_stock(&mut self) {
        let runs = self.logged("listing live runs", |store| store.live_runs());
        for stored in runs.unwrap_or_default() {
            let run = stored.run.id;
            match held(&self.setup.data.run(&run)) {
                Held::No => self.give_up(&run, "its worker ended while no server was running"),
                Held::Yes | Held::Unknown => self.expect_back(&run, "an earlier server's worker"),
            }
        }
    }

    pub fn join(&mut self, hello: Hello, link: mpsc::Sender<ToWorker>) -> Result<Joined, String> {
        let mut acked = 0;
        let mut order = None;
        if let Some(run) = &hello.holding {
            let stored = self.adopt(run, &hello.name)?;
            acked = stored.run.seq;
            order = match stored.run.state {
                RunState::Pausing => Some(Control::Pause),
                RunState::Stopping => Some(Control::Stop),
                _ => None,
            };
        }
        self.counter += 1;
        let worker = self.counter;
        tracing::info!("worker {} joined", hello.name);
        let (name, device, run) = (hello.name, hello.device, hello.holding);
        let entry = Worker { name, device, run: run.clone(), link };
        self.workers.insert(worker, entry);
        if let (Some(run), Some(control)) = (run, order) {
            self.send_control(&run, control, "the server");
        }
        self.look_at_queue();
        Ok(Joined { worker, acked })
    }

    /// A run goes on in the hands of a worker that comes back with it.
    fn adopt(&mut self, run: &str, name: &str) -> Result<StoredRun, String> {
        let others = |worker: &Worker| worker.run.as_deref() == Some(run);
        if self.workers.values().any(|worker| others(worker) && worker.name != name) {
            return Err(format!("run {run} is held by another worker"));
        }
        // The same worker's older connection has not noticed its end yet.
        self.workers.retain(|_, worker| !others(worker));
        let stored = self.setup.store.adopt_run(run).map_err(|error| error.to_string())?;
        self.away.remove(run);
        self.show(&stored);
        Ok(stored)
    }

    pub fn leave(&mut self, worker: WorkerId) {
        let Some(gone) = self.workers.remove(&worker) else { return };
        tracing::info!("worker {} left", gone.name);
        if let Some(run) = gone.run {
            self.expect_back(&run, &gone.name);
        }
        self.note_end();
    }

    fn expect_back(&mut self, run: &str, worker: &str) {
        self.counter += 1;
        let turn = self.counter;
        let worker = worker.to_owned();
        self.away.insert(run.to_owned(), Away { worker, turn });
        for (after, patience) in [(FIRST_LOOK, Patience::More), (self.setup.grace, Patience::Over)]
        {
            let (requests, run) = (self.requests.clone(), run.to_owned());
            self.timers.spawn(async move {
                tokio::time::sleep(after).await;
                if let Some(requests) = requests.upgrade() {
                    // The server may end meanwhile.
                    let _ = requests.send(Request::Check(run, turn, patience)).await;
                }
            });
        }
    }

    /// Looks after a run whose worker is away.
    pub fn check(&mut self, run: &str, turn: u64, patience: Patience) {
        let Some(away) = self.away.get(run).filter(|away| away.turn == turn) else { return };
        let worker = away.worker.clone();
        match (held(&self.setup.data.run(run)), patience) {
            (Held::No, _) => self.give_up(run, &format!("its worker ({worker}) died")),
            (_, Patience::Over) => {
                self.give_up(run, &format!("its worker ({worker}) is not heard of any more"));
            }
            _ => {}
        }
    }

    /// Marks a run failed after taking in what its journal holds beyond the database.
    fn give_up(&mut self, run: &str, cause: &str) {
        self.away.remove(run);
        self.take_in_journal(run);
        self.fail(run, &format!("{cause}; resume takes the run up from its newest checkpoint"));
        self.note_end();
        self.look_at_queue();
    }

    fn take_in_journal(&self, run: &str) {
        let Some(stored) = self.logged("reading a run", |store| store.run(run)) else { return };
        let mut reader = JournalReader::after(&self.setup.data.run(run), stored.run.seq);
        loop {
            match reader.next_part() {
                Ok(events) if events.is_empty() => return,
                Ok(events) => {
                    let stored =
                        self.logged("storing a journal", |store| store.ingest(run, events));
                    let Some(ingested) = stored else { return };
                    self.setup.hub.reached(run, ingested.seq);
                }
                Err(error) => {
                    tracing::error!("the journal of run {run} cannot be read: {error}");
                    return;
                }
            }
        }
    }

    fn fail(&self, run: &str, cause: &str) {
        match self.setup.store.fail_run(run, cause) {
            Ok(stored) => self.show(&stored),
            // Its journal told how it ended.
            Err(StoreError::IllegalMove(_)) => {
                if let Some(stored) = self.logged("reading a run", |store| store.run(run)) {
                    self.show(&stored);
                }
            }
            Err(error) => tracing::error!("run {run} cannot be marked failed: {error}"),
        }
    }

    pub fn done(&mut self, worker: WorkerId, run: &str) {
        self.gave_up(worker, run, "its worker ended it without saying how");
    }

    pub fn gave_up(&mut self, worker: WorkerId, run: &str, reason: &str) {
        let Some(entry) = self.workers.get_mut(&worker) else { return };
        if entry.run.as_deref() != Some(run) {
            return;
        }
        entry.run = None;
        // A person may have queued it again between its end and this message.
        let live = |stored: &StoredRun| stored.run.state.is_live();
        if self.logged("reading a run", |store| store.run(run)).as_ref().is_some_and(live) {
            self.fail(run, reason);
        }
        self.note_end();
        self.look_at_queue();
    }

    /// Gives waiting runs to idle workers, longest waiting first.
    pub fn look_at_queue(&mut self) {
        if self.ending.is_some() || self.ended {
            return;
        }
        let queued = self.logged("reading the queue", |store| store.queued_runs());
        for stored in queued.unwrap_or_default() {
            if self.holder(&stored.run.id).is_some() {
                // Its last worker has not quite let go of it.
                continue;
            }
            let fits = |worker: &&mut Worker| {
                let device = &worker.device;
                worker.run.is_none() && (device == ANY_DEVICE || *device == stored.config.device)
            };
            if let Some(worker) = self.workers.values_mut().find(fits) {
                start(&self.setup, worker, stored);
            }
        }
    }

    pub fn control(&mut self, run: &str, control: Control, by: &Person) -> Result<StoredRun, Fail> {
        let stored = self.setup.store.run(run)?;
        let state = stored.run.state;
        let made = match control {
            Control::Pause => self.setup.store.move_run(run, &[RunMove::AskPause])?,
            Control::Stop => self.setup.store.move_run(run, &[RunMove::AskStop])?,
            Control::Resume if matches!(state, RunState::Stopped | RunState::Failed) => {
                self.setup.store.move_run(run, &[RunMove::Queue])?
            }
            Control::Resume => {
                state.after(RunMove::Resume).map_err(StoreError::from)?;
                stored
            }
            Control::Checkpoint if state.is_live() => stored,
            Control::Checkpoint => {
                let verb = "write a checkpoint";
                return Err(StoreError::from(IllegalMove { from: state, verb }).into());
            }
        };
        self.setup.store.audit(by.id, Act::ControlledRun, &format!("{run} {control:?}"))?;
        self.show(&made);
        if made.run.state.is_live() {
            self.send_control(run, control, &by.name);
        }
        self.look_at_queue();
        Ok(self.setup.store.run(run)?)
    }

    fn holder(&self, run: &str) -> Option<&Worker> {
        self.workers.values().find(|worker| worker.run.as_deref() == Some(run))
    }

    fn send_control(&self, run: &str, control: Control, by: &str) {
        if let Some(worker) = self.holder(run) {
            let message = ToWorker::Control { run: run.into(), control, by: by.into() };
            send(worker, message);
        }
    }

    pub fn workers(&self) -> Vec<WorkerInfo> {
        let info = |worker: &Worker| WorkerInfo {
            name: worker.name.clone(),
            device: worker.device.clone(),
            run: worker.run.clone(),
        };
        self.workers.values().map(info).collect()
    }

    pub fn vacant(&self, name: &str) -> bool {
        self.away.is_empty() && !self.workers.values().any(|worker| worker.name == name)
    }

    pub fn end(&mut self, reply: oneshot::Sender<()>) {
        self.ending = Some(reply);
        let held: Vec<String> = self.workers.values().filter_map(|w| w.run.clone()).collect();
        for run in held {
            match self.setup.store.move_run(&run, &[RunMove::AskStop]) {
                Ok(stored) => self.show(&stored),
                Err(error) => tracing::info!("run {run} is not asked to stop: {error}"),
            }
            self.send_control(&run, Control::Stop, "the server, which is ending");
        }
        self.note_end();
    }

    fn note_end(&mut self) {
        let held = self.workers.values().any(|worker| worker.run.is_some());
        if !held && let Some(reply) = self.ending.take() {
            self.ended = true;
            // Whoever asked may not wait any longer.
            let _ = reply.send(());
        }
    }

    fn show(&self, stored: &StoredRun) {
        let run = stored.run.clone();
        self.setup.hub.tell(ToBrowser::Run { run });
    }

    fn logged<T>(&self, what: &str, work: impl FnOnce(&Store) -> store::Result<T>) -> Option<T> {
        work(&self.setup.store).inspect_err(|error| tracing::error!("{what}: {error}")).ok()
    }
}

/// Hands a run to a worker.
fn start(setup: &Setup, worker: &mut Worker, stored: StoredRun) {
    let run = stored.run.id.clone();
    let taken = match setup.store.move_run(&run, &[RunMove::Take]) {
        Ok(taken) => taken,
        Err(error) => {
            tracing::error!("run {run} cannot be taken: {error}");
            return;
        }
    };
    let message = ToWorker::Start {
        run: run.clone(),
        resume: taken.resume,
        run_dir: text(&setup.data.run(&run)),
        policy_dir: policy_dir(setup, &stored.config.policy),
        videos: videos(setup, &stored.config.videos),
        cache_dir: text(&setup.data.strips()),
        acked: taken.run.seq,
        config: Box::new(stored.config),
    };
    worker.run = Some(run);
    send(worker, message);
    setup.hub.tell(ToBrowser::Run { run: taken.run });
}

/// A link that is full or closed belongs to a worker that does not listen: its connection
/// ends by its own silence, and the run is looked after then.
fn send(worker: &Worker, message: ToWorker) {
    if let Err(error) = worker.link.try_send(message) {
        tracing::warn!("worker {} does not listen: {error}", worker.name);
    }
}

fn policy_dir(setup: &Setup, named: &str) -> String {
    match (named, &setup.policy) {
        ("", Some(shipped)) => absolute(shipped),
        ("", None) => String::new(),
        (named, _) => absolute(Path::new(named)),
    }
}

/// The videos named in the config, else the usable ones of the library.
fn videos(setup: &Setup, named: &[String]) -> Vec<String> {
    if !named.is_empty() {
        return named.iter().map(|path| absolute(Path::new(path))).collect();
    }
    let library = setup.store.videos().unwrap_or_else(|error| {
        tracing::error!("the library cannot be read: {error}");
        Vec::new()
    });
    let usable = library.into_iter().filter(|stored| stored.video.problem.is_none());
    usable.map(|stored| text(&stored.path)).collect()
}

/// A worker may have another current directory.
fn absolute(path: &Path) -> String {
    text(&path.canonicalize().unwrap_or_else(|_| path.to_owned()))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
