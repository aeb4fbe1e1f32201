//! Starts and ends the server.

use crate::api;
use crate::app::{App, Ending, Options};
use crate::data::DataDir;
use crate::gauge::Gauge;
use crate::hub::Hub;
use crate::pictures::Pictures;
use crate::replayer::Replayer;
use crate::secret::{kept_secret, new_secret};
use crate::supervisor::local::LocalWorkers;
use crate::supervisor::{Setup, Supervisor};
use crate::uploads::Uploads;
use anyhow::{Context, Result, bail};
use shared::annotation::Role;
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::{NewToken, Secret, Store};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A link printed at the start is good for this long, seconds.
const LINK_SECS: f64 = 86_400.0;
/// Local workers are given this long to go when the server ends.
const WORKERS_LIMIT: Duration = Duration::from_secs(8);
/// Open connections are given this long to end.
const HTTP_LIMIT: Duration = Duration::from_secs(3);

/// A running server.
pub struct Server {
    /// What its handlers share.
    pub app: Arc<App>,
    /// Where it listens.
    pub address: SocketAddr,
    ending: watch::Sender<bool>,
    http: JoinHandle<std::io::Result<()>>,
    workers: Vec<JoinHandle<()>>,
    /// Dropped last: two servers on one directory would hand out its runs twice.
    _lock: File,
}

impl Server {
    /// Opens the data directory, listens and starts the local workers.
    pub async fn start(options: Options) -> Result<Self> {
        let data = DataDir::create(&options.data)
            .with_context(|| format!("cannot use {} for data", options.data.display()))?;
        let Some(lock) = data.lock()? else {
            bail!("another server uses {}", options.data.display());
        };
        let listener = TcpListener::bind(options.listen)
            .await
            .with_context(|| format!("cannot listen on {}", options.listen))?;
        let address = listener.local_addr().context("no address to listen on")?;
        let public_url = public_url(options.public_url.as_deref(), address);
        std::fs::write(data.address(), &public_url)?;
        let (ending, mut end) = Ending::new();
        let app = Arc::new(assemble(&options, data, (address, public_url), end.clone())?);
        let router = api::router(&app, options.dist.as_deref());
        let http =
            axum::serve(listener, router).with_graceful_shutdown(async move { end.begun().await });
        let http = tokio::spawn(http.into_future());
        let workers = local_workers(&options, &app, address)?;
        Ok(Self { app, address, ending, http, workers, _lock: lock })
    }

    /// The page's address with a fresh one-time link for the first admin.
    pub async fn sign_in_link(&self) -> Result<String> {
        let app = Arc::clone(&self.app);
        tokio::task::spawn_blocking(move || admin_link(&app.store, &app.public_url)).await?
    }

    /// Asks the runs to stop after their step and waits until they have, each with a
    /// checkpoint. The server answers meanwhile.
    pub async fn settle(&self) {
        // Gone means that there is nothing to wait for.
        let _ = self.app.supervisor.end().await;
    }

    /// Ends: closes every link, waits a bounded time for workers and connections.
    pub async fn end(self) {
        // Everybody who listens ends by it; nobody listening is fine.
        let _ = self.ending.send(true);
        let workers = futures::future::join_all(self.workers);
        if tokio::time::timeout(WORKERS_LIMIT, workers).await.is_err() {
            tracing::warn!("a local worker did not end in time");
        }
        if tokio::time::timeout(HTTP_LIMIT, self.http).await.is_err() {
            tracing::info!("open connections were cut");
        }
    }
}

/// The page's address with a fresh one-time link for the first admin. Blocks.
pub fn admin_link(store: &Store, public_url: &str) -> Result<String> {
    let at = store::now();
    let admin = store.first_admin(at)?;
    let secret = new_secret()?;
    let token = NewToken {
        secret: secret.clone(),
        person: Some(admin.id),
        role: Role::Admin,
        name: String::new(),
        expires_at: at + LINK_SECS,
    };
    store.add_token(token, None, at)?;
    Ok(format!("{public_url}{}", api::sign_in_link(&secret)))
}

/// The address that people open: the one they were told, else the one listened on.
pub fn public_url(told: Option<&str>, address: SocketAddr) -> String {
    match told {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{}", reachable(address)),
    }
}

fn assemble(
    options: &Options,
    data: DataDir,
    (address, public_url): (SocketAddr, String),
    ending: Ending,
) -> Result<App> {
    let store = Store::open(&data.database())?;
    store.first_admin(store::now())?;
    let hub = Arc::new(Hub::default());
    let supervisor = Supervisor::start(Setup {
        store: store.clone(),
        data: data.clone(),
        hub: Arc::clone(&hub),
        policy: options.policy.clone(),
        grace: options.worker_grace,
    })?;
    let disk_mark = new_secret()?.0;
    std::fs::write(data.disk_mark(), &disk_mark)?;
    Ok(App {
        uploads: Arc::new(Uploads::open(data.uploads())?),
        pictures: Arc::new(Pictures::open(data.pictures(), &data.strips())?),
        auditor: Arc::default(),
        replayer: Arc::new(Replayer::new(program(options)?)),
        gauge: Gauge::default(),
        started_at: store::now(),
        local_workers: options.workers,
        policy: options.policy.clone(),
        upload_limit: options.upload_limit,
        public_url,
        cookie: format!("videossr_session_{}", address.port()),
        worker_token: kept_secret(&data.worker_token())?,
        disk_mark,
        store,
        data,
        hub,
        supervisor,
        ending,
    })
}

/// What other processes of this server are.
fn program(options: &Options) -> Result<PathBuf> {
    match &options.program {
        Some(program) => Ok(program.clone()),
        None => std::env::current_exe().context("cannot find this program on the disk"),
    }
}

fn local_workers(
    options: &Options,
    app: &Arc<App>,
    address: SocketAddr,
) -> Result<Vec<JoinHandle<()>>> {
    let local = LocalWorkers {
        program: program(options)?,
        server: format!("ws://{}", reachable(address)),
        token: Secret(app.worker_token.0.clone()),
        logs: app.data.logs(),
    };
    let keep = |number| {
        let (local, supervisor) = (local.clone(), app.supervisor.clone());
        tokio::spawn(local.keep(number, supervisor, app.ending.clone()))
    };
    Ok((1..=options.workers).map(keep).collect())
}

/// An address that a browser on this machine can open.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
