//! The player: the policy's own frames, exact to the frame, with the drawn shapes over them.

use crate::logic::format;
use crate::logic::keys::Command;
use crate::logic::lanes::{Slots, corners, presence};
use crate::logic::words::planted;
use crate::parts::atlas::{Atlas, AtlasFrame, load_atlas};
use crate::parts::bits::{Glyph, Icon};
use crate::parts::keycap::Cap;
use crate::parts::scene::Scene;
use crate::parts::source::Source;
use crate::route::ClipSize;
use crate::state::keys::shortcut;
use leptos::prelude::*;
use shared::api::{CLIP_FPS, SHEET_COLUMNS};
use shared::task::{Shape, ShapeKind, Task};
use std::time::Duration;

/// From frame to frame while it plays.
const PERIOD: Duration = Duration::from_millis(1000 / CLIP_FPS as u64);

/// Whose picture is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Showing {
    /// The policy's frames.
    Frames,
    /// The policy's frames and the file they are taken from.
    Beside,
    /// The file alone.
    Source,
}

impl Showing {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Frames, "policy"), (Self::Beside, "beside"), (Self::Source, "source")];
}

/// What the player shows; kept while one goes from group to group.
#[derive(Clone, Copy)]
pub struct ViewSize {
    /// How large the policy's frames are.
    pub size: RwSignal<ClipSize>,
    /// Whose picture.
    pub showing: RwSignal<Showing>,
}

impl ViewSize {
    /// The policy's frames, large enough for people.
    pub fn new() -> Self {
        Self { size: RwSignal::new(ClipSize::View), showing: RwSignal::new(Showing::Frames) }
    }

    /// The other size.
    pub fn toggle(self) {
        self.size.update(|size| {
            *size = match size {
                ClipSize::View => ClipSize::Policy,
                ClipSize::Policy => ClipSize::View,
            };
        });
    }

    /// The source beside, instead, not at all.
    pub fn next_showing(self) {
        self.showing.update(|showing| {
            *showing = match showing {
                Showing::Frames => Showing::Beside,
                Showing::Beside => Showing::Source,
                Showing::Source => Showing::Frames,
            };
        });
    }
}

/// The frames with their overlays and transport.
#[component]
pub fn Player(
    /// What is shown.
    scene: Scene,
    /// Which pictures of it.
    size: ViewSize,
    /// The stretch that the loop repeats.
    #[prop(into)]
    looped: Signal<Slots>,
) -> impl IntoView {
    let (sheet, broken) = use_sheet(scene, size);
    let showing = Signal::derive(move || size.showing.get());
    let alone = move || showing.get() == Showing::Source;
    play(scene, looped, Signal::derive(alone));
    let slot = Signal::derive(move || scene.cursor.shown());
    // Small frames until the large ones are there.
    let frames = move || {
        let atlas = sheet.get().or_else(|| scene.atlas.get())?;
        Some(view! { <AtlasFrame atlas at=slot fit="none"/> })
    };
    view! {
        <div class="screen" class:beside=move || showing.get() == Showing::Beside data-testid="player" data-showing=move || shown_name(showing.get())>
            <div class="picture" class:gone=alone class:pixels=move || size.size.get() == ClipSize::Policy style:--ratio=move || ratio(scene, size.size.get())
                data-testid="clip" role="img" aria-label="The frames the policy was asked about">
                {frames}
                <Shapes scene/>
                <span class="caption num">{move || format!("what the policy saw · {}", strip_clock(scene))}</span>
            </div>
            {move || (showing.get() != Showing::Frames).then(|| view! { <Source scene showing/> })}
            {move || broken.get().then(|| view! {
                <p class="screen-note" role="alert">"The large frames could not be fetched. The film strip and the lanes still show every frame."</p>
            })}
            <Badges scene size/>
            <Transport scene/>
        </div>
    }
}

/// All frames in one large picture, of the size that is wanted; while another size is on its way
/// the one before stays.
fn use_sheet(scene: Scene, size: ViewSize) -> (RwSignal<Option<Atlas>>, RwSignal<bool>) {
    let (sheet, broken) = (RwSignal::new(None), RwSignal::new(false));
    Effect::new(move |_| {
        let wanted = size.size.get();
        broken.set(false);
        load_atlas(scene.sheet(wanted), scene.cursor.slots, SHEET_COLUMNS, move |loaded| {
            // The view may be gone by now, or another size wanted.
            if size.size.try_get_untracked() == Some(wanted) {
                let _ = broken.try_set(loaded.is_none());
                let _ = sheet.try_set(loaded);
            }
        });
    });
    (sheet, broken)
}

/// Width by height of the picture; the policy's frames are square.
fn ratio(scene: Scene, size: ClipSize) -> String {
    let (w, h) = scene.sample(|s| (s.width, s.height));
    match size {
        ClipSize::View => format!("{:.5}", f64::from(w) / f64::from(h.max(1))),
        ClipSize::Policy => "1".to_owned(),
    }
}

/// Moves the cursor frame by frame while it plays, unless the source leads.
fn play(scene: Scene, looped: Signal<Slots>, source_leads: Signal<bool>) {
    let cursor = scene.cursor;
    let ticking = StoredValue::new(None::<IntervalHandle>);
    let stop = move || {
        if let Some(handle) = ticking.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    Effect::new(move |_| {
        stop();
        if !cursor.playing.get() || source_leads.get() {
            return;
        }
        let (start, end) = looped.get_untracked();
        let at = cursor.slot.get_untracked();
        let outside = !(start.floor()..end).contains(&f64::from(at));
        if cursor.looping.get_untracked() && outside {
            cursor.slot.set(start.floor() as u32);
        } else if at + 1 >= cursor.slots {
            cursor.slot.set(0);
        }
        let tick = move || {
            let (start, end) = looped.get_untracked();
            let next = cursor.slot.get_untracked() + 1;
            if cursor.looping.get_untracked() && f64::from(next) >= end {
                cursor.slot.set(start.floor() as u32);
            } else if next < cursor.slots {
                cursor.slot.set(next);
            } else {
                cursor.playing.set(false);
            }
        };
        ticking.set_value(set_interval_with_handle(tick, PERIOD).ok());
    });
    on_cleanup(stop);
}

/// What is seen, and whether the planted change is in this frame.
#[component]
fn Badges(scene: Scene, size: ViewSize) -> impl IntoView {
    let policy = move || size.size.get() == ClipSize::Policy;
    let words = move || if policy() { "the policy's own pixels" } else { "what the policy saw" };
    let pick = move |(wanted, name): (Showing, &'static str)| {
        let pressed = move || (size.showing.get() == wanted).to_string();
        view! {
            <button aria-pressed=pressed data-testid=format!("show-{name}") on:click=move |_| size.showing.set(wanted)>{name}</button>
        }
    };
    let change = move || {
        let slot = scene.cursor.shown();
        let change = scene.sample(|sample| {
            let span = sample.truth.span_slots()?;
            let inside = (span.start()..span.end()).contains(&f64::from(slot));
            match sample.spec.task {
                Task::Grounding { perturbation } if inside => Some(planted(perturbation)),
                _ => None,
            }
        });
        change.filter(|_| scene.open.get())
    };
    view! {
        <div class="over">
            <button class="tag" aria-keyshortcuts=shortcut(Command::View) on:click=move |_| size.toggle() aria-pressed=move || policy().to_string()
                title="The policy's own pixels, or larger"><b>{words}</b><Cap does=Command::View/></button>
            <span class="seg" role="group" aria-label="Policy's frames or source">{Showing::ALL.map(pick).collect_view()}<Cap does=Command::Source/></span>
            {move || change().map(|text| view! { <span class="tag">{text}</span> })}
        </div>
    }
}

/// What the policy was told of when the shown frame is.
fn strip_clock(scene: Scene) -> String {
    let slot = scene.cursor.shown();
    let clip = match scene.clips() {
        1 => "strip".to_owned(),
        _ => format!("clip {},", slot / scene.clip_slots() + 1),
    };
    format!("{clip} {}", format::secs(scene.label_secs(slot), 1))
}

fn shown_name(showing: Showing) -> &'static str {
    Showing::ALL.iter().find(|(one, _)| *one == showing).map_or("", |(_, name)| name)
}

/// What a key of the player and the timeline does.
pub fn player_command(scene: Scene, size: ViewSize, command: Command) {
    let cursor = scene.cursor;
    match command {
        Command::Play => cursor.playing.update(|playing| *playing = !*playing),
        Command::Frames(n) => cursor.step(n),
        Command::Second(sign) => cursor.step(sign * scene.second()),
        Command::Loop => cursor.looping.update(|looping| *looping = !*looping),
        Command::View => size.toggle(),
        Command::Source => size.next_showing(),
        Command::Zoom(sign) => scene.zoom(sign),
        _ => {}
    }
}

/// Play, both clocks, loop.
#[component]
fn Transport(scene: Scene) -> impl IntoView {
    let cursor = scene.cursor;
    let frame = move || format!("frame {} / {}", cursor.shown() + 1, cursor.slots);
    let strip = move || strip_clock(scene);
    let source = move || {
        let pts = scene.source_secs(cursor.shown());
        pts.map(|secs| format!("source {}", format::secs(secs, 2)))
    };
    let icon = move || if cursor.playing.get() { Icon::Pause } else { Icon::Play };
    view! {
        <div class="transport">
            <button class="round" aria-keyshortcuts=shortcut(Command::Play) aria-label=move || if cursor.playing.get() { "Pause" } else { "Play" }
                on:click=move |_| cursor.playing.update(|p| *p = !*p)>
                {move || view! { <Glyph icon=icon()/> }}
            </button>
            <span class="num" data-testid="frame" data-slot=move || cursor.shown().to_string()>{frame}</span>
            <span class="num">{strip}</span>
            <span class="num">{source}</span>
            <span class="grow"></span>
            <button class="num" aria-keyshortcuts=shortcut(Command::Loop) aria-pressed=move || cursor.looping.get().to_string()
                on:click=move |_| cursor.looping.update(|l| *l = !*l)>"loop "<Cap does=Command::Loop/></button>
        </div>
    }
}

/// The drawn shapes of a counting question: this frame's clear, the others' fading with time.
#[component]
fn Shapes(scene: Scene) -> impl IntoView {
    let shapes = scene.sample(|sample| sample.shapes.clone())?;
    let (w, h) = scene.sample(|s| (s.width, s.height));
    let margin = f64::from(h) / 90.0;
    let one = move |shape: Shape| {
        let slot = shape.slot;
        let here = move || scene.cursor.shown() == slot;
        let [x, y] = shape.center_px;
        let drawn = match shape.kind {
            ShapeKind::Circle => {
                view! { <circle cx=x cy=y r=shape.size_px / 2.0 + margin></circle> }.into_any()
            }
            _ => view! { <polygon points=corners(&shape, margin)></polygon> }.into_any(),
        };
        let opacity = move || format!("{:.2}", presence(scene.cursor.shown().abs_diff(slot)));
        view! { <g class="shape" class:here=here style:opacity=opacity>{drawn}</g> }
    };
    Some(view! {
        <svg class="shapes" class:gone=move || !scene.open.get() viewBox=format!("0 0 {w} {h}") preserveAspectRatio="none" aria-hidden="true">
            {shapes.into_iter().map(one).collect_view()}
        </svg>
    })
}
