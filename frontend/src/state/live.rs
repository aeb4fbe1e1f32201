//! The live link: one WebSocket for the page. Follows one run, resumes by sequence number,
//! notices a dead connection by silence, reconnects with growing pauses. What arrives between two
//! frames is shown together; a page that is not looked at draws nothing.

use crate::logic::garbled::{Garbled, Remedy};
use crate::state::api;
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
use shared::annotation::Label;
use shared::api::{FromBrowser, LIVE_PROTOCOL, ToBrowser};
use shared::curves::Curves;
use shared::event::{EventBody, RunEvent};
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
    /// Every figure of every step of the followed run, and a number that moves whenever more
    /// than a step at the end is new.
    curves: StoredValue<(Curves, u64)>,
    /// Whether the whole of a long past was asked for.
    asked_whole: StoredValue<bool>,
    /// Moves whenever `view` does.
    pub version: RwSignal<u64>,
    /// Whether it moves at the next frame.
    moving: StoredValue<bool>,
    /// Ends a pause before the next attempt.
    wake: StoredValue<Option<Sender<()>>>,
    /// The newest label somebody made or changed, after what it was as far as that was known.
    pub news: RwSignal<Option<(Option<Label>, Label)>>,
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
            curves: StoredValue::default(),
            asked_whole: StoredValue::new(false),
            version: RwSignal::new(0),
            moving: StoredValue::new(false),
            wake: StoredValue::new(None),
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
        // A machine that wakes up, or finds its network again, does not wait out the pause.
        let online = window_event_listener_untyped("online", move |_| self.hurry());
        let seen = window_event_listener_untyped("visibilitychange", move |_| self.hurry());
        on_cleanup(move || {
            online.remove();
            seen.remove();
        });
    }

    /// Tries to connect at once.
    pub fn hurry(self) {
        self.wake.update_value(|wake| {
            if let Some(wake) = wake {
                // One that is full will end the pause as well.
                let _ = wake.try_send(());
            }
        });
    }

    /// Follows a run from now on.
    pub fn follow(self, run: &str) {
        if self.following.with_untracked(|now| now.as_deref() == Some(run)) {
            return;
        }
        self.view.set_value(RunView::default());
        self.curves
            .update_value(|(curves, turn)| (*curves, *turn) = (Curves::default(), *turn + 1));
        self.asked_whole.set_value(false);
        self.following.set(Some(run.to_owned()));
        self.version.update(|v| *v += 1);
        self.subscribe();
    }

    /// Reads the followed run's state and comes again when it changes.
    pub fn with_view<T>(self, read: impl FnOnce(&RunView) -> T) -> T {
        self.version.track();
        self.view.with_value(read)
    }

    /// Reads the followed run's curves, and the number that tells whether they only grew.
    pub fn with_curves<T>(self, read: impl FnOnce(&Curves, u64) -> T) -> T {
        self.version.track();
        self.curves.with_value(|(curves, turn)| read(curves, *turn))
    }

    /// Events of the followed run that the server has and this page does not yet.
    pub fn behind(self) -> u64 {
        let seq = self.with_view(|view| view.seq);
        let run = self.following.get().and_then(|run| self.library.run(&run));
        run.map_or(0, |run| run.seq.saturating_sub(seq))
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
            let (wake, mut woken) = channel(1);
            self.wake.set_value(Some(wake));
            let _ = futures::future::select(TimeoutFuture::new(pause), woken.next()).await;
            self.wake.set_value(None);
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
                let before = untrack(|| self.library.failure(&failure.label.target));
                let now = failure.label.clone();
                self.library.take_failure(*failure);
                self.news.set(Some((before.map(|before| before.label), now)));
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
        self.curves.update_value(|(curves, turn)| {
            for event in events.iter().filter(|event| event.seq > before) {
                match &event.body {
                    EventBody::Step(metrics) => curves.push(event.step, metrics),
                    EventBody::RunStarted { resumed_from, .. } => {
                        curves.cut_after(*resumed_from);
                        *turn += 1;
                    }
                    _ => {}
                }
            }
        });
        self.fetch_whole(run);
        if self.view.with_value(|view| view.seq) > before {
            self.garbled.update(Garbled::good);
        }
        self.show_soon();
    }

    /// Moves the version at the next frame: however many messages come until then, the page is
    /// drawn once.
    fn show_soon(self) {
        if !self.moving.get_value() {
            self.moving.set_value(true);
            request_animation_frame(move || {
                self.moving.set_value(false);
                self.version.update(|v| *v += 1);
            });
        }
    }

    /// Of a long past the link brings every so-manieth step; here are the others.
    fn fetch_whole(self, run: &str) {
        let made = self.view.with_value(|view| view.step);
        let here = self.curves.with_value(|(curves, _)| curves.len() as u64);
        if here >= made || self.asked_whole.get_value() {
            return;
        }
        self.asked_whole.set_value(true);
        let (run, turn) = (run.to_owned(), self.curves.with_value(|(_, turn)| *turn));
        leptos::task::spawn_local(async move {
            let got = api::curves(&run).await;
            let same = self.following.with_untracked(|now| now.as_deref() == Some(run.as_str()));
            let Ok(mut whole) = got else { return };
            if !same || self.curves.with_value(|(_, now)| *now != turn) {
                return;
            }
            let last = whole.steps().last().map_or(0, |step| u64::from(*step));
            self.view.with_value(|view| {
                let newer = view.points.iter().filter(|point| point.step > last);
                newer.for_each(|point| whole.push(point.step, &point.metrics));
            });
            self.curves.update_value(|(curves, turn)| (*curves, *turn) = (whole, *turn + 1));
            self.show_soon();
        });
    }
}

/// Milliseconds until the next attempt after so many in vain. Half fixed, half by chance (0..1), so
/// that many pages do not come back at the same moment.
pub fn pause_ms(attempt: u32, chance: f64) -> u32 {
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
