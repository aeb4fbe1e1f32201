//! The control bar: each request is shown as asked for until the trainer acknowledges it.

use super::Watch;
use crate::logic::{format, words};
use crate::state::api;
use crate::state::library::use_library;
use crate::state::session::use_session;
use crate::state::toast::use_toasts;
use leptos::prelude::*;
use shared::annotation::Role;
use shared::event::Control;

/// Asks something of the run on the page; what the server answers goes to the list.
pub fn asker(watch: Watch) -> Callback<Control> {
    let (library, toasts) = (use_library(), use_toasts());
    Callback::new(move |control: Control| {
        let Some(run) = watch.run.get_untracked() else { return };
        leptos::task::spawn_local(async move {
            match api::control(&run.id, control).await {
                Ok(body) => library.take_run(body.run),
                Err(fault) => toasts.warn(format!(
                    "{} was not asked for. {}",
                    words::control_verb(control),
                    fault.message
                )),
            }
        });
    })
}

/// State pill, what is pending or was acknowledged last, and the buttons.
#[component]
pub fn Controls(watch: Watch) -> impl IntoView {
    let session = use_session();
    let state = Memo::new(move |_| watch.run.with(|run| run.as_ref().map(|r| r.state)));
    let pill = move || {
        let run = watch.run.get()?;
        // Events reach the page before the list does.
        let step = watch.newest().max(run.step);
        Some(view! {
            <span class=words::run_state_class(run.state) data-testid="run-state" data-state=run.state.name()>
                {words::run_state(&run, step)}
                <span class="hidden" data-testid="run-step">{step}</span>
            </span>
        })
    };
    let pending = move || {
        let control = watch.live.with_view(|view| view.pending)?;
        Some(
            view! { <span class="soft small wide-only" role="status">{words::control_pending(control)}</span> },
        )
    };
    let buttons = move || {
        let offered = state.get().map_or(&[][..], words::controls);
        session.may(Role::Admin).then(|| {
            offered
                .iter()
                .map(|control| view! { <ControlButton watch control=*control/> })
                .collect_view()
        })
    };
    let acknowledged = move || watch.live.with_view(acknowledged);
    view! {
        {pending}
        <span class="hidden" role="status" data-testid="run-acknowledged">{acknowledged}</span>
        {pill}{buttons}
    }
}

/// The newest log line that acknowledges a request.
fn acknowledged(view: &shared::fold::RunView) -> Option<String> {
    let words = ["Paused after", "Going on after", "Stopping after", "Checkpoint taken after"];
    let says = |line: &&shared::fold::LogLine| words.iter().any(|w| line.text.starts_with(w));
    view.log.iter().rev().find(says).map(|line| line.text.clone())
}

/// One request as a button.
#[component]
pub fn ControlButton(
    /// The run.
    watch: Watch,
    /// What is asked.
    control: Control,
    /// Whether it is the one thing to do.
    #[prop(optional)]
    primary: bool,
) -> impl IntoView {
    let ask = asker(watch);
    let pending = move || watch.live.with_view(|view| view.pending == Some(control));
    let name = match control {
        Control::Pause => "control-pause",
        Control::Resume => "control-resume",
        Control::Stop => "control-stop",
        Control::Checkpoint => "control-checkpoint",
    };
    let key =
        matches!(control, Control::Pause | Control::Resume).then(|| view! { <kbd>"Shift P"</kbd> });
    let more =
        (control == Control::Checkpoint).then(|| view! { <span class="wide-only">" now"</span> });
    let step = move || format!("Acts after step {}", format::whole(watch.newest()));
    view! {
        <button class="btn" class:primary=primary data-testid=name title=step disabled=pending
            on:click=move |_| ask.run(control)>
            <span>{words::control_verb(control)}{more}</span>{key}
        </button>
    }
}
