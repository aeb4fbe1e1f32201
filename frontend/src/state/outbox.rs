//! Label operations on their way: sent at once, kept over a reload while the server is away.

use crate::state::api;
use crate::state::browser::now_secs;
use crate::state::remote::{Fault, FaultKind};
use crate::state::toast::{Toasts, use_toasts};
use gloo_storage::{LocalStorage, Storage};
use leptos::prelude::*;
use shared::annotation::{Label, Op};

const KEY: &str = "outbox";

/// Operations that the server has not taken yet, from context.
#[derive(Clone, Copy)]
pub struct Outbox {
    /// Oldest first.
    pub waiting: RwSignal<Vec<Op>>,
    /// When the newest operation was taken by the server, Unix seconds.
    pub saved_at: RwSignal<Option<f64>>,
    /// The newest label the server answered with.
    pub newest: RwSignal<Option<Label>>,
    toasts: Toasts,
}

impl Outbox {
    /// Provides the outbox with what an earlier page left in it.
    pub fn provide() -> Self {
        let left: Vec<Op> = LocalStorage::get(KEY).unwrap_or_default();
        let outbox = Self {
            waiting: RwSignal::new(left),
            saved_at: RwSignal::new(None),
            newest: RwSignal::new(None),
            toasts: use_toasts(),
        };
        provide_context(outbox);
        outbox
    }

    /// Sends an operation; keeps it where the server does not answer.
    pub async fn send(self, op: Op) -> Result<Label, Fault> {
        match api::label(&op).await {
            Ok(label) => {
                self.saved_at.set(Some(now_secs()));
                self.newest.set(Some(label.clone()));
                Ok(label)
            }
            Err(fault) => {
                if fault.kind == FaultKind::Offline {
                    self.waiting.update(|waiting| {
                        waiting.retain(|other| other.target != op.target);
                        waiting.push(op);
                    });
                    self.store();
                }
                Err(fault)
            }
        }
    }

    /// Sends what waits, in order; stops where the server is away again.
    pub fn flush(self) {
        leptos::task::spawn_local(async move {
            while let Some(op) = self.waiting.with_untracked(|waiting| waiting.first().cloned()) {
                match api::label(&op).await {
                    Err(fault) if fault.kind == FaultKind::Offline => return,
                    Err(fault) => self
                        .toasts
                        .warn(format!("A label kept while offline was refused. {}", fault.message)),
                    Ok(label) => {
                        self.saved_at.set(Some(now_secs()));
                        self.newest.set(Some(label));
                    }
                }
                self.waiting.update(|waiting| waiting.retain(|other| *other != op));
                self.store();
            }
        });
    }

    fn store(self) {
        let _ = self.waiting.with_untracked(|waiting| LocalStorage::set(KEY, waiting));
    }

    /// The state of the reader's labels in words.
    pub fn words(self, now: f64) -> String {
        let waiting = self.waiting.with(Vec::len) as u64;
        if waiting > 0 {
            let what = crate::logic::format::plural(waiting, "change waits", "changes wait");
            return format!("{what} for the server");
        }
        match self.saved_at.get() {
            Some(at) => format!("Saved {}", crate::logic::format::ago(now, at)),
            None => String::new(),
        }
    }
}

/// The outbox of the page.
pub fn use_outbox() -> Outbox {
    expect_context()
}
