//! The video's own file, kept at the moment that the cursor's frame was taken from.

use crate::logic::format;
use crate::parts::frames::Frames;
use crate::parts::player::Showing;
use crate::parts::scene::Scene;
use leptos::html;
use leptos::prelude::*;
use send_wrapper::SendWrapper;

/// A frame begins at its time stamp; a moment later it is surely the one shown.
const INSIDE_SECS: f64 = 0.002;

/// The file beside the policy's frames, or alone; alone it plays at its own speed and moves the
/// cursor, beside it follows.
#[component]
pub fn Source(
    /// What is shown.
    scene: Scene,
    /// How.
    showing: Signal<Showing>,
) -> impl IntoView {
    let node = NodeRef::<html::Video>::new();
    let (broken, set_broken) = signal(false);
    let (ready, set_ready) = signal(false);
    let cursor = scene.cursor;
    let leads = move || showing.get() == Showing::Source && cursor.playing.get();
    Effect::new(move |_| {
        let (at, still) = (scene.source_secs(cursor.shown()), !leads() && ready.get());
        if let (Some(video), Some(at)) = (node.get(), at.filter(|_| still)) {
            video.set_current_time(at + INSIDE_SECS);
        }
    });
    Effect::new(move |_| {
        let (Some(video), leads) = (node.get(), leads()) else { return };
        if leads {
            untrack(|| play(scene, &video));
        } else {
            let _ = video.pause();
        }
    });
    follow(scene, node, Signal::derive(leads));
    let clock = move || {
        let secs = scene.source_secs(cursor.shown())?;
        Some(format!("source file · {}", format::secs(secs, 2)))
    };
    view! {
        <div class="picture source" data-testid="source-view">
            <video node_ref=node data-testid="source" src=scene.source() prop:muted=true playsinline preload="auto"
                aria-label="The video's own file" on:loadeddata=move |_| set_ready.set(true)
                on:error=move |_| set_broken.set(true) on:ended=move |_| cursor.playing.set(false)></video>
            <span class="caption num">{clock}</span>
            {move || broken.get().then(|| view! {
                <p class="screen-note" role="alert">"This browser cannot play the file's format. The policy's frames are taken from it at the times shown."</p>
            })}
        </div>
    }
}

/// Plays from the cursor's moment; from the first frame where it stands on the last.
fn play(scene: Scene, video: &web_sys::HtmlVideoElement) {
    let slot = scene.cursor.slot.get();
    let from = if slot + 1 >= scene.cursor.slots { 0 } else { slot };
    if let Some(at) = scene.source_secs(from) {
        video.set_current_time(at + INSIDE_SECS);
    }
    let Ok(promise) = video.play() else { return };
    leptos::task::spawn_local(async move {
        if wasm_bindgen_futures::JsFuture::from(promise).await.is_err() {
            let _ = scene.cursor.playing.try_set(false);
        }
    });
}

/// The cursor goes along with the playing file, up to the last frame that the policy saw.
fn follow(scene: Scene, node: NodeRef<html::Video>, leads: Signal<bool>) {
    let frames = StoredValue::new(None::<SendWrapper<Frames>>);
    let end = scene
        .sample(|sample| sample.frames.iter().map(|frame| frame.pts_secs).fold(0.0_f64, f64::max));
    Effect::new(move |_| {
        let Some(video) = node.get() else { return };
        let shown = move |secs: f64| {
            if !leads.try_get_untracked().unwrap_or(false) {
                return;
            }
            scene.cursor.slot.set(scene.nearest_slot(secs));
            if secs >= end {
                scene.cursor.playing.set(false);
            }
        };
        frames.set_value(Frames::of(&video, shown).map(SendWrapper::new));
    });
    on_cleanup(move || frames.set_value(None));
}
