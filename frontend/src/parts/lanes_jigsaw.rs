//! Orders on the timeline: the clips or tiles as shown, as answered, and the moves between.

use crate::logic::lanes::{Placed, arrangement, places};
use crate::logic::tokens::Field;
use crate::parts::atlas::{AtlasFrame, AtlasTile};
use crate::parts::scene::Scene;
use leptos::prelude::*;
use shared::task::{Task, TaskKind};

/// Number of clips or tiles that a sample puts in order.
fn parts_of(scene: Scene) -> usize {
    scene.sample(|sample| match sample.spec.task {
        Task::Spatial { grid } => (grid * grid) as usize,
        _ => sample.clips() as usize,
    })
}

/// What an order says of this sample; right and wrong only where the truth may be seen.
fn arranged(scene: Scene, said: &str, open: bool) -> Option<Vec<Placed>> {
    scene.sample(|sample| {
        let truth = sample.truth.answer();
        arrangement(said, parts_of(scene), open.then_some(truth.as_str()), sample.truth.kind())
    })
}

/// How many parts of how many an order has that is only begun.
pub fn begun_order(scene: Scene, said: &str) -> Option<(usize, usize)> {
    let kind = scene.sample(|sample| sample.truth.kind());
    let all = parts_of(scene);
    let placed = arranged(scene, said, false)?.len();
    let ordered = matches!(kind, TaskKind::Jigsaw | TaskKind::Spatial);
    (ordered && placed > 0 && placed < all).then_some((placed, all))
}

/// The parts in the order shown, the moves, and the parts in the order that is said.
#[component]
pub fn OrderHead(
    /// The sample.
    scene: Scene,
    /// The order; it may break off early where somebody is still typing.
    #[prop(into)]
    said: Signal<String>,
    /// Whose order it is.
    #[prop(into)]
    whose: Signal<String>,
    /// Whether an order that breaks off early is one.
    #[prop(default = false)]
    begun: bool,
) -> impl IntoView {
    let parts = parts_of(scene);
    let placed = Memo::new(move |_| {
        let placed = arranged(scene, &said.get(), scene.open.get());
        placed.filter(|placed| begun || placed.len() == parts)
    });
    let shown = (0..parts).map(|part| view! { <PartCell scene part class="shown"/> });
    let answered = move || match placed.get() {
        None => view! { <span class="unreadable clip">"Not an order of these."</span> }.into_any(),
        Some(placed) => {
            let cell = |place: usize| match placed.get(place) {
                Some(p) => view! { <PartCell scene part=p.shown class=p.off.class()/> }.into_any(),
                None => view! { <span class="clip-cell empty-cell">{place + 1}</span> }.into_any(),
            };
            (0..parts).map(cell).collect_view().into_any()
        }
    };
    view! {
        <div class="name tall">"as shown"</div>
        <div class="lane tall clips">{shown.collect_view()}</div>
        <div class="value tall"></div>
        <div class="name moves-row"></div>
        <div class="lane moves-row">{move || placed.get().map(|list| view! { <MoveLines list parts/> })}</div>
        <div class="value moves-row"></div>
        <div class="name tall">"as answered"</div>
        <div class="lane tall clips">{answered}</div>
        <div class="value tall soft">{whose}</div>
    }
}

/// A clip by its middle frame, or a tile, with its number as shown; a click goes to a clip's
/// start.
#[component]
fn PartCell(scene: Scene, part: usize, class: &'static str) -> impl IntoView {
    let task = scene.sample(|sample| sample.spec.task);
    let length = scene.clip_slots();
    let first = if task.kind() == TaskKind::Spatial { 0 } else { part as u32 * length };
    let picture = move || {
        let atlas = scene.atlas.get()?;
        Some(match task {
            Task::Spatial { grid } => view! { <AtlasTile atlas grid tile=part as u32/> }.into_any(),
            _ => view! { <AtlasFrame atlas at=first + length / 2/> }.into_any(),
        })
    };
    let go = move |event: web_sys::PointerEvent| {
        event.stop_propagation();
        scene.cursor.go(first);
    };
    let what = if task.kind() == TaskKind::Spatial { "Tile" } else { "Clip" };
    view! {
        <button class=format!("clip-cell {class}") on:pointerdown=go on:click=move |_| scene.cursor.go(first)
            aria-label=format!("{what} {} as shown", part + 1)>{picture}<b class="num">{part + 1}</b></button>
    }
}

#[component]
fn MoveLines(list: Vec<Placed>, parts: usize) -> impl IntoView {
    let n = parts.max(1) as f64;
    let line = move |(place, placed): (usize, Placed)| {
        let middle = |at: usize| (at as f64 + 0.5) / n * 100.0;
        let (a, b) = (middle(placed.shown), middle(place));
        let path = format!("M{a:.2} 0C{a:.2} 12 {b:.2} 12 {b:.2} 24");
        view! { <path class=placed.off.class() d=path vector-effect="non-scaling-stroke"></path> }
    };
    view! {
        <svg class="moves" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
            {list.into_iter().enumerate().map(line).collect_view()}
        </svg>
    }
}

/// One cell per place, with the number of the part that is put there.
#[component]
pub fn OrderCells(
    scene: Scene,
    said: String,
    class: &'static str,
    /// The place that is pointed at elsewhere.
    #[prop(optional, into)]
    lit: Signal<Option<Field>>,
) -> impl IntoView {
    let cell = move |(k, placed): (usize, Placed)| {
        let class = format!("order-cell {class} {}", placed.off.class());
        view! { <span class=class class:lit=move || lit.get() == Some(Field::Part(k))>{placed.shown + 1}</span> }
    };
    let placed = arranged(scene, &said, scene.open.get_untracked()).unwrap_or_default();
    let cells: Vec<_> = placed.into_iter().enumerate().map(cell).collect();
    view! { <div class="order">{cells}</div> }
}

/// The picture put together as an order says; places that it leaves out are empty.
#[component]
pub fn Mosaic(scene: Scene, #[prop(into)] said: Signal<String>) -> impl IntoView {
    let Task::Spatial { grid } = scene.sample(|sample| sample.spec.task) else {
        return ().into_any();
    };
    let tile = move |place: usize| {
        let part = said.with(|said| places(said).get(place).copied());
        let part = part.filter(|part| *part < (grid * grid) as usize);
        let picture = part.zip(scene.atlas.get()).map(|(part, atlas)| {
            view! { <AtlasTile atlas grid tile=part as u32 fit="none"/> }
        });
        view! { <span class="mosaic-tile">{picture}</span> }
    };
    let tiles = move || (0..(grid * grid) as usize).map(tile).collect_view();
    let ratio = scene.sample(|s| f64::from(s.width) / f64::from(s.height.max(1)));
    view! {
        <div class="mosaic" style:--grid=grid.to_string() style:--ratio=format!("{ratio:.4}") aria-hidden="true">{tiles}</div>
    }
    .into_any()
}
