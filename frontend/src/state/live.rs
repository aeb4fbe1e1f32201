//! The live link: one WebSocket for the page. Follows one run, resumes by sequence number,
//! notices a dead connection by silence, reconnects with growing pauses.

use crate::logic::garbled::{Garbled, Remedy};
use crate::state::library::Library;
use crate::state::outbox::Outbox;
use crate::state::toast::{Toasts, use_toasts};
use futures::channel::mpsc::{Receiver, Sender, channel};
use futures::{SinkExt, StreamExt, select};
use gloo_net::websocket::Message;
use gloo_net::websocket::futures::WebSocket;
use gloo_timers::future::{IntervalStream, TimeoutFuture};
use leptos::prelude::*;
use leptos::reactive::spawn_local_scoped_with_cancellation;
use shared::api::{Failure, FromBrowser, LIVE_PROTOCOL, ToBrowser};
use shared::event::RunEvent;
use shared::fold::RunView;

/// Silence after which a connection counts as lost; the server speaks every few seconds.
const SILENCE_MS: f64 = 15_000.0;
/// How often the round trip is measured.
const PING_MS: u32 = 4_000;
/// Pauses between attempts: the first and the longest.
const BACKOFF_MS: (u32, u32) = (250, 10_000);
/// Messages that may wait to be sent: pings and subscriptions, a few at most.
const OUTGOING: usize = 16;

/// How the link does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Status {
    /// On its way.
    Connecting,
    /// Works.
    Open,
    /// Lost; the next attempt comes after these milliseconds.
    Waiting(u32),
    /// The page is older than the server.
    Outdated,
}

/// The live link, from context.
#[derive(Clone, Copy)]
pub struct Live {
    /// How it does.
    pub status: RwSignal<Status>,
    /// Newest round trip, milliseconds.
    pub round_trip_ms: RwSignal<Option<f64>>,
    /// The run that is followed.
    pub following: RwSignal<Option<String>>,
    /// The followed run's state. Not a signal, so that a new event costs no copy: readers
    /// subscribe to `version` and borrow it.
    pub view: StoredValue<RunView>,
    /// Moves whenever `view` does.
    pub version: RwSignal<u64>,
    /// The newest label somebody made or changed.
    pub news: RwSignal<Option<Failure>>,
    /// Messages that could not be read.
    pub garbled: RwSignal<Garbled>,
    /// Whether a replay was asked for that has not begun.
    replaying: StoredValue<bool>,
    toasts: Toasts,
    library: Library,
    outbox: Outbox,
    outgoing: StoredValue<Option<Sender<FromBrowser>>>,
}

enum End {
    Lost,
    Outdated,
}

impl Live {
    /// Provides the link; [`Live::start`] opens it.
    pub fn provide(library: Library, outbox: Outbox) -> Self {
        let live = Self {
            status: RwSignal::new(Status::Connecting),
            round_trip_ms: RwSignal::new(None),
            following: RwSignal::new(None),
            view: StoredValue::new(RunView::default()),
            version: RwSignal::new(0),
            news: RwSignal::new(None),
            garbled: RwSignal::new(Garbled::default()),
            replaying: StoredValue::new(false),
            toasts: use_toasts(),
            library,
            outbox,
            outgoing: StoredValue::new(None),
        };
        provide_context(live);
        live
    }

    /// Opens the link and keeps it open while the caller's view lives.
    pub fn start(self) {
        spawn_local_scoped_with_cancellation(self.keep_open());
    }

    /// Follows a run from now on.
    pub fn follow(self, run: &str) {
        if self.following.with_untracked(|now| now.as_deref() == Some(run)) {
            return;
        }
        self.view.set_value(RunView::default());
        self.following.set(Some(run.to_owned()));
        self.version.update(|v| *v += 1);
        self.subscribe();
    }

    /// Reads the followed run's state and comes again when it changes.
    pub fn with_view<T>(self, read: impl FnOnce(&RunView) -> T) -> T {
        self.version.track();
        self.view.with_value(read)
    }

    fn subscribe(self) {
        let message = FromBrowser::Subscribe {
            protocol: LIVE_PROTOCOL,
            run: self.following.get_untracked(),
            after_seq: self.view.with_value(|view| view.seq),
        };
        self.send(message);
    }

    fn send(self, message: FromBrowser) {
        self.outgoing.update_value(|sender| {
            if let Some(sender) = sender {
                // A closed channel means that the link is being opened again, which subscribes.
                let _ = sender.try_send(message);
            }
        });
    }

    async fn keep_open(self) {
        let mut attempt = 0;
        loop {
            self.status.set(Status::Connecting);
            if let Ok(socket) = WebSocket::open(&address()) {
                let (sender, outgoing) = channel(OUTGOING);
                self.outgoing.set_value(Some(sender));
                self.subscribe();
                if let End::Outdated = self.session(socket, outgoing).await {
                    return self.status.set(Status::Outdated);
                }
                if self.status.get_untracked() == Status::Open {
                    attempt = 0;
                }
            }
            self.outgoing.set_value(None);
            self.round_trip_ms.set(None);
            let pause = pause_ms(attempt, js_sys::Math::random());
            attempt += 1;
            self.status.set(Status::Waiting(pause));
            TimeoutFuture::new(pause).await;
        }
    }

    async fn session(self, socket: WebSocket, mut outgoing: Receiver<FromBrowser>) -> End {
        let (mut write, read) = socket.split();
        let mut read = read.fuse();
        let mut tick = IntervalStream::new(PING_MS).fuse();
        let mut heard = js_sys::Date::now();
        loop {
            let message = select! {
                incoming = read.next() => match incoming {
                    Some(Ok(message)) => {
                        heard = js_sys::Date::now();
                        if let Some(end) = self.take(message) {
                            return end;
                        }
                        continue;
                    }
                    _ => return End::Lost,
                },
                message = outgoing.next() => match message {
                    Some(message) => message,
                    None => return End::Lost,
                },
                _ = tick.next() => {
                    if js_sys::Date::now() - heard > SILENCE_MS {
                        return End::Lost;
                    }
                    FromBrowser::Ping { sent_ms: js_sys::Date::now() }
                }
            };
            let Ok(text) = serde_json::to_string(&message) else { continue };
            if write.send(Message::Text(text)).await.is_err() {
                return End::Lost;
            }
        }
    }

    fn take(self, message: Message) -> Option<End> {
        // One reader for both sorts of message: two would be in the page twice.
        let text = match message {
            Message::Text(text) => text,
            Message::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        };
        match serde_json::from_str::<ToBrowser>(&text) {
            Ok(ToBrowser::Welcome { protocol }) if protocol != LIVE_PROTOCOL => {
                return Some(End::Outdated);
            }
            Ok(ToBrowser::Welcome { .. }) => {
                self.replaying.set_value(false);
                self.opened();
            }
            Ok(ToBrowser::Events { run, events }) => self.take_events(&run, &events),
            Ok(ToBrowser::Run { run }) => self.library.take_run(run),
            Ok(ToBrowser::Label { failure }) => {
                self.library.take_failure((*failure).clone());
                self.news.set(Some(*failure));
            }
            Ok(ToBrowser::Video { video }) => self.library.take_video(video),
            Ok(ToBrowser::Pong { sent_ms }) if sent_ms > 0.0 => {
                self.round_trip_ms.set(Some((js_sys::Date::now() - sent_ms).max(0.0)));
            }
            Ok(ToBrowser::Pong { .. }) => {}
            Err(error) => self.mend(&error),
        }
        None
    }

    /// A message could not be read. What it held is fetched again: events from the newest one
    /// that was read, everything else with the lists.
    fn mend(self, error: &serde_json::Error) {
        leptos::logging::warn!("a live message could not be read: {error}");
        match self.garbled.try_update(Garbled::bad) {
            Some(Remedy::Replay) => {
                self.replaying.set_value(true);
                self.subscribe();
                self.library.refresh();
            }
            Some(Remedy::Tell) => self.toasts.warn(
                "The server sends live news that this page cannot read. Reload it; if that does \
                 not help, the server's log says more.",
            ),
            Some(Remedy::Nothing) | None => {}
        }
    }

    fn opened(self) {
        if self.status.get_untracked() == Status::Open {
            return;
        }
        self.status.set(Status::Open);
        self.send(FromBrowser::Ping { sent_ms: js_sys::Date::now() });
        // What happened while the link was down is not sent again, but for the followed run.
        self.library.refresh();
        self.outbox.flush();
    }

    fn take_events(self, run: &str, events: &[RunEvent]) {
        if self.following.with_untracked(|now| now.as_deref() != Some(run)) {
            return;
        }
        // They come again with the replay, after the part that could not be read.
        if self.replaying.get_value() {
            return;
        }
        let before = self.view.with_value(|view| view.seq);
        self.view.update_value(|view| events.iter().for_each(|event| view.fold(event)));
        if self.view.with_value(|view| view.seq) > before {
            self.garbled.update(Garbled::good);
        }
        self.version.update(|v| *v += 1);
    }
}

/// Half fixed, half by chance, so that many pages do not come back at the same moment.
fn pause_ms(attempt: u32, chance: f64) -> u32 {
    let cap = BACKOFF_MS.1.min(BACKOFF_MS.0 << attempt.min(8));
    cap / 2 + (chance * f64::from(cap / 2)) as u32
}

fn address() -> String {
    let location = window().location();
    let secure = location.protocol().is_ok_and(|protocol| protocol == "https:");
    let scheme = if secure { "wss" } else { "ws" };
    format!("{scheme}://{}/ws", location.host().unwrap_or_default())
}

/// The live link of the page.
pub fn use_live() -> Live {
    expect_context()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_differ() {
        assert_eq!(pause_ms(0, 0.0), 125);
        assert_eq!(pause_ms(0, 1.0), 250);
        assert_eq!(pause_ms(3, 1.0), 2_000);
        assert_eq!(pause_ms(40, 1.0), 10_000);
    }
}
