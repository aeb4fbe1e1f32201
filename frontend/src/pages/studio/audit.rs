//! Whether the generator of the chosen task is fair, measured on the library's videos.

use super::Studio;
use crate::logic::{format, words};
use crate::state::api;
use crate::state::remote::Fault;
use leptos::prelude::*;
use shared::api::{AuditCell, AuditRequest, AuditState, AuditTest};
use shared::config::MixtureItem;
use std::time::Duration;

/// Samples of a cell: enough for a linear probe to find a gross fault.
const SAMPLES: u32 = 120;
/// How often a running audit is asked about.
const EVERY: Duration = Duration::from_millis(700);

/// The newest audit, shared by every sample on the page.
#[derive(Clone, Copy)]
pub(super) struct Audit {
    state: RwSignal<Option<AuditState>>,
    fault: RwSignal<Option<Fault>>,
}

impl Audit {
    /// Nothing is known yet.
    pub fn new() -> Self {
        Self { state: RwSignal::new(None), fault: RwSignal::new(None) }
    }

    /// Asks for the newest audit, and again while it runs.
    pub fn look(self) {
        leptos::task::spawn_local(async move { self.take(api::audit().await) });
    }

    fn take(self, answer: Result<Option<AuditState>, Fault>) {
        match answer {
            Ok(state) => {
                let running = matches!(state, Some(AuditState::Running { .. }));
                // Gone with the page.
                if self.state.try_set(state).is_some() {
                    return;
                }
                self.fault.set(None);
                if running {
                    set_timeout(move || self.look(), EVERY);
                }
            }
            Err(fault) => drop(self.fault.try_set(Some(fault))),
        }
    }

    fn begin(self, item: &MixtureItem) {
        let item = serde_json::to_value(item).unwrap_or_default();
        let body = AuditRequest { item, samples: SAMPLES };
        leptos::task::spawn_local(async move { self.take(api::begin_audit(&body).await) });
    }
}

/// The panel.
#[component]
pub(super) fn AuditBox(studio: Studio) -> impl IntoView {
    let audit = studio.audit;
    let task = Memo::new(move |_| studio.setup.with(|setup| setup.task));
    let running = Memo::new(move |_| {
        audit.state.with(|state| matches!(state, Some(AuditState::Running { .. })))
    });
    let begin = move |_| audit.begin(&MixtureItem::of(task.get_untracked(), 1.0));
    let label = move || format!("Audit {}", words::cell_title(&task.get().cell()).to_lowercase());
    let state = move || {
        match audit.state.get() {
        None => view! {
            <p class="dim small">"Makes samples from the newest videos, proves each truth from the pixels, and looks for shortcuts that answer without seeing."</p>
        }
        .into_any(),
        Some(AuditState::Running { cells, done, total }) => running_view(&cells, done, total),
        Some(AuditState::Failed { message }) => {
            view! { <p class="err" role="alert">{format::sentence(&message)}</p> }.into_any()
        }
        Some(AuditState::Done { cells, videos, limit }) => cells
            .into_iter()
            .map(|cell| view! { <CellView cell videos limit/> })
            .collect_view()
            .into_any(),
    }
    };
    let fault = move || {
        audit.fault.get().map(|fault| {
            view! { <p class="err" role="alert">{fault.message.clone()}" "{fault.advice()}</p> }
        })
    };
    view! {
        <section class="audit" data-testid="audit">
            <div class="row head"><h2 class="grow">"Audit of the generator"</h2>
                <button class="btn small-btn" data-testid="begin-audit" disabled=running on:click=begin>{label}</button></div>
            {state}{fault}
        </section>
    }
}

fn running_view(cells: &[String], done: usize, total: usize) -> AnyView {
    let share = done as f64 / total.max(1) as f64;
    let text = match done {
        0 => format!("{}: reading the videos", cells.join(", ")),
        done => format!(
            "{}: sample {} of {}",
            cells.join(", "),
            format::whole(done as u64),
            format::whole(total as u64)
        ),
    };
    view! {
        <div class="meter"><i style:width=format!("{:.1}%", share * 100.0)></i></div>
        <p class="small soft num" role="status">{text}</p>
    }
    .into_any()
}

/// The table of one cell.
#[component]
fn CellView(cell: AuditCell, videos: usize, limit: f64) -> impl IntoView {
    let title = words::cell_title(&cell.cell);
    if let Some(problem) = cell.problem {
        return view! { <p data-testid="audit-ruling"><b>{title}</b>" was not audited. "{format::sentence(&problem)}</p> }
            .into_any();
    }
    let verdict = match cell.rulings.is_empty() {
        true => {
            view! { <span class="pill is-good" data-testid="audit-ruling">"Fair"</span> }.into_any()
        }
        false => view! { <span class="pill is-bad" data-testid="audit-ruling">"Unfair"</span> }
            .into_any(),
    };
    let why = |why: String| view! { <p class="err small">{format::sentence(&why)}</p> };
    let of = format!(
        "{} of {} truths proved · {} left out · {}",
        format::whole(cell.proved as u64),
        format::whole(cell.samples as u64),
        format::whole(cell.unanswerable as u64),
        format::plural(videos as u64, "video", "videos")
    );
    let line = move |test: AuditTest| {
        let number = |value: Option<f64>| match value {
            Some(value) if value > 1.0 => format::short(value),
            Some(value) => format::fixed(value, 2),
            None => "–".to_owned(),
        };
        let chance = match test.chance {
            Some(chance) if chance < limit => {
                view! { <td class="bad-text">{format::short(chance)}</td> }.into_any()
            }
            Some(chance) => view! { <td>{format::short(chance)}</td> }.into_any(),
            None => view! { <td class="dim">"told only"</td> }.into_any(),
        };
        view! { <tr><td>{words::capital(&test.what)}</td><td>{number(test.found)}</td><td class="soft">{number(test.against)}</td>{chance}</tr> }
    };
    view! {
        <div class="row"><b class="grow">{title}</b>{verdict}</div>
        <p class="small soft num">{of}</p>
        {cell.rulings.into_iter().map(why).collect_view()}
        <table class="audit-table num">
            <thead><tr><th>"Measured"</th><th>"Reached"</th><th>"Against"</th><th title="Chance of an outcome as far off where nothing is wrong">"Chance"</th></tr></thead>
            <tbody>{cell.tests.into_iter().map(line).collect_view()}</tbody>
        </table>
    }
    .into_any()
}
