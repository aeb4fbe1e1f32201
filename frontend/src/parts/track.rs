//! The track that all lanes share: ruler, film, truth, what an answer says, the cursor.

use crate::logic::format;
use crate::logic::lanes::true_slots;
use crate::logic::words;
use crate::parts::atlas::Film;
use crate::parts::lanes_jigsaw::OrderCells;
use crate::parts::minimap::MiniMap;
use crate::parts::scene::Scene;
use crate::state::browser::is_narrow;
use leptos::html;
use leptos::prelude::*;
use shared::task::{TaskKind, Truth};
use wasm_bindgen::JsCast;

/// Frames shown of a film.
const FILM_FRAMES: u32 = 12;

/// Where a slot begins on the timeline, for CSS; follows the timeline's window by itself.
pub fn place(slot: f64) -> String {
    format!("calc(({slot:.3} - var(--from)) / var(--len) * 100%)")
}

/// The width of so many slots on the timeline, for CSS.
pub fn share(slots: f64) -> String {
    format!("calc({slots:.3} / var(--len) * 100%)")
}

/// Ruler and film, the lanes below them, and the cursor through all.
#[component]
pub fn Track(
    /// The sample.
    scene: Scene,
    /// What the two figures at the end of a lane are.
    #[prop(into)]
    heads: Signal<(&'static str, &'static str)>,
    /// More CSS classes.
    #[prop(optional)]
    class: &'static str,
    /// How many lanes of answers share the height.
    #[prop(optional)]
    rows: usize,
    /// The lanes: a name, a lane and a value each.
    children: Children,
) -> impl IntoView {
    let kind = scene.sample(|sample| sample.truth.kind());
    let track = NodeRef::<html::Div>::new();
    let hand = Hand { scene, track, dragged: StoredValue::new(None) };
    keep_cursor_in_view(scene);
    let ordered = matches!(kind, TaskKind::Jigsaw | TaskKind::Spatial);
    let (view, part) = (scene.view, move || scene.view.get().is_part());
    view! {
        <div class=format!("lanes {class}") class:closer=part role="group" aria-label="Timeline" data-testid="timeline"
            style:--from=move || format!("{:.4}", view.get().from) style:--len=move || format!("{:.4}", view.get().len) style:--rollouts=rows.max(1).to_string()
            on:pointermove=move |event| hand.moved(&event) on:pointerdown=move |event| hand.down(&event)
            on:pointerup=move |_| hand.dragged.set_value(None) on:wheel=move |event| hand.wheel(&event)
            on:pointerleave=move |_| { hand.dragged.set_value(None); scene.cursor.hover.set(None); }>
            <Ruler scene heads/>
            {move || part().then(|| view! { <MiniMap scene/> })}
            {(!ordered).then(|| view! { <FilmLane scene/> })}
            {children()}
            <div class=format!("lanes-track over-{kind}") node_ref=track>
                <TruthEdges scene/>
                <CursorLine scene/>
            </div>
        </div>
    }
}

/// Wherever the cursor is moved, the timeline's window follows it.
fn keep_cursor_in_view(scene: Scene) {
    Effect::new(move |_| {
        let slot = f64::from(scene.cursor.slot.get());
        let now = scene.view.get_untracked();
        if now.showing(slot) != now {
            scene.view.set(now.showing(slot));
        }
    });
}

/// Pointer and wheel on the timeline: hover previews, click and drag move the cursor; the ruler,
/// the middle button and a held Alt drag the window, the wheel looks closer.
#[derive(Clone, Copy)]
struct Hand {
    scene: Scene,
    track: NodeRef<html::Div>,
    /// Where a drag of the window began: pointer and left edge.
    dragged: StoredValue<Option<(f64, f64)>>,
}

impl Hand {
    /// The slot under the pointer, while it is over the timeline.
    fn slot(self, x: i32, y: i32) -> Option<f64> {
        let rect = self.track.get_untracked()?.get_bounding_client_rect();
        let share = (f64::from(x) - rect.left()) / rect.width().max(1.0);
        let over = f64::from(y) <= rect.bottom() && (0.0..1.0).contains(&share);
        over.then(|| self.scene.view.get_untracked().slot_at(share))
    }

    fn moved(self, event: &web_sys::PointerEvent) {
        if let Some((x, from)) = self.dragged.get_value() {
            let width =
                self.track.get_untracked().map_or(1.0, |t| t.get_bounding_client_rect().width());
            self.scene.view.update(|view| {
                *view =
                    view.at(from - (f64::from(event.client_x()) - x) / width.max(1.0) * view.len);
            });
            return;
        }
        let cursor = self.scene.cursor;
        let slot = self.slot(event.client_x(), event.client_y()).map(|slot| slot.floor() as u32);
        if event.buttons() & 1 == 1
            && let Some(slot) = slot
        {
            cursor.go(slot);
        }
        if cursor.hover.get_untracked() != slot {
            cursor.hover.set(slot);
        }
    }

    fn down(self, event: &web_sys::PointerEvent) {
        let Some(slot) = self.slot(event.client_x(), event.client_y()) else { return };
        let view = self.scene.view.get_untracked();
        let target: Option<web_sys::Element> = event.target().and_then(|t| t.dyn_into().ok());
        let ruler = target.is_some_and(|t| t.closest(".lane.ruler").ok().flatten().is_some());
        if view.is_part() && (ruler || event.alt_key() || event.button() == 1) {
            event.prevent_default();
            self.dragged.set_value(Some((f64::from(event.client_x()), view.from)));
        } else if event.button() == 0 {
            self.scene.cursor.go(slot.floor() as u32);
        }
    }

    fn wheel(self, event: &web_sys::WheelEvent) {
        let (scene, sideways) = (self.scene, event.shift_key() || event.delta_x() != 0.0);
        // On a narrow screen the page scrolls, and the wheel belongs to it.
        if !scene.can_zoom() || (is_narrow() && !event.ctrl_key()) {
            return;
        }
        let Some(around) = self.slot(event.client_x(), event.client_y()) else { return };
        event.prevent_default();
        let away = if event.delta_x() == 0.0 { event.delta_y() } else { event.delta_x() };
        scene.view.update(|view| {
            *view = match sideways {
                true => view.moved(away / 400.0 * view.len),
                false => view.zoomed((-event.delta_y() / 400.0).exp(), around),
            };
        });
    }
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
    let view = scene.view.get();
    let secs = |slot: f64| scene.sample(|sample| sample.label_secs(slot));
    let (start, end) = (secs(view.from), secs(view.from + view.len));
    let ticks = crate::logic::series::ticks(start, end, 6);
    let apart = ticks.get(1).zip(ticks.first()).map_or(1.0, |(b, a)| b - a);
    let decimals = usize::from(apart < 1.0) + usize::from(apart < 0.1);
    let tick = |secs: f64| (scene.sample(|s| s.slot_at(secs)), format::secs(secs, decimals));
    let inside = |secs: &f64| (start..end - (end - start) * 0.03).contains(secs);
    ticks.into_iter().filter(inside).map(tick).collect()
}

#[component]
fn Ruler(scene: Scene, heads: Signal<(&'static str, &'static str)>) -> impl IntoView {
    let slots = scene.cursor.slots;
    let several = scene.clips() > 1;
    let tick = move |(at, text): (f64, String)| {
        let class = match (several, at < 0.5) {
            (true, _) => "tick start num",
            (false, true) => "tick first num",
            (false, false) => "tick num",
        };
        view! { <span class=class style:left=place(at)>{text}</span> }
    };
    let ticks = move || ticks(scene).into_iter().map(tick).collect_view();
    let name = match (several, slots) {
        (true, _) => "clips",
        (false, 1) => "one frame",
        (false, _) => "strip clock",
    };
    view! {
        <div class="name ruler">{name}</div>
        <div class="lane ruler">{ticks}</div>
        <div class="value ruler"><span>{move || heads.get().0}</span><span class="reward">{move || heads.get().1}</span></div>
    }
}

#[component]
fn FilmLane(scene: Scene) -> impl IntoView {
    let (clips, frames) = (scene.clips(), scene.clip_slots());
    // Closer, and more of them fit.
    let columns = Memo::new(move |_| {
        (FILM_FRAMES.div_ceil(clips) * (scene.view.get().zoom().round() as u32)).min(frames)
    });
    let film = move || match scene.atlas.get() {
        Some(atlas) => {
            let columns = columns.get();
            let clip = |k: u32| {
                view! { <Film atlas=atlas.clone() columns from=k * frames frames/> }
            };
            view! {
                <div class="films" style:left=place(0.0) style:width=share(f64::from(clips * frames))>
                    {(0..clips).map(clip).collect_view()}</div>
            }
            .into_any()
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
            <span class="span truth" style:left=place(a) style:width=share(b - a)>{number}</span>
        }
        .into_any(),
        _ => ().into_any(),
    }
}

#[component]
fn TruthEdges(scene: Scene) -> impl IntoView {
    let span = scene.sample(|sample| true_slots(&sample.truth));
    move || {
        span.filter(|_| scene.open.get()).map(|(a, b)| {
            view! { <div class="within" style:left=place(a) style:width=share(b - a)></div> }
        })
    }
}

#[component]
fn CursorLine(scene: Scene) -> impl IntoView {
    let cursor = scene.cursor;
    let at = move || place(f64::from(cursor.slot.get()) + 0.5);
    let ghost = move || {
        let left = place(f64::from(cursor.hover.get()?) + 0.5);
        Some(view! { <div class="cursor ghost" style:left=left></div> })
    };
    view! { {ghost}<div class="cursor" style:left=at></div> }
}
