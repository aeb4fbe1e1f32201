//! The four charts of a run.

use super::Watch;
use crate::logic::summary::{cells, heat};
use crate::logic::{format, words};
use crate::parts::chart::{LineChart, Series};
use leptos::prelude::*;
use shared::event::StepMetrics;
use shared::task::TaskKind;

/// Stretches of the run that the heat grid is divided into.
const COLUMNS: usize = 12;

fn series(
    watch: Watch,
    name: &str,
    class: &'static str,
    get: impl Fn(&StepMetrics) -> Option<f64>,
) -> Series {
    let points = watch.live.with_view(|view| {
        let point = |p: &shared::fold::StepPoint| get(&p.metrics).map(|y| (p.step as f64, y));
        view.points.iter().filter_map(point).collect()
    });
    Series { name: name.to_owned(), class, points }
}

/// All charts.
#[component]
pub fn Charts(watch: Watch) -> impl IntoView {
    let last = Signal::derive(move || watch.newest().max(10) as f64);
    let at = Signal::derive(move || watch.at.get());
    let by_task = Signal::derive(move || {
        let of = |kind: TaskKind| {
            let class = words::task_class(kind);
            series(watch, kind.name(), class, |m| m.reward_by_task.get(kind.name()).copied())
        };
        TaskKind::ALL.iter().copied().map(of).filter(|s| !s.points.is_empty()).collect::<Vec<_>>()
    });
    let drift = Signal::derive(move || {
        vec![
            series(watch, "KL", "hue-plain", |m| Some(m.kl)),
            series(watch, "clipped", "hue-worse", |m| Some(m.clip_share)),
        ]
    });
    let answers = Signal::derive(move || {
        vec![
            series(watch, "tokens per answer ÷ 100", "hue-plain", |m| Some(m.new_tokens / 100.0)),
            series(watch, "unparsed", "hue-bad", |m| Some(m.parse_failure_share)),
        ]
    });
    view! {
        <div class="charts">
            <LineChart title="Reward by task" testid="chart-reward" series=by_task last_step=last at=at least=0.2/>
            <Heat watch/>
            <LineChart title="KL and clip share" testid="chart-kl" series=drift last_step=last at=at least=0.01/>
            <LineChart title="Answers" testid="chart-answers" series=answers last_step=last at=at least=0.1/>
        </div>
    }
}

/// The shade of a mean reward: the heat tokens, blended between their places on 0 to 1.
fn heat_colour(value: f64) -> String {
    const STOPS: [f64; 5] = [0.0, 0.2, 0.45, 0.7, 1.0];
    let value = value.clamp(0.0, 1.0);
    let above = STOPS.iter().position(|stop| *stop > value).unwrap_or(STOPS.len() - 1);
    let (low, high) = (STOPS[above - 1], STOPS[above]);
    let share = (value - low) / (high - low) * 100.0;
    format!("color-mix(in oklab, var(--heat-{above}) {share:.0}%, var(--heat-{}))", above - 1)
}

/// Mean reward of every cell over time.
#[component]
fn Heat(watch: Watch) -> impl IntoView {
    let rows = move || {
        watch.points(|points| {
            let row = |name: String| {
                let values = heat(points, &name, COLUMNS.min(points.len().max(1)));
                (name, values)
            };
            cells(points).into_iter().map(row).collect::<Vec<_>>()
        })
    };
    let range = move || {
        let first = watch.points(|points| points.first().map_or(0, |p| p.step));
        format!("steps {} to {}", format::whole(first), format::whole(watch.step()))
    };
    let empty = move || watch.points(|points| points.is_empty());
    view! {
        <section class="panel chart" data-testid="chart-cells">
            <header><h2>"Reward by cell"</h2><span class="grow"></span><span class="dim small num">{range}</span>
                <span class="heat-key" aria-hidden="true"><i class="h0"></i><i class="h1"></i><i class="h2"></i><i class="h3"></i><i class="h4"></i></span></header>
            <div class="body cells-body">
                <div class="cells">{move || rows().into_iter().map(heat_row).collect_view()}</div>
                {move || empty().then(|| view! { <p class="plot-empty dim">"The first step fills this grid."</p> })}
            </div>
        </section>
    }
}

fn heat_row((name, values): (String, Vec<Option<f64>>)) -> impl IntoView {
    let title = words::cell_title(&name);
    let newest = values.iter().rev().flatten().next().copied();
    let cell = {
        let title = title.clone();
        move |value: Option<f64>| match value {
            Some(value) => {
                let words = format!("{title}: {}", format::fixed(value, 2));
                view! { <i title=words style:background=heat_colour(value)></i> }.into_any()
            }
            None => view! { <i class="none"></i> }.into_any(),
        }
    };
    let cells = values.into_iter().map(cell).collect_view();
    view! {
        <div class="heat-row"><span class="clip">{title}</span><div class="heat-cells">{cells}</div>
            <b class="num">{newest.map(|v| format::fixed(v, 2))}</b></div>
    }
}
