//! Replay: the group's answers made again on the server, and how they differ from the stored ones.

use crate::logic::format;
use crate::logic::tokens::visible;
use crate::parts::stage::Stage;
use crate::state::api;
use crate::state::browser::use_now;
use crate::state::remote::Fault;
use crate::state::session::use_session;
use crate::state::toast::{Toasts, use_toasts};
use leptos::prelude::*;
use shared::annotation::Role;
use shared::api::{ReplayBody, ReplayState};
use shared::rollout::{Rollout, first_difference};
use std::time::Duration;

/// Between two looks at a replay under way.
const LOOK_AGAIN: Duration = Duration::from_millis(600);

/// What is asked of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// How it stands.
    Look,
    /// Begin.
    Begin,
    /// End.
    End,
}

/// Asks, notes the answer, and looks again while a replay is under way.
pub fn ask(stage: Stage, toasts: Toasts, what: Ask) {
    let (run, (step, group)) = (stage.run.get_value(), stage.group(|g| (g.step, g.index)));
    leptos::task::spawn_local(async move {
        let answer: Result<ReplayBody, Fault> = match what {
            Ask::Look => api::replay(&run, step, group).await,
            Ask::Begin => api::begin_replay(&run, step, group).await,
            Ask::End => api::end_replay(&run, step, group).await,
        };
        match answer {
            Ok(body) => {
                let goes_on = matches!(body.replay, Some(ReplayState::Running { .. }));
                // The page may have been left meanwhile.
                if stage.replay.try_set(body.replay).is_none() && goes_on {
                    set_timeout(move || look_again(stage, toasts), LOOK_AGAIN);
                }
            }
            Err(fault) if what != Ask::Look => toasts.warn(fault.message),
            // The next look may succeed; without a replay nothing is missing.
            Err(_) => {
                let running = stage.replay.try_with_untracked(is_running);
                if running == Some(true) {
                    set_timeout(move || look_again(stage, toasts), LOOK_AGAIN * 5);
                }
            }
        }
    });
}

fn look_again(stage: Stage, toasts: Toasts) {
    if stage.replay.try_with_untracked(is_running) == Some(true) {
        ask(stage, toasts, Ask::Look);
    }
}

fn is_running(state: &Option<ReplayState>) -> bool {
    matches!(state, Some(ReplayState::Running { .. }))
}

/// The button that begins a replay.
#[component]
pub fn ReplayButton(
    stage: Stage,
    #[prop(default = "Replay")] words: &'static str,
) -> impl IntoView {
    let (session, toasts) = (use_session(), use_toasts());
    let off = move || !session.may(Role::Annotator) || stage.replay.with(is_running);
    let title = move || match session.may(Role::Annotator) {
        true => "Makes the group's answers again from the checkpoint before them",
        false => "Your role looks on. Ask an admin for the annotator role to replay.",
    };
    view! {
        <button class="btn small-btn" data-testid="replay" disabled=off title=title
            on:click=move |_| ask(stage, toasts, Ask::Begin)>{words}</button>
    }
}

/// In the place of figures that were not recorded: what they are, and the button that makes them.
#[component]
pub fn Measuring(stage: Stage) -> impl IntoView {
    let running = move || stage.replay.with(is_running);
    let differs = move || {
        let looked = stage.looked();
        stage.replay.with(|replay| match replay {
            Some(ReplayState::Done { rollouts, .. }) => {
                difference(stage, looked, rollouts).is_some()
            }
            _ => false,
        })
    };
    let words = move || {
        if running() {
            "Measured with the replay that is under way, see above."
        } else if differs() {
            "The replay gave another answer, so its figures are not those of this one."
        } else {
            "How much likelier the video made each token was not recorded for this group. A replay measures it."
        }
    };
    view! {
        <div class="unmeasured row"><p class="soft grow" data-testid="unmeasured">{words}</p>
            {move || (!running() && !differs()).then(|| view! { <ReplayButton stage words="Measure"/> })}</div>
    }
}

/// How the replay stands; nothing where nobody asked for one.
#[component]
pub fn ReplayBox(stage: Stage) -> impl IntoView {
    let toasts = use_toasts();
    ask(stage, toasts, Ask::Look);
    let inside = move || -> Option<AnyView> {
        Some(match stage.replay.get()? {
            ReplayState::Running { from, step, last } => running(stage, toasts, from, step, last),
            ReplayState::Done { at, rollouts } => view! { <Outcome stage at rollouts/> }.into_any(),
            ReplayState::Failed { message } => view! {
                <div class="row"><p class="error grow" role="alert">{format::sentence(&message)}</p>
                    <ReplayButton stage words="Try again"/></div>
            }
            .into_any(),
        })
    };
    move || {
        inside().map(|inside| {
            view! { <section class="replay" data-testid="replay-box">{inside}</section> }
        })
    }
}

fn running(stage: Stage, toasts: Toasts, from: Option<u64>, step: u64, last: u64) -> AnyView {
    let words = match from {
        None => "Replaying: the checkpoint is loaded".to_owned(),
        Some(0) => format!("Replaying from the start: step {step} of {last}"),
        Some(from) => {
            format!("Replaying from the checkpoint after step {from}: step {step} of {last}")
        }
    };
    let from = from.unwrap_or(0);
    let share = step.saturating_sub(from) as f64 / last.saturating_sub(from).max(1) as f64;
    view! {
        <div class="row"><p class="grow num" role="status">{words}</p>
            <button class="btn small-btn" data-testid="replay-cancel" on:click=move |_| ask(stage, toasts, Ask::End)>"Cancel"</button></div>
        <div class="meter"><i style:width=format!("{:.1}%", share * 100.0)></i></div>
    }
    .into_any()
}

/// Where an answer that came out again differs from the stored one.
fn difference(stage: Stage, i: usize, again: &[Rollout]) -> Option<usize> {
    let again = again.iter().find(|rollout| rollout.index as usize == i)?;
    stage.group(|group| first_difference(&group.rollouts.get(i)?.ids, &again.ids))
}

/// What came out: of the group in a sentence, of the chosen rollout token by token.
#[component]
fn Outcome(stage: Stage, at: f64, rollouts: Vec<Rollout>) -> impl IntoView {
    let now = use_now(10_000);
    let all = rollouts.len();
    let tokens: usize = rollouts.iter().map(|rollout| rollout.ids.len()).sum();
    let same = (0..all).filter(|i| difference(stage, *i, &rollouts).is_none()).count();
    let words = match same == all {
        true => format!(
            "Identical: {} and {} came out again to the last token.",
            format::plural(all as u64, "answer", "answers"),
            format::plural(tokens as u64, "token", "tokens")
        ),
        false => format!(
            "{} of {} came out otherwise.",
            all - same,
            format::plural(all as u64, "answer", "answers")
        ),
    };
    let verdict = if same == all { "identical" } else { "different" };
    let diff = move || {
        let chosen = stage.chosen.get();
        let again = rollouts.iter().find(|rollout| rollout.index as usize == chosen)?.clone();
        let stored = stage.group(|group| group.rollouts.get(chosen).cloned())?;
        Some(view! { <TokenDiff stored again/> })
    };
    view! {
        <div class="row"><p class="grow" role="status" data-testid="replay-verdict" data-verdict=verdict>{words}</p>
            <span class="dim small">{move || format::ago(now.get(), at)}</span><ReplayButton stage words="Again"/></div>
        {diff}
    }
}

/// Stored and new tokens one under the other, the first that differs marked.
#[component]
fn TokenDiff(stored: Rollout, again: Rollout) -> impl IntoView {
    let at = first_difference(&stored.ids, &again.ids);
    let row = move |name: &'static str, rollout: &Rollout| {
        let token = |(i, piece): (usize, &String)| {
            let class = match at {
                Some(at) if i == at => "differs",
                Some(at) if i > at => "after",
                _ => "",
            };
            view! { <code class=class>{visible(piece)}</code> }
        };
        let short = at.is_some_and(|at| at >= rollout.pieces.len());
        let end = short.then(|| view! { <code class="differs">"end"</code> });
        let tokens: Vec<_> = rollout.pieces.iter().enumerate().map(token).collect();
        view! { <span class="dim">{name}</span><div class="diff-row" data-testid=format!("diff-{name}")>{tokens}{end}</div> }
    };
    let words = match at {
        None => format!("rollout {}: same tokens", stored.index + 1),
        Some(at) => {
            format!("rollout {}: token {} is the first that differs", stored.index + 1, at + 1)
        }
    };
    view! {
        <div class="diff">{row("stored", &stored)}{row("now", &again)}</div>
        <p class="dim small">{words}</p>
    }
}
