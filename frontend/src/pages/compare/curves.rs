//! Both runs' curves over each other.

use super::Duel;
use super::side::Side;
use crate::parts::plot::{About, Feed, Line, Plot};
use crate::state::plots::Plots;
use leptos::prelude::*;
use shared::curves::Curves as Columns;

/// Heading, test id, key of the figure, sentence and least height of a chart.
type Chart = (&'static str, &'static str, &'static str, &'static str, f64);

const CHARTS: [Chart; 8] = [
    ("Reward", "curve-reward", "reward_mean", "Mean reward of a step's answers.", 0.2),
    ("KL", "curve-kl", "kl", "Divergence from the start policy, nats per token.", 0.01),
    ("Entropy", "curve-entropy", "entropy", "How undecided the policy is, nats per token.", 0.1),
    (
        "Dead groups",
        "curve-dead",
        "dead_group_share",
        "Share of questions whose answers all earned the same.",
        0.1,
    ),
    (
        "Parse failures",
        "curve-unparsed",
        "parse_failure_share",
        "Share of answers that could not be read.",
        0.1,
    ),
    ("Gradient norm", "curve-grad", "grad_norm", "Before clipping.", 0.1),
    ("Answer length", "curve-length", "new_tokens", "Tokens of an answer.", 4.0),
    ("Step time", "curve-time", "step_secs", "Seconds of a step.", 0.1),
];

/// All charts.
#[component]
pub fn Curves(duel: Duel) -> impl IntoView {
    // Two evaluations of the same step have one place on the axis.
    let at = RwSignal::new(None);
    Effect::new(move |_| {
        at.set(duel.a.at.get().filter(|step| Some(*step) == duel.b.at.get() && *step > 0));
    });
    Plots::provide(at, Callback::new(|_| ()));
    let made = RwSignal::new((Columns::default(), 0u64));
    Effect::new(move |_| {
        let both = Columns::beside(&columns(duel.a), &columns(duel.b));
        made.update(|made| *made = (both, made.1 + 1));
    });
    let chart = move |(title, testid, key, help, floor): Chart| {
        let lines = Memo::new(move |_| {
            let line = |side: &str, name: &str, class| Line {
                key: format!("{side}/{key}"),
                name: name.to_owned(),
                class,
            };
            let a = line("a", "A", "side-a");
            if duel.is_one_run() { vec![a] } else { vec![a, line("b", "B", "side-b")] }
        });
        let about = About { title, testid, help, scale: 1.0, floor, from_zero: true, log: false };
        view! { <Plot about lines feed=Feed::Made(made)/> }
    };
    view! { <div class="compare-curves" data-testid="curves">{CHARTS.map(chart).collect_view()}</div> }
}

fn columns(side: Side) -> Columns {
    let mut columns = Columns::default();
    side.view.with(|view| view.points.iter().for_each(|p| columns.push(p.step, &p.metrics)));
    columns
}
