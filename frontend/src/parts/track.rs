//! The track that all lanes share: ruler, film, truth, what an answer says, the cursor.

use crate::logic::format;
use crate::logic::lanes::{said_slots, true_slots};
use crate::logic::words;
use crate::parts::atlas::Film;
use crate::parts::lanes_counting::CountLane;
use crate::parts::lanes_jigsaw::OrderCells;
use crate::parts::scene::Scene;
use leptos::html;
use leptos::prelude::*;
use shared::answer::Parsed;
use shared::reward::RewardBreakdown;
use shared::task::{TaskKind, Truth};

/// Frames shown of a film.
const FILM_FRAMES: u32 = 12;

/// A share of the strip's width, for CSS.
pub fn share(slots: f64, all: u32) -> String {
    format!("{:.3}%", slots / f64::from(all.max(1)) * 100.0)
}

/// Ruler and film, the lanes below them, and the cursor through all.
#[component]
pub fn Track(
    /// The sample.
    scene: Scene,
    /// What the two figures at the end of a lane are.
    heads: (&'static str, &'static str),
    /// The lanes: a name, a lane and a value each.
    children: Children,
) -> impl IntoView {
    let kind = scene.sample(|sample| sample.truth.kind());
    let track = NodeRef::<html::Div>::new();
    let cursor = scene.cursor;
    let preview = move |event: web_sys::PointerEvent| {
        let slot = slot_under(&event, track, cursor.slots);
        if event.buttons() & 1 == 1
            && let Some(slot) = slot
        {
            cursor.go(slot);
        }
        if cursor.hover.get_untracked() != slot {
            cursor.hover.set(slot);
        }
    };
    let go = move |event: web_sys::PointerEvent| {
        if event.button() == 0
            && let Some(slot) = slot_under(&event, track, cursor.slots)
        {
            cursor.go(slot);
        }
    };
    let ordered = matches!(kind, TaskKind::Jigsaw | TaskKind::Spatial);
    view! {
        <div class="lanes" role="group" aria-label="Timeline"
            on:pointermove=preview on:pointerdown=go on:pointerleave=move |_| cursor.hover.set(None)>
            <Ruler scene heads/>
            {(!ordered).then(|| view! { <FilmLane scene/> })}
            {children()}
            <div class=format!("lanes-track over-{kind}") node_ref=track>
                <TruthEdges scene/>
                <CursorLine scene/>
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

/// Label times; the names of the clips where there are several, for each begins at 0.
fn ticks(scene: Scene) -> Vec<(f64, String)> {
    let (slots, clips) = (scene.cursor.slots, scene.clips());
    if clips > 1 {
        let word = if clips > 8 { "" } else { "clip " };
        let clip = |k: u32| (f64::from(k * scene.clip_slots()), format!("{word}{}", k + 1));
        return (0..clips).map(clip).collect();
    }
    if slots < 2 {
        return Vec::new();
    }
    let end = scene.sample(|sample| sample.label_secs(f64::from(slots)));
    let ticks = crate::logic::series::ticks(0.0, end, 6);
    let decimals = usize::from(ticks.get(1).is_some_and(|tick| *tick < 1.0));
    let tick = |secs: f64| (scene.sample(|s| s.slot_at(secs)), format::secs(secs, decimals));
    ticks.into_iter().filter(|secs| *secs < end * 0.97).map(tick).collect()
}

#[component]
fn Ruler(scene: Scene, heads: (&'static str, &'static str)) -> impl IntoView {
    let slots = scene.cursor.slots;
    let several = scene.clips() > 1;
    let tick = move |(at, text): (f64, String)| {
        let class = match (several, at < 0.5) {
            (true, _) => "tick start num",
            (false, true) => "tick first num",
            (false, false) => "tick num",
        };
        view! { <span class=class style:left=share(at, slots)>{text}</span> }
    };
    let name = match (several, slots) {
        (true, _) => "clips",
        (false, 1) => "one frame",
        (false, _) => "strip clock",
    };
    view! {
        <div class="name ruler">{name}</div>
        <div class="lane ruler">{ticks(scene).into_iter().map(tick).collect_view()}</div>
        <div class="value ruler"><span>{heads.0}</span><span class="reward">{heads.1}</span></div>
    }
}

#[component]
fn FilmLane(scene: Scene) -> impl IntoView {
    let (clips, frames) = (scene.clips(), scene.clip_slots());
    let film = move || match scene.atlas.get() {
        Some(atlas) => {
            let columns = FILM_FRAMES.div_ceil(clips);
            let clip = |k: u32| {
                view! { <Film atlas=atlas.clone() columns from=k * frames frames/> }
            };
            view! { <div class="films">{(0..clips).map(clip).collect_view()}</div> }.into_any()
        }
        None => view! { <span class="bone film"></span> }.into_any(),
    };
    view! { <div class="name tall">"frames"</div><div class="lane tall">{film}</div><div class="value tall"></div> }
}

/// What stands in the place of a truth that may not be seen yet.
pub fn veil() -> AnyView {
    view! { <span class="veil">"shown once you have answered"</span> }.into_any()
}

/// What is true.
#[component]
pub fn TruthLane(scene: Scene) -> impl IntoView {
    let truth = scene.sample(|sample| sample.truth.clone());
    let span = true_slots(&truth);
    let words = words::truth(&truth);
    let edge = move |pick: fn((f64, f64)) -> f64| {
        move || span.filter(|_| scene.open.get()).map(|span| pick(span).to_string())
    };
    let inside = move || if scene.open.get() { truth_marks(scene, &truth) } else { veil() };
    view! {
        <div class="name"><b>"truth"</b></div>
        <div class="lane" data-testid="lane-truth" data-start-slot=edge(|s| s.0)
            data-end-slot=edge(|s| s.1)>{inside}</div>
        <div class="value num soft">{move || scene.open.get().then(|| words.clone())}</div>
    }
}

fn truth_marks(scene: Scene, truth: &Truth) -> AnyView {
    let slots = scene.cursor.slots;
    let number = match truth {
        Truth::Spotting { number, .. } => Some(view! { <b class="span-number num">{*number}</b> }),
        _ => None,
    };
    match (truth, true_slots(truth)) {
        (Truth::Jigsaw { order } | Truth::Spatial { tiles: order }, _) => {
            view! { <OrderCells scene said=order.clone() class="truth"/> }.into_any()
        }
        (Truth::Progress { percent }, _) => {
            let left = format!("{percent}%");
            view! { <span class="scale whole"><i class="count-true" style:left=left></i></span> }
                .into_any()
        }
        (_, Some((a, b))) => view! {
            <span class="span truth" style:left=share(a, slots) style:width=share(b - a, slots)>{number}</span>
        }
        .into_any(),
        _ => ().into_any(),
    }
}

/// An answer, as the timeline draws it.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// As it was given.
    pub text: String,
    /// What it was read as.
    pub reward: RewardBreakdown,
    /// CSS class: the sign of its advantage, or whose it is.
    pub tone: &'static str,
    /// How strong its colour is.
    pub strength: String,
    /// Name of its span for tests.
    pub testid: String,
}

/// What an answer says, drawn on its lane; against the truth where that may be seen now.
#[component]
pub fn SaidMarks(
    /// The sample.
    scene: Scene,
    /// The answer.
    said: Said,
    /// Whether its span is the chosen one.
    #[prop(optional, into)]
    chosen: Signal<bool>,
) -> impl IntoView {
    if let Parsed::Unreadable { why } = &said.reward.reading {
        return unreadable(&said.text, why);
    }
    if !said.reward.parsed {
        let why = said.reward.parts.first().map(|part| part.found.clone());
        return unreadable(&said.text, &why.unwrap_or_default());
    }
    let slots = scene.cursor.slots;
    let (kind, span) =
        scene.sample(|sample| (sample.truth.kind(), said_slots(&said.reward.reading, sample)));
    let number = match said.reward.reading {
        Parsed::Spot { number, .. } => {
            Some(view! { <b class="span-number num">{format::short(number)}</b> })
        }
        _ => None,
    };
    match (kind, span, said.reward.reading.clone()) {
        (TaskKind::Grounding | TaskKind::Spotting, Some((a, b)), _) => view! {
            <span class=format!("span said {}", said.tone) class:chosen=chosen
                data-testid=said.testid data-start-slot=a.to_string() data-end-slot=b.to_string()
                style:--a=said.strength style:left=share(a, slots) style:width=share(b - a, slots)>{number}</span>
        }
        .into_any(),
        (TaskKind::Counting, ..) => view! { <CountLane scene said/> }.into_any(),
        (TaskKind::Jigsaw | TaskKind::Spatial, ..) => {
            view! { <OrderCells scene said=said.text.trim().to_owned() class="said"/> }.into_any()
        }
        (TaskKind::Progress, _, Parsed::Percent { percent }) => {
            view! { <PercentScale scene percent said/> }.into_any()
        }
        _ => unreadable(&said.text, "no span"),
    }
}

/// From the first moment to the last: filled to what was said, with a tick at what is true.
#[component]
fn PercentScale(scene: Scene, percent: f64, said: Said) -> impl IntoView {
    let class = format!("count-fill {}", said.tone);
    let truth = scene.sample(|sample| match sample.truth {
        Truth::Progress { percent } => Some(format!("{percent}%")),
        _ => None,
    });
    let tick = move || {
        let left = truth.clone().filter(|_| scene.open.get())?;
        Some(view! { <i class="count-true" style:left=left></i> })
    };
    view! {
        <span class="scale whole" title=format::percent(percent / 100.0)>
            <i class=class style:--a=said.strength style:width=format!("{percent}%")></i>{tick}
        </span>
    }
}

/// The answer as it stands, and why it earns nothing.
fn unreadable(text: &str, why: &str) -> AnyView {
    let (text, why) = (words::answer(text), why.to_owned());
    view! { <span class="unreadable clip"><code>{text}</code>{why}</span> }.into_any()
}

#[component]
fn TruthEdges(scene: Scene) -> impl IntoView {
    let slots = scene.cursor.slots;
    let span = scene.sample(|sample| true_slots(&sample.truth));
    move || {
        span.filter(|_| scene.open.get()).map(|(a, b)| {
            view! { <div class="within" style:left=share(a, slots) style:width=share(b - a, slots)></div> }
        })
    }
}

#[component]
fn CursorLine(scene: Scene) -> impl IntoView {
    let cursor = scene.cursor;
    let at = move || share(f64::from(cursor.slot.get()) + 0.5, cursor.slots);
    let ghost = move || {
        let left = share(f64::from(cursor.hover.get()?) + 0.5, cursor.slots);
        Some(view! { <div class="cursor ghost" style:left=left></div> })
    };
    view! { {ghost}<div class="cursor" style:left=at></div> }
}
