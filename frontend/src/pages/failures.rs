//! Tagged failures, newest first, with filters.

use crate::logic::{format, words};
use crate::parts::atlas::{AtlasFrame, use_atlas};
use crate::parts::bits::{Avatar, LabelPill, TaskDot};
use crate::parts::shell::{Crumb, Page};
use crate::parts::states::{Empty, outline, remote_view};
use crate::route;
use crate::state::browser::use_now;
use crate::state::library::use_library;
use crate::state::toast::{Toasts, use_toasts};
use leptos::prelude::*;
use shared::annotation::{LabelState, RolloutRef, Tag};
use shared::answer::{Parsed, parse_exact};
use shared::api::Failure;
use shared::task::TaskKind;

/// What is let through; an empty text lets everything through.
#[derive(Clone, Copy)]
struct Filter {
    state: RwSignal<String>,
    tag: RwSignal<String>,
    task: RwSignal<String>,
}

impl Filter {
    fn keeps(self, failure: &Failure) -> bool {
        let fits =
            |wanted: RwSignal<String>, name: &str| wanted.with(|w| w.is_empty() || w == name);
        let tags = &failure.label.tags;
        fits(self.state, failure.label.state.name())
            && fits(self.task, failure.task.name())
            && self.tag.with(|w| w.is_empty() || tags.iter().any(|tag| tag.name() == w))
    }

    fn clear(self, toasts: Toasts) {
        // Tag after task: tags that do not fit a task are taken away.
        let all = [self.state, self.task, self.tag];
        let before = all.map(|signal| signal.get_untracked());
        all.iter().for_each(|signal| signal.set(String::new()));
        toasts.done("filters", "All filters are cleared.", move || {
            for (signal, before) in all.iter().zip(&before) {
                let _ = signal.try_set(before.clone());
            }
        });
    }
}

/// Rows drawn at first, and added with each wish for more.
const PAGE: usize = 60;

/// The list of failures.
#[component]
pub fn FailuresPage() -> impl IntoView {
    let library = use_library();
    let filter = Filter {
        state: RwSignal::new(String::new()),
        tag: RwSignal::new(String::new()),
        task: RwSignal::new(String::new()),
    };
    let retry = Callback::new(move |()| library.refresh());
    let has = Memo::new(move |_| library.failures.with(outline));
    let body = move || {
        remote_view(has.get(), "the failures", retry, move |some| match some {
            false => empty(),
            true => view! { <FailureTable filter/> }.into_any(),
        })
    };
    view! { <Page crumbs=vec![Crumb::here("Failures")]>{body}</Page> }
}

fn empty() -> AnyView {
    view! {
        <Empty title="No failures tagged yet" text="Open a rollout of a run, see where its answer lies against the truth, and press a number key for what went wrong. Tagged rollouts gather here and wait for a second person.">
            <a class="btn primary" href="/runs">"Choose a run"</a>
        </Empty>
    }
    .into_any()
}

#[component]
fn FailureTable(filter: Filter) -> impl IntoView {
    let now = use_now(10_000);
    let library = use_library();
    let limit = RwSignal::new(PAGE);
    let toasts = use_toasts();
    // Without the filters on the screen there is nothing to put back.
    on_cleanup(move || toasts.forget("filters"));
    let shown = Memo::new(move |_| {
        let keep = |all: &Vec<Failure>| all.iter().filter(|f| filter.keeps(f)).cloned().collect();
        library.failures.with(|all| all.ready().map_or_else(Vec::<Failure>::new, keep))
    });
    let total = move || shown.with(Vec::len);
    let rows = move || shown.with(|all| all.iter().take(limit.get()).cloned().collect::<Vec<_>>());
    let key = |f: &Failure| (f.label.target.clone(), f.label.version);
    view! {
        <Filters filter total=Signal::derive(total)/>
        <div class="failures"><For each=rows key=key children=move |failure| view! { <FailureRow failure now/> }/></div>
        {move || (total() == 0).then(|| view! {
            <div class="empty" data-testid="empty"><p class="soft">"No failure passes these filters."</p>
                <button class="btn" data-testid="filters-clear" on:click=move |_| filter.clear(toasts)>"Show all"</button></div>
        })}
        {move || (total() > limit.get()).then(|| view! {
            <button class="btn more" on:click=move |_| limit.update(|n| *n += PAGE)>"Show more"</button>
        })}
    }
}

/// Chosen values, and how much passes them.
#[component]
fn Filters(filter: Filter, total: Signal<usize>) -> impl IntoView {
    let library = use_library();
    let states = LabelState::ALL.iter().filter(|s| **s != LabelState::Withdrawn);
    let states: Vec<_> = states.map(|s| (s.name(), s.title())).collect();
    // Only tags that fit the chosen task.
    let tags = move || {
        let kind = filter.task.with(|task| task.parse::<TaskKind>().ok());
        let fits = |tag: &&Tag| kind.is_none_or(|kind| Tag::keys(kind).contains(tag));
        Tag::ALL.iter().filter(fits).map(|t| (t.name(), t.title())).collect::<Vec<_>>()
    };
    Effect::new(move |_| {
        let chosen = filter.tag.get();
        if !chosen.is_empty() && tags().iter().all(|(name, _)| *name != chosen) {
            filter.tag.set(String::new());
        }
    });
    let tasks: Vec<_> = TaskKind::ALL.iter().map(|t| (t.name(), t.name())).collect();
    let count = move || {
        let all = library.failures.with(|all| all.ready().map_or(0, Vec::len));
        format!("{} of {}", format::whole(total.get() as u64), format::whole(all as u64))
    };
    view! {
        <div class="filters">
            <FilterBox name="State" testid="filter-state" value=filter.state options=Signal::stored(states)/>
            <FilterBox name="Task" testid="filter-task" value=filter.task options=Signal::stored(tasks)/>
            <FilterBox name="Tag" testid="filter-tag" value=filter.tag options=Signal::derive(tags)/>
            <span class="grow"></span><span class="dim num">{count}</span>
        </div>
    }
}

#[component]
fn FilterBox(
    name: &'static str,
    testid: &'static str,
    value: RwSignal<String>,
    options: Signal<Vec<(&'static str, &'static str)>>,
) -> impl IntoView {
    let option = move |(key, title): (&'static str, &'static str)| {
        view! { <option value=key selected=move || value.with(|v| v == key)>{words::capital(title)}</option> }
    };
    view! {
        <label class="filter-box"><span class="dim">{name}</span>
            <select class="field-input" data-testid=testid on:change=move |event| value.set(event_target_value(&event))>
                <option value="" selected=move || value.with(String::is_empty)>"All"</option>
                {move || options.get().into_iter().map(option).collect_view()}
            </select>
        </label>
    }
}

/// A frame of the rollout's strip, by the label's target: the middle one where there are 48.
#[component]
pub fn TargetThumb(target: RolloutRef, task: TaskKind) -> impl IntoView {
    let atlas = use_atlas(route::atlas(&target.run, target.step, target.group));
    let at = match task {
        TaskKind::Grounding | TaskKind::Counting | TaskKind::Spotting => 24u32,
        TaskKind::Jigsaw | TaskKind::Spatial | TaskKind::Progress => 0,
    };
    let picture = move || atlas.get().map(|atlas| view! { <AtlasFrame atlas at=at/> });
    view! { <div class="thumb">{picture}</div> }
}

/// Where the answer lies against the truth, as small as a word.
fn mini_lane(failure: &Failure) -> Option<impl IntoView + use<>> {
    let read = |text: &str| match parse_exact(failure.task, text) {
        Parsed::Span { start, end } | Parsed::Spot { start, end, .. } => Some((start, end)),
        _ => None,
    };
    let (said, truth) = (read(&failure.text), read(&failure.truth)?);
    let end = said.map_or(truth.1, |said| said.1.max(truth.1)) * 1.1;
    let x = move |secs: f64| secs / end.max(1e-6) * 100.0;
    let said = said.map(|(a, b)| view! { <rect class="said" x=x(a) y="9" width=x(b - a).max(0.8) height="5" rx="1"></rect> });
    Some(view! {
        <svg class="mini-lane" viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true">
            <rect class="truth" x=x(truth.0) y="1" width=x(truth.1 - truth.0).max(0.8) height="14" vector-effect="non-scaling-stroke"></rect>{said}
        </svg>
    })
}

#[component]
fn FailureRow(failure: Failure, now: ReadSignal<f64>) -> impl IntoView {
    let label = failure.label.clone();
    let tags = label.tags.iter().map(|t| view! { <span class="tag on">{t.title()}</span> });
    let at = label.at;
    let note = (!label.note.is_empty())
        .then(|| view! { <div class="dim clip small">{format!("“{}”", label.note)}</div> });
    let place = format!(
        "{} · step {} · group {} · rollout {}",
        failure.run_name,
        format::whole(label.target.step),
        label.target.group + 1,
        label.target.rollout + 1
    );
    view! {
        <a class="failure" href=route::target(&label.target) data-testid="failure-row" data-state=label.state.name()>
            <TargetThumb target=label.target.clone() task=failure.task/>
            <div class="failure-main">
                <div class="row"><TaskDot kind=failure.task/><b>{words::cell_title(&failure.cell)}</b>{tags.collect_view()}</div>
                <div class="dim small clip">{place}</div>{note}
            </div>
            <div class="failure-answers num">
                <span class="dim small">"said"</span><code class="clip">{words::answer(&failure.text)}</code>
                <span class="dim small">"true"</span><code class="clip">{failure.truth.clone()}</code>
                {mini_lane(&failure)}
            </div>
            <div class="failure-reward num"><span class="dim small">"reward"</span><b>{format::fixed(failure.reward, 2)}</b></div>
            <div class="failure-who">
                <LabelPill state=label.state/>
                <span class="row dim small"><Avatar id=label.author.id name=label.author.name.clone()/>
                    <span class="clip">{label.author.name.clone()}</span>{move || format::ago(now.get(), at)}</span>
            </div>
        </a>
    }
}
