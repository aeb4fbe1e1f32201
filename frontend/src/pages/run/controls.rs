//! The control bar: each request is shown as asked for until the trainer acknowledges it.

use super::edits::Edits;
use super::{Asked, Watch};
use crate::logic::keys::Command;
use crate::logic::{format, words};
use crate::parts::keycap::Cap;
use crate::state::api;
use crate::state::browser::local_time;
use crate::state::keys::shortcut;
use crate::state::library::use_library;
use crate::state::session::use_session;
use crate::state::toast::use_toasts;
use leptos::prelude::*;
use shared::annotation::Role;
use shared::event::{Control, Order};
use shared::fold::RunState;

/// Asks something of the run on the page; what the server answers goes to the list.
pub fn asker(watch: Watch) -> Callback<Control> {
    let (library, toasts) = (use_library(), use_toasts());
    Callback::new(move |control: Control| {
        let Some(run) = watch.run.get_untracked() else { return };
        leptos::task::spawn_local(async move {
            match api::control(&run.id, control).await {
                Ok(body) => {
                    // Without a worker nothing waits for the end of a step.
                    if run.state.is_live() {
                        watch.note(Order::Control(control));
                    }
                    library.take_run(body.run);
                }
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
    // Not drawn again when the run is paused under an open dialog.
    let may_edit = Memo::new(move |_| {
        let live = state.get().is_some_and(|s| s.is_live() && s != RunState::Stopping);
        live && session.may(Role::Admin)
    });
    let editable = move || may_edit.get().then(|| view! { <Edits watch/> });
    let buttons = move || {
        let offered = state.get().map_or(&[][..], words::controls);
        session.may(Role::Admin).then(|| {
            offered
                .iter()
                .map(|control| view! { <ControlButton watch control=*control/> })
                .collect_view()
        })
    };
    view! { <Newest watch/>{pill}{editable}{buttons} }
}

/// The newest request: asked when, and done after which step and when.
#[component]
fn Newest(watch: Watch) -> impl IntoView {
    let said = move || {
        let waiting = watch.waiting().into_iter().rev().find_map(|asked| match asked {
            Asked { order: Order::Control(control), at, .. } => Some((control, at)),
            Asked { .. } => None,
        });
        if let Some((control, at)) = waiting {
            let pending = words::control_pending(control);
            return Some((false, format!("{pending} · asked {}", local_time(at))));
        }
        let newest = watch.live.with_view(|view| view.requests.last().cloned())?;
        let asked = local_time(newest.asked_at);
        let words = match newest.acknowledged {
            Some((step, at)) => {
                let did = words::control_done(newest.control);
                let step = format::whole(step);
                format!("{did} after step {step} · asked {asked}, done {}", local_time(at))
            }
            None => format!("{} · asked {asked}", words::control_pending(newest.control)),
        };
        Some((newest.acknowledged.is_some(), words))
    };
    move || {
        said().map(|(done, words)| {
            let state = if done { "done" } else { "asked" };
            view! { <span class="request-newest small wide-only" class:warn-text=!done role="status" data-testid="run-acknowledged" data-state=state>{words}</span> }
        })
    }
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
    let waits = move || watch.waiting().iter().any(|a| a.order == Order::Control(control));
    let pending = move || waits() || watch.live.with_view(|view| view.pending == Some(control));
    let name = match control {
        Control::Pause => "control-pause",
        Control::Resume => "control-resume",
        Control::Stop => "control-stop",
        Control::Checkpoint => "control-checkpoint",
    };
    let has_key = matches!(control, Control::Pause | Control::Resume);
    let key = has_key.then(|| view! { <Cap does=Command::Pause/> });
    let keys = has_key.then(|| shortcut(Command::Pause));
    let more =
        (control == Control::Checkpoint).then(|| view! { <span class="wide-only">" now"</span> });
    let step = move || format!("Acts after step {}", format::whole(watch.newest()));
    view! {
        <button class="btn" class:primary=primary data-testid=name title=step disabled=pending aria-keyshortcuts=keys
            on:click=move |_| ask.run(control)>
            <span>{words::control_verb(control)}{more}</span>{key}
        </button>
    }
}
