//! The browser's live link: news, and the events of the run it follows.
//!
//! Events are read from the store, from the newest one sent on: a browser that connects
//! again, or is slow, gets what it has not seen, once, and costs the others nothing.

use super::runs::joined;
use crate::app::App;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use shared::api::{FromBrowser, LIVE_PROTOCOL, ToBrowser};
use shared::fold::GROUPS_KEPT;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// A sign of life is sent this often.
const BEAT: Duration = Duration::from_secs(5);
/// A browser that takes nothing for this long is gone.
const SEND_LIMIT: Duration = Duration::from_secs(20);
/// A browser has nothing longer to say, bytes.
const MESSAGE_LIMIT: usize = 64 << 10;
/// Events sent in one message at most.
const EVENTS_AT_ONCE: u32 = 500;

pub(super) async fn connect(upgrade: WebSocketUpgrade, State(app): State<Arc<App>>) -> Response {
    let upgrade = upgrade.max_message_size(MESSAGE_LIMIT);
    upgrade.on_upgrade(async move |socket| {
        let news = app.hub.news();
        let link = Link { app, socket, news, followed: None };
        // However the link ends, there is nobody left to tell.
        let _ = link.serve().await;
    })
}

/// Why a link ends.
struct Ended;

struct Link {
    app: Arc<App>,
    socket: WebSocket,
    news: broadcast::Receiver<Arc<ToBrowser>>,
    followed: Option<Followed>,
}

struct Followed {
    run: String,
    /// Newest event sent.
    sent: u64,
    /// Groups before this event are left out: a view would drop them again.
    first_group: u64,
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
                _ = beat.tick() => self.send(&ToBrowser::Pong { sent_ms: 0.0 }).await?,
                () = ending.begun() => {
                    return self.send_raw(Message::Close(None)).await;
                }
            }
        }
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
        let first_group =
            self.app.db(move |store| store.first_of_newest_groups(&asked, GROUPS_KEPT));
        self.followed = Some(Followed {
            first_group: first_group.await.map_err(|_| Ended)?,
            run,
            sent: after,
            reached,
            behind: true,
        });
        Ok(())
    }

    async fn send_events(&mut self) -> Result<(), Ended> {
        let Some(followed) = &mut self.followed else { return Ok(()) };
        let (run, sent, first) = (followed.run.clone(), followed.sent, followed.first_group);
        let read = self.app.db(move |store| {
            let events = store.replay_after(&run, sent, EVENTS_AT_ONCE, first)?;
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
        let read = self.app.db(|store| Ok((store.runs()?, store.videos()?, store.failures(None)?)));
        let (runs, videos, failures) = read.await.map_err(|_| Ended)?;
        for stored in runs {
            self.send(&ToBrowser::Run { run: stored.run }).await?;
        }
        for stored in videos {
            let video = stored.video;
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
