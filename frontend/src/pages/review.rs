//! Review: labels that wait for a second person, each beside what it is about.

mod decision;

use crate::logic::keys::Command;
use crate::logic::{format, words};
use crate::pages::failures::TargetThumb;
use crate::parts::bits::{TaskDot, TaskTag};
use crate::parts::inspector::{RolloutHead, Trace};
use crate::parts::keycap::Cap;
use crate::parts::lanes::{LaneSet, Lanes};
use crate::parts::player::{Player, ViewSize};
use crate::parts::shell::{Crumb, Page};
use crate::parts::stage::{Stage, follow_labels};
use crate::parts::states::{Empty, FaultBox, Skeleton};
use crate::route;
use crate::state::api;
use crate::state::library::use_library;
use crate::state::remote::Remote;
use crate::state::session::use_session;
use decision::Decision;
use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_params_map};
use shared::annotation::{LabelState, RolloutRef};
use shared::api::{Failure, GroupBody};

/// The label under review, from the address.
fn use_target() -> Memo<Option<RolloutRef>> {
    let params = use_params_map();
    Memo::new(move |_| {
        let params = params.read();
        Some(RolloutRef {
            run: params.get("run")?,
            step: params.get("step")?.parse().ok()?,
            group: params.get("group")?.parse().ok()?,
            rollout: params.get("rollout")?.parse().ok()?,
        })
    })
}

/// Labels that wait for the reader's review, and the one in the address.
fn use_queue(target: Memo<Option<RolloutRef>>) -> Memo<Option<Vec<Failure>>> {
    let (library, session) = (use_library(), use_session());
    Memo::new(move |_| {
        let me = session.person_id();
        let shown = target.get();
        library.failures.with(|list| {
            let waits = |f: &&Failure| {
                let others = Some(f.label.author.id) != me;
                (others && f.label.state == LabelState::Submitted)
                    || shown.as_ref() == Some(&f.label.target)
            };
            list.ready().map(|all| all.iter().filter(waits).cloned().collect::<Vec<_>>())
        })
    })
}

/// Moves by so many labels in the queue, going round. Without a label in the address the first
/// one is opened.
fn use_next(target: Memo<Option<RolloutRef>>, queue: Memo<Option<Vec<Failure>>>) -> Callback<i32> {
    let navigate = StoredValue::new_local(use_navigate());
    let go = move |to: &RolloutRef, replace: bool| {
        let options = leptos_router::NavigateOptions { replace, ..Default::default() };
        navigate.with_value(|go| go(&route::review(to), options));
    };
    Effect::new(move |_| {
        let first = queue.with(|q| q.as_ref()?.first().map(|f| f.label.target.clone()));
        if let Some(first) = first
            && target.with(Option::is_none)
        {
            go(&first, true);
        }
    });
    Callback::new(move |away: i32| {
        let now = target.get_untracked();
        let to = queue.with_untracked(|queue| {
            let queue = queue.as_ref()?;
            let at = queue.iter().position(|f| Some(&f.label.target) == now.as_ref());
            let to = at.map_or(0, |at| at as i64 + i64::from(away));
            let to = to.rem_euclid(queue.len().max(1) as i64) as usize;
            queue.get(to).map(|f| f.label.target.clone())
        });
        if let Some(to) = to.filter(|to| Some(to) != now.as_ref()) {
            go(&to, false);
        }
    })
}

fn use_crumbs(target: Memo<Option<RolloutRef>>) -> Signal<Vec<Crumb>> {
    let library = use_library();
    Signal::derive(move || match target.get().and_then(|t| library.failure(&t)) {
        Some(failure) => {
            let tags: Vec<&str> = failure.label.tags.iter().map(|t| t.title()).collect();
            let name = format!("{} · {}", words::cell_title(&failure.cell), tags.join(", "));
            vec![Crumb::link("Review", "/review"), Crumb::here(name)]
        }
        None => vec![Crumb::here("Review")],
    })
}

/// Queue, label, decision.
#[component]
pub fn ReviewPage() -> impl IntoView {
    let library = use_library();
    let target = use_target();
    let queue = use_queue(target);
    let next = use_next(target, queue);
    let crumbs = use_crumbs(target);
    let retry = Callback::new(move |()| library.refresh());
    let known = Memo::new(move |_| queue.with(Option::is_some));
    view! {
        <Page crumbs=crumbs class="flush">
            <div class="rev">
                <aside class="queue" aria-label="Labels to review">
                    {move || match known.get() {
                        true => view! { <Queue queue target/> }.into_any(),
                        false => match library.failures.get() {
                            Remote::Failed(fault) => view! { <FaultBox fault what="the labels" retry/> }.into_any(),
                            _ => view! { <Skeleton/> }.into_any(),
                        },
                    }}
                </aside>
                {move || match target.get() {
                    Some(target) => view! { <Looked target next/> }.into_any(),
                    None if known.get() => nothing().into_any(),
                    None => view! { <div class="stage"><Skeleton rows=9/></div> }.into_any(),
                }}
            </div>
        </Page>
    }
}

fn nothing() -> impl IntoView {
    view! {
        <div class="stage">
            <Empty title="Nothing waits for you" text="Labels that other people submit come here at once. Accept what you agree with; ask for a change, in a sentence, where you do not.">
                <a class="btn" href="/failures">"See all failures"</a>
            </Empty>
        </div>
    }
}

#[component]
fn Queue(queue: Memo<Option<Vec<Failure>>>, target: Memo<Option<RolloutRef>>) -> impl IntoView {
    let list = move || queue.get().unwrap_or_default();
    let waiting = move || {
        let list = list();
        list.iter().filter(|f| f.label.state == LabelState::Submitted).count()
    };
    let key = |f: &Failure| (f.label.target.clone(), f.label.version);
    view! {
        <header><span class="tag"><b>"To review"</b><span class="num">{waiting}</span></span><span class="grow"></span>
            <Cap does=Command::Labels(-1)/><Cap does=Command::Labels(1)/></header>
        <div class="queue-list">
            <For each=list key=key children=move |failure| view! { <QueueItem failure target/> }/>
        </div>
    }
}

#[component]
fn QueueItem(failure: Failure, target: Memo<Option<RolloutRef>>) -> impl IntoView {
    let label = failure.label;
    let tags: Vec<&str> = label.tags.iter().map(|t| t.title()).collect();
    let title = format!("{} · {}", words::cell_title(&failure.cell), tags.join(", "));
    let says = match label.note.as_str() {
        "" => label.author.name.clone(),
        note => format!("{}, “{note}”", label.author.name),
    };
    // All but a few wait: that need not be said of each.
    let state = (label.state != LabelState::Submitted).then(|| label.state.title());
    let here = {
        let it = label.target.clone();
        move || (target.get().as_ref() == Some(&it)).then_some("true")
    };
    view! {
        <a class="item" href=route::review(&label.target) aria-current=here data-testid="review-item">
            <TargetThumb target=label.target.clone() task=failure.task/>
            <div class="grow">
                <b class="row" title=title.clone()><TaskDot kind=failure.task/><span class="clip">{title.clone()}</span></b>
                <div class="dim clip small" title=says.clone()>{says.clone()}</div>
            </div>
            <div class="num small right">{format::fixed(failure.reward, 2)}<div class="dim">{state}</div></div>
        </a>
    }
}

/// Fetches the group a label belongs to and shows both.
#[component]
fn Looked(target: RolloutRef, next: Callback<i32>) -> impl IntoView {
    let got = RwSignal::new(Remote::<GroupBody>::Loading);
    let wanted = StoredValue::new(target.clone());
    let load = move || {
        let RolloutRef { run, step, group, .. } = wanted.get_value();
        leptos::task::spawn_local(async move {
            let body = api::group(&run, step, group).await.into();
            let _ = got.try_set(body);
        });
    };
    load();
    let retry = Callback::new(move |()| load());
    move || match got.get() {
        Remote::Loading => view! { <div class="stage"><Skeleton/></div> }.into_any(),
        Remote::Failed(fault) => {
            view! { <div class="stage"><FaultBox fault what="this rollout" retry/></div> }
                .into_any()
        }
        Remote::Ready(body) => {
            let target = wanted.get_value();
            let start = body.group.sample.truth.span_slots().map_or(0, |s| s.start() as u32);
            let stage = Stage::new(target.run, body, target.rollout as usize, start);
            view! { <Desk stage next/> }.into_any()
        }
    }
}

#[component]
fn Desk(stage: Stage, next: Callback<i32>) -> impl IntoView {
    follow_labels(stage);
    let size = expect_context::<ViewSize>();
    let (task, question) = stage.group(|g| (g.sample.spec.task, g.sample.question.clone()));
    let target = stage.target(stage.chosen.get_untracked());
    let place = format!(
        "step {} · group {} · rollout {}",
        format::whole(target.step),
        target.group + 1,
        target.rollout + 1
    );
    view! {
        <div class="stage">
            <div class="ask"><TaskTag task/><b class="grow">{question}</b>
                <a class="soft num" href=route::target(&target)>{place}</a></div>
            <Player scene=stage.scene size looped=Signal::derive(move || stage.loop_slots())/>
            <Lanes stage set=LaneSet::Chosen/>
        </div>
        <aside class="side" aria-label="Decision">
            <RolloutHead stage/>
            <Trace stage/>
            <Decision stage next/>
        </aside>
    }
}
