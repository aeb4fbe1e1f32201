//! The tagging form of the chosen rollout, and what became of its label.

use crate::logic::keys::{Command, Row};
use crate::parts::bits::{Avatar, LabelPill};
use crate::parts::draft::Draft;
use crate::parts::keycap::Cap;
use crate::parts::stage::Stage;
use crate::route;
use crate::state::browser::{now_secs, use_now};
use crate::state::keys::shortcut;
use crate::state::outbox::use_outbox;
use crate::state::session::use_session;
use leptos::prelude::*;
use shared::annotation::{Label, LabelState, Role, Tag};
use shared::task::TaskKind;

/// What happens after a submission was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Stay on the rollout.
    Stay,
    /// Go to the next one.
    Next,
}

/// Tags, note, buttons and the label's state.
#[component]
pub fn Tagging(stage: Stage, draft: Draft, on_submit: Callback<After>) -> impl IntoView {
    let kind = stage.group(|group| group.sample.truth.kind());
    let session = use_session();
    let may = Memo::new(move |_| session.may(Role::Annotator));
    let label = move || stage.label(stage.chosen.get());
    // A memo, or every label of the group would draw the form anew under the writer's cursor.
    let others = Memo::new(move |_| label().filter(|l| Some(l.author.id) != session.person_id()));
    view! {
        <section class="tagging">
            <div class="row head"><h2>"What went wrong?"</h2><span class="grow"></span><Saved/></div>
            {move || match (may.get(), others.get()) {
                (false, _) => view! { <p class="dim">"Your role looks on. Ask an admin for the annotator role to tag failures."</p> }.into_any(),
                (true, Some(label)) => view! { <OthersLabel label draft/> }.into_any(),
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
        let does = Command::Tag(i);
        let cap = Row::of(does).map(|_| view! { <Cap does/> });
        view! {
            <button class="tag" class:on=on aria-pressed=move || on().to_string()
                data-testid=format!("tag-{tag}") aria-keyshortcuts=shortcut(does) on:click=move |_| draft.toggle(tag)>
                {cap}{tag.title()}
            </button>
        }
    };
    let mine = move || stage.label(stage.chosen.get()).is_some();
    // Back to the keys of the page.
    let leave = move |event: web_sys::KeyboardEvent| {
        if let Some(field) = draft.note_field.get_untracked().filter(|_| event.key() == "Escape") {
            let _ = field.blur();
        }
    };
    let verb = move || if mine() { "Submit again" } else { "Submit" };
    view! {
        <Notice draft/>
        <div class="tags">{Tag::keys(kind).iter().copied().enumerate().map(button).collect_view()}</div>
        <input class="field-input" node_ref=draft.note_field data-testid="note" aria-label="Note for the reviewer"
            placeholder="Note for the reviewer" prop:value=draft.note
            on:input=move |event| draft.write(event_target_value(&event)) on:keydown=leave/>
        <div class="row submit">
            <button class="btn quiet" disabled=move || !mine() title="Take your label back" on:click=move |_| draft.withdraw(stage)>"Take back"</button>
            <span class="grow"></span>
            <button class="btn" data-testid="label-submit" disabled=draft.sending
                on:click=move |_| on_submit.run(After::Stay)>{verb}</button>
            <button class="btn primary" data-testid="label-submit-next" disabled=draft.sending aria-keyshortcuts=shortcut(Command::SubmitNext)
                on:click=move |_| on_submit.run(After::Next)>"Submit, next "<Cap does=Command::SubmitNext/></button>
        </div>
        {move || draft.refused.get().map(|why| view! { <p class="error" role="alert">{why}</p> })}
    }
}

/// What happened to the label while the reader was writing.
#[component]
fn Notice(draft: Draft) -> impl IntoView {
    move || {
        draft.notice.get().map(|news| {
            view! {
                <div class="notice" role="status" data-testid="draft-notice"><span class="grow">{news}</span>
                    <button class="btn quiet small-btn" on:click=move |_| draft.discard()>"Drop mine"</button></div>
            }
        })
    }
}

/// Somebody else's label: it is reviewed, not overwritten. What the reader had written when it
/// came stays in sight.
#[component]
fn OthersLabel(label: Label, draft: Draft) -> impl IntoView {
    let written = move || {
        draft.touched.get().then(|| {
            let tags = draft.tags.get();
            let tags = tags.iter().map(|t| view! { <span class="tag">{t.title()}</span> }).collect_view();
            view! { <Notice draft/><div class="tags">{tags}</div><p class="soft">{draft.note.get()}</p> }
        })
    };
    let tags = label.tags.iter().map(|t| view! { <span class="tag on">{t.title()}</span> });
    let to_review = (label.state == LabelState::Submitted).then(|| {
        view! { <a class="btn" href=route::review(&label.target)>"Review it"</a> }
    });
    view! {
        <div class="tags">{tags.collect_view()}</div>
        <p class="soft">{format!("{} tagged this rollout. A second person reviews it.", label.author.name)}</p>
        {to_review}{written}
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
