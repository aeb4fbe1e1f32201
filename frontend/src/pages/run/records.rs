//! What happened, and what people asked: the log, and the audit of requests and changes.

use super::{Asked, Watch};
use crate::logic::timeline::edit_words;
use crate::logic::{format, words};
use crate::state::browser::{local_date_time, local_time};
use leptos::prelude::*;
use shared::event::Order;
use shared::fold::{EditPoint, LogLevel, LogLine, RequestPoint};

/// Lines drawn at most.
const LINES: usize = 200;

/// The log up to the shown step, newest first.
#[component]
pub fn EventLog(watch: Watch) -> impl IntoView {
    let only = RwSignal::new(false);
    let lines = move || {
        let (at, only) = (watch.at.get(), only.get());
        let wanted = |line: &&LogLine| {
            at.is_none_or(|step| line.step <= step) && (!only || line.level != LogLevel::Info)
        };
        let newest = |log: &[LogLine]| -> Vec<LogLine> {
            log.iter().rev().filter(wanted).take(LINES).cloned().collect()
        };
        watch.live.with_view(|view| newest(&view.log))
    };
    let none = move || lines().is_empty();
    let line = move |line: LogLine| {
        let class = match line.level {
            LogLevel::Info => "log-line",
            LogLevel::Warn => "log-line warn",
            LogLevel::Bad => "log-line bad",
        };
        let step = line.step;
        view! {
            <li class=class><span class="dim num" title=local_date_time(line.at)>{local_time(line.at)}</span>
                <button class="link num" on:click=move |_| watch.scrub(step.max(1))>{format!("step {}", format::whole(step))}</button><span>{line.text.clone()}</span></li>
        }
    };
    let phase = move || {
        let phase = watch.live.with_view(|view| view.phase)?;
        Some(view! { <span class="dim small">{format!("now: {}", phase.name())}</span> })
    };
    view! {
        <section class="panel log" data-testid="event-log">
            <header><h2>"What happened"</h2><span class="grow"></span>{phase}
                <button class="btn quiet tiny" aria-pressed=move || only.get().to_string()
                    on:click=move |_| only.update(|only| *only = !*only)>"Warnings only"</button></header>
            <ol><For each=lines key=|line| line.seq children=line/></ol>
            {move || none().then(|| view! { <p class="dim pad">"Nothing yet."</p> })}
        </section>
    }
}

/// What was asked and what became of it: the audit of a run.
#[derive(Clone, PartialEq)]
enum Entry {
    Waiting(Asked),
    Request(RequestPoint),
    Edit(EditPoint),
}

/// Requests and changes up to the shown step, newest first.
#[component]
pub fn Requests(watch: Watch) -> impl IntoView {
    let entries = Memo::new(move |_| {
        let at = watch.at.get();
        let mut all: Vec<(u64, Entry)> = watch.live.with_view(|view| {
            let requests = view.requests.iter().cloned().map(|r| (r.seq, Entry::Request(r)));
            let edits = view.edits.iter().cloned().map(|e| (e.seq, Entry::Edit(e)));
            requests.chain(edits).collect()
        });
        all.retain(|(_, entry)| at.is_none_or(|step| entry.step().is_none_or(|own| own <= step)));
        all.sort_by_key(|(seq, _)| std::cmp::Reverse(*seq));
        let waiting = watch.waiting().into_iter().rev().map(Entry::Waiting);
        waiting.chain(all.into_iter().map(|(_, entry)| entry)).collect::<Vec<_>>()
    });
    let body = move || {
        let list = entries.get();
        if list.is_empty() {
            return view! { <p class="soft pad">"Who pauses, stops or changes this run stands here, with the step it took effect at."</p> }.into_any();
        }
        view! { <ol>{list.into_iter().map(|entry| entry.line(watch)).collect_view()}</ol> }
            .into_any()
    };
    view! {
        <section class="panel log requests" data-testid="requests">
            <header><h2>"Requests and changes"</h2></header>{body}
        </section>
    }
}

impl Entry {
    /// The step it took effect at.
    fn step(&self) -> Option<u64> {
        match self {
            Self::Waiting(_) => None,
            Self::Request(request) => request.acknowledged.map(|(step, _)| step),
            Self::Edit(edit) => Some(edit.edited.from_step),
        }
    }

    fn line(self, watch: Watch) -> AnyView {
        let (testid, what, by, asked_at, done) = match self {
            Self::Waiting(Asked { order: Order::Control(control), at, .. }) => {
                ("request-row", words::control_verb(control).to_owned(), None, at, None)
            }
            Self::Waiting(Asked { order: Order::Edit(edit), at, .. }) => {
                let before = watch.config_now().map_or_else(|| edit.clone(), |now| edit.of(&now));
                ("edit-row", edit_words(&before, &edit), None, at, None)
            }
            Self::Request(r) => {
                let done = r.acknowledged.map(|(step, at)| (step, at, "after step"));
                ("request-row", words::control_verb(r.control).to_owned(), r.by, r.asked_at, done)
            }
            Self::Edit(EditPoint { at, edited, .. }) => {
                let words = edit_words(&edited.before, &edited.edit);
                let done = Some((edited.from_step, at, "from step"));
                ("edit-row", words, edited.by, edited.asked_at.unwrap_or(at), done)
            }
        };
        let who = by.unwrap_or_else(|| "you".into());
        let state = if done.is_some() { "done" } else { "asked" };
        let became = match done {
            Some((step, at, word)) => view! {
                <button class="link num" on:click=move |_| watch.scrub(step.max(1))>{format!("{word} {}", format::whole(step))}</button>
                <span class="dim num">{local_time(at)}</span>
            }
            .into_any(),
            None => {
                let words = move || match watch.is_live() {
                    true => "waits for the step to end",
                    false => "not done: the run ended before",
                };
                view! { <span class="warn-text">{words}</span> }.into_any()
            }
        };
        view! {
            <li class="request" data-testid=testid data-state=state><b>{what}</b>
                <span class="soft">{format!("{who}, ")}<span class="num" title=local_date_time(asked_at)>{local_time(asked_at)}</span></span>
                <span class="arrow" aria-hidden="true">"→"</span><span class="became">{became}</span></li>
        }
        .into_any()
    }
}
