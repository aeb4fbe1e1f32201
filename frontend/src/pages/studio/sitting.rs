//! The reader's answers of this sitting: kept while the page is open, by nobody else.

use super::Studio;
use crate::logic::studio::{Tried, floor, mean, summary};
use crate::logic::{format, words};
use crate::parts::bits::TaskDot;
use leptos::prelude::*;
use shared::task::TaskKind;

/// Answers shown.
const SHOWN: usize = 6;

/// The answers, from context.
#[derive(Clone, Copy)]
pub struct Sitting(pub RwSignal<Vec<Tried>>);

impl Sitting {
    /// Provides an empty sitting.
    pub fn provide() {
        provide_context(Self(RwSignal::new(Vec::new())));
    }
}

/// The newest answers, and their mean beside what is earned without looking.
#[component]
pub(super) fn History(studio: Studio) -> impl IntoView {
    let sitting: Sitting = expect_context();
    let kind = Memo::new(move |_| studio.setup.with(|setup| setup.task.kind()));
    let newest =
        move || sitting.0.with(|all| all.iter().rev().take(SHOWN).cloned().collect::<Vec<_>>());
    let none = move || sitting.0.with(Vec::is_empty);
    let row = move |tried: Tried| view! { <TriedRow studio tried/> };
    view! {
        <section class="history" data-testid="history">
            <h2>"This sitting"</h2>
            <Means studio kind/>
            {move || newest().into_iter().map(row).collect_view()}
            {move || none().then(|| view! { <p class="dim small">"Your answers and what they earned are listed here. Nobody else sees them."</p> })}
        </section>
    }
}

#[component]
fn Means(studio: Studio, kind: Memo<TaskKind>) -> impl IntoView {
    let sitting: Sitting = expect_context();
    let mine = move || sitting.0.with(|all| mean(all, kind.get()));
    let blind = move || studio.setup.with(|setup| floor(&setup.task, &setup.dials));
    let mean_words = move || {
        match mine() {
        Some((mean, n)) => view! {
            <b class="figure num" data-testid="my-mean">{format::fixed(mean, 2)}</b>
            <span class="soft small">{format!("your mean over {}", format::plural(n as u64, "answer", "answers"))}</span>
        }
        .into_any(),
        None => view! {
            <b class="figure num dim">"–"</b>
            <span class="soft small">{move || format!("no {} answered yet", kind.get())}</span>
        }
        .into_any(),
    }
    };
    let floor_words = move || match blind() {
        Some((value, how)) => view! {
            <b class="figure num dim" data-testid="floor">{format::fixed(value, 2)}</b>
            <span class="soft small">{format!("without looking: {how}")}</span>
        }
        .into_any(),
        None => view! {
            <b class="figure num dim">"–"</b>
            <span class="soft small">"without looking: known for the published dials only"</span>
        }
        .into_any(),
    };
    view! { <div class="means"><div>{mean_words}</div><div>{floor_words}</div></div> }
}

#[component]
fn TriedRow(studio: Studio, tried: Tried) -> impl IntoView {
    let kind = tried.setup.task.kind();
    let title = summary(&tried.setup);
    let back = {
        let setup = tried.setup.clone();
        move |_| studio.setup.set(setup.clone())
    };
    let said = format!("{} · true {}", words::answer(&tried.answer), tried.truth);
    let peeked = tried.peeked.then(|| view! { <span class="dim small">"after the truth"</span> });
    view! {
        <button class="tried" data-testid="tried" title=format!("Open {title} again") on:click=back>
            <TaskDot kind/>
            <span class="grow"><span class="clip">{title.clone()}</span><span class="dim small clip num">{said}</span></span>
            <span class="right num"><b>{format::fixed(tried.reward, 2)}</b>{peeked}</span>
        </button>
    }
}
