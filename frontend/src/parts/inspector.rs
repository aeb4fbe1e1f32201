//! The chosen rollout: what it earned and why.

use crate::logic::format;
use crate::logic::lanes::{counts, true_counts};
use crate::logic::words;
use crate::parts::bits::tone;
use crate::parts::lanes_counting::ShapeGlyph;
use crate::parts::stage::Stage;
use leptos::prelude::*;
use shared::reward::RewardPart;
use shared::task::ShapeKind;

/// Reward, advantage and answer.
#[component]
pub fn RolloutHead(
    stage: Stage,
    /// What can be done with it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
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
                {dead.then(|| view! { <span class="tag" title="All its answers earned the same: nothing was learnt from it by comparing them">"dead group"</span> })}
                <span class="grow"></span>{children.map(|children| children())}
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
            {move || count_table(stage)}
            <div class="trace">{lines}<div class="meter"><i style:width=width></i></div></div>
        </section>
    }
}

/// Of a count that was read: each shape's scale with what was said and what is true, and the part
/// of the reward it pays.
fn count_table(stage: Stage) -> Option<impl IntoView + use<>> {
    let truth = stage.scene.sample(|sample| true_counts(&sample.truth));
    let (said, parts) =
        stage.rollout(|r| (counts(&r.reward.reading).to_vec(), r.reward.parts.clone()))?;
    if said.is_empty() || said.len() != truth.len() {
        return None;
    }
    let top = truth.iter().map(|(_, n)| *n).chain(said.iter().copied()).fold(1.0, f64::max);
    let n = truth.len() as f64;
    let graded = parts.len() == said.len();
    let row = move |(k, ((kind, right), said)): (usize, ((ShapeKind, f64), f64))| {
        let width = |x: f64| format!("{:.2}%", (x / top).min(1.0) * 100.0);
        let credit = parts.get(k).filter(|_| graded).map(|part| format::fixed(part.value * n, 2));
        let class = if said == right { "better" } else { "worse" };
        view! {
            <span class="row"><ShapeGlyph kind/>{kind.plural()}</span>
            <span class="scale" title=format!("said {said}, true {right}")>
                <i class=format!("count-fill {class}") style:--a="0.7" style:width=width(said)></i>
                <i class="count-true" style:left=width(right)></i></span>
            <span class="num">{format::fixed(said, 0)}</span><span class="num">{format::fixed(right, 0)}</span>
            <b class="num">{credit}</b>
        }
    };
    let rows: Vec<_> = truth.into_iter().zip(said).enumerate().map(row).collect();
    Some(view! {
        <div class="count-table" data-testid="count-table">
            <span></span><span></span><span class="dim">"said"</span><span class="dim">"true"</span><span class="dim">"credit"</span>{rows}</div>
    })
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
