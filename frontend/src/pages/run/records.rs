//! The log of what happened.

use super::Watch;
use crate::logic::format;
use crate::state::browser::local_time;
use leptos::prelude::*;
use shared::fold::{LogLevel, LogLine};

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
