//! The timeline of a group: every rollout, disagreement and people on the common track.

use crate::logic::format;
use crate::logic::keys::Command;
use crate::logic::lanes::{self, Slots, true_slots};
use crate::logic::tokens::{self, Field, Measure};
use crate::parts::bits::{strength, tone};
use crate::parts::keycap::Cap;
use crate::parts::lanes_counting::{CountHead, CountTruth};
use crate::parts::lanes_jigsaw::OrderHead;
use crate::parts::marks::{Said, SaidMarks};
use crate::parts::stage::Stage;
use crate::parts::track::{Track, TruthLane, place, share};
use crate::state::keys::shortcut;
use leptos::prelude::*;
use shared::annotation::Label;
use shared::task::TaskKind;
use wasm_bindgen::JsCast;

/// Which rollouts have a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneSet {
    /// All of the group.
    All,
    /// The chosen one.
    Chosen,
}

/// The whole timeline of a group.
#[component]
pub fn Lanes(stage: Stage, set: LaneSet) -> impl IntoView {
    let scene = stage.scene;
    let kind = scene.sample(|sample| sample.truth.kind());
    let count = stage.group(|group| group.rollouts.len());
    let rollouts = move || match set {
        LaneSet::All => (0..count).map(|i| view! { <RolloutLane stage i/> }).collect_view(),
        LaneSet::Chosen => vec![view! { <RolloutLane stage i=stage.chosen.get()/> }].collect_view(),
    };
    let said = move || {
        let looked = stage.looked();
        stage.group(|group| group.rollouts.get(looked).map(|r| r.text.trim().to_owned()))
    };
    let said = move || said().unwrap_or_default();
    let whose = move || format!("rollout {}", stage.looked() + 1);
    let has_span = matches!(kind, TaskKind::Grounding | TaskKind::Spotting);
    let heat = move || has_span && stage.measure.get() == Measure::Video;
    let class = match (set, count) {
        (LaneSet::Chosen, _) | (_, 0..=12) => "",
        (_, 13..=24) => "dense",
        _ => "tiny",
    };
    let heads = Signal::derive(move || match stage.tried.with(Option::is_some) {
        true => ("adv. then", "reward"),
        false => ("adv.", "reward"),
    });
    view! {
        <Track scene heads class rows=count>
            {match kind {
                TaskKind::Counting => view! { <CountTruth scene/><CountHead scene/> }.into_any(),
                TaskKind::Jigsaw | TaskKind::Spatial => {
                    let (said, whose) = (Signal::derive(said), Signal::derive(whose));
                    view! { <OrderHead scene said whose/><TruthLane scene/> }.into_any()
                }
                TaskKind::Grounding | TaskKind::Spotting | TaskKind::Progress => {
                    view! { <TruthLane scene/> }.into_any()
                }
            }}
            {move || heat().then(|| view! { <DependenceLane stage/> })}
            {rollouts}
            {(has_span && set == LaneSet::All).then(|| view! { <DisagreementLane stage/> })}
            <PeopleLane stage/>
        </Track>
    }
}

/// One rollout: what it says, filled, shaded by its advantage.
#[component]
fn RolloutLane(stage: Stage, i: usize) -> impl IntoView {
    let rollout = stage.group(|group| group.rollouts.get(i).cloned())?;
    let chosen = move || stage.chosen.get() == i;
    let choose = move |_| stage.chosen.set(i);
    let title = format!("Rollout {} says {}", i + 1, crate::logic::words::answer(&rollout.text));
    let scene = stage.scene;
    let lit = Signal::derive(move || stage.field.get().filter(|_| stage.looked() == i));
    let advantage = Memo::new(move |_| stage.advantage(i));
    let marks = move || {
        let said = Said {
            text: rollout.text.clone(),
            reward: rollout.reward.clone(),
            tone: tone(advantage.get()),
            strength: strength(advantage.get()),
            testid: format!("span-rollout-{i}"),
        };
        view! { <SaidMarks scene said chosen=Signal::derive(chosen) lit/> }
    };
    let enter = move |_| stage.over.set(Some(i));
    let leave = move |_| {
        stage.over.set(None);
        stage.field.set(None);
    };
    let point = move |event: web_sys::PointerEvent| {
        let field = pointed(stage, i, &event);
        if stage.field.get_untracked() != field {
            stage.field.set(field);
        }
    };
    Some(view! {
        <button class="name rollout" class:chosen-row=chosen on:click=choose aria-pressed=move || chosen().to_string()
            title=title.clone() on:pointerenter=enter on:pointerleave=leave><kbd>{i + 1}</kbd><span>"rollout"</span><span class="hidden">{title.clone()}</span></button>
        <div class="lane rollout" class:chosen-row=chosen data-testid=format!("lane-rollout-{i}") title=title
            on:click=choose on:pointerenter=enter on:pointerleave=leave on:pointermove=point>{marks}</div>
        <RolloutValue stage i/>
    })
}

/// Advantage and reward of a rollout; under tried settings what they become.
#[component]
fn RolloutValue(stage: Stage, i: usize) -> impl IntoView {
    let chosen = move || stage.chosen.get() == i;
    let stored = stage.group(|group| group.rollouts.get(i).map_or(0.0, |r| r.reward.total));
    let then = move || stage.tried.with(|tried| tried.as_ref().and_then(|all| all.get(i).copied()));
    let reward = move || format::fixed(then().map_or(stored, |then| then.reward), 2);
    let tone = move || {
        let flips = if then().is_some_and(|then| then.flips()) { " flipped" } else { "" };
        format!("{}{flips}", tone(stage.advantage(i)))
    };
    view! {
        <div class="value num rollout" class:chosen-row=chosen>
            <span class=tone data-testid=format!("advantage-{i}")>{move || format::signed(stage.advantage(i), 1)}</span>
            <b class="reward" class:changed=move || then().is_some_and(|then| then.pays_otherwise())>{reward}</b>
        </div>
    }
}

/// The part of an answer under the pointer: the nearer end of a span, a count, a place.
fn pointed(stage: Stage, i: usize, event: &web_sys::PointerEvent) -> Option<Field> {
    let lane: web_sys::Element = event.current_target()?.dyn_into().ok()?;
    let rect = lane.get_bounding_client_rect();
    let share = (f64::from(event.client_x()) - rect.left()) / rect.width().max(1.0);
    let slot = stage.scene.view.get_untracked().slot_at(share);
    stage.group(|group| {
        lanes::field_at(&group.rollouts.get(i)?.reward.reading, &group.sample, slot, share)
    })
}

/// How divided the rollouts are, frame by frame.
#[component]
fn DisagreementLane(stage: Stage) -> impl IntoView {
    let values = stage.disagreement();
    let share_of = stage.cover();
    let why = match share_of.iter().all(|yes| *yes == 0) {
        true => "no answer names a span",
        false => "none: the answers cover the same frames",
    };
    let total = stage.group(|group| group.rollouts.len());
    let cell = move |(slot, value): (usize, f64)| {
        let yes = share_of.get(slot).copied().unwrap_or_default();
        (value > 0.02).then(|| {
            view! {
                <i class="disagree" style:left=place(slot as f64) style:width=share(1.05)
                    title=format!("Frame {}: {yes} of {total} answers cover it", slot + 1)
                    style:opacity=format!("{:.2}", value * 0.8)></i>
            }
        })
    };
    let agreed = values.iter().all(|value| *value <= 0.02);
    let cells = values.into_iter().enumerate().map(cell).collect_view();
    let next = move |_| go_to_disagreement(stage);
    view! {
        <div class="name">"disagreement"</div>
        <div class="lane" data-testid="lane-disagreement">{cells}
            {agreed.then(|| view! { <span class="unreadable">{why}</span> })}</div>
        <button class="value" on:click=next disabled=agreed aria-keyshortcuts=shortcut(Command::Disagreement)><Cap does=Command::Disagreement/>"next"<span class="hidden">" disagreement"</span></button>
    }
}

/// How much likelier the video made the tokens that spell each end of the looked-at answer, drawn
/// where that end lies. Only tokens are measured, not frames.
#[component]
fn DependenceLane(stage: Stage) -> impl IntoView {
    let ends = move || {
        let rollout = stage.measured(stage.looked()).filter(|r| !r.visual.is_empty())?;
        let kind = stage.scene.sample(|sample| sample.truth.kind());
        let span = stage.spans().get(stage.looked()).copied().flatten()?;
        let fields = tokens::fields(kind, &rollout);
        let most = stage.most_seen();
        let end = |(field, slot): (Field, f64)| {
            let nats = tokens::mean_of(&rollout, &fields, field)?;
            Some((slot, nats, (nats.abs() / most).min(1.0)))
        };
        Some([(Field::Start, span.0), (Field::End, span.1)].into_iter().filter_map(end).collect())
    };
    let mark = |(slot, nats, strength): (f64, f64, f64)| {
        let class = format!("depends {}", if nats >= 0.0 { "better" } else { "worse" });
        view! {
            <i class=class style:left=place(slot) style:--a=format!("{strength:.3}")></i>
            <b class="depends-nats num" style:left=place(slot)>{format::signed(nats, 2)}</b>
        }
    };
    let marks = move || -> AnyView {
        let ends: Option<Vec<(f64, f64, f64)>> = ends();
        match ends {
            Some(ends) if !ends.is_empty() => ends.into_iter().map(mark).collect_view().into_any(),
            Some(_) => {
                view! { <span class="unreadable">"no token spells an end"</span> }.into_any()
            }
            None => view! { <span class="unreadable">"not measured, or no span"</span> }.into_any(),
        }
    };
    let title = move || {
        format!("How much likelier the video made the ends of rollout {}", stage.looked() + 1)
    };
    view! {
        <div class="name">"from the video"</div>
        <div class="lane" title=title data-testid="lane-dependence">{marks}</div>
        <div class="value dim">"nats "<Cap does=Command::Heat/></div>
    }
}

/// Moves the cursor to where the rollouts are most divided next.
pub fn go_to_disagreement(stage: Stage) {
    let values = stage.disagreement();
    let from = stage.scene.cursor.slot.get_untracked();
    if let Some(slot) = crate::logic::lanes::next_disagreement(&values, from) {
        stage.scene.cursor.go(slot);
    }
}

/// What people said, over the span of the rollout they said it about.
#[component]
fn PeopleLane(stage: Stage) -> impl IntoView {
    let slots = stage.scene.cursor.slots;
    let spans = stage.spans();
    let about = move |label: &Label| -> Slots {
        let rollout = label.target.rollout as usize;
        let said = spans.get(rollout).copied().flatten();
        let truth = stage.scene.sample(|sample| true_slots(&sample.truth));
        said.or(truth).unwrap_or((0.0, f64::from(slots)))
    };
    let one = move |label: Label| {
        let (a, b) = about(&label);
        let rollout = label.target.rollout as usize;
        let tags: Vec<&str> = label.tags.iter().map(|tag| tag.title()).collect();
        let title = format!("{}: {} (rollout {})", label.author.name, tags.join(", "), rollout + 1);
        view! {
            <button class="span people clip" title=title.clone() aria-label=title
                style:left=place(a) style:width=share((b - a).max(1.0))
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
