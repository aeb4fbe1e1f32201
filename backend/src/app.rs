//! What every handler shares, and how it is put together.

use crate::api::error::Fail;
use crate::auditor::Auditor;
use crate::data::DataDir;
use crate::gauge::Gauge;
use crate::hub::Hub;
use crate::pictures::Pictures;
use crate::replayer::Replayer;
use crate::supervisor::Supervisor;
use crate::uploads::Uploads;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio::sync::watch;

/// Uploads are at most this large unless said otherwise.
pub const UPLOAD_LIMIT: u64 = 8 << 30;

/// A worker that may be alive is waited for this long.
const WORKER_GRACE: Duration = Duration::from_secs(10);

/// How a server is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Data directory; made where there is none.
    pub data: PathBuf,
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address that people open, where it is not the one listened on, such as
    /// `https://studio.example.org` behind a proxy.
    pub public_url: Option<String>,
    /// Local workers.
    pub workers: u32,
    /// The program that local workers and replays are; this one unless a test says otherwise.
    pub program: Option<PathBuf>,
    /// The page's files.
    pub dist: Option<PathBuf>,
    /// The policy a run starts from where its config names none.
    pub policy: Option<PathBuf>,
    /// Largest upload, bytes.
    pub upload_limit: u64,
    /// How long a worker that may be alive is waited for after its connection ended.
    pub worker_grace: Duration,
}

impl Options {
    /// The usual ones for a data directory and an address.
    pub fn new(data: PathBuf, listen: SocketAddr) -> Self {
        Self {
            data,
            listen,
            public_url: None,
            workers: 1,
            program: None,
            dist: crate::data::dist_dir(),
            policy: crate::data::static_dir().map(|dir| dir.join("nano")),
            upload_limit: UPLOAD_LIMIT,
            worker_grace: WORKER_GRACE,
        }
    }
}

/// What every handler shares.
pub struct App {
    /// The database.
    pub store: Store,
    /// Places on the disk.
    pub data: DataDir,
    /// News for browsers.
    pub hub: Arc<Hub>,
    /// Who runs what.
    pub supervisor: Supervisor,
    /// Videos on their way in.
    pub uploads: Arc<Uploads>,
    /// Clips and still pictures.
    pub pictures: Arc<Pictures>,
    /// The generator audit.
    pub auditor: Arc<Auditor>,
    /// Groups made again.
    pub replayer: Arc<Replayer>,
    /// How much of the disk is used for what.
    pub gauge: Gauge,
    /// Unix time the server started, seconds.
    pub started_at: f64,
    /// Local workers it keeps alive.
    pub local_workers: u32,
    /// The policy a run starts from where its config names none.
    pub policy: Option<PathBuf>,
    /// Largest upload, bytes.
    pub upload_limit: u64,
    /// The address that people open, without a slash at its end. Where it is https, cookies
    /// are sent over https only.
    pub public_url: String,
    /// Name of the session cookie. It holds the port, for browsers share cookies between
    /// the ports of one host.
    pub cookie: String,
    /// What workers sign in with.
    pub worker_token: store::Secret,
    /// What a worker finds in [`DataDir::disk_mark`] if it sees the same disk.
    pub disk_mark: String,
    /// When the server ends; links to browsers and workers close then.
    pub ending: Ending,
}

/// Tells when the server ends.
#[derive(Clone)]
pub struct Ending(watch::Receiver<bool>);

impl Ending {
    /// With the sender that begins it; a dropped sender begins it as well.
    pub fn new() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    /// Waits until it has begun.
    pub async fn begun(&mut self) {
        // An error means that the sender was dropped.
        let _ = self.0.wait_for(|ending| *ending).await;
    }

    /// Whether it has.
    pub fn has_begun(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}

impl App {
    /// Runs database work on a thread that may block.
    pub async fn db<T, F>(&self, work: F) -> Result<T, Fail>
    where
        T: Send + 'static,
        F: FnOnce(&Store) -> store::Result<T> + Send + 'static,
    {
        let store = self.store.clone();
        blocking(move || work(&store)).await?.map_err(Fail::from)
    }
}

/// Runs `work` on a thread that may block; a panic in it becomes a failure of the request.
pub async fn blocking<T, F>(work: F) -> Result<T, Fail>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.map_err(|error| Fail::internal(&error))
}
