//! A second person's word on a label: agreed, or what should change.

use crate::logic::keys::{Command, Screen};
use crate::parts::draft::why_it_waits;
use crate::parts::keycap::Cap;
use crate::parts::player::{ViewSize, player_command};
use crate::parts::stage::Stage;
use crate::parts::tagging::LabelLine;
use crate::parts::undo_label;
use crate::state::keys::{on_commands, shortcut};
use crate::state::live::{Status, use_live};
use crate::state::outbox::{Outbox, Sent, use_outbox};
use crate::state::session::{Session, use_session};
use crate::state::toast::{Toasts, use_toasts};
use leptos::html;
use leptos::prelude::*;
use shared::annotation::{Action, Label, LabelState, Op, Role};

/// The reviewer's form.
#[derive(Clone, Copy)]
struct Verdict {
    stage: Stage,
    comment: RwSignal<String>,
    field: NodeRef<html::Textarea>,
    refused: RwSignal<Option<String>>,
    sending: RwSignal<bool>,
    /// The link to the server works, so the label is as it is now.
    linked: Memo<bool>,
    session: Session,
    outbox: Outbox,
    toasts: Toasts,
}

impl Verdict {
    fn new(stage: Stage) -> Self {
        let live = use_live();
        Self {
            stage,
            comment: RwSignal::new(String::new()),
            field: NodeRef::new(),
            refused: RwSignal::new(None),
            sending: RwSignal::new(false),
            linked: Memo::new(move |_| live.status.get() == Status::Open),
            session: use_session(),
            outbox: use_outbox(),
            toasts: use_toasts(),
        }
    }

    fn label(self) -> Option<Label> {
        self.stage.label(self.stage.chosen.get())
    }

    /// The label, where it is the reader's to judge.
    fn open(self) -> Option<Label> {
        let label = self.label()?;
        let others = Some(label.author.id) != self.session.person_id();
        (others && self.session.may(Role::Reviewer)).then_some(label)
    }

    /// Why there is nothing to decide here.
    fn why_not(self) -> Option<&'static str> {
        let Some(label) = self.label() else {
            return Some("Nobody has labelled this rollout, or the label was taken back.");
        };
        if Some(label.author.id) == self.session.person_id() {
            return Some("This is your own label. A second person reviews it.");
        }
        (!self.session.may(Role::Reviewer))
            .then_some("Your role does not review. Ask an admin for the reviewer role.")
    }

    /// Why the buttons wait, in a few words.
    fn held(self) -> Option<&'static str> {
        let accepted = self.open().is_some_and(|label| label.state == LabelState::Accepted);
        match () {
            () if !self.linked.get() => Some(
                "Reconnecting… You decide on the label as it is now, so the buttons wait for the server.",
            ),
            () if self.sending.get() => Some("Sending your decision."),
            () if accepted => Some("Accepted. You can still ask for a change."),
            () => None,
        }
    }

    fn can_ask(self) -> bool {
        self.linked.get() && !self.sending.get() && self.open().is_some()
    }

    fn can_accept(self) -> bool {
        self.can_ask() && self.open().is_some_and(|label| label.state != LabelState::Accepted)
    }

    fn accept(self) {
        if untrack(|| self.can_accept()) {
            self.decide(Action::Accept { comment: self.comment.get_untracked() });
        }
    }

    fn ask(self) {
        if !untrack(|| self.can_ask()) {
            return;
        }
        let words = self.comment.get_untracked();
        if words.trim().is_empty() {
            self.refused.set(Some("Say in the comment what should change, then ask.".into()));
            if let Some(field) = self.field.get_untracked() {
                let _ = field.focus();
            }
        } else {
            self.decide(Action::AskChanges { comment: words });
        }
    }

    /// The words of a decision that was undone, to be written on; the page may have been left.
    fn put_back(self, written: &str) {
        if self.comment.try_with_untracked(String::is_empty) == Some(true) {
            self.comment.set(written.to_owned());
        }
    }

    fn decide(self, action: Action) {
        let stage = self.stage;
        let rollout = stage.chosen.get_untracked();
        let base_version = stage.base_version(rollout);
        let op = Op { target: stage.target(rollout), base_version, action };
        let (before, written) = (untrack(|| stage.label(rollout)), self.comment.get_untracked());
        self.sending.set(true);
        self.refused.set(None);
        leptos::task::spawn_local(async move {
            let sent = self.outbox.send(op.clone()).await;
            if self.sending.try_set(false).is_some() {
                return;
            }
            match sent {
                Sent::Taken(label) => {
                    let desk = (self.outbox, self.toasts);
                    let again = move || self.put_back(&written);
                    undo_label::tell(desk, &op, before.as_ref(), &label, again);
                    stage.take_label(label);
                    self.comment.set(String::new());
                }
                Sent::Waits(fault) => {
                    self.refused.set(Some(why_it_waits(fault.kind, &fault.message)));
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

/// Accept, or ask for a change in words.
#[component]
pub(super) fn Decision(stage: Stage, next: Callback<i32>) -> impl IntoView {
    let verdict = Verdict::new(stage);
    review_keys(verdict, next);
    let tags = |label: &Label| {
        label.tags.iter().map(|t| view! { <span class="tag on">{t.title()}</span> }).collect_view()
    };
    view! {
        <section class="grow">
            <h2>"Label"</h2>
            {move || verdict.label().map(|label| {
                view! { <div class="tags spaced">{tags(&label)}</div><LabelLine label/> }
            })}
            {move || verdict.why_not().map(|why| view! { <p class="soft spaced">{why}</p> })}
        </section>
        <section class="decide" class:gone=move || verdict.open().is_none()>
            <textarea class="field-input" node_ref=verdict.field rows="3" data-testid="review-comment" aria-label="Comment"
                placeholder="Comment; needed to ask for a change" prop:value=verdict.comment
                on:input=move |event| verdict.comment.set(event_target_value(&event))></textarea>
            {move || verdict.refused.get().map(|why| view! { <p class="error" role="alert">{why}</p> })}
            <div class="decide-buttons">
                <button class="btn primary" data-testid="review-accept" aria-keyshortcuts=shortcut(Command::Accept) disabled=move || !verdict.can_accept()
                    title=move || verdict.held() on:click=move |_| verdict.accept()>"Accept "<Cap does=Command::Accept/></button>
                <button class="btn" data-testid="review-changes" aria-keyshortcuts=shortcut(Command::Ask) disabled=move || !verdict.can_ask()
                    title=move || verdict.held() on:click=move |_| verdict.ask()>"Ask for a change "<Cap does=Command::Ask/></button>
            </div>
            <p class="small soft held" role="status" data-testid="review-held">{move || verdict.held()}</p>
            <button class="btn quiet" aria-keyshortcuts=shortcut(Command::Labels(1)) on:click=move |_| next.run(1)>"Next "<Cap does=Command::Labels(1)/></button>
        </section>
    }
}

fn review_keys(verdict: Verdict, next: Callback<i32>) {
    let size = expect_context::<ViewSize>();
    let listening = on_commands(Screen::Review, move |command| match command {
        Command::Accept => verdict.accept(),
        Command::Ask => verdict.ask(),
        Command::Labels(by) => next.run(by),
        other => player_command(verdict.stage.scene, size, other),
    });
    listening.called(move |row| match row.does {
        Command::Accept | Command::Ask if verdict.open().is_none() => None,
        _ => Some(row.title()),
    });
}
