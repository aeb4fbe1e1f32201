//! A run, live: figures, curves, rollouts, where the time goes, what happened.

mod alerts;
mod anatomy;
mod charts;
mod controls;
mod edits;
mod evaluations;
mod feed;
mod records;
mod tiles;
mod timeline;

use crate::logic::keys::{Command, Screen};
use crate::logic::words;
use crate::parts::shell::{Crumb, Page};
use crate::parts::states::{FaultBox, Skeleton};
use crate::route;
use crate::state::api;
use crate::state::browser::{now_secs, query_value, show_address};
use crate::state::keys::on_commands;
use crate::state::library::use_library;
use crate::state::live::{Live, use_live};
use crate::state::plots::Plots;
use crate::state::remote::Remote;
use crate::state::session::use_session;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::annotation::Role;
use shared::api::{Run, RunBody};
use shared::config::RunConfig;
use shared::edit::Edits;
use shared::event::{Control, Order};
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
    /// What the run was set up with, once it is known.
    pub config: Signal<Option<RunConfig>>,
    /// What this page has asked and the trainer has not answered.
    pub asked: RwSignal<Vec<Asked>>,
}

/// Something asked from this page.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// What.
    pub order: Order,
    /// Unix time, seconds.
    pub at: f64,
    /// The newest event when it was asked: the answer comes after it.
    pub after: u64,
}

impl Watch {
    /// Whether a worker holds the run.
    pub fn is_live(self) -> bool {
        self.run.with(|run| run.as_ref().is_some_and(|run| run.state.is_live()))
    }

    /// What was asked from this page and is not in the journal yet.
    pub fn waiting(self) -> Vec<Asked> {
        if !self.is_live() {
            return Vec::new();
        }
        self.live.with_view(|view| {
            let told = |asked: &Asked| match &asked.order {
                Order::Control(control) => {
                    view.requests.iter().any(|r| r.seq > asked.after && r.control == *control)
                }
                Order::Edit(edit) => {
                    view.edits.iter().any(|e| e.seq > asked.after && e.edited.edit == *edit)
                }
            };
            self.asked.with(|list| list.iter().filter(|asked| !told(asked)).cloned().collect())
        })
    }

    /// Notes something that the server has taken.
    pub fn note(self, order: Order) {
        let after = self.live.view.with_value(|view| view.seq);
        self.asked.update(|list| list.push(Asked { order, at: now_secs(), after }));
    }

    /// The config that the next step is made with.
    pub fn config_now(self) -> Option<RunConfig> {
        let base = self.config.get()?;
        self.live.with_view(|view| {
            let mut edits = Edits::default();
            view.edits.iter().for_each(|edit| edits.take(edit.edited.clone()));
            Some(edits.config_at(&base, view.step + 1))
        })
    }

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
    let at = RwSignal::new(None::<u64>);
    let asked = RwSignal::new(Vec::new());
    Effect::new(move |_| {
        live.follow(&id.get());
        at.set(query_value("step").and_then(|step| step.parse().ok()));
        asked.set(Vec::new());
        got.set(Remote::Loading);
        load();
    });
    let run = Signal::derive(move || {
        let fetched = move || got.with(|got| got.ready().map(|body| body.run.clone()));
        library.run(&id.get()).or_else(fetched)
    });
    let config =
        Signal::derive(move || got.with(|got| got.ready().map(|body| body.config.clone())));
    let watch = Watch { run, live, at, config, asked };
    let plots = Plots::provide(at, Callback::new(move |step| watch.scrub(step)));
    // The address follows, so that what one looks at can be shared.
    Effect::new(move |before: Option<()>| {
        let step = at.get();
        if before.is_some() {
            let id = id.get_untracked();
            show_address(&step.map_or_else(|| route::run(&id), |step| route::run_at(&id, step)));
        }
    });
    run_keys(watch, plots);
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
        <alerts::Alerts watch/>
        <div class="run">
            <tiles::Tiles watch/>
            <anatomy::Anatomy watch/>
            <charts::Charts watch/>
            <feed::Feed watch/>
            <evaluations::Evaluations watch/>
            <records::EventLog watch/>
            <records::Requests watch/>
        </div>
        <timeline::Timeline watch/>
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
                <controls::ControlButton watch control=Control::Resume primary=true/>
            </div>
        })
    }
}

fn run_keys(watch: Watch, plots: Plots) {
    let (ask, session) = (controls::asker(watch), use_session());
    // Pause or resume, whichever it can be now.
    let control = move || {
        let state = watch.run.with(|run| run.as_ref().map(|run| run.state))?;
        let wanted = [Control::Pause, Control::Resume];
        wanted.into_iter().find(|control| words::controls(state).contains(control))
    };
    let listening = on_commands(Screen::Run, move |command| {
        let step = untrack(|| watch.step());
        match command {
            Command::Steps(by) => watch.scrub(step.saturating_add_signed(by).max(1)),
            Command::Step(step) => watch.scrub(step),
            Command::Follow if plots.big.get_untracked().is_some() => plots.big.set(None),
            Command::Follow => watch.at.set(None),
            Command::Pause => untrack(control).into_iter().for_each(|control| ask.run(control)),
            _ => {}
        }
    });
    listening.called(move |row| match row.does {
        Command::Pause => {
            let control = control().filter(|_| session.may(Role::Admin))?;
            Some(format!("{} the run", words::control_verb(control)))
        }
        Command::Follow if plots.big.with(Option::is_some) => Some("Back to all charts".into()),
        Command::Follow => Some("Follow the newest step".into()),
        _ => Some(row.title()),
    });
}

/// The address of a group of the run on the page.
pub fn group_address(watch: Watch, step: u64, group: u32) -> String {
    let run = watch.live.following.get_untracked().unwrap_or_default();
    route::group(&run, step, group)
}
