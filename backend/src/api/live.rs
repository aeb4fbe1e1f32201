//! The browser's live link: news, and the events of the run it follows.
//!
//! Events are read from the store, from the newest one sent on: a browser that connects
//! again, or is slow, gets what it has not seen, once, and costs the others nothing.

use super::runs::joined;
use super::{Signed, Upgrade};
use crate::app::App;
use crate::library;
use axum::Extension;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use axum::response::Response;
use shared::api::{FromBrowser, LIVE_PROTOCOL, ToBrowser};
use shared::fold::GROUPS_KEPT;
use std::sync::Arc;
use std::time::Duration;
use store::{ReplayFrom, Secret, StoreError};
use tokio::sync::{broadcast, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// A sign of life is sent this often.
const BEAT: Duration = Duration::from_secs(5);
/// A browser that takes nothing for this long is gone.
const SEND_LIMIT: Duration = Duration::from_secs(20);
/// A browser has nothing longer to say, bytes.
const MESSAGE_LIMIT: usize = 64 << 10;
/// Labels sent again to a browser that missed news: the newest changes are what it missed.
const LABELS_SENT: u32 = 1000;
/// Events sent in one message at most.
const EVENTS_AT_ONCE: u32 = 500;

pub(super) async fn connect(
    Upgrade(upgrade): Upgrade,
    Extension(signed): Extension<Signed>,
    State(app): State<Arc<App>>,
) -> Response {
    let upgrade = upgrade.max_message_size(MESSAGE_LIMIT);
    // Listening comes before the answer: a session that ends from here on is heard of.
    let (news, sessions) = (app.hub.news(), app.hub.sessions());
    upgrade.on_upgrade(async move |socket| {
        let session = signed.session;
        let link = Link { app, socket, session, sessions, news, followed: None };
        // However the link ends, there is nobody left to tell.
        let _ = link.serve().await;
    })
}

/// Why a link ends.
struct Ended;

struct Link {
    app: Arc<App>,
    socket: WebSocket,
    /// Whose link it is; it ends with the session.
    session: Secret,
    sessions: watch::Receiver<()>,
    news: broadcast::Receiver<Arc<ToBrowser>>,
    followed: Option<Followed>,
}

struct Followed {
    run: String,
    /// Newest event sent.
    sent: u64,
    /// What is left out of the past for a view that begins now, which would drop it again; a
    /// view that goes on gets everything.
    from: ReplayFrom,
    reached: watch::Receiver<u64>,
    /// The store may hold more than was sent.
    behind: bool,
}

impl Link {
    async fn serve(mut self) -> Result<(), Ended> {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut ending = self.app.ending.clone();
        loop {
            tokio::select! {
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => self.take(&text).await?,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Ended),
                    Some(Ok(_)) => {}
                },
                () = more(&mut self.followed) => self.send_events().await?,
                news = self.news.recv() => match news {
                    Ok(message) => self.send(&message).await?,
                    Err(broadcast::error::RecvError::Lagged(_)) => self.send_lists().await?,
                    Err(broadcast::error::RecvError::Closed) => return Err(Ended),
                },
                _ = beat.tick() => {
                    self.look_at_session().await?;
                    self.send(&ToBrowser::Pong { sent_ms: 0.0 }).await?;
                }
                _ = self.sessions.changed() => self.look_at_session().await?,
                () = ending.begun() => {
                    return self.send_raw(Message::Close(None)).await;
                }
            }
        }
    }

    /// Ends the link of a session that was signed out or has expired.
    async fn look_at_session(&mut self) -> Result<(), Ended> {
        let session = self.session.clone();
        let read = self.app.db(move |store| store.session_person(&session, store::now()));
        if read.await.map_err(|_| Ended)?.is_some() {
            return Ok(());
        }
        let frame = CloseFrame { code: close_code::POLICY, reason: "signed out".into() };
        // It ends either way.
        let _ = self.send_raw(Message::Close(Some(frame))).await;
        Err(Ended)
    }

    async fn take(&mut self, text: &str) -> Result<(), Ended> {
        match serde_json::from_str(text) {
            Ok(FromBrowser::Subscribe { run, after_seq, .. }) => {
                let protocol = LIVE_PROTOCOL;
                self.send(&ToBrowser::Welcome { protocol }).await?;
                self.follow(run, after_seq).await
            }
            Ok(FromBrowser::Ping { sent_ms }) => self.send(&ToBrowser::Pong { sent_ms }).await,
            Err(error) => {
                tracing::debug!("a browser says what cannot be read: {error}");
                Err(Ended)
            }
        }
    }

    async fn follow(&mut self, run: Option<String>, after: u64) -> Result<(), Ended> {
        self.followed = None;
        let Some(run) = run else { return Ok(()) };
        // Listening comes before reading: what is stored in between is heard of.
        let reached = self.app.hub.follow(&run);
        let asked = run.clone();
        let read = self.app.db(move |store| match store.run(&asked) {
            Ok(_) if after == 0 => store.replay_from(&asked, GROUPS_KEPT).map(Some),
            Ok(_) => Ok(Some(ReplayFrom::default())),
            // The page hears so where it asks for the run itself.
            Err(StoreError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        });
        let from = read.await.map_err(|_| Ended)?;
        self.followed = from.map(|from| Followed { run, sent: after, from, reached, behind: true });
        Ok(())
    }

    async fn send_events(&mut self) -> Result<(), Ended> {
        let Some(followed) = &mut self.followed else { return Ok(()) };
        let (run, sent, from) = (followed.run.clone(), followed.sent, followed.from);
        let read = self.app.db(move |store| {
            let events = store.replay_after(&run, sent, EVENTS_AT_ONCE, from)?;
            Ok((run, events))
        });
        let (run, events) = read.await.map_err(|_| Ended)?;
        let Some(last) = events.last() else {
            followed.behind = false;
            return Ok(());
        };
        followed.sent = last.seq;
        let run = serde_json::Value::from(run);
        let text = format!(r#"{{"type":"events","run":{run},"events":{}}}"#, joined(&events));
        self.send_raw(Message::Text(text.into())).await
    }

    /// For a browser that missed news: the lists as they are now.
    async fn send_lists(&mut self) -> Result<(), Ended> {
        let read = self.app.db(|store| {
            let videos = store.videos()?.into_iter().map(library::listed).collect::<Vec<_>>();
            Ok((store.runs()?, videos, store.failures(None, None, LABELS_SENT)?))
        });
        let (runs, videos, failures) = read.await.map_err(|_| Ended)?;
        for stored in runs {
            self.send(&ToBrowser::Run { run: stored.run }).await?;
        }
        for video in videos {
            self.send(&ToBrowser::Video { video }).await?;
        }
        for failure in failures {
            let failure = Box::new(failure);
            self.send(&ToBrowser::Label { failure }).await?;
        }
        Ok(())
    }

    async fn send(&mut self, message: &ToBrowser) -> Result<(), Ended> {
        let text = serde_json::to_string(message).map_err(|_| Ended)?;
        self.send_raw(Message::Text(text.into())).await
    }

    async fn send_raw(&mut self, message: Message) -> Result<(), Ended> {
        match timeout(SEND_LIMIT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Ended),
        }
    }
}

/// Waits until the followed run has events that were not sent.
async fn more(followed: &mut Option<Followed>) {
    let Some(followed) = followed else {
        return std::future::pending().await;
    };
    if !followed.behind {
        if followed.reached.changed().await.is_err() {
            return std::future::pending().await;
        }
        followed.behind = true;
    }
}
