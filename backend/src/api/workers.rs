//! The link of a worker: takes its events in, acknowledges them when they are durable, and
//! hands it what the supervisor has for it.

use super::Upgrade;
use crate::api::error::Fail;
use crate::app::App;
use crate::secret::same_secret;
use crate::supervisor::{Hello, LastHeard, WorkerId};
use axum::extract::ws::{Message, WebSocket};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt;
use shared::api::ToBrowser;
use shared::event::{ControlStage, EventBody, Order, RunEvent};
use shared::link::{FromWorker, ToWorker, WORKER_PROTOCOL};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// A worker says something at least every few seconds; after this it is gone.
const SILENCE: Duration = Duration::from_secs(30);
/// Messages for a worker waiting at most.
const WAITING: usize = 64;
/// One message of events is at most this large, bytes.
const MESSAGE_LIMIT: usize = 64 << 20;

/// Lets a worker through that knows the token.
pub(super) async fn check(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Fail> {
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if !given.is_some_and(|given| same_secret(given, &app.worker_token.0)) {
        let message = "this worker token is not known here";
        return Err(Fail::new(StatusCode::UNAUTHORIZED, "bad_token", message));
    }
    Ok(next.run(request).await)
}

pub(super) async fn connect(Upgrade(upgrade): Upgrade, State(app): State<Arc<App>>) -> Response {
    let upgrade = upgrade.max_message_size(MESSAGE_LIMIT).max_frame_size(MESSAGE_LIMIT);
    upgrade.on_upgrade(async move |mut socket| {
        let heard = LastHeard::default();
        let joining = join(&app, &mut socket, heard.clone()).await;
        let Some((worker, link, holding)) = joining else { return };
        let mut session = Session { app: Arc::clone(&app), socket, worker, holding, heard };
        // A run must not be left with a link that nobody serves.
        let served = AssertUnwindSafe(session.serve(link)).catch_unwind().await;
        let why = served.unwrap_or("a panic");
        tracing::debug!("a worker's link ends: {why}");
        // Without a supervisor there is nobody who wants to know.
        let _ = app.supervisor.leave(worker).await;
    })
}

type Joining = (WorkerId, mpsc::Receiver<ToWorker>, Option<String>);

/// Hears the worker's first message and has it joined, or tells it why not.
async fn join(app: &App, socket: &mut WebSocket, heard: LastHeard) -> Option<Joining> {
    let FromWorker::Hello { protocol, name, device, holding } = hear(socket).await? else {
        return None;
    };
    if protocol != WORKER_PROTOCOL {
        let reason = format!(
            "this server speaks version {WORKER_PROTOCOL} of the worker protocol, not {protocol}; \
             use the same version of the program on both sides"
        );
        refuse(socket, reason).await;
        return None;
    }
    let file = app.data.disk_mark().display().to_string();
    send(socket, &ToWorker::Read { file: file.clone() }).await.ok()?;
    let FromWorker::HasRead { text } = hear(socket).await? else { return None };
    if text.as_ref() != Some(&app.disk_mark) {
        let reason = format!(
            "it does not see the server's file {file}; mount the server's disk at the same path, \
             or start the worker on the server's machine"
        );
        refuse(socket, reason).await;
        return None;
    }
    let (link, messages) = mpsc::channel(WAITING);
    heard.now();
    let hello = Hello { name, device, holding: holding.clone(), heard };
    match app.supervisor.join(hello, link).await.ok()? {
        Ok(joined) => {
            let acked = joined.acked;
            let welcomed = send(socket, &ToWorker::Welcome { acked }).await;
            if welcomed.is_err() {
                app.supervisor.leave(joined.worker).await.ok()?;
                return None;
            }
            Some((joined.worker, messages, holding))
        }
        Err(reason) => {
            refuse(socket, reason).await;
            None
        }
    }
}

/// The next message of a worker that has not joined yet.
async fn hear(socket: &mut WebSocket) -> Option<FromWorker> {
    match timeout(SILENCE, socket.recv()).await {
        Ok(Some(Ok(Message::Text(text)))) => serde_json::from_str(&text).ok(),
        _ => None,
    }
}

async fn refuse(socket: &mut WebSocket, reason: String) {
    // A worker that is gone already needs no reason.
    let _ = send(socket, &ToWorker::Refused { reason }).await;
}

/// Why a link ends, for the log.
type Why = &'static str;

struct Session {
    app: Arc<App>,
    socket: WebSocket,
    worker: WorkerId,
    holding: Option<String>,
    heard: LastHeard,
}

impl Session {
    async fn serve(&mut self, mut messages: mpsc::Receiver<ToWorker>) -> Why {
        let mut ending = self.app.ending.clone();
        loop {
            let step = tokio::select! {
                heard = timeout(SILENCE, self.socket.recv()) => match heard {
                    Ok(Some(Ok(Message::Text(text)))) => self.take(&text).await,
                    Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => Err("closed"),
                    Ok(Some(Ok(_))) => Ok(()),
                    Err(_) => Err("silence"),
                },
                message = messages.recv() => match message {
                    Some(message) => self.pass_on(&message).await,
                    None => Err("replaced by a newer link"),
                },
                () = ending.begun() => Err("the server ends"),
            };
            if let Err(why) = step {
                // The other side may be gone.
                let _ = self.socket.send(Message::Close(None)).await;
                return why;
            }
        }
    }

    async fn pass_on(&mut self, message: &ToWorker) -> Result<(), Why> {
        if let ToWorker::Start { run, .. } = message {
            self.holding = Some(run.clone());
        }
        send(&mut self.socket, message).await
    }

    async fn take(&mut self, text: &str) -> Result<(), Why> {
        self.heard.now();
        let gone = |_| "the server ends";
        match serde_json::from_str(text) {
            Ok(FromWorker::Alive) => Ok(()),
            Ok(FromWorker::Events { run, events }) => self.store(run, events).await,
            Ok(FromWorker::Done { run }) => {
                self.holding = None;
                self.app.supervisor.done(self.worker, run).await.map_err(gone)
            }
            Ok(FromWorker::GaveUp { run, reason }) => {
                self.holding = None;
                self.app.supervisor.gave_up(self.worker, run, reason).await.map_err(gone)
            }
            Ok(FromWorker::Hello { .. } | FromWorker::HasRead { .. }) => Err("a second hello"),
            Err(error) => {
                tracing::warn!("a worker says what cannot be read: {error}");
                Err("an unreadable message")
            }
        }
    }

    async fn store(&mut self, run: String, events: Vec<RunEvent>) -> Result<(), Why> {
        if self.holding.as_ref() != Some(&run) {
            return Err("events of a run that it does not hold");
        }
        let heard: Vec<Order> = events.iter().filter_map(heard).collect();
        let asked = run.clone();
        let work = self.app.db(move |store| {
            let ingested = store.ingest(&asked, events)?;
            let changed = ingested.run_changed.then(|| store.run(&asked)).transpose()?;
            Ok((ingested.seq, changed))
        });
        // A gap, or a database that cannot write: the worker comes back and hears from where
        // to send again.
        let (seq, changed) = work.await.map_err(|_| "events that could not be stored")?;
        self.app.hub.reached(&run, seq);
        if let Some(stored) = changed {
            self.app.hub.tell(ToBrowser::Run { run: stored.run });
        }
        for order in heard {
            let told = self.app.supervisor.heard(run.clone(), order).await;
            told.map_err(|_| "the server ends")?;
        }
        send(&mut self.socket, &ToWorker::Ack { run, seq }).await
    }
}

/// The request that an event says the trainer has got.
fn heard(event: &RunEvent) -> Option<Order> {
    match &event.body {
        EventBody::Control { control, stage: ControlStage::Requested, .. } => {
            Some(Order::Control(*control))
        }
        EventBody::Edited(edited) => Some(Order::Edit(edited.edit.clone())),
        _ => None,
    }
}

async fn send(socket: &mut WebSocket, message: &ToWorker) -> Result<(), Why> {
    let text = serde_json::to_string(message).map_err(|_| "a message without JSON")?;
    match timeout(SILENCE, socket.send(Message::Text(text.into()))).await {
        Ok(Ok(())) => Ok(()),
        _ => Err("nobody listens"),
    }
}
