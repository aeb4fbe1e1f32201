//! Rollout groups, newest first: the question, a bar per answer, what stands out.

use super::{Watch, group_address};
use crate::logic::{format, words};
use crate::parts::bits::{TaskDot, strength, tone};
use crate::route;
use crate::state::browser::{dialog_open, is_typing, on_keys};
use leptos::prelude::*;
use shared::fold::GROUPS_KEPT;
use shared::rollout::Group;
use shared::task::TaskKind;

/// Cards drawn; more would only cost.
const SHOWN: usize = 40;

/// What a card needs, without the tokens.
#[derive(Clone, Debug, PartialEq)]
struct Card {
    step: u64,
    group: u32,
    kind: TaskKind,
    title: String,
    question: String,
    thumb: String,
    bars: Vec<(f64, f64)>,
    note: String,
}

impl Card {
    fn of(group: &Group) -> Self {
        let bars: Vec<(f64, f64)> =
            group.rollouts.iter().map(|r| (r.reward.total, r.advantage)).collect();
        Self {
            step: group.step,
            group: group.index,
            kind: group.sample.truth.kind(),
            title: words::task_title(&group.sample.spec.task),
            question: group.sample.question.clone(),
            // The video's picture, not the group's: atlases are made on demand, and a page
            // that watches should not take time from the trainer.
            thumb: route::thumb(&group.sample.spec.video),
            note: note(group),
            bars,
        }
    }
}

/// What stands out in a group.
fn note(group: &Group) -> String {
    let rewards = || group.rollouts.iter().map(|r| r.reward.total);
    let exact = rewards().filter(|r| *r >= 1.0 - 1e-9).count();
    let best = rewards().fold(0.0, f64::max);
    match (group.degenerate, exact) {
        (true, _) => "dead group".into(),
        (false, 0) => format!("best {}", format::fixed(best, 2)),
        (false, n) => format!("{n} exact"),
    }
}

/// The feed.
#[component]
pub fn Feed(watch: Watch) -> impl IntoView {
    let task = RwSignal::new(None::<TaskKind>);
    let held = RwSignal::new(None::<Vec<Card>>);
    let current = Memo::new(move |_| {
        let at = watch.at.get();
        watch.live.with_view(|view| {
            let wanted = |g: &&Group| {
                at.is_none_or(|step| g.step <= step)
                    && task.get().is_none_or(|kind| g.sample.truth.kind() == kind)
            };
            view.groups.iter().rev().filter(wanted).take(SHOWN).map(Card::of).collect::<Vec<_>>()
        })
    });
    let hold = move || {
        let now = current.get_untracked();
        held.update(|held| *held = if held.is_some() { None } else { Some(now) });
    };
    on_keys(move |event| {
        if event.key() == "p" && !event.ctrl_key() && !is_typing(&event) && !dialog_open() {
            hold();
        }
    });
    let cards = move || held.get().unwrap_or_else(|| current.get());
    let none = move || cards().is_empty();
    let change_task =
        move |event: web_sys::Event| task.set(event_target_value(&event).parse().ok());
    let option =
        |kind: TaskKind| view! { <option value=kind.name()>{words::capital(kind.name())}</option> };
    view! {
        <section class="panel feed" aria-label="Rollouts, newest first">
            <header><h2>"Rollouts, newest first"</h2><span class="grow"></span>
                <select class="quiet-select" aria-label="Task" on:change=change_task>
                    <option value="">"All tasks"</option>{TaskKind::ALL.iter().copied().map(option).collect_view()}
                </select>
                <button class="btn quiet small-btn" aria-pressed=move || held.with(Option::is_some).to_string()
                    on:click=move |_| hold()>{move || if held.with(Option::is_some) { "Go on" } else { "Hold" }}" "<kbd>"P"</kbd></button>
            </header>
            <div class="feed-list">
                <For each=cards key=|card| (card.step, card.group) children=move |card| view! { <FeedCard watch card/> }/>
                {move || none().then(|| empty(watch))}
            </div>
        </section>
    }
}

fn empty(watch: Watch) -> AnyView {
    let asked = watch.at.get();
    match asked {
        Some(step) => view! {
            <p class="feed-empty soft">{format!("The newest {GROUPS_KEPT} groups are kept here; step {} is older.", format::whole(step))}
                " "<a href=group_address(watch, step, 0)>"Open its first group"</a></p>
        }
        .into_any(),
        None => view! {
            <p class="feed-empty soft">"Each question and its answers appear here as soon as they are scored."</p>
        }
        .into_any(),
    }
}

#[component]
fn FeedCard(watch: Watch, card: Card) -> impl IntoView {
    let to = group_address(watch, card.step, card.group);
    let bar = |(reward, advantage): (f64, f64)| {
        view! {
            <i class=tone(advantage) style:--a=strength(advantage) style:height=format!("{:.1}px", 2.0 + reward * 14.0)></i>
        }
    };
    let rewards: Vec<String> = card.bars.iter().map(|b| format::fixed(b.0, 2)).collect();
    let gone = RwSignal::new(false);
    view! {
        <a class="card" href=to data-testid="feed-item" data-step=card.step.to_string() data-group=card.group.to_string()>
            <div class="thumb"><img src=card.thumb.clone() alt="" class:gone=gone on:error=move |_| gone.set(true)/></div>
            <div class="grow card-body">
                <div class="row"><TaskDot kind=card.kind/><b class="clip">{card.title.clone()}</b><span class="grow"></span>
                    <span class="dim small num">{format!("step {}", format::whole(card.step))}</span></div>
                <div class="soft clip small">{card.question.clone()}</div>
                <div class="row">
                    <span class="dots" title=format!("Rewards {}", rewards.join(", "))>{card.bars.iter().copied().map(bar).collect_view()}</span>
                    <span class="grow"></span><span class="dim small">{card.note.clone()}</span>
                </div>
            </div>
        </a>
    }
}
