//! The player: the policy's own frames, exact to the frame, with the drawn shapes over them.

use crate::logic::format;
use crate::logic::lanes::{Slots, corners, presence, seek_secs, slot_of};
use crate::logic::words::planted;
use crate::parts::atlas::AtlasFrame;
use crate::parts::bits::{Glyph, Icon};
use crate::parts::frames::Frames;
use crate::parts::scene::Scene;
use crate::parts::source::Source;
use crate::route::ClipSize;
use leptos::html;
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use shared::task::{Shape, ShapeKind, Task};

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
    /// Which clip of the policy's frames.
    pub size: RwSignal<ClipSize>,
    /// Whose picture.
    pub showing: RwSignal<Showing>,
}

impl ViewSize {
    /// The policy's frames, large enough for people.
    pub fn new() -> Self {
        Self { size: RwSignal::new(ClipSize::View), showing: RwSignal::new(Showing::Frames) }
    }

    /// The other clip.
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

/// The clip with its overlays and transport.
#[component]
pub fn Player(
    /// What is shown.
    scene: Scene,
    /// Which clip of it.
    size: ViewSize,
    /// The stretch that the loop repeats.
    #[prop(into)]
    looped: Signal<Slots>,
) -> impl IntoView {
    let video = NodeRef::<html::Video>::new();
    let (ready, set_ready) = signal(false);
    let (broken, set_broken) = signal(false);
    let source = move || scene.clip(size.size.get());
    Effect::new(move |_| {
        size.size.track();
        set_ready.set(false);
        set_broken.set(false);
    });
    let showing = Signal::derive(move || size.showing.get());
    let alone = move || showing.get() == Showing::Source;
    drive(scene, looped, video, ready, Signal::derive(alone));
    let coarse = move |_| {
        // For browsers that do not tell of every frame.
        if let Some(video) = video.get_untracked()
            && scene.cursor.playing.get_untracked()
            && !untrack(alone)
        {
            scene.cursor.slot.set(slot_of(video.current_time(), scene.cursor.slots));
        }
    };
    let still = move || {
        let atlas = scene.atlas.get()?;
        let slot = Signal::derive(move || scene.cursor.shown());
        (!ready.get()).then(|| view! { <AtlasFrame atlas at=slot fit="none"/> })
    };
    view! {
        <div class="screen" class:beside=move || showing.get() == Showing::Beside data-testid="player" data-showing=move || shown_name(showing.get())>
            <div class="picture" class:gone=alone class:pixels=move || size.size.get() == ClipSize::Policy style:--ratio=move || ratio(scene, size.size.get())>
                <video node_ref=video data-testid="clip" src=source prop:muted=true playsinline preload="auto"
                    aria-label="The frames the policy was asked about"
                    on:loadeddata=move |_| set_ready.set(true) on:error=move |_| set_broken.set(true)
                    on:timeupdate=coarse on:ended=move |_| scene.cursor.playing.set(false)></video>
                {still}
                <Shapes scene/>
                <span class="caption num">{move || format!("what the policy saw · {}", strip_clock(scene))}</span>
            </div>
            {move || (showing.get() != Showing::Frames).then(|| view! { <Source scene showing/> })}
            {move || broken.get().then(|| view! {
                <p class="screen-note" role="alert">"This clip could not be played. The film strip and the lanes still show every frame."</p>
            })}
            <Badges scene size/>
            <Transport scene/>
        </div>
    }
}

/// Width by height of the picture; the policy's frames are square.
fn ratio(scene: Scene, size: ClipSize) -> String {
    let (w, h) = scene.sample(|s| (s.width, s.height));
    match size {
        ClipSize::View => format!("{:.5}", f64::from(w) / f64::from(h.max(1))),
        ClipSize::Policy => "1".to_owned(),
    }
}

/// Keeps video element and cursor together: the clip moves the cursor while it plays, the
/// cursor moves the clip while it stands.
fn drive(
    scene: Scene,
    looped: Signal<Slots>,
    node: NodeRef<html::Video>,
    ready: ReadSignal<bool>,
    hidden: Signal<bool>,
) {
    let cursor = scene.cursor;
    listen(scene, looped, node);
    Effect::new(move |_| {
        let (slot, standing) = (cursor.shown(), ready.get() && !cursor.playing.get());
        if let Some(video) = node.get()
            && standing
        {
            video.set_current_time(seek_secs(slot));
        }
    });
    Effect::new(move |_| {
        let playing = cursor.playing.get() && !hidden.get();
        match node.get() {
            Some(video) if playing => untrack(|| play(scene, looped, &video)),
            Some(video) => {
                let _ = video.pause();
            }
            None => {}
        }
    });
}

/// Follows the frames of the playing clip, and repeats the loop's stretch.
fn listen(scene: Scene, looped: Signal<Slots>, node: NodeRef<html::Video>) {
    let cursor = scene.cursor;
    let frames = StoredValue::new(None::<SendWrapper<Frames>>);
    Effect::new(move |_| {
        let Some(video) = node.get() else { return };
        let element = video.clone();
        let shown = move |secs: f64| {
            if !cursor.playing.try_get_untracked().unwrap_or(false) {
                return;
            }
            let slot = slot_of(secs, cursor.slots);
            cursor.slot.set(slot);
            let (start, end) = looped.get_untracked();
            if cursor.looping.get_untracked() && f64::from(slot) + 1.0 >= end {
                element.set_current_time(seek_secs(start.floor() as u32));
            }
        };
        frames.set_value(Frames::of(&video, shown).map(SendWrapper::new));
    });
    on_cleanup(move || frames.set_value(None));
}

/// Plays from the cursor; from the loop's start if it stands outside, from the first frame if
/// it stands on the last.
fn play(scene: Scene, looped: Signal<Slots>, video: &web_sys::HtmlVideoElement) {
    let cursor = scene.cursor;
    let (start, end) = looped.get();
    let at = f64::from(cursor.slot.get());
    if cursor.looping.get() && !(start.floor()..end).contains(&at) {
        video.set_current_time(seek_secs(start.floor() as u32));
    } else if at + 1.0 >= f64::from(cursor.slots) {
        video.set_current_time(seek_secs(0));
    }
    let Ok(promise) = video.play() else { return };
    // A refusal leaves the picture standing; the button says so again.
    leptos::task::spawn_local(async move {
        if wasm_bindgen_futures::JsFuture::from(promise).await.is_err() {
            let _ = cursor.playing.try_set(false);
        }
    });
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
            <button class="tag" on:click=move |_| size.toggle() aria-pressed=move || policy().to_string()
                title="The policy's own pixels, or larger"><b>{words}</b><kbd>"E"</kbd></button>
            <span class="seg" role="group" aria-label="Policy's frames or source">{Showing::ALL.map(pick).collect_view()}<kbd>"S"</kbd></span>
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
            <button class="round" aria-label=move || if cursor.playing.get() { "Pause" } else { "Play" }
                on:click=move |_| cursor.playing.update(|p| *p = !*p)>
                {move || view! { <Glyph icon=icon()/> }}
            </button>
            <span class="num" data-testid="frame" data-slot=move || cursor.shown().to_string()>{frame}</span>
            <span class="num">{strip}</span>
            <span class="num">{source}</span>
            <span class="grow"></span>
            <button class="num" aria-pressed=move || cursor.looping.get().to_string()
                on:click=move |_| cursor.looping.update(|l| *l = !*l)>"loop "<kbd>"L"</kbd></button>
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
