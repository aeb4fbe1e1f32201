//! Who runs what. One thread owns the workers and the queue; everybody else asks it by
//! message. The state of a run lies in the database and moves only as its state machine
//! allows; what is kept here is which connection holds which run.

mod away;
mod desk;
pub mod local;
mod start;
mod steer;

use crate::api::error::Fail;
use desk::Desk;
pub use desk::{Joined, Setup};
use shared::api::{AwayInfo, Person, WorkerInfo};
use shared::event::Order;
use shared::link::ToWorker;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::StoredRun;
use tokio::sync::{mpsc, oneshot};

/// Requests waiting at most.
const WAITING: usize = 256;

/// Names a connected worker.
pub type WorkerId = u64;

/// Why the supervisor does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gone {
    /// It has ended.
    #[error("the server is ending")]
    Ending,
    /// The request broke it; it goes on with the next one.
    #[error("the supervisor broke over this request")]
    Broke,
}

/// A worker's first message.
#[derive(Clone, Debug)]
pub struct Hello {
    /// Name for people.
    pub name: String,
    /// Device it owns.
    pub device: String,
    /// The run it still holds.
    pub holding: Option<String>,
    /// When it last said anything.
    pub heard: LastHeard,
}

/// When a worker last said anything; its link writes it, the supervisor reads it.
#[derive(Clone, Debug, Default)]
pub struct LastHeard(Arc<AtomicU64>);

impl LastHeard {
    /// It says something now.
    pub fn now(&self) {
        self.0.store((store::now() * 1e3) as u64, Ordering::Relaxed);
    }

    /// Unix time, seconds.
    pub fn at(&self) -> f64 {
        self.0.load(Ordering::Relaxed) as f64 / 1e3
    }
}

enum Request {
    Join(Hello, mpsc::Sender<ToWorker>, oneshot::Sender<Result<Joined, String>>),
    Leave(WorkerId),
    Done(WorkerId, String),
    GaveUp(WorkerId, String, String),
    Check(String, u64, Patience),
    LookAtQueue,
    Heard(String, Order),
    Steer(String, Order, Person, oneshot::Sender<Result<StoredRun, Fail>>),
    Workers(oneshot::Sender<Vec<WorkerInfo>>),
    Away(oneshot::Sender<Vec<AwayInfo>>),
    Vacant(String, oneshot::Sender<bool>),
    End(oneshot::Sender<()>),
    #[cfg(test)]
    Panic(oneshot::Sender<()>),
}

/// How long a run whose worker is away is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// Only given up where its worker is surely dead.
    More,
    /// Given up.
    Over,
}

/// Asks the thread that owns workers and queue. Cheap to clone.
#[derive(Clone)]
pub struct Supervisor {
    requests: mpsc::Sender<Request>,
}

impl Supervisor {
    /// Starts the thread; it ends with the last handle.
    pub fn start(setup: Setup) -> std::io::Result<Self> {
        let (requests, waiting) = mpsc::channel(WAITING);
        let supervisor = Self { requests };
        let desk =
            Desk::new(setup, supervisor.requests.downgrade(), tokio::runtime::Handle::current());
        std::thread::Builder::new()
            .name("supervisor".into())
            .spawn(move || serve(desk, waiting))?;
        Ok(supervisor)
    }

    /// A worker connects; `Err` is the sentence it is refused with.
    pub async fn join(
        &self,
        hello: Hello,
        link: mpsc::Sender<ToWorker>,
    ) -> Result<Result<Joined, String>, Gone> {
        self.ask(|reply| Request::Join(hello, link, reply)).await
    }

    /// A worker's connection ended.
    pub async fn leave(&self, worker: WorkerId) -> Result<(), Gone> {
        self.tell(Request::Leave(worker)).await
    }

    /// A worker's run ended and its journal is stored.
    pub async fn done(&self, worker: WorkerId, run: String) -> Result<(), Gone> {
        self.tell(Request::Done(worker, run)).await
    }

    /// A worker cannot go on with its run.
    pub async fn gave_up(&self, worker: WorkerId, run: String, reason: String) -> Result<(), Gone> {
        self.tell(Request::GaveUp(worker, run, reason)).await
    }

    /// A run was queued.
    pub async fn look_at_queue(&self) -> Result<(), Gone> {
        self.tell(Request::LookAtQueue).await
    }

    /// A run's journal says that its trainer has got a request.
    pub async fn heard(&self, run: String, order: Order) -> Result<(), Gone> {
        self.tell(Request::Heard(run, order)).await
    }

    /// A person steers a run, or changes it.
    pub async fn steer(
        &self,
        run: String,
        order: Order,
        by: Person,
    ) -> Result<Result<StoredRun, Fail>, Gone> {
        self.ask(|reply| Request::Steer(run, order, by, reply)).await
    }

    /// Connected workers.
    pub async fn workers(&self) -> Result<Vec<WorkerInfo>, Gone> {
        self.ask(Request::Workers).await
    }

    /// Runs whose worker is away and waited for.
    pub async fn away(&self) -> Result<Vec<AwayInfo>, Gone> {
        self.ask(Request::Away).await
    }

    /// Whether a local worker of this name is wanted: none is connected, and no worker from
    /// before is still expected back.
    pub async fn vacant(&self, name: String) -> Result<bool, Gone> {
        self.ask(|reply| Request::Vacant(name, reply)).await
    }

    /// Starts no more runs, asks the live ones to stop after their step, and returns when
    /// none is left.
    pub async fn end(&self) -> Result<(), Gone> {
        self.ask(Request::End).await
    }

    async fn tell(&self, request: Request) -> Result<(), Gone> {
        self.requests.send(request).await.map_err(|_| Gone::Ending)
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, Gone> {
        let (reply, answer) = oneshot::channel();
        self.tell(request(reply)).await?;
        answer.await.map_err(|_| Gone::Broke)
    }
}

fn serve(mut desk: Desk, mut waiting: mpsc::Receiver<Request>) {
    guarded(&mut desk, Desk::take_stock);
    while let Some(request) = waiting.blocking_recv() {
        guarded(&mut desk, |desk| answer(desk, request));
    }
}

/// Runs, workers and pages outlive a request that panics.
fn guarded(desk: &mut Desk, work: impl FnOnce(&mut Desk)) {
    // What a panic leaves in the tables is thrown away.
    let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(desk))) else { return };
    tracing::error!("the supervisor broke and starts over: {}", train::panic_text(&*panic));
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| desk.start_over())) {
        tracing::error!("the supervisor cannot start over: {}", train::panic_text(&*panic));
    }
}

fn answer(desk: &mut Desk, request: Request) {
    // An answer that nobody waits for any more is dropped.
    match request {
        Request::Join(hello, link, reply) => drop(reply.send(desk.join(hello, link))),
        Request::Leave(worker) => desk.leave(worker),
        Request::Done(worker, run) => desk.done(worker, &run),
        Request::GaveUp(worker, run, reason) => desk.gave_up(worker, &run, &reason),
        Request::Check(run, turn, patience) => desk.check(&run, turn, patience),
        Request::LookAtQueue => desk.look_at_queue(),
        Request::Heard(run, order) => desk.heard(&run, &order),
        Request::Steer(run, order, by, reply) => {
            drop(reply.send(desk.steer(&run, order, &by)));
        }
        Request::Workers(reply) => drop(reply.send(desk.workers())),
        Request::Away(reply) => drop(reply.send(desk.away())),
        Request::Vacant(name, reply) => drop(reply.send(desk.vacant(&name))),
        Request::End(reply) => desk.end(reply),
        #[cfg(test)]
        Request::Panic(_reply) => panic!("asked to"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::data::DataDir;
    use shared::config::RunConfig;
    use shared::fold::{RunMove, RunState};
    use std::time::Duration;
    use store::{NewRunRow, Store};

    #[tokio::test]
    async fn a_request_that_panics_ends_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::create(dir.path()).unwrap();
        let store = Store::open(&data.database()).unwrap();
        let supervisor = Supervisor::start(Setup {
            store: store.clone(),
            data: data.clone(),
            hub: std::sync::Arc::default(),
            policy: None,
            grace: Duration::from_secs(60),
        })
        .unwrap();
        let hello = Hello {
            name: "one".into(),
            device: "cpu".into(),
            holding: None,
            heard: LastHeard::default(),
        };
        let (link, mut messages) = mpsc::channel(4);
        supervisor.join(hello.clone(), link).await.unwrap().unwrap();
        let owner = store.first_admin(1.0).unwrap().id;
        let (id, name, config) = ("r".to_owned(), String::new(), RunConfig::default());
        store.add_run(NewRunRow { id, name, config, videos: vec![], owner, at: 1.0 }).unwrap();
        store.move_run("r", &[RunMove::Take]).unwrap();
        drop(crate::journal::hold(&data.run("r")).unwrap());

        assert_eq!(supervisor.ask(Request::Panic).await, Err(Gone::Broke));
        assert!(messages.recv().await.is_none(), "the worker has to come back");
        assert_eq!(supervisor.workers().await.unwrap().len(), 0);
        assert_eq!(store.run("r").unwrap().run.state, RunState::Failed, "nobody holds it");
        let (link, _messages) = mpsc::channel(4);
        supervisor.join(hello, link).await.unwrap().unwrap();
        assert_eq!(supervisor.workers().await.unwrap().len(), 1);
    }
}
