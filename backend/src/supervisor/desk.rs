//! The supervisor's own thread: plain blocking code over its tables and the database.
//! Here: workers that come and go, and the end of it all.

use super::{Hello, LastHeard, Request, WorkerId};
use crate::data::DataDir;
use crate::hub::Hub;
use crate::journal::{Held, held};
use shared::api::{AwayInfo, ToBrowser, WorkerInfo};
use shared::event::{Control, Order};
use shared::fold::RunMove;
use shared::link::ToWorker;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::{Store, StoredRun};
use tokio::sync::{mpsc, oneshot};

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

pub(super) struct Worker {
    pub(super) name: String,
    pub(super) device: String,
    pub(super) run: Option<String>,
    pub(super) link: mpsc::Sender<ToWorker>,
    joined_at: f64,
    heard: LastHeard,
}

/// A run whose worker is away.
pub(super) struct Away {
    pub(super) worker: String,
    /// Tells an old check from a newer one.
    pub(super) turn: u64,
}

/// A request that no trainer is known to have got.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) order: Order,
    pub(super) by: String,
    /// Unix time, seconds.
    pub(super) at: f64,
}

pub(super) struct Desk {
    pub(super) setup: Setup,
    pub(super) requests: mpsc::WeakSender<Request>,
    pub(super) timers: tokio::runtime::Handle,
    pub(super) workers: BTreeMap<WorkerId, Worker>,
    pub(super) away: HashMap<String, Away>,
    /// By run, oldest first.
    pub(super) asked: HashMap<String, Vec<Asked>>,
    pub(super) counter: u64,
    pub(super) ending: Option<oneshot::Sender<()>>,
    pub(super) ended: bool,
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
            asked: HashMap::new(),
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

    /// After a panic nobody knows what the tables are worth: every link is dropped, and the
    /// workers come back with what they hold, as they do after a restart of the server.
    pub fn start_over(&mut self) {
        self.workers.clear();
        self.away.clear();
        self.take_stock();
        self.note_end();
    }

    pub fn join(&mut self, hello: Hello, link: mpsc::Sender<ToWorker>) -> Result<Joined, String> {
        let mut acked = 0;
        let mut orders = Vec::new();
        if let Some(run) = &hello.holding {
            let stored = self.adopt(run, &hello.name)?;
            acked = stored.run.seq;
            orders = self.orders(&stored);
        }
        self.counter += 1;
        let worker = self.counter;
        tracing::info!("worker {} joined", hello.name);
        let Hello { name, device, holding: run, heard } = hello;
        let joined_at = store::now();
        let entry = Worker { name, device, run: run.clone(), link, joined_at, heard };
        self.workers.insert(worker, entry);
        for (run, asked) in run.iter().flat_map(|run| orders.iter().map(move |asked| (run, asked)))
        {
            self.send_order(run, asked);
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

    pub fn done(&mut self, worker: WorkerId, run: &str) {
        self.gave_up(worker, run, "its worker ended it without saying how");
    }

    pub fn gave_up(&mut self, worker: WorkerId, run: &str, reason: &str) {
        let Some(entry) = self.workers.get_mut(&worker) else { return };
        if entry.run.as_deref() != Some(run) {
            return;
        }
        entry.run = None;
        self.asked.remove(run);
        // A person may have queued it again between its end and this message.
        let live = |stored: &StoredRun| stored.run.state.is_live();
        if self.logged("reading a run", |store| store.run(run)).as_ref().is_some_and(live) {
            self.fail(run, reason);
        }
        self.note_end();
        self.look_at_queue();
    }

    pub fn workers(&self) -> Vec<WorkerInfo> {
        let info = |worker: &Worker| WorkerInfo {
            name: worker.name.clone(),
            device: worker.device.clone(),
            run: worker.run.clone(),
            joined_at: worker.joined_at,
            heard_at: worker.heard.at(),
        };
        self.workers.values().map(info).collect()
    }

    pub fn away(&self) -> Vec<AwayInfo> {
        let info = |(run, away): (&String, &Away)| AwayInfo {
            run: run.clone(),
            worker: away.worker.clone(),
        };
        let mut all: Vec<AwayInfo> = self.away.iter().map(info).collect();
        all.sort_by(|a, b| a.run.cmp(&b.run));
        all
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
            self.ask(&run, Order::Control(Control::Stop), "the server, which is ending");
        }
        self.note_end();
    }

    pub(super) fn note_end(&mut self) {
        let held = self.workers.values().any(|worker| worker.run.is_some());
        if !held && let Some(reply) = self.ending.take() {
            self.ended = true;
            // Whoever asked may not wait any longer.
            let _ = reply.send(());
        }
    }

    pub(super) fn holder(&self, run: &str) -> Option<&Worker> {
        self.workers.values().find(|worker| worker.run.as_deref() == Some(run))
    }

    pub(super) fn show(&self, stored: &StoredRun) {
        let run = stored.run.clone();
        self.setup.hub.tell(ToBrowser::Run { run });
    }

    pub(super) fn logged<T>(
        &self,
        what: &str,
        work: impl FnOnce(&Store) -> store::Result<T>,
    ) -> Option<T> {
        work(&self.setup.store).inspect_err(|error| tracing::error!("{what}: {error}")).ok()
    }
}

impl Worker {
    /// A link that is full or closed belongs to a worker that does not listen: its connection
    /// ends by its own silence, and the run is looked after then.
    pub(super) fn send(&self, message: ToWorker) {
        if let Err(error) = self.link.try_send(message) {
            tracing::warn!("worker {} does not listen: {error}", self.name);
        }
    }
}
