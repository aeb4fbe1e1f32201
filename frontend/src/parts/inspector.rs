//! The chosen rollout: what it earned and why, and what it would earn otherwise.

use crate::logic::format;
use crate::logic::whatif::{Rescored, rescore};
use crate::logic::words;
use crate::parts::bits::tone;
use crate::parts::stage::Stage;
use leptos::prelude::*;
use shared::reward::{RewardMode, RewardPart};

/// Reward, advantage and answer.
#[component]
pub fn RolloutHead(stage: Stage) -> impl IntoView {
    let name = move || format!("Rollout {}", stage.chosen.get() + 1);
    let reward = move || stage.rollout(|r| format::fixed(r.reward.total, 2));
    let advantage = move || stage.rollout(|r| format::signed(r.advantage, 1));
    let class =
        move || format!("figure num {}", stage.rollout(|r| tone(r.advantage)).unwrap_or("even"));
    let answer = move || stage.rollout(|r| words::answer(&r.text));
    let against = move || {
        let chosen = stage.rollout(|r| r.reward.total).unwrap_or(0.0);
        let mean = stage.group(|g| g.reward_mean);
        format!(
            "{} against the group's mean {}",
            format::signed(chosen - mean, 2),
            format::fixed(mean, 2)
        )
    };
    let dead = stage.group(|g| g.degenerate);
    view! {
        <section>
            <div class="row"><h1>{name}</h1>
                {dead.then(|| view! { <span class="tag">"dead group: all rewards equal"</span> })}
            </div>
            <div class="figures">
                <div><div class="dim small">"Reward"</div>
                    <div class="figure num" data-testid="rollout-reward">{reward}</div></div>
                <div><div class="dim small">"Advantage"</div>
                    <div class=class data-testid="rollout-advantage">{advantage}</div></div>
                <div class="grow"><div class="dim small">"Answer"</div>
                    <div class="answer" data-testid="rollout-answer">{answer}</div></div>
            </div>
            <p class="dim small num">{against}</p>
        </section>
    }
}

/// The account of the reward, in the order the code takes.
#[component]
pub fn Trace(stage: Stage) -> impl IntoView {
    let lines = move || {
        let parts = stage.rollout(|r| (r.reward.parts.clone(), r.reward.parsed));
        let (parts, parsed) = parts.unwrap_or_default();
        parts.into_iter().map(|part| line(part, parsed)).collect_view()
    };
    let width = move || {
        let total = stage.rollout(|r| r.reward.total).unwrap_or(0.0);
        format!("{:.1}%", total * 100.0)
    };
    view! {
        <section>
            <h2>"Reward, step by step"</h2>
            <div class="trace">{lines}<div class="meter"><i style:width=width></i></div></div>
        </section>
    }
}

/// One line of an account: what was looked at, and what it adds or what was found.
pub fn line(part: RewardPart, parsed: bool) -> impl IntoView {
    let class = match part.found.as_str() {
        "yes" => "yes",
        _ if !parsed => "no",
        _ => "num",
    };
    // A part that pays shows what it adds; the others show what was found.
    let value = if part.value > 0.0 && !part.found.starts_with(&format::fixed(part.value, 2)) {
        Some(part.found.clone())
    } else {
        None
    };
    let paid = match &value {
        Some(_) => format!("+{}", format::fixed(part.value, 2)),
        None => part.found,
    };
    let found = value.map(|found| view! { <span class="soft">{format!("  {found}")}</span> });
    view! { <span>{part.label}{found}</span><b class=class>{paid}</b> }
}

/// What-if: the group re-scored with another reward, by the trainer's own code.
#[component]
pub fn WhatIf(
    stage: Stage,
    /// The reward tried; none for the one that was paid.
    mode: RwSignal<Option<RewardMode>>,
) -> impl IntoView {
    let pick = move |wanted: RewardMode| {
        let pressed = move || (mode.get() == Some(wanted)).to_string();
        let toggle = move |_| mode.update(|m| *m = (*m != Some(wanted)).then_some(wanted));
        view! {
            <button aria-pressed=pressed data-testid=format!("whatif-{wanted}") on:click=toggle>
                {words::capital(wanted.name())}
            </button>
        }
    };
    let result = move || mode.get().map(|mode| outcome(stage, mode));
    view! {
        <section class="whatif">
            <div class="row head wrap"><h2>"What if the reward were"</h2>
                <span class="seg">{RewardMode::ALL.iter().map(|m| pick(*m)).collect_view()}</span>
                <span class="grow"></span><kbd>"W"</kbd>
            </div>
            {move || match result() {
                Some(view) => view,
                None => view! { <p class="dim">"Choose one to score this group again, here in the browser."</p> }.into_any(),
            }}
        </section>
    }
}

fn outcome(stage: Stage, mode: RewardMode) -> AnyView {
    let (result, before) = stage.group(|group| {
        let before: Vec<f64> = group.rollouts.iter().map(|r| r.reward.total).collect();
        (rescore(group, mode), before)
    });
    let n = result.rollouts.len();
    if result.degenerate {
        return view! {
            <p><b>"The group would be dead."</b>" All its answers would earn the same, and nothing would be learnt from it."</p>
        }
        .into_any();
    }
    let row = move |(i, (now, was)): (usize, (Rescored, f64))| {
        let changed = (now.reward - was).abs() > 1e-9;
        (now.flips || changed).then(|| {
            view! {
                <span class="num">{i + 1}</span>
                <span class="num">{format!("{} → {}", format::fixed(was, 2), format::fixed(now.reward, 2))}</span>
                <span class=format!("num {}", tone(now.advantage))>{format::signed(now.advantage, 1)}</span>
                <span>{now.flips.then_some("sign changes")}</span>
            }
        })
    };
    let rows = result.rollouts.into_iter().zip(before).enumerate().map(row).collect_view();
    view! {
        <p><b class="num">{format!("{} of {n}", result.flips)}</b>
            " rollouts change the sign of their advantage."</p>
        <div class="flips">{rows}</div>
    }
    .into_any()
}

/// The next what-if mode for the key.
pub fn next_mode(mode: Option<RewardMode>) -> Option<RewardMode> {
    let all = RewardMode::ALL;
    match mode {
        None => all.first().copied(),
        Some(mode) => {
            let at = all.iter().position(|m| *m == mode).unwrap_or(0);
            all.get(at + 1).copied()
        }
    }
}
