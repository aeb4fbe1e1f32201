//! Evaluations by cell, and the log of what happened.

use super::Watch;
use crate::logic::{format, words};
use crate::state::browser::local_time;
use leptos::prelude::*;
use shared::fold::{EvaluationPoint, LogLevel, LogLine};

/// The evaluations: one row each, newest first, with every cell.
#[component]
pub fn Evaluations(watch: Watch) -> impl IntoView {
    let list = Memo::new(move |_| {
        let at = watch.at.get();
        watch.live.with_view(|view| {
            let seen = |e: &&EvaluationPoint| at.is_none_or(|step| e.step <= step);
            view.evaluations.iter().filter(seen).cloned().collect::<Vec<_>>()
        })
    });
    let cells = move || {
        let mut names: Vec<String> =
            list.with(|l| l.iter().flat_map(|e| e.by_cell.keys().cloned()).collect());
        names.sort();
        names.dedup();
        names
    };
    let table = move || {
        let all = list.get();
        if all.is_empty() {
            return view! { <p class="soft pad">"Greedy evaluations on fixed questions appear here, each against the first of its set."</p> }.into_any();
        }
        let names = cells();
        let head = names
            .iter()
            .map(|c| view! { <th scope="col">{words::cell_title(c)}</th> })
            .collect_view();
        let row = |evaluation: &EvaluationPoint| {
            let first = all.iter().find(|e| e.set == evaluation.set);
            evaluation_row(evaluation, first, &names)
        };
        let rows = all.iter().rev().map(row).collect_view();
        view! {
            <div class="table-wrap"><table class="table plain">
                <thead><tr><th scope="col">"After step"</th><th scope="col">"Set"</th><th scope="col">"Reward"</th>
                    <th scope="col">"Change"</th>{head}</tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        }
        .into_any()
    };
    view! { <section class="panel evaluations"><header><h2>"Evaluations"</h2></header>{table}</section> }
}

fn evaluation_row(
    e: &EvaluationPoint,
    first: Option<&EvaluationPoint>,
    names: &[String],
) -> impl IntoView + use<> {
    let cell = |name: &String| {
        let value = e.by_cell.get(name).map(|v| format::fixed(*v, 2));
        view! { <td class="num">{value.unwrap_or_else(|| "–".into())}</td> }
    };
    let cells = names.iter().map(cell).collect_view();
    let change = first.filter(|f| f.step != e.step).map(|f| e.reward_mean - f.reward_mean);
    let (text, class) = match change {
        Some(change) if change > 0.0 => (format::signed(change, 3), "num good"),
        Some(change) => (format::signed(change, 3), "num worse"),
        None => ("first".to_owned(), "dim"),
    };
    let reward =
        format!("{} ± {}", format::fixed(e.reward_mean, 3), format::fixed(e.reward_interval, 3));
    let title = format!("{} questions, 95 % interval", format::whole(e.samples));
    view! {
        <tr data-testid="evaluation-row"><td class="num">{format::whole(e.step)}</td><td>{e.set.clone()}</td>
            <td class="num" title=title><b>{reward}</b></td><td class=class>{text}</td>{cells}</tr>
    }
}

/// The log, newest first.
#[component]
pub fn EventLog(watch: Watch) -> impl IntoView {
    let lines = move || {
        watch.live.with_view(|view| view.log.iter().rev().take(200).cloned().collect::<Vec<_>>())
    };
    let line = |line: LogLine| {
        let class = match line.level {
            LogLevel::Info => "log-line",
            LogLevel::Warn => "log-line warn",
            LogLevel::Bad => "log-line bad",
        };
        view! {
            <li class=class><span class="dim num">{local_time(line.at)}</span>
                <span class="dim num">{format!("step {}", format::whole(line.step))}</span><span>{line.text.clone()}</span></li>
        }
    };
    let phase = move || {
        let phase = watch.live.with_view(|view| view.phase)?;
        Some(view! { <span class="dim small">{format!("now: {}", phase.name())}</span> })
    };
    view! {
        <section class="panel log" data-testid="event-log">
            <header><h2>"What happened"</h2><span class="grow"></span>{phase}</header>
            <ol><For each=lines key=|line| line.seq children=line/></ol>
        </section>
    }
}
