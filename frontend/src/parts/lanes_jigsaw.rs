//! Jigsaw on the timeline: the clips as shown, the order answered, the moves between.

use crate::logic::lanes::{Move, moves};
use crate::parts::atlas::AtlasFrame;
use crate::parts::stage::Stage;
use leptos::prelude::*;

/// How wrong a place is, as a class.
fn off_class(off: usize) -> &'static str {
    match off {
        0 => "right",
        1 => "near",
        _ => "far",
    }
}

/// The clips in the order shown, the moves, and the clips in the order the chosen rollout says.
#[component]
pub fn OrderHead(stage: Stage) -> impl IntoView {
    let truth = stage.group(|group| group.sample.truth.answer());
    let clips = truth.chars().count().max(1);
    let said = {
        let truth = truth.clone();
        Memo::new(move |_| {
            let text = stage.rollout(|rollout| rollout.text.trim().to_owned()).unwrap_or_default();
            moves(&text, &truth)
        })
    };
    let shown = (0..clips).map(|shown| view! { <ClipCell stage clips shown class="shown"/> });
    let answered = move || match said.get() {
        None => {
            view! { <span class="unreadable clip">"Not an order of these clips."</span> }.into_any()
        }
        Some(moves) => {
            let mut order = moves;
            order.sort_by_key(|m| m.answered);
            let cell =
                |m: Move| view! { <ClipCell stage clips shown=m.shown class=off_class(m.off())/> };
            order.into_iter().map(cell).collect_view().into_any()
        }
    };
    view! {
        <div class="name tall">"as shown"</div>
        <div class="lane tall clips">{shown.collect_view()}</div>
        <div class="value tall"></div>
        <div class="name moves-row"></div>
        <div class="lane moves-row">{move || said.get().map(|list| view! { <MoveLines list clips/> })}</div>
        <div class="value moves-row"></div>
        <div class="name tall">"as answered"</div>
        <div class="lane tall clips">{answered}</div>
        <div class="value tall soft">{move || format!("rollout {}", stage.chosen.get() + 1)}</div>
    }
}

/// A clip by its first frame, with its number as shown; a click goes to its start.
#[component]
fn ClipCell(stage: Stage, clips: usize, shown: usize, class: &'static str) -> impl IntoView {
    let length = stage.cursor.slots / clips.max(1) as u32;
    let first = shown as u32 * length;
    let picture = move || {
        let slot = first + length / 2;
        stage.atlas.get().map(|atlas| view! { <AtlasFrame atlas at=slot/> })
    };
    let go = move |event: web_sys::PointerEvent| {
        event.stop_propagation();
        stage.cursor.go(first);
    };
    view! {
        <button class=format!("clip-cell {class}") on:pointerdown=go on:click=move |_| stage.cursor.go(first)
            aria-label=format!("Clip {} as shown", shown + 1)>{picture}<b class="num">{shown + 1}</b></button>
    }
}

#[component]
fn MoveLines(list: Vec<Move>, clips: usize) -> impl IntoView {
    let n = clips.max(1) as f64;
    let line = move |m: Move| {
        let (a, b) = ((m.shown as f64 + 0.5) / n * 100.0, (m.answered as f64 + 0.5) / n * 100.0);
        let path = format!("M{a:.2} 0C{a:.2} 12 {b:.2} 12 {b:.2} 24");
        view! { <path class=off_class(m.off()) d=path vector-effect="non-scaling-stroke"></path> }
    };
    view! {
        <svg class="moves" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
            {list.into_iter().map(line).collect_view()}
        </svg>
    }
}

/// One cell per place, with the number of the clip that is put there.
#[component]
pub fn OrderCells(said: String, truth: String, class: &'static str) -> impl IntoView {
    let truth: Vec<char> = truth.chars().collect();
    let off = move |(i, digit): (usize, char)| {
        let belongs = truth.iter().position(|c| *c == digit);
        (digit, belongs.map_or(9, |place| place.abs_diff(i)))
    };
    let cell = move |(digit, off): (char, usize)| {
        view! { <span class=format!("order-cell {class} {}", off_class(off))>{digit}</span> }
    };
    let cells: Vec<_> = said.chars().enumerate().map(off).map(cell).collect();
    view! { <div class="order">{cells}</div> }
}
