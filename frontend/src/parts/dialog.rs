//! Native dialogs: the frame of all, and the key sheet.

use crate::logic::keys::{KeyLine, SHEET};
use crate::parts::bits::{Glyph, Icon};
use leptos::html;
use leptos::prelude::*;

/// Which dialogs are open, from context.
#[derive(Clone, Copy)]
pub struct Dialogs {
    /// The key sheet.
    pub keys: RwSignal<bool>,
    /// The command palette.
    pub palette: RwSignal<bool>,
}

impl Dialogs {
    /// Provides both, closed.
    pub fn provide() -> Self {
        let dialogs = Self { keys: RwSignal::new(false), palette: RwSignal::new(false) };
        provide_context(dialogs);
        dialogs
    }
}

/// A modal dialog that follows `open`; Escape and a click beside it close it.
#[component]
pub fn Dialog(
    /// Whether it is shown.
    open: RwSignal<bool>,
    /// For screen readers.
    title: &'static str,
    /// For the browser tests.
    testid: &'static str,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = node.get() else { return };
        match (open.get(), dialog.open()) {
            (true, false) => {
                let _ = dialog.show_modal();
            }
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    let beside = move |event: web_sys::MouseEvent| {
        // Only the backdrop has the dialog itself as its target.
        let target = event.target();
        if target.as_ref() == node.get_untracked().as_ref().map(|d| d.as_ref()) {
            open.set(false);
        }
    };
    view! {
        <dialog node_ref=node class="dialog" aria-label=title data-testid=testid
            on:close=move |_| open.set(false) on:click=beside>
            <div class="dialog-body">{children()}</div>
        </dialog>
    }
}

/// Every key, under `?`.
#[component]
pub fn KeySheet() -> impl IntoView {
    let dialogs = expect_context::<Dialogs>();
    let line = |(keys, what): &KeyLine| {
        let caps = keys.iter().map(|key| view! { <kbd>{*key}</kbd> }).collect_view();
        view! { <div class="key-line"><span class="soft">{*what}</span><span class="row">{caps}</span></div> }
    };
    let group = move |(title, lines): &(&'static str, &'static [KeyLine])| {
        view! { <section><h2>{*title}</h2>{lines.iter().map(line).collect_view()}</section> }
    };
    view! {
        <Dialog open=dialogs.keys title="Keys" testid="key-sheet">
            <header class="row">
                <h1 class="grow">"Keys"</h1>
                <button class="btn quiet" aria-label="Close" on:click=move |_| dialogs.keys.set(false)>
                    <Glyph icon=Icon::Close/>
                </button>
            </header>
            <div class="key-sheet">{SHEET.iter().map(group).collect_view()}</div>
        </Dialog>
    }
}
