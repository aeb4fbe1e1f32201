//! The news of the page: each with where it leads, a way back where there is one, and a cross.

use crate::logic::keys::Command;
use crate::parts::bits::{Glyph, Icon};
use crate::parts::keycap::Cap;
use crate::state::keys::shortcut;
use crate::state::toast::{Toast, Toasts, use_toasts};
use leptos::prelude::*;

/// All news. What is hovered or focused stays.
#[component]
pub fn News() -> impl IntoView {
    let toasts = use_toasts();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || toasts.list.get() key=|toast| toast.id children=move |toast| one(toasts, toast)/>
        </div>
    }
}

fn one(toasts: Toasts, toast: Toast) -> impl IntoView {
    let id = toast.id;
    let class = if toast.bad { "toast is-bad" } else { "toast" };
    let link = toast.link.map(|(path, words)| view! { <a href=path>{words}</a> });
    // The key undoes the newest one only.
    let newest = move || {
        let newest = |list: &Vec<Toast>| list.iter().rfind(|t| t.undo.is_some()).map(|t| t.id);
        toasts.list.with(newest) == Some(id)
    };
    let cap = move || newest().then(|| view! { <Cap does=Command::Undo/> });
    let keys = shortcut(Command::Undo);
    let undo = toast.undo.is_some().then(|| {
        view! {
            <button class="btn small-btn" data-testid="undo" aria-keyshortcuts=move || newest().then(keys)
                on:click=move |_| toasts.undo_one(id)>"Undo "{cap}</button>
        }
    });
    view! {
        <div class=class data-testid="toast" on:pointerenter=move |_| toasts.hold(id) on:pointerleave=move |_| toasts.let_go(id)
            on:focusin=move |_| toasts.hold(id) on:focusout=move |_| toasts.let_go(id)>
            <span class="grow">{toast.text}</span>{link}{undo}
            <button class="btn quiet icon-btn" aria-label="Dismiss" on:click=move |_| toasts.dismiss(id)>
                <Glyph icon=Icon::Close/>
            </button>
        </div>
    }
}
