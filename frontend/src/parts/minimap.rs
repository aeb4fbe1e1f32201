//! The whole strip in small, while the timeline shows a part of it.

use crate::logic::format;
use crate::logic::keys::Command;
use crate::logic::lanes::true_slots;
use crate::logic::view::Window;
use crate::parts::keycap::Cap;
use crate::parts::scene::Scene;
use crate::state::keys::shortcut;
use leptos::html;
use leptos::prelude::*;

/// A bar as long as the strip; the part that is shown is dragged along it.
#[component]
pub fn MiniMap(scene: Scene) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    let slots = f64::from(scene.cursor.slots.max(1));
    let percent = move |slot: f64| format!("{:.3}%", slot / slots * 100.0);
    let view = scene.view;
    let grab = move |event: web_sys::PointerEvent| {
        event.stop_propagation();
        let Some(bar) = node.get_untracked().filter(|_| event.buttons() & 1 == 1) else { return };
        let rect = bar.get_bounding_client_rect();
        let share = (f64::from(event.client_x()) - rect.left()) / rect.width().max(1.0);
        view.update(|view| *view = view.at(share * slots - view.len / 2.0));
    };
    let truth = scene.sample(|sample| true_slots(&sample.truth));
    let truth = move || {
        let (a, b) = truth.filter(|_| scene.open.get())?;
        Some(view! { <i class="mini-truth" style:left=percent(a) style:width=percent(b - a)></i> })
    };
    let zoom = move || format!("{}×", format::short((view.get().zoom() * 10.0).round() / 10.0));
    view! {
        <div class="name mini-row">"whole strip"</div>
        <div class="lane mini-row minimap" node_ref=node data-testid="minimap" on:pointerdown=grab on:pointermove=grab>
            {truth}
            <i class="mini-cursor" style:left=move || percent(f64::from(scene.cursor.slot.get()) + 0.5)></i>
            <i class="mini-window" style:left=move || percent(view.get().from) style:width=move || percent(view.get().len)></i>
        </div>
        <button class="value mini-row num" title="Show the whole strip" aria-keyshortcuts=shortcut(Command::Zoom(0))
            on:click=move |_| view.set(Window::whole(scene.cursor.slots))>{zoom}<Cap does=Command::Zoom(0)/></button>
    }
}
