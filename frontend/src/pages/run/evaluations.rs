//! Evaluations on fixed questions, one table per set: a set of clips the policy trains on and
//! one that is held out say different things, so their figures never share a column.

use super::Watch;
use crate::logic::evaluations::{Change, change, sets};
use crate::logic::{format, words};
use leptos::prelude::*;
use shared::fold::EvaluationPoint;

/// Rows of a set that are shown; the first one always is, as the others stand against it.
const ROWS: usize = 8;

/// All sets, side by side where there is room.
#[component]
pub fn Evaluations(watch: Watch) -> impl IntoView {
    let list = Memo::new(move |_| {
        let at = watch.at.get();
        watch.live.with_view(|view| {
            let seen = |e: &&EvaluationPoint| at.is_none_or(|step| e.step <= step);
            view.evaluations.iter().filter(seen).cloned().collect::<Vec<_>>()
        })
    });
    let body = move || {
        let sets = list.with(|list| sets(list));
        match sets.is_empty() {
            true => view! { <p class="soft pad">"Greedy answers to fixed questions, each evaluation against the first of its set. The first one comes before the first step."</p> }.into_any(),
            false => sets.into_iter().map(set_table).collect_view().into_any(),
        }
    };
    view! {
        <section class="panel evaluations"><header><h2>"Evaluations"</h2><span class="grow"></span>
            <span class="dim small">"± is the 95 % interval"</span></header>
            <div class="sets">{body}</div></section>
    }
}

/// A set's evaluations, newest first.
fn set_table((name, points): (String, Vec<EvaluationPoint>)) -> impl IntoView {
    let first = points.first().cloned();
    let mut cells: Vec<String> = points.iter().flat_map(|e| e.by_cell.keys().cloned()).collect();
    cells.sort();
    cells.dedup();
    let head = cells.iter().map(|c| view! { <th scope="col">{words::cell_title(c)}</th> });
    let questions = points.last().map(|e| format::plural(e.samples, "question", "questions"));
    let shown = |i: usize| i == 0 || i + ROWS > points.len();
    let rows = points.iter().enumerate().filter(|(i, _)| shown(*i)).rev();
    let rows = rows.map(|(_, e)| row(e, first.as_ref(), &cells)).collect_view();
    view! {
        <div class="set" data-testid="evaluation-set" data-set=name.clone()>
            <h3>{words::capital(&name)}<span class="dim num">{questions}</span></h3>
            <div class="table-wrap" tabindex="0" role="group" aria-label="Evaluations"><table class="table plain">
                <thead><tr><th scope="col">"Step"</th><th scope="col">"Reward"</th><th scope="col">"Change"</th>
                    {head.collect_view()}</tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </div>
    }
}

fn row(
    e: &EvaluationPoint,
    first: Option<&EvaluationPoint>,
    cells: &[String],
) -> impl IntoView + use<> {
    let cell = |name: &String| {
        let value = e.by_cell.get(name).map(|v| format::fixed(*v, 2));
        view! { <td class="num">{value.unwrap_or_else(|| "–".into())}</td> }
    };
    let cells = cells.iter().map(cell).collect_view();
    let (text, class, title) = match first.and_then(|first| change(first, e)) {
        None => ("first".to_owned(), "dim", ""),
        Some((Change::Better, by)) => (format::signed(by, 3), "num good", "Outside the intervals"),
        Some((Change::Worse, by)) => (format::signed(by, 3), "num worse", "Outside the intervals"),
        Some((Change::Unsure, by)) => {
            (format::signed(by, 3), "num soft", "Inside the intervals: may be chance")
        }
    };
    view! {
        <tr data-testid="evaluation-row"><td class="num">{format::whole(e.step)}</td>
            <td class="num"><b>{format::fixed(e.reward_mean, 3)}</b><span class="dim">" ± "{format::fixed(e.reward_interval, 3)}</span></td>
            <td class=class title=title>{text}</td>{cells}</tr>
    }
}
