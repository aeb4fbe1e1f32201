//! Who runs what. One thread owns the workers and the queue; everybody else asks it by
//! message. The state of a run lies in the database and moves only as its state machine
//! allows; what is kept here is which connection holds which run.

mod desk;
pub mod local;

use crate::api::error::Fail;
use desk::Desk;
pub use desk::{Joined, Setup};
use shared::api::{Person, WorkerInfo};
use shared::event::Control;
use shared::link::ToWorker;
use store::StoredRun;
use tokio::sync::{mpsc, oneshot};

/// Requests waiting at most.
const WAITING: usize = 256;

/// Names a connected worker.
pub type WorkerId = u64;

/// The supervisor is gone: the server ends.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the server is ending")]
pub struct Gone;

/// A worker's first message.
#[derive(Clone, Debug)]
pub struct Hello {
    /// Name for people.
    pub name: String,
    /// Device it owns.
    pub device: String,
    /// The run it still holds.
    pub holding: Option<String>,
}

enum Request {
    Join(Hello, mpsc::Sender<ToWorker>, oneshot::Sender<Result<Joined, String>>),
    Leave(WorkerId),
    Done(WorkerId, String),
    GaveUp(WorkerId, String, String),
    Check(String, u64, Patience),
    LookAtQueue,
    Control(String, Control, Person, oneshot::Sender<Result<StoredRun, Fail>>),
    Workers(oneshot::Sender<Vec<WorkerInfo>>),
    Vacant(String, oneshot::Sender<bool>),
    End(oneshot::Sender<()>),
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

    /// A person steers a run.
    pub async fn control(
        &self,
        run: String,
        control: Control,
        by: Person,
    ) -> Result<Result<StoredRun, Fail>, Gone> {
        self.ask(|reply| Request::Control(run, control, by, reply)).await
    }

    /// Connected workers.
    pub async fn workers(&self) -> Result<Vec<WorkerInfo>, Gone> {
        self.ask(Request::Workers).await
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
        self.requests.send(request).await.map_err(|_| Gone)
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, Gone> {
        let (reply, answer) = oneshot::channel();
        self.tell(request(reply)).await?;
        answer.await.map_err(|_| Gone)
    }
}

fn serve(mut desk: Desk, mut waiting: mpsc::Receiver<Request>) {
    desk.take_stock();
    // An answer that nobody waits for any more is dropped.
    while let Some(request) = waiting.blocking_recv() {
        match request {
            Request::Join(hello, link, reply) => drop(reply.send(desk.join(hello, link))),
            Request::Leave(worker) => desk.leave(worker),
            Request::Done(worker, run) => desk.done(worker, &run),
            Request::GaveUp(worker, run, reason) => desk.gave_up(worker, &run, &reason),
            Request::Check(run, turn, patience) => desk.check(&run, turn, patience),
            Request::LookAtQueue => desk.look_at_queue(),
            Request::Control(run, control, by, reply) => {
                drop(reply.send(desk.control(&run, control, &by)));
            }
            Request::Workers(reply) => drop(reply.send(desk.workers())),
            Request::Vacant(name, reply) => drop(reply.send(desk.vacant(&name))),
            Request::End(reply) => desk.end(reply),
        }
    }
}
