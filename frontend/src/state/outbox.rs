//! Label operations on their way. Each is written down in the browser before it is sent and
//! crossed out when the server has taken or refused it, so that neither a broken connection
//! nor a closed page loses it. They belong to the person who made them: nobody else's session
//! sends them.

use crate::logic::format::{ago, plural};
use crate::logic::waiting::{self, Fate};
use crate::route;
use crate::state::api;
use crate::state::browser::now_secs;
use crate::state::remote::{Fault, FaultKind};
use crate::state::session::{Known, Session, use_session};
use crate::state::toast::{Toasts, use_toasts};
use gloo_storage::{LocalStorage, Storage};
use leptos::prelude::*;
use shared::annotation::{Label, Op};
use std::time::Duration;

/// Pause between attempts while something waits.
const AGAIN: Duration = Duration::from_secs(15);

/// What became of an operation that was handed in.
#[derive(Clone, Debug, PartialEq)]
pub enum Sent {
    /// The server has it.
    Taken(Label),
    /// It is kept here and sent later.
    Waits(Fault),
    /// It is not kept.
    Refused(Fault),
}

/// What was saved last.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// Unix seconds.
    at: f64,
    /// Such as `Rollout 1 saved as late`.
    words: String,
}

/// The reader's operations that the server has not taken yet, from context.
#[derive(Clone, Copy)]
pub struct Outbox {
    /// One per rollout.
    pub waiting: RwSignal<Vec<Op>>,
    /// The newest operation that the server took.
    pub saved: RwSignal<Option<Saved>>,
    /// The newest label the server answered with.
    pub newest: RwSignal<Option<Label>>,
    flushing: StoredValue<bool>,
    session: Session,
    toasts: Toasts,
}

impl Outbox {
    /// Provides the outbox with what the person signed in left in it.
    pub fn provide() -> Self {
        let outbox = Self {
            waiting: RwSignal::new(Vec::new()),
            saved: RwSignal::new(None),
            newest: RwSignal::new(None),
            flushing: StoredValue::new(false),
            session: use_session(),
            toasts: use_toasts(),
        };
        let person = Memo::new(move |_| outbox.session.person_id());
        Effect::new(move |_| {
            // Read, not only tracked: a memo that nobody reads never changes.
            let _ = person.get();
            outbox.reload();
            outbox.flush();
        });
        // Another page of this browser kept or sent something.
        let _ = window_event_listener_untyped("storage", move |_| outbox.reload());
        let again = move || outbox.flush();
        let _ = set_interval_with_handle(again, AGAIN);
        provide_context(outbox);
        outbox
    }

    /// Writes an operation down and sends it.
    pub async fn send(self, op: Op) -> Sent {
        let Some(person) = untrack(|| self.session.person_id()) else {
            return Sent::Refused(Fault::new(FaultKind::SignedOut, "Nobody is signed in."));
        };
        let key = waiting::key(person, &op.target);
        let kept = LocalStorage::set(&key, &op).is_ok();
        let fate = self.deliver(person, &op).await;
        self.settle(&key, &op, &fate);
        match fate {
            Fate::Taken(label) => Sent::Taken(*label),
            Fate::Waits(fault) if kept => Sent::Waits(fault),
            Fate::Waits(fault) | Fate::Refused(fault) => Sent::Refused(fault),
        }
    }

    /// Sends what waits.
    pub fn flush(self) {
        let waiting = self.waiting.with_untracked(|waiting| !waiting.is_empty());
        let Some(person) = untrack(|| self.session.person_id()) else { return };
        if !waiting || self.flushing.get_value() {
            return;
        }
        self.flushing.set_value(true);
        leptos::task::spawn_local(async move {
            let sent = self.send_all(person).await;
            self.flushing.set_value(false);
            if sent > 0 {
                let what = plural(sent, "change that waited was", "changes that waited were");
                self.toasts.say(format!("{what} sent."));
            }
        });
    }

    /// The number of operations that were taken; stops where nobody answers.
    async fn send_all(self, person: u64) -> u64 {
        let mut sent = 0;
        for (key, op) in stored(person) {
            let fate = self.deliver(person, &op).await;
            self.settle(&key, &op, &fate);
            match fate {
                Fate::Taken(_) => sent += 1,
                Fate::Waits(fault) if fault.kind == FaultKind::Broken => {}
                Fate::Waits(_) => break,
                Fate::Refused(fault) => self.toasts.warn_with_link(
                    format!("A label that waited was refused. {}", fault.message),
                    route::target(&op.target),
                    "Look",
                ),
            }
        }
        sent
    }

    async fn deliver(self, person: u64, op: &Op) -> Fate {
        // The session belongs to the browser: on another page somebody else may have signed in.
        match api::session().await {
            Ok(body) if body.person.id == person => {}
            Ok(body) => {
                let name = body.person.name.clone();
                self.session.known.set(Known::In(body));
                let words = format!("{name} is signed in in this browser now.");
                return Fate::Waits(Fault::new(FaultKind::SignedOut, words));
            }
            Err(fault) => {
                if fault.kind == FaultKind::SignedOut {
                    Session::lost();
                }
                return Fate::Waits(fault);
            }
        }
        match api::label(op).await {
            Ok(label) => Fate::Taken(Box::new(label)),
            Err(fault) => waiting::fate(op, person, fault),
        }
    }

    fn settle(self, key: &str, op: &Op, fate: &Fate) {
        if let Fate::Taken(label) = fate {
            self.saved.set(Some(Saved { at: now_secs(), words: waiting::saved_words(op) }));
            self.newest.set(Some((**label).clone()));
        }
        // A newer one may lie there already; it stays.
        let same = LocalStorage::get::<Op>(key).is_ok_and(|kept| kept == *op);
        if same && !matches!(fate, Fate::Waits(_)) {
            LocalStorage::delete(key);
        }
        self.reload();
    }

    fn reload(self) {
        let person = untrack(|| self.session.person_id());
        let waiting: Vec<Op> = person.into_iter().flat_map(stored).map(|(_, op)| op).collect();
        if self.waiting.with_untracked(|now| *now != waiting) {
            self.waiting.set(waiting);
        }
    }

    /// `3 changes wait to be sent`, if any do.
    pub fn waiting_words(self) -> Option<String> {
        let waiting = self.waiting.with(Vec::len) as u64;
        (waiting > 0)
            .then(|| format!("{} to be sent", plural(waiting, "change waits", "changes wait")))
    }

    /// The state of the reader's labels in words.
    pub fn words(self, now: f64) -> String {
        self.waiting_words().unwrap_or_else(|| {
            let saved = self.saved.get();
            saved.map_or_else(String::new, |s| format!("{} · {}", s.words, ago(now, s.at)))
        })
    }
}

/// What a person has waiting in this browser, with its keys.
fn stored(person: u64) -> Vec<(String, Op)> {
    let keys = keys().filter(|key| waiting::owner(key) == Some(person));
    let mut all: Vec<(String, Op)> =
        keys.filter_map(|key| LocalStorage::get(&key).ok().map(|op| (key, op))).collect();
    // The browser lists keys in any order.
    all.sort_by(|a, b| a.1.target.cmp(&b.1.target));
    all
}

/// How many changes wait in this browser, whoever made them.
pub fn waiting_for_anybody() -> u64 {
    keys().filter(|key| waiting::owner(key).is_some()).count() as u64
}

fn keys() -> impl Iterator<Item = String> {
    let storage = LocalStorage::raw();
    (0..storage.length().unwrap_or(0)).filter_map(move |i| storage.key(i).ok().flatten())
}

/// The outbox of the page.
pub fn use_outbox() -> Outbox {
    expect_context()
}
