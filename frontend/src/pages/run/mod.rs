//! A run, live: figures, curves, rollouts, where the time goes, what happened.

mod charts;
mod controls;
mod evaluations;
mod feed;
mod records;
mod tiles;
mod timeline;

use crate::logic::words;
use crate::parts::shell::{Crumb, Page};
use crate::parts::states::{FaultBox, Skeleton};
use crate::route;
use crate::state::api;
use crate::state::browser::{dialog_open, is_typing, on_keys, query_value};
use crate::state::library::use_library;
use crate::state::live::{Live, use_live};
use crate::state::remote::Remote;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::api::{Run, RunBody};
use shared::fold::{RunState, StepPoint};

/// What all panels of the page read.
#[derive(Clone, Copy)]
pub struct Watch {
    /// The run as listed, kept current by the live link.
    pub run: Signal<Option<Run>>,
    /// Its events, folded.
    pub live: Live,
    /// The step the page is scrubbed to; none to follow.
    pub at: RwSignal<Option<u64>>,
}

impl Watch {
    /// Reads the steps up to where the page is scrubbed to.
    pub fn points<T>(self, read: impl FnOnce(&[StepPoint]) -> T) -> T {
        let at = self.at.get();
        self.live.with_view(|view| read(crate::logic::summary::until(&view.points, at)))
    }

    /// The newest step.
    pub fn newest(self) -> u64 {
        self.live.with_view(|view| view.step)
    }

    /// The step shown.
    pub fn step(self) -> u64 {
        self.at.get().unwrap_or_else(|| self.newest())
    }

    /// Steps asked for.
    pub fn steps(self) -> u64 {
        let asked = self.live.with_view(|view| view.steps);
        if asked > 0 { asked } else { self.run.with(|run| run.as_ref().map_or(1, |r| r.steps)) }
    }

    /// Scrubs to a step; the newest one means following.
    pub fn scrub(self, step: u64) {
        let newest = untrack(|| self.newest());
        self.at.set((step < newest).then_some(step.max(1)));
    }
}

/// The page of a run.
#[component]
pub fn RunPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("run").unwrap_or_default());
    let (library, live) = (use_library(), use_live());
    let got = RwSignal::new(Remote::<RunBody>::Loading);
    let load = move || {
        let id = id.get_untracked();
        leptos::task::spawn_local(async move {
            let body = api::run(&id).await.into();
            let _ = got.try_set(body);
        });
    };
    let at = RwSignal::new(None);
    Effect::new(move |_| {
        live.follow(&id.get());
        at.set(query_value("step").and_then(|step| step.parse().ok()));
        got.set(Remote::Loading);
        load();
    });
    let run = Signal::derive(move || {
        let fetched = move || got.with(|got| got.ready().map(|body| body.run.clone()));
        library.run(&id.get()).or_else(fetched)
    });
    let watch = Watch { run, live, at };
    run_keys(watch);
    let crumbs = Signal::derive(move || {
        let name = run.with(|run| run.as_ref().map_or_else(|| id.get(), |r| r.name.clone()));
        vec![Crumb::link("Runs", "/runs"), Crumb::here(name)]
    });
    let retry = Callback::new(move |()| load());
    let known = Memo::new(move |_| run.with(Option::is_some));
    view! {
        <Page crumbs=crumbs actions=move || view! { <controls::Controls watch/> }>
            {move || match (known.get(), got.get()) {
                (true, _) => view! { <Panels watch/> }.into_any(),
                (false, Remote::Failed(fault)) => view! { <FaultBox fault what="this run" retry/> }.into_any(),
                _ => view! { <Skeleton rows=10/> }.into_any(),
            }}
        </Page>
    }
}

#[component]
fn Panels(watch: Watch) -> impl IntoView {
    view! {
        <Failed watch/>
        <div class="run">
            <tiles::Tiles watch/>
            <charts::Charts watch/>
            <feed::Feed watch/>
            <timeline::Anatomy watch/>
            <evaluations::Evaluations watch/>
            <records::EventLog watch/>
        </div>
    }
}

/// Where a run broke, why, and the way on.
#[component]
fn Failed(watch: Watch) -> impl IntoView {
    move || {
        let run = watch.run.get().filter(|run| run.state == RunState::Failed)?;
        let phase = run.failed_phase.map_or("an unknown phase", |phase| phase.name());
        let cause = run.failed_cause.clone().unwrap_or_else(|| "No cause was recorded.".into());
        let last = watch.live.with_view(|view| view.checkpoints.last().copied());
        let from = match last {
            Some(step) => format!(
                "Resume goes on from the checkpoint after step {}.",
                crate::logic::format::whole(step)
            ),
            None => "Resume starts from the first step: there is no checkpoint yet.".to_owned(),
        };
        Some(view! {
            <div class="banner is-bad" role="alert">
                <div class="grow"><b>{format!("The run failed in {phase}.")}</b>" "
                    {crate::logic::format::sentence(&cause)}<div class="soft small">{from}</div></div>
                <controls::ControlButton watch control=shared::event::Control::Resume primary=true/>
            </div>
        })
    }
}

fn run_keys(watch: Watch) {
    let ask = controls::asker(watch);
    on_keys(move |event| {
        if event.ctrl_key()
            || event.meta_key()
            || event.alt_key()
            || is_typing(&event)
            || dialog_open()
        {
            return;
        }
        let step = untrack(|| watch.step());
        match event.key().as_str() {
            "ArrowLeft" => watch.scrub(step.saturating_sub(1).max(1)),
            "ArrowRight" => watch.scrub(step + 1),
            "Escape" => watch.at.set(None),
            "P" => {
                use shared::event::Control;
                let state = watch.run.with_untracked(|run| run.as_ref().map(|r| r.state));
                let offered = state.map_or(&[][..], words::controls);
                let wanted = [Control::Pause, Control::Resume];
                if let Some(control) = wanted.into_iter().find(|c| offered.contains(c)) {
                    ask.run(control);
                }
            }
            _ => return,
        }
        event.prevent_default();
    });
}

/// The address of a group of the run on the page.
pub fn group_address(watch: Watch, step: u64, group: u32) -> String {
    let run = watch.live.following.get_untracked().unwrap_or_default();
    route::group(&run, step, group)
}
