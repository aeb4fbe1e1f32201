//! The timeline of a group: every rollout, disagreement and people on the common track.

use crate::logic::format;
use crate::logic::lanes::{Slots, true_slots};
use crate::parts::bits::{strength, tone};
use crate::parts::lanes_counting::{CountHead, CountTruth};
use crate::parts::lanes_jigsaw::OrderHead;
use crate::parts::stage::Stage;
use crate::parts::track::{Said, SaidMarks, Track, TruthLane, share};
use leptos::prelude::*;
use shared::annotation::Label;
use shared::task::TaskKind;

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
    let said = move || stage.rollout(|r| r.text.trim().to_owned()).unwrap_or_default();
    let whose = move || format!("rollout {}", stage.chosen.get() + 1);
    let has_span = matches!(kind, TaskKind::Grounding | TaskKind::Spotting);
    view! {
        <Track scene heads=("adv.", "reward")>
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
    let (reward, advantage) = (rollout.reward.total, rollout.advantage);
    let title = format!("Rollout {} says {}", i + 1, crate::logic::words::answer(&rollout.text));
    let said = Said {
        text: rollout.text,
        reward: rollout.reward,
        tone: tone(advantage),
        strength: strength(advantage),
        testid: format!("span-rollout-{i}"),
    };
    let scene = stage.scene;
    Some(view! {
        <button class="name" class:chosen-row=chosen on:click=choose aria-pressed=move || chosen().to_string()
            aria-label=title.clone()><kbd>{i + 1}</kbd>"rollout"</button>
        <div class="lane" class:chosen-row=chosen data-testid=format!("lane-rollout-{i}") title=title
            on:click=choose><SaidMarks scene said chosen=Signal::derive(chosen)/></div>
        <div class="value num" class:chosen-row=chosen>
            <span class=tone(advantage)>{format::signed(advantage, 1)}</span>
            <b class="reward">{format::fixed(reward, 2)}</b>
        </div>
    })
}

#[component]
fn DisagreementLane(stage: Stage) -> impl IntoView {
    let slots = stage.scene.cursor.slots;
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
    let place = move |label: &Label| -> Slots {
        let rollout = label.target.rollout as usize;
        let said = spans.get(rollout).copied().flatten();
        let truth = stage.scene.sample(|sample| true_slots(&sample.truth));
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
