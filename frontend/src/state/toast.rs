//! Short news at the edge of the page: what somebody did, what went wrong, and the way back.

use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long a piece of news stays.
const STAYS: Duration = Duration::from_secs(6);
/// The same where something can be undone.
const UNDO_STAYS: Duration = Duration::from_secs(12);
/// Pieces shown at once.
const SHOWN: usize = 4;

/// What undoes something; outlives the screen on which it was done.
type Undo = Arc<dyn Fn() + Send + Sync>;

/// One piece of news.
#[derive(Clone)]
pub struct Toast {
    /// Unique.
    pub id: u32,
    /// One sentence.
    pub text: String,
    /// Where it leads, as path and words.
    pub link: Option<(String, String)>,
    /// Whether something failed.
    pub bad: bool,
    /// Takes back what was done.
    pub undo: Option<Undo>,
    /// Of these at most one is shown: the newest.
    kind: Option<&'static str>,
}

/// All news shown now, from context.
#[derive(Clone, Copy)]
pub struct Toasts {
    /// Oldest first.
    pub list: RwSignal<Vec<Toast>>,
    /// What undo does while there is no news to undo.
    pub otherwise: RwSignal<Option<Callback<()>>>,
    next: StoredValue<u32>,
    clocks: StoredValue<BTreeMap<u32, TimeoutHandle>>,
}

impl Toasts {
    /// Provides an empty list.
    pub fn provide() -> Self {
        let toasts = Self {
            list: RwSignal::new(Vec::new()),
            otherwise: RwSignal::new(None),
            next: StoredValue::new(0),
            clocks: StoredValue::new(BTreeMap::new()),
        };
        provide_context(toasts);
        toasts
    }

    /// Good news.
    pub fn say(self, text: impl Into<String>) {
        self.push(Toast { text: text.into(), ..self.empty() });
    }

    /// News with somewhere to go.
    pub fn say_with_link(self, text: impl Into<String>, path: String, words: &str) {
        let link = Some((path, words.to_owned()));
        self.push(Toast { text: text.into(), link, ..self.empty() });
    }

    /// Bad news with somewhere to go.
    pub fn warn_with_link(self, text: impl Into<String>, path: String, words: &str) {
        let link = Some((path, words.to_owned()));
        self.push(Toast { text: text.into(), link, bad: true, ..self.empty() });
    }

    /// Bad news.
    pub fn warn(self, text: impl Into<String>) {
        self.push(Toast { text: text.into(), bad: true, ..self.empty() });
    }

    /// Something done that `undo` takes back. Of one `kind` only the newest is shown.
    pub fn done(
        self,
        kind: &'static str,
        text: impl Into<String>,
        undo: impl Fn() + Send + Sync + 'static,
    ) {
        self.forget(kind);
        let undo: Option<Undo> = Some(Arc::new(undo));
        self.push(Toast { text: text.into(), undo, kind: Some(kind), ..self.empty() });
    }

    /// Undoes the newest thing that can be undone; says so where there is none.
    pub fn undo(self) {
        let newest = self.list.with_untracked(|list| {
            list.iter().rev().find(|toast| toast.undo.is_some()).map(|toast| toast.id)
        });
        match (newest, self.otherwise.get_untracked()) {
            (Some(id), _) => self.undo_one(id),
            (None, Some(otherwise)) => otherwise.run(()),
            (None, None) => self.say("Nothing to undo."),
        }
    }

    /// Undoes what a piece of news tells of, and takes the news away.
    pub fn undo_one(self, id: u32) {
        let undo = self.list.with_untracked(|list| {
            list.iter().find(|toast| toast.id == id).and_then(|toast| toast.undo.clone())
        });
        self.dismiss(id);
        if let Some(undo) = undo {
            undo();
        }
    }

    /// Takes one away.
    pub fn dismiss(self, id: u32) {
        self.hold(id);
        self.list.update(|list| list.retain(|toast| toast.id != id));
    }

    /// Takes away what is of a kind, as it can be undone no more.
    pub fn forget(self, kind: &'static str) {
        let known = |toast: &Toast| toast.kind == Some(kind);
        if self.list.with_untracked(|list| list.iter().any(known)) {
            self.list.update(|list| list.retain(|toast| !known(toast)));
        }
    }

    /// It stays until [`Toasts::let_go`]: somebody reads it.
    pub fn hold(self, id: u32) {
        if let Some(clock) = self.clocks.try_update_value(|clocks| clocks.remove(&id)).flatten() {
            clock.clear();
        }
    }

    /// It stays for its time from now on.
    pub fn let_go(self, id: u32) {
        self.hold(id);
        let undo =
            |list: &Vec<Toast>| list.iter().any(|toast| toast.id == id && toast.undo.is_some());
        let stays = if self.list.with_untracked(undo) { UNDO_STAYS } else { STAYS };
        if let Ok(clock) = set_timeout_with_handle(move || self.dismiss(id), stays) {
            self.clocks.update_value(|clocks| {
                clocks.insert(id, clock);
            });
        }
    }

    fn empty(self) -> Toast {
        let id = self.next.get_value();
        self.next.set_value(id + 1);
        Toast { id, text: String::new(), link: None, bad: false, undo: None, kind: None }
    }

    fn push(self, toast: Toast) {
        let id = toast.id;
        self.list.update(|list| {
            list.push(toast);
            let surplus = list.len().saturating_sub(SHOWN);
            list.drain(..surplus);
        });
        self.let_go(id);
    }
}

/// The news of the page.
pub fn use_toasts() -> Toasts {
    expect_context()
}
