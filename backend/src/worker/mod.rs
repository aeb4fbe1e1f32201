//! A worker: connects to a server, takes one run at a time, trains it on a thread of its own.
//!
//! The trainer never waits for the network: it writes its journal, and what the server has
//! not acknowledged is read from there again. A server that goes away stops nothing.

mod held;
mod link;

use anyhow::{Context, Result, bail};
use held::HeldRun;
use link::{End, Link};
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Pauses between attempts to reach the server: the first and the longest.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(3));
/// A local worker without a run ends after this long without a server.
const LOCAL_PATIENCE: Duration = Duration::from_secs(15);

/// How a worker is started.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// The server, as `http://host:port` or `ws://host:port`.
    pub server: String,
    /// What it signs in with.
    pub token: String,
    /// Name for people.
    pub name: String,
    /// The device it takes runs for; `None` for every device.
    pub device: Option<String>,
    /// Started by a server of this machine: ends when there is no server and no run.
    pub local: bool,
}

/// Works until asked to end by a signal, refused by the server or, a local worker, left alone.
pub fn run(config: WorkerConfig) -> Result<()> {
    if config.local {
        give_way();
    }
    // Fails only where a provider is there already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no thread for the network")?;
    runtime.block_on(async {
        let signals = Signals::listen()?;
        let mut worker = Worker { config, signals, held: None, leaving: false, hurried: false };
        worker.work().await?;
        if worker.hurried {
            bail!("ended within a step, as asked");
        }
        Ok(())
    })
}

/// How far a worker beside its server stands back, as `nice` counts. Training takes every core
/// for seconds; the server and a browser on the same machine want one for a moment.
const NICENESS: libc::c_int = 5;

/// Lets everything else on this machine go first, where it wants to; alone, training is as fast.
fn give_way() {
    // SAFETY: sets a number of the calling thread, which those that it starts inherit.
    if unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) } != 0 {
        tracing::debug!("training keeps its priority: {}", std::io::Error::last_os_error());
    }
}

struct Worker {
    config: WorkerConfig,
    signals: Signals,
    held: Option<HeldRun>,
    /// Asked to end after the step.
    leaving: bool,
    /// Asked again: not even the step is waited for.
    hurried: bool,
}

impl Worker {
    async fn work(&mut self) -> Result<()> {
        let mut pause = BACKOFF.0;
        let mut heard = Instant::now();
        let mut told = false;
        loop {
            match link::connect(&self.config).await {
                Ok(link) => {
                    pause = BACKOFF.0;
                    told = false;
                    match self.serve(link).await {
                        End::Lost(why) => tracing::info!("the server is lost: {why}"),
                        End::Refused(reason) => bail!("the server refuses this worker: {reason}"),
                        End::Left => return Ok(()),
                    }
                    heard = Instant::now();
                }
                Err(link::ConnectError::Refused(reason)) => bail!(reason),
                Err(link::ConnectError::Away(error)) => {
                    if !told {
                        let server = &self.config.server;
                        tracing::warn!(
                            "no server at {server} ({error}); trying again until there is"
                        );
                    }
                    told = true;
                }
            }
            if self.is_alone(heard) || !self.rest(pause).await {
                return Ok(());
            }
            pause = (pause * 2).min(BACKOFF.1);
        }
    }

    /// Whether nobody will ever ask anything of this worker again. A run that has ended
    /// needs no worker: the next server reads its journal.
    fn is_alone(&self, heard: Instant) -> bool {
        let busy = self.held.as_ref().is_some_and(|held| !held.has_ended());
        self.config.local && !busy && heard.elapsed() > LOCAL_PATIENCE
    }

    /// Waits before the next attempt; `false` where the worker may end.
    async fn rest(&mut self, pause: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.signals.next() => self.leave(),
        }
        let busy = self.held.as_ref().is_some_and(|held| !held.has_ended());
        !self.hurried && (!self.leaving || busy)
    }

    /// A first signal lets the trainer finish its step; a second one does not wait.
    fn leave(&mut self) {
        self.hurried = self.leaving;
        self.leaving = true;
        if let Some(held) = &self.held {
            held.ask(train::Request::of(shared::event::Control::Stop));
        }
    }

    async fn serve(&mut self, mut link: Link) -> End {
        if let Err(end) = link.hello(&self.config, self.held.as_mut()).await {
            return end;
        }
        loop {
            if self.hurried || (self.leaving && self.held.is_none()) {
                return End::Left;
            }
            let step = tokio::select! {
                message = link.next() => match message {
                    Ok(Some(message)) => self.take(&mut link, message).await,
                    Ok(None) => link.alive().await,
                    Err(end) => Err(end),
                },
                () = held::news(&mut self.held) => self.report(&mut link).await,
                () = self.signals.next() => {
                    self.leave();
                    Ok(())
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn take(&mut self, link: &mut Link, message: shared::link::ToWorker) -> Result<(), End> {
        use shared::link::ToWorker;
        match message {
            ToWorker::Start { .. } if self.held.is_some() => {
                Err(End::Lost("it hands out a second run".into()))
            }
            ToWorker::Start { .. } => match HeldRun::start(message) {
                Ok(held) => {
                    self.held = Some(held);
                    Ok(())
                }
                Err((run, reason)) => link.gave_up(run, reason).await,
            },
            ToWorker::Order { run, order, by, at } => {
                if let Some(held) = self.held.as_ref().filter(|held| held.run == run) {
                    held.ask(train::Request { order, by: Some(by), at: Some(at) });
                }
                Ok(())
            }
            ToWorker::Ack { run, seq } => {
                if let Some(held) = self.held.as_mut().filter(|held| held.run == run) {
                    held.acknowledge(seq);
                }
                Ok(())
            }
            ToWorker::Refused { reason } => Err(End::Refused(reason)),
            ToWorker::Welcome { .. } | ToWorker::Read { .. } => Ok(()),
        }
    }

    /// Sends what the journal holds beyond the acknowledged events; after the last one, how
    /// the run ended.
    async fn report(&mut self, link: &mut Link) -> Result<(), End> {
        let Some(held) = &mut self.held else { return Ok(()) };
        match held.next_part() {
            Ok(events) if !events.is_empty() => link.events(held.run.clone(), events).await,
            Ok(_) if held.is_over() => {
                let (run, outcome) = (held.run.clone(), held.outcome());
                self.held = None;
                match outcome {
                    Ok(()) => link.done(run).await,
                    Err(reason) => link.gave_up(run, reason).await,
                }
            }
            Ok(_) => Ok(()),
            Err(error) => Err(End::Lost(format!("the journal cannot be read: {error}"))),
        }
    }
}

/// Ctrl+C and SIGTERM.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
