//! Counting on the timeline: where shapes were drawn, and said against true for each shape.

use crate::logic::format;
use crate::logic::lanes::{counts, shape_slots, true_counts};
use crate::logic::tokens::Field;
use crate::parts::marks::Said;
use crate::parts::scene::Scene;
use crate::parts::track::{place, veil};
use leptos::prelude::*;
use shared::task::ShapeKind;

/// A small shape in the colour of its text.
#[component]
pub fn ShapeGlyph(kind: ShapeKind) -> impl IntoView {
    let drawn = match kind {
        ShapeKind::Circle => view! { <circle cx="5" cy="5" r="4"></circle> }.into_any(),
        ShapeKind::Square => {
            view! { <rect x="1.5" y="1.5" width="7" height="7"></rect> }.into_any()
        }
        ShapeKind::Triangle => view! { <path d="M5 1l4.300 7.500H.7z"></path> }.into_any(),
        ShapeKind::Star => {
            view! { <path d="M5 .5l1.100 3H9.300L6.800 5.600l.9 3.100L5 6.900 2.300 8.700l.9-3.100L.7 3.500h3.200z"></path> }.into_any()
        }
        ShapeKind::Cross => {
            view! { <path d="M3.700 1h2.600v2.700H9v2.600H6.300V9H3.700V6.300H1V3.700h2.700z"></path> }.into_any()
        }
        ShapeKind::Pentagon => view! { <path d="M5 .8l4.200 3L7.600 8.800H2.400L.8 3.800z"></path> }.into_any(),
    };
    view! { <svg class="shape-glyph" viewBox="0 0 10 10" aria-hidden="true">{drawn}</svg> }
}

/// A mark at every frame where shapes were drawn, by kind.
#[component]
pub fn CountTruth(scene: Scene) -> impl IntoView {
    let (shapes, answer) =
        scene.sample(|sample| (sample.shapes.clone().unwrap_or_default(), sample.truth.answer()));
    let marks = shape_slots(&shapes);
    let mark = move |(slot, parts): (u32, Vec<(ShapeKind, usize)>)| {
        let title: Vec<String> =
            parts.iter().map(|(kind, n)| format!("{n} {}", kind.plural())).collect();
        let glyphs = parts
            .into_iter()
            .map(|(kind, n)| view! { <ShapeGlyph kind/>{(n > 1).then_some(n)} })
            .collect_view();
        let left = place(f64::from(slot) + 0.5);
        let title = format!("Frame {}: {}", slot + 1, title.join(", "));
        view! {
            <button class="shape-mark" style:left=left title=title.clone() aria-label=title
                on:click=move |_| scene.cursor.go(slot)>{glyphs}</button>
        }
    };
    let marks = move || match scene.open.get() {
        true => marks.clone().into_iter().map(mark).collect_view().into_any(),
        false => veil(),
    };
    view! {
        <div class="name"><b>"truth"</b></div>
        <div class="lane marks" data-testid="lane-truth">{marks}</div>
        <div class="value num soft">{move || scene.open.get().then(|| answer.clone())}</div>
    }
}

/// The heads of the scales.
#[component]
pub fn CountHead(scene: Scene) -> impl IntoView {
    let truth = scene.sample(|sample| true_counts(&sample.truth));
    let kinds = truth.len().to_string();
    let head = |(kind, n): (ShapeKind, f64)| {
        let number = move || scene.open.get().then(|| format::fixed(n, 0));
        view! {
            <span class="row"><ShapeGlyph kind/>{kind.plural()}<b class="num">{number}</b></span>
        }
    };
    view! {
        <div class="name soft">{move || if scene.open.get() { "said, true" } else { "said" }}</div>
        <div class="lane scales" style:--kinds=kinds>{truth.into_iter().map(head).collect_view()}</div>
        <div class="value"></div>
    }
}

/// A scale for each kind: filled to what was said, with a tick at what is true.
#[component]
pub fn CountLane(
    scene: Scene,
    said: Said,
    /// The count that is pointed at elsewhere.
    #[prop(optional, into)]
    lit: Signal<Option<Field>>,
) -> impl IntoView {
    let truth: Vec<f64> =
        scene.sample(|sample| true_counts(&sample.truth)).into_iter().map(|(_, n)| n).collect();
    let open = scene.open.get_untracked();
    let counts = counts(&said.reward.reading).to_vec();
    let top = truth.iter().chain(&counts).copied().fold(9.0, f64::max).min(20.0);
    let class = format!("count-fill {}", said.tone);
    let kinds = truth.len().to_string();
    let scale = move |(k, (n, truth)): (usize, (f64, f64))| {
        let width = |n: f64| format!("{:.2}%", (n / top).min(1.0) * 100.0);
        view! {
            <span class="scale" class:lit=move || lit.get() == Some(Field::Part(k))>
                <i class=class.clone() style:--a=said.strength.clone() style:width=width(n)></i>
                {open.then(|| view! { <i class="count-true" style:left=width(truth)></i> })}
                <b class="num" class:off=open && n != truth>{format::fixed(n, 0)}</b>
            </span>
        }
    };
    view! { <div class="scales" style:--kinds=kinds>{counts.into_iter().zip(truth).enumerate().map(scale).collect_view()}</div> }
}
