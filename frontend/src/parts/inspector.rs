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
    let table = Memo::new(move |_| counted(stage));
    let lines = move || {
        // The table says the same and more.
        if table.with(Option::is_some) {
            return None;
        }
        let parts = stage.rollout(|r| (r.reward.parts.clone(), r.reward.parsed));
        let (parts, parsed) = parts.unwrap_or_default();
        Some(parts.into_iter().map(|part| line(part, parsed)).collect_view())
    };
    let width = move || {
        let total = stage.rollout(|r| r.reward.total).unwrap_or(0.0);
        format!("{:.1}%", total * 100.0)
    };
    view! {
        <section>
            <h2>"Reward, step by step"</h2>
            {move || table.get().map(count_table)}
            <div class="trace">{lines}<div class="meter"><i style:width=width></i></div></div>
        </section>
    }
}

/// A shape's count: what was said, what is true, and the share of its part that it earned.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Counted {
    kind: ShapeKind,
    said: f64,
    right: f64,
    credit: Option<f64>,
}

/// Shape by shape what the chosen rollout counted; none where it is no count that was read.
fn counted(stage: Stage) -> Option<Vec<Counted>> {
    let truth = stage.scene.sample(|sample| true_counts(&sample.truth));
    stage.rollout(|rollout| {
        let (said, parts) = (counts(&rollout.reward.reading), &rollout.reward.parts);
        let graded = parts.len() == said.len();
        let n = truth.len() as f64;
        let one = |(k, (kind, right)): (usize, &(ShapeKind, f64))| Counted {
            kind: *kind,
            said: said[k],
            right: *right,
            credit: parts.get(k).filter(|_| graded).map(|part| part.value * n),
        };
        let fits = !said.is_empty() && said.len() == truth.len();
        fits.then(|| truth.iter().enumerate().map(one).collect())
    })?
}

fn count_table(rows: Vec<Counted>) -> impl IntoView {
    let top = rows.iter().fold(1.0, |top: f64, row| top.max(row.said).max(row.right));
    let row = move |row: Counted| {
        let width = |x: f64| format!("{:.2}%", (x / top).min(1.0) * 100.0);
        let class = if row.said == row.right { "better" } else { "worse" };
        view! {
            <span class="row"><ShapeGlyph kind=row.kind/>{row.kind.plural()}</span>
            <span class="scale"><i class=format!("count-fill {class}") style:--a="0.7" style:width=width(row.said)></i>
                <i class="count-true" style:left=width(row.right)></i></span>
            <span class="num">{format::fixed(row.said, 0)}</span><span class="num">{format::fixed(row.right, 0)}</span>
            <b class="num">{row.credit.map(|credit| format::fixed(credit, 2))}</b>
        }
    };
    view! {
        <div class="count-table" data-testid="count-table">
            <span></span><span></span><span class="dim">"said"</span><span class="dim">"true"</span><span class="dim">"credit"</span>
            {rows.into_iter().map(row).collect_view()}</div>
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
