//! Both runs' curves over each other.

use super::Duel;
use super::side::Side;
use crate::parts::chart::{LineChart, Series};
use leptos::prelude::*;
use shared::event::StepMetrics;

/// Heading, test id, figure and least height of a chart.
type Chart = (&'static str, &'static str, fn(&StepMetrics) -> f64, f64);

const CHARTS: [Chart; 8] = [
    ("Reward", "curve-reward", |m| m.reward_mean, 0.2),
    ("KL, nats per token", "curve-kl", |m| m.kl, 0.01),
    ("Entropy, nats per token", "curve-entropy", |m| m.entropy, 0.1),
    ("Dead groups, share", "curve-dead", |m| m.dead_group_share, 0.1),
    ("Parse failures, share", "curve-unparsed", |m| m.parse_failure_share, 0.1),
    ("Gradient norm", "curve-grad", |m| m.grad_norm, 0.1),
    ("Answer length, tokens", "curve-length", |m| m.new_tokens, 4.0),
    ("Time of a step, s", "curve-time", |m| m.step_secs, 0.1),
];

/// All charts.
#[component]
pub fn Curves(duel: Duel) -> impl IntoView {
    let last = Signal::derive(move || {
        let step = |side: Side| side.view.with(|view| view.step);
        step(duel.a).max(step(duel.b)).max(10) as f64
    });
    // Two evaluations of the same step have one place on the axis.
    let at = Signal::derive(move || {
        duel.a.at.get().filter(|step| Some(*step) == duel.b.at.get() && *step > 0)
    });
    let chart = move |(title, testid, get, least): Chart| {
        let series = Signal::derive(move || {
            let a = series(duel.a, "A", "side-a", get);
            if duel.is_one_run() { vec![a] } else { vec![a, series(duel.b, "B", "side-b", get)] }
        });
        view! { <LineChart title testid series last_step=last at=at least/> }
    };
    view! { <div class="compare-curves" data-testid="curves">{CHARTS.map(chart).collect_view()}</div> }
}

fn series(side: Side, name: &str, class: &'static str, get: fn(&StepMetrics) -> f64) -> Series {
    let points = side
        .view
        .with(|view| view.points.iter().map(|p| (p.step as f64, get(&p.metrics))).collect());
    Series { name: name.to_owned(), class, points }
}
