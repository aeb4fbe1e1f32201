//! The timeline: film, truth, every rollout, disagreement, people, and one cursor through all.

use crate::logic::format;
use crate::logic::lanes::{Slots, said_slots, true_slots};
use crate::logic::words;
use crate::parts::atlas::Film;
use crate::parts::bits::{strength, tone};
use crate::parts::lanes_counting::{CountHead, CountLane, CountTruth};
use crate::parts::lanes_jigsaw::{OrderCells, OrderHead};
use crate::parts::stage::Stage;
use leptos::html;
use leptos::prelude::*;
use shared::annotation::Label;
use shared::rollout::Rollout;
use shared::task::{TaskKind, Truth};

/// Which rollouts have a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneSet {
    /// All of the group.
    All,
    /// The chosen one.
    Chosen,
}

/// A share of the strip's width, for CSS.
fn share(slots: f64, all: u32) -> String {
    format!("{:.3}%", slots / f64::from(all.max(1)) * 100.0)
}

/// The whole timeline of a group.
#[component]
pub fn Lanes(stage: Stage, set: LaneSet) -> impl IntoView {
    let kind = stage.group(|group| group.sample.truth.kind());
    let count = stage.group(|group| group.rollouts.len());
    let track = NodeRef::<html::Div>::new();
    let preview = move |event: web_sys::PointerEvent| {
        let slot = slot_under(&event, track, stage.cursor.slots);
        if event.buttons() & 1 == 1
            && let Some(slot) = slot
        {
            stage.cursor.go(slot);
        }
        if stage.cursor.hover.get_untracked() != slot {
            stage.cursor.hover.set(slot);
        }
    };
    let go = move |event: web_sys::PointerEvent| {
        if event.button() == 0
            && let Some(slot) = slot_under(&event, track, stage.cursor.slots)
        {
            stage.cursor.go(slot);
        }
    };
    let rollouts = move || match set {
        LaneSet::All => (0..count).map(|i| view! { <RolloutLane stage i/> }).collect_view(),
        LaneSet::Chosen => vec![view! { <RolloutLane stage i=stage.chosen.get()/> }].collect_view(),
    };
    let has_span = matches!(kind, TaskKind::Grounding | TaskKind::Spotting);
    view! {
        <div class="lanes" role="group" aria-label="Timeline"
            on:pointermove=preview on:pointerdown=go on:pointerleave=move |_| stage.cursor.hover.set(None)>
            <Ruler stage/>
            {(kind != TaskKind::Jigsaw).then(|| view! { <FilmLane stage/> })}
            {match kind {
                TaskKind::Grounding | TaskKind::Spotting | TaskKind::Spatial | TaskKind::Progress => {
                    view! { <TruthLane stage/> }.into_any()
                }
                TaskKind::Counting => view! { <CountTruth stage/><CountHead stage/> }.into_any(),
                TaskKind::Jigsaw => view! { <OrderHead stage/><TruthLane stage/> }.into_any(),
            }}
            {rollouts}
            {(has_span && set == LaneSet::All).then(|| view! { <DisagreementLane stage/> })}
            <PeopleLane stage/>
            <div class=format!("lanes-track over-{kind}") node_ref=track>
                {has_span.then(|| view! { <TruthEdges stage/> })}
                <CursorLine stage/>
            </div>
        </div>
    }
}

/// The frame under the pointer, while it is over the timeline.
fn slot_under(event: &web_sys::PointerEvent, track: NodeRef<html::Div>, slots: u32) -> Option<u32> {
    let rect = track.get_untracked()?.get_bounding_client_rect();
    let share = (f64::from(event.client_x()) - rect.left()) / rect.width().max(1.0);
    let over = f64::from(event.client_y()) <= rect.bottom() && (0.0..1.0).contains(&share);
    over.then(|| (share * f64::from(slots)).floor() as u32)
}

#[component]
fn Ruler(stage: Stage) -> impl IntoView {
    let slots = stage.cursor.slots;
    let end = stage.group(|group| group.sample.label_secs(f64::from(slots)));
    let ticks = crate::logic::series::ticks(0.0, end, 6);
    let decimals = usize::from(ticks.get(1).is_some_and(|tick| *tick < 1.0));
    let tick = move |secs: f64| {
        let at = stage.group(|group| group.sample.slot_at(secs));
        let class = if at < 0.5 { "tick first num" } else { "tick num" };
        view! { <span class=class style:left=share(at, slots)>{format::secs(secs, decimals)}</span> }
    };
    let inside = move |secs: &f64| *secs < end * 0.97;
    view! {
        <div class="name ruler">"strip clock"</div>
        <div class="lane ruler">{ticks.into_iter().filter(inside).map(tick).collect_view()}</div>
        <div class="value ruler"><span>"adv."</span><span class="reward">"reward"</span></div>
    }
}

#[component]
fn FilmLane(stage: Stage) -> impl IntoView {
    let film = move || match stage.atlas.get() {
        Some(atlas) => view! { <Film atlas/> }.into_any(),
        None => view! { <span class="bone film"></span> }.into_any(),
    };
    view! { <div class="name tall">"frames"</div><div class="lane tall">{film}</div><div class="value tall"></div> }
}

#[component]
fn TruthLane(stage: Stage) -> impl IntoView {
    let slots = stage.cursor.slots;
    let truth = stage.group(|group| group.sample.truth.clone());
    let span = true_slots(&truth);
    let words = match &truth {
        Truth::Grounding { span_secs: [a, b], .. } => {
            format!("{} to {}", format::fixed(*a, 1), format::secs(*b, 1))
        }
        other => other.answer(),
    };
    let inside = match &truth {
        Truth::Jigsaw { order } | Truth::Spatial { tiles: order } => {
            let order = order.clone();
            view! { <OrderCells said=order.clone() truth=order class="truth"/> }.into_any()
        }
        _ => span
            .map(|(a, b)| view! { <span class="span truth" style:left=share(a, slots) style:width=share(b - a, slots)></span> })
            .into_any(),
    };
    view! {
        <div class="name"><b>"truth"</b></div>
        <div class="lane" data-testid="lane-truth" data-start-slot=span.map(|s| s.0.to_string())
            data-end-slot=span.map(|s| s.1.to_string())>{inside}</div>
        <div class="value num soft">{words}</div>
    }
}

/// One rollout: what it says, filled, shaded by its advantage.
#[component]
fn RolloutLane(stage: Stage, i: usize) -> impl IntoView {
    let rollout = stage.group(|group| group.rollouts.get(i).cloned())?;
    let chosen = move || stage.chosen.get() == i;
    let choose = move |_| stage.chosen.set(i);
    let (reward, advantage) = (rollout.reward.total, rollout.advantage);
    let title = format!("Rollout {} says {}", i + 1, words::answer(&rollout.text));
    Some(view! {
        <button class="name" class:chosen-row=chosen on:click=choose aria-pressed=move || chosen().to_string()
            aria-label=title.clone()><kbd>{i + 1}</kbd>"rollout"</button>
        <div class="lane" class:chosen-row=chosen data-testid=format!("lane-rollout-{i}") title=title
            on:click=choose>{said(stage, i, &rollout, chosen)}</div>
        <div class="value num" class:chosen-row=chosen>
            <span class=tone(advantage)>{format::signed(advantage, 1)}</span>
            <b class="reward">{format::fixed(reward, 2)}</b>
        </div>
    })
}

fn said(
    stage: Stage,
    i: usize,
    rollout: &Rollout,
    chosen: impl Fn() -> bool + Copy + Send + Sync + 'static,
) -> AnyView {
    if let shared::answer::Parsed::Unreadable { why } = &rollout.reward.reading {
        return unreadable(&rollout.text, why);
    }
    if !rollout.reward.parsed {
        let why = rollout.reward.parts.first().map(|part| part.found.clone());
        return unreadable(&rollout.text, &why.unwrap_or_default());
    }
    let slots = stage.cursor.slots;
    let (kind, span) = stage.group(|group| {
        (group.sample.truth.kind(), said_slots(&rollout.reward.reading, &group.sample))
    });
    match (kind, span) {
        (TaskKind::Grounding | TaskKind::Spotting, Some((a, b))) => view! {
            <span class=format!("span said {}", tone(rollout.advantage)) class:chosen=chosen
                data-testid=format!("span-rollout-{i}") data-start-slot=a.to_string() data-end-slot=b.to_string()
                style:--a=strength(rollout.advantage) style:left=share(a, slots) style:width=share(b - a, slots)></span>
        }
        .into_any(),
        (TaskKind::Counting, _) => view! { <CountLane stage rollout=rollout.clone()/> }.into_any(),
        (TaskKind::Jigsaw | TaskKind::Spatial, _) => {
            let truth = stage.group(|group| group.sample.truth.answer());
            let said = rollout.text.trim().to_owned();
            view! { <OrderCells said truth class="said"/> }.into_any()
        }
        (TaskKind::Progress, _) => {
            view! { <span class="order"><span class="order-cell said">{words::answer(&rollout.text)}</span></span> }.into_any()
        }
        _ => unreadable(&rollout.text, "no span"),
    }
}

/// The answer as it stands, and why it earns nothing.
fn unreadable(text: &str, why: &str) -> AnyView {
    let (text, why) = (words::answer(text), why.to_owned());
    view! { <span class="unreadable clip"><code>{text}</code>{why}</span> }.into_any()
}

#[component]
fn DisagreementLane(stage: Stage) -> impl IntoView {
    let slots = stage.cursor.slots;
    let cell = move |(slot, value): (usize, f64)| {
        (value > 0.02).then(|| {
            view! {
                <i class="disagree" style:left=share(slot as f64, slots) style:width=share(1.05, slots)
                    style:opacity=format!("{:.2}", value * 0.8)></i>
            }
        })
    };
    let cells = stage.disagreement().into_iter().enumerate().map(cell).collect_view();
    let next = move |_| go_to_disagreement(stage);
    view! {
        <div class="name">"disagreement"</div>
        <div class="lane" data-testid="lane-disagreement">{cells}</div>
        <button class="value" on:click=next aria-label="Next disagreement"><kbd>"N"</kbd>"next"</button>
    }
}

/// Moves the cursor to where the rollouts are most divided next.
pub fn go_to_disagreement(stage: Stage) {
    let values = stage.disagreement();
    let from = stage.cursor.slot.get_untracked();
    if let Some(slot) = crate::logic::lanes::next_disagreement(&values, from) {
        stage.cursor.go(slot);
    }
}

/// What people said, over the span of the rollout they said it about.
#[component]
fn PeopleLane(stage: Stage) -> impl IntoView {
    let slots = stage.cursor.slots;
    let spans = stage.spans();
    let place = move |label: &Label| -> Slots {
        let rollout = label.target.rollout as usize;
        let said = spans.get(rollout).copied().flatten();
        let truth = stage.group(|group| true_slots(&group.sample.truth));
        said.or(truth).unwrap_or((0.0, f64::from(slots)))
    };
    let one = move |label: Label| {
        let (a, b) = place(&label);
        let rollout = label.target.rollout as usize;
        let tags: Vec<&str> = label.tags.iter().map(|tag| tag.title()).collect();
        let title = format!("{}: {} (rollout {})", label.author.name, tags.join(", "), rollout + 1);
        view! {
            <button class="span people clip" title=title.clone() aria-label=title
                style:left=share(a, slots) style:width=share((b - a).max(1.0), slots)
                on:click=move |_| stage.chosen.set(rollout)>{tags.join(", ")}</button>
        }
    };
    let labels = move || {
        let mut labels = stage.labels.get();
        labels.retain(|label| label.state != shared::annotation::LabelState::Withdrawn);
        labels
    };
    let names = move || {
        let mut names: Vec<String> = labels().into_iter().map(|label| label.author.name).collect();
        names.sort();
        names.dedup();
        if names.is_empty() { "nobody yet".to_owned() } else { names.join(", ") }
    };
    view! {
        <div class="name people">"people"</div>
        <div class="lane" data-testid="lane-people">{move || labels().into_iter().map(one.clone()).collect_view()}</div>
        <div class="value soft clip">{names}</div>
    }
}

#[component]
fn TruthEdges(stage: Stage) -> impl IntoView {
    let slots = stage.cursor.slots;
    stage.group(|group| true_slots(&group.sample.truth)).map(|(a, b)| {
        view! { <div class="within" style:left=share(a, slots) style:width=share(b - a, slots)></div> }
    })
}

#[component]
fn CursorLine(stage: Stage) -> impl IntoView {
    let slots = stage.cursor.slots;
    let at = move || share(f64::from(stage.cursor.slot.get()) + 0.5, slots);
    let ghost = move || {
        let slot = stage.cursor.hover.get()?;
        Some(
            view! { <div class="cursor ghost" style:left=share(f64::from(slot) + 0.5, slots)></div> },
        )
    };
    view! { {ghost}<div class="cursor" style:left=at></div> }
}
