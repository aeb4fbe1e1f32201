//! What is being written about the chosen rollout, and how it is sent.

use crate::logic::draft::{Base, Turn, Typed, turn};
use crate::parts::stage::Stage;
use crate::parts::undo_label;
use crate::state::outbox::{Outbox, Sent, use_outbox};
use crate::state::remote::FaultKind;
use crate::state::session::use_session;
use crate::state::toast::{Toasts, use_toasts};
use leptos::html;
use leptos::prelude::*;
use shared::annotation::{Action, Label, LabelState, Op, Role, Tag};
use std::collections::BTreeMap;

/// The tagging form's values. They follow the chosen rollout and its own label alone, and
/// never overwrite what the reader has not sent.
#[derive(Clone, Copy)]
pub struct Draft {
    /// Chosen tags, in the order chosen.
    pub tags: RwSignal<Vec<Tag>>,
    /// The note.
    pub note: RwSignal<String>,
    /// Whether tags or note were changed since they were sent.
    pub touched: RwSignal<bool>,
    /// What happened to the label while the reader was writing.
    pub notice: RwSignal<Option<String>>,
    /// Whether a submission is on its way.
    pub sending: RwSignal<bool>,
    /// Why the last one was refused.
    pub refused: RwSignal<Option<String>>,
    /// The note's field.
    pub note_field: NodeRef<html::Input>,
    base: Memo<Base>,
    /// Whether the reader may write and nobody else's label is there.
    writable: Memo<bool>,
    /// Unsent words about the other rollouts of the group.
    unsent: StoredValue<BTreeMap<u32, Typed>>,
    outbox: Outbox,
    toasts: Toasts,
}

impl Draft {
    /// A draft for the rollouts of a stage.
    pub fn new(stage: Stage) -> Self {
        let (session, outbox) = (use_session(), use_outbox());
        let base = Memo::new(move |_| {
            let target = stage.target(stage.chosen.get());
            let me = session.person_id();
            stage.labels.with(|labels| {
                outbox.waiting.with(|waiting| Base::of(labels, waiting, &target, me))
            })
        });
        let writable = Memo::new(move |_| {
            let others = |label: Label| Some(label.author.id) != session.person_id();
            let free = !stage.label(stage.chosen.get()).is_some_and(others);
            free && session.may(Role::Annotator)
        });
        let draft = Self {
            tags: RwSignal::new(Vec::new()),
            note: RwSignal::new(String::new()),
            touched: RwSignal::new(false),
            notice: RwSignal::new(None),
            sending: RwSignal::new(false),
            refused: RwSignal::new(None),
            note_field: NodeRef::new(),
            base,
            writable,
            unsent: StoredValue::new(BTreeMap::new()),
            outbox,
            toasts: use_toasts(),
        };
        // What was written here cannot be put back once the group is left.
        let toasts = draft.toasts;
        on_cleanup(move || toasts.forget("tag"));
        Effect::new(move |before: Option<Base>| {
            let now = base.get();
            untrack(|| draft.follow(before.as_ref(), &now));
            now
        });
        draft
    }

    fn follow(self, before: Option<&Base>, now: &Base) {
        let written = self.touched.get_untracked().then(|| self.typed());
        let stayed = before.is_some_and(|before| before.rollout == now.rollout);
        let unsent = if stayed {
            written
        } else {
            if let (Some(before), Some(written)) = (before, written) {
                self.unsent.update_value(|unsent| {
                    unsent.insert(before.rollout, written);
                });
            }
            self.unsent.try_update_value(|unsent| unsent.remove(&now.rollout)).flatten()
        };
        match turn(before, now, unsent) {
            Turn::Seed(typed) => self.show(typed, false),
            Turn::Restore(typed) => self.show(typed, true),
            Turn::Keep(news) => self.notice.set(Some(news)),
        }
    }

    fn show(self, typed: Typed, touched: bool) {
        self.tags.set(typed.tags);
        self.note.set(typed.note);
        self.touched.set(touched);
        self.notice.set(None);
        self.refused.set(None);
    }

    fn typed(self) -> Typed {
        Typed { tags: self.tags.get_untracked(), note: self.note.get_untracked() }
    }

    /// Sets or clears a tag, where the label is the reader's to write.
    pub fn toggle(self, tag: Tag) {
        if !untrack(|| self.writable.get()) {
            return;
        }
        let (before, touched) = (self.typed(), self.touched.get_untracked());
        let rollout = self.base.with_untracked(|base| base.rollout);
        let verb = if before.tags.contains(&tag) { "cleared" } else { "set" };
        let words = format!("“{}” {verb} for rollout {}.", tag.title(), rollout + 1);
        self.toasts.done("tag", words, move || self.put_back(rollout, before.clone(), touched));
        self.refused.set(None);
        self.touched.set(true);
        self.tags.update(|tags| match tags.iter().position(|t| *t == tag) {
            Some(at) => {
                tags.remove(at);
            }
            None => tags.push(tag),
        });
    }

    /// Makes the words about a rollout what they were, whichever one is chosen now.
    fn put_back(self, rollout: u32, typed: Typed, touched: bool) {
        if self.base.try_with_untracked(|base| base.rollout) == Some(rollout) {
            self.show(typed, touched);
        } else {
            let _ = self.unsent.try_update_value(|unsent| match touched {
                true => unsent.insert(rollout, typed),
                false => unsent.remove(&rollout),
            });
        }
    }

    /// Takes the note as typed.
    pub fn write(self, note: String) {
        self.touched.set(true);
        self.note.set(note);
    }

    /// Drops what was not sent.
    pub fn discard(self) {
        let (before, rollout) = (self.typed(), self.base.with_untracked(|base| base.rollout));
        let words = format!("Your words about rollout {} are dropped.", rollout + 1);
        self.toasts.done("tag", words, move || self.put_back(rollout, before.clone(), true));
        self.show(self.base.get_untracked().typed, false);
    }

    /// Submits tags and note, then calls `done`; without a tag it says so.
    pub fn submit(self, stage: Stage, done: impl FnOnce() + 'static) {
        let Typed { tags, note } = self.typed();
        if tags.is_empty() {
            self.refused.set(Some("Choose at least one tag, then submit.".into()));
        } else if !self.sending.get_untracked() {
            self.send(stage, Action::Submit { tags, note }, done);
        }
    }

    /// Takes the reader's own label on the chosen rollout back.
    pub fn withdraw(self, stage: Stage) {
        if untrack(|| stage.label(stage.chosen.get_untracked())).is_some() {
            self.send(stage, Action::Withdraw, || ());
        }
    }

    /// Sends an operation on the chosen rollout's label, then calls `done` where it was taken
    /// or is kept for later.
    fn send(self, stage: Stage, action: Action, done: impl FnOnce() + 'static) {
        let rollout = stage.chosen.get_untracked();
        let base_version = stage.base_version(rollout);
        let mut op = Op { target: stage.target(rollout), base_version, action };
        let written = self.typed();
        let before = untrack(|| stage.label(rollout));
        self.toasts.forget("tag");
        self.sending.set(true);
        self.refused.set(None);
        leptos::task::spawn_local(async move {
            let mut sent = self.outbox.send(op.clone()).await;
            // The group came without labels that were taken back; they are in nobody's way.
            if let Some(version) = taken_back(&sent) {
                op.base_version = version;
                sent = self.outbox.send(op.clone()).await;
            }
            // The page may have been left meanwhile.
            if self.sending.try_set(false).is_some() {
                return;
            }
            // What was typed while it was on its way stays unsent.
            let same_rollout = stage.chosen.get_untracked() == rollout;
            if same_rollout && self.typed() == written && !matches!(sent, Sent::Refused(_)) {
                self.touched.set(false);
            }
            match sent {
                Sent::Taken(label) => {
                    let again = move || self.put_back(rollout as u32, written.clone(), true);
                    let desk = (self.outbox, self.toasts);
                    undo_label::tell(desk, &op, before.as_ref(), &label, again);
                    stage.take_label(label);
                    done();
                }
                Sent::Waits(fault) => {
                    self.toasts.warn(why_it_waits(fault.kind, &fault.message));
                    done();
                }
                Sent::Refused(fault) => {
                    if let Some(newer) = fault.newer {
                        stage.take_label(*newer);
                    }
                    self.refused.set(Some(fault.message));
                }
            }
        });
    }
}

/// The version of the label that a refusal came with, where that was taken back.
fn taken_back(sent: &Sent) -> Option<u64> {
    let Sent::Refused(fault) = sent else { return None };
    let newer = fault.newer.as_ref()?;
    (newer.state == LabelState::Withdrawn).then_some(newer.version)
}

/// Where a label is that was not sent, and what sends it.
pub fn why_it_waits(kind: FaultKind, message: &str) -> String {
    let then = match kind {
        FaultKind::SignedOut => "it is sent when you sign in again",
        FaultKind::Broken => "it is tried again every few seconds",
        _ => "it is sent when the server is back",
    };
    format!("{message} Your change is kept in this browser; {then}.")
}
