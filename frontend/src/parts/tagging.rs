//! Failure tags, note and submission for the chosen rollout, and what became of its label.

use crate::parts::bits::{Avatar, LabelPill};
use crate::parts::stage::Stage;
use crate::route;
use crate::state::browser::{now_secs, use_now};
use crate::state::outbox::{Outbox, use_outbox};
use crate::state::remote::FaultKind;
use crate::state::session::use_session;
use crate::state::toast::{Toasts, use_toasts};
use leptos::html;
use leptos::prelude::*;
use shared::annotation::{Action, Label, LabelState, Op, Role, Tag};
use shared::task::TaskKind;

/// What is being written about the chosen rollout.
#[derive(Clone, Copy)]
pub struct Draft {
    /// Chosen tags, in the order chosen.
    pub tags: RwSignal<Vec<Tag>>,
    /// The note.
    pub note: RwSignal<String>,
    /// Whether a submission is on its way.
    pub sending: RwSignal<bool>,
    /// Why the last one was refused.
    pub refused: RwSignal<Option<String>>,
    /// The note's field.
    pub note_field: NodeRef<html::Input>,
    outbox: Outbox,
    toasts: Toasts,
}

impl Draft {
    /// A draft that follows the chosen rollout: it starts from the reader's own label.
    pub fn new(stage: Stage) -> Self {
        let draft = Self {
            tags: RwSignal::new(Vec::new()),
            note: RwSignal::new(String::new()),
            sending: RwSignal::new(false),
            refused: RwSignal::new(None),
            note_field: NodeRef::new(),
            outbox: use_outbox(),
            toasts: use_toasts(),
        };
        let session = use_session();
        Effect::new(move |_| {
            let chosen = stage.chosen.get();
            let mine = stage.label(chosen).filter(|l| Some(l.author.id) == session.person_id());
            draft.tags.set(mine.as_ref().map(|l| l.tags.clone()).unwrap_or_default());
            draft.note.set(mine.map(|l| l.note).unwrap_or_default());
            draft.refused.set(None);
        });
        draft
    }

    /// Sets or clears a tag.
    pub fn toggle(self, tag: Tag) {
        self.refused.set(None);
        self.tags.update(|tags| match tags.iter().position(|t| *t == tag) {
            Some(at) => {
                tags.remove(at);
            }
            None => tags.push(tag),
        });
    }
}

/// What happens after a submission was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Stay on the rollout.
    Stay,
    /// Go to the next one.
    Next,
}

/// Sends an operation on the chosen rollout's label, then calls `done` where it was taken
/// or is kept for later.
pub fn send(stage: Stage, draft: Draft, action: Action, done: impl FnOnce() + 'static) {
    let rollout = stage.chosen.get_untracked();
    let op =
        Op { target: stage.target(rollout), base_version: stage.base_version(rollout), action };
    let (outbox, toasts) = (draft.outbox, draft.toasts);
    draft.sending.set(true);
    draft.refused.set(None);
    leptos::task::spawn_local(async move {
        let sent = outbox.send(op).await;
        // The page may have been left meanwhile.
        if draft.sending.try_set(false).is_some() {
            return;
        }
        match sent {
            Ok(label) => {
                stage.take_label(label);
                done();
            }
            Err(fault) if fault.kind == FaultKind::Offline => {
                toasts.warn(
                    "The server does not answer. The label is kept here and sent when it is back.",
                );
                done();
            }
            Err(fault) => draft.refused.set(Some(fault.message)),
        }
    });
}

/// Submits the draft; without a tag it says so.
pub fn submit(stage: Stage, draft: Draft, done: impl FnOnce() + 'static) {
    let tags = draft.tags.get_untracked();
    if tags.is_empty() {
        draft.refused.set(Some("Choose at least one tag, then submit.".into()));
        return;
    }
    if draft.sending.get_untracked() {
        return;
    }
    send(stage, draft, Action::Submit { tags, note: draft.note.get_untracked() }, done);
}

/// Takes the reader's own label on the chosen rollout back.
pub fn withdraw(stage: Stage, draft: Draft) {
    if stage.label(stage.chosen.get_untracked()).is_some() {
        send(stage, draft, Action::Withdraw, move || draft.toasts.say("Label taken back."));
    }
}

/// Tags, note, buttons and the label's state.
#[component]
pub fn Tagging(stage: Stage, draft: Draft, on_submit: Callback<After>) -> impl IntoView {
    let kind = stage.group(|group| group.sample.truth.kind());
    let session = use_session();
    let may = Memo::new(move |_| session.may(Role::Annotator));
    let label = move || stage.label(stage.chosen.get());
    let others = move || label().filter(|l| Some(l.author.id) != session.person_id());
    view! {
        <section class="tagging">
            <div class="row head"><h2>"What went wrong?"</h2><span class="grow"></span><Saved/></div>
            {move || match (may.get(), others()) {
                (false, _) => view! { <p class="dim">"Your role looks on. Ask an admin for the annotator role to tag failures."</p> }.into_any(),
                (true, Some(label)) => view! { <OthersLabel label/> }.into_any(),
                (true, None) => view! { <TagForm stage draft kind on_submit/> }.into_any(),
            }}
            {move || label().map(|label| view! { <LabelLine label/> })}
        </section>
    }
}

#[component]
fn Saved() -> impl IntoView {
    let (outbox, now) = (use_outbox(), use_now(2_000));
    // The coarse clock may lie a moment behind the save.
    let words = move || outbox.words(now.get().max(now_secs() - 2.0));
    view! { <span class="dim small" data-testid="saved-state" role="status">{words}</span> }
}

#[component]
fn TagForm(
    stage: Stage,
    draft: Draft,
    kind: TaskKind,
    on_submit: Callback<After>,
) -> impl IntoView {
    let button = move |(i, tag): (usize, Tag)| {
        let on = move || draft.tags.with(|tags| tags.contains(&tag));
        view! {
            <button class="tag" class:on=on aria-pressed=move || on().to_string()
                data-testid=format!("tag-{tag}") on:click=move |_| draft.toggle(tag)>
                <kbd>{i + 1}</kbd>{tag.title()}
            </button>
        }
    };
    let mine = move || stage.label(stage.chosen.get()).is_some();
    let verb = move || if mine() { "Submit again" } else { "Submit" };
    view! {
        <div class="tags">{Tag::keys(kind).into_iter().enumerate().map(button).collect_view()}</div>
        <input class="field-input" node_ref=draft.note_field data-testid="note" aria-label="Note for the reviewer"
            placeholder="Note for the reviewer" prop:value=draft.note
            on:input=move |event| draft.note.set(event_target_value(&event))/>
        <div class="row submit">
            <button class="btn quiet" disabled=move || !mine() on:click=move |_| withdraw(stage, draft)>"Undo "<kbd>"U"</kbd></button>
            <span class="grow"></span>
            <button class="btn" data-testid="label-submit" disabled=draft.sending
                on:click=move |_| on_submit.run(After::Stay)>{verb}</button>
            <button class="btn primary" data-testid="label-submit-next" disabled=draft.sending
                on:click=move |_| on_submit.run(After::Next)>"Submit, next "<kbd>"Ctrl ⏎"</kbd></button>
        </div>
        {move || draft.refused.get().map(|why| view! { <p class="error" role="alert">{why}</p> })}
    }
}

/// Somebody else's label: it is reviewed, not overwritten.
#[component]
fn OthersLabel(label: Label) -> impl IntoView {
    let tags = label.tags.iter().map(|t| view! { <span class="tag on">{t.title()}</span> });
    let to_review = (label.state == LabelState::Submitted).then(|| {
        view! { <a class="btn" href=route::review(&label.target)>"Review it"</a> }
    });
    view! {
        <div class="tags">{tags.collect_view()}</div>
        <p class="soft">{format!("{} tagged this rollout. A second person reviews it.", label.author.name)}</p>
        {to_review}
    }
}

/// Where a label is, who wrote it and what the reviewer said.
#[component]
pub fn LabelLine(label: Label) -> impl IntoView {
    let note =
        (!label.note.is_empty()).then(|| say(label.author.id, &label.author.name, &label.note));
    let comment = label
        .reviewer
        .as_ref()
        .filter(|_| !label.comment.is_empty())
        .map(|reviewer| say(reviewer.id, &reviewer.name, &label.comment));
    let by = match &label.reviewer {
        Some(reviewer) => format!("by {}", reviewer.name),
        None => format!("from {}", label.author.name),
    };
    view! {
        <div class="label-line">
            <div class="row"><LabelPill state=label.state/><span class="dim small">{by}</span></div>
            {note}{comment}
        </div>
    }
}

fn say(id: u64, name: &str, text: &str) -> impl IntoView + use<> {
    let (name, text) = (name.to_owned(), text.to_owned());
    view! {
        <div class="say"><Avatar id name=name.clone()/><p><b>{name}</b>" "{text}</p></div>
    }
}
