//! Counting on the timeline: where shapes were drawn, and said against true for each shape.

use crate::logic::format;
use crate::logic::lanes::{counts, shape_slots, true_counts};
use crate::logic::words;
use crate::parts::bits::{strength, tone};
use crate::parts::stage::Stage;
use leptos::prelude::*;
use shared::rollout::Rollout;
use shared::task::ShapeKind;

const KINDS: [ShapeKind; 3] = [ShapeKind::Circle, ShapeKind::Square, ShapeKind::Triangle];

/// A small shape in the colour of its text.
#[component]
fn ShapeGlyph(kind: ShapeKind) -> impl IntoView {
    let drawn = match kind {
        ShapeKind::Circle => view! { <circle cx="5" cy="5" r="4"></circle> }.into_any(),
        ShapeKind::Square => {
            view! { <rect x="1.5" y="1.5" width="7" height="7"></rect> }.into_any()
        }
        ShapeKind::Triangle => view! { <path d="M5 1l4.300 7.500H.7z"></path> }.into_any(),
    };
    view! { <svg class="shape-glyph" viewBox="0 0 10 10" aria-hidden="true">{drawn}</svg> }
}

/// A mark at every frame where shapes were drawn, by kind.
#[component]
pub fn CountTruth(stage: Stage) -> impl IntoView {
    let slots = f64::from(stage.cursor.slots.max(1));
    let (shapes, truth) = stage.group(|group| {
        (group.sample.shapes.clone().unwrap_or_default(), group.sample.truth.clone())
    });
    let marks = shape_slots(&shapes);
    let mark = move |(slot, numbers): (u32, [usize; 3])| {
        let parts = KINDS.iter().zip(numbers).filter(|(_, n)| *n > 0);
        let title: Vec<String> =
            parts.clone().map(|(kind, n)| format!("{n} {}", words::shapes(*kind))).collect();
        let glyphs = parts
            .map(|(kind, n)| view! { <ShapeGlyph kind=*kind/>{(n > 1).then_some(n)} })
            .collect_view();
        let left = format!("{:.3}%", (f64::from(slot) + 0.5) / slots * 100.0);
        let title = format!("Frame {}: {}", slot + 1, title.join(", "));
        view! {
            <button class="shape-mark" style:left=left title=title.clone() aria-label=title
                on:click=move |_| stage.cursor.go(slot)>{glyphs}</button>
        }
    };
    view! {
        <div class="name"><b>"truth"</b></div>
        <div class="lane marks" data-testid="lane-truth">{marks.into_iter().map(mark).collect_view()}</div>
        <div class="value num soft">{truth.answer()}</div>
    }
}

/// The heads of the three scales.
#[component]
pub fn CountHead(stage: Stage) -> impl IntoView {
    let truth = stage.group(|group| true_counts(&group.sample.truth)).unwrap_or_default();
    let head = |(kind, n): (ShapeKind, f64)| {
        view! {
            <span class="row"><ShapeGlyph kind/>{words::shapes(kind)}<b class="num">{format::fixed(n, 0)}</b></span>
        }
    };
    view! {
        <div class="name soft">"said, true"</div>
        <div class="lane scales">{KINDS.into_iter().zip(truth).map(head).collect_view()}</div>
        <div class="value"></div>
    }
}

/// Three scales: filled to what was said, with a tick at what is true.
#[component]
pub fn CountLane(stage: Stage, rollout: Rollout) -> impl IntoView {
    let truth = stage.group(|group| true_counts(&group.sample.truth)).unwrap_or_default();
    let said = counts(&rollout.reward.reading).unwrap_or_default();
    let top = truth.iter().chain(&said).copied().fold(9.0, f64::max).min(20.0);
    let class = format!("count-fill {}", tone(rollout.advantage));
    let scale = move |(said, truth): (f64, f64)| {
        let width = |n: f64| format!("{:.2}%", (n / top).min(1.0) * 100.0);
        view! {
            <span class="scale">
                <i class=class.clone() style:--a=strength(rollout.advantage) style:width=width(said)></i>
                <i class="count-true" style:left=width(truth)></i>
                <b class="num" class:off=said != truth>{format::fixed(said, 0)}</b>
            </span>
        }
    };
    view! { <div class="scales">{said.into_iter().zip(truth).map(scale).collect_view()}</div> }
}
