//! Native dialogs: the frame of all, the key sheet and the palette.

use crate::screens;
use leptos::html;
use leptos::prelude::*;

/// Which dialogs are open, from context.
#[derive(Clone, Copy)]
pub struct Dialogs {
    /// The key sheet.
    pub keys: RwSignal<bool>,
    /// The command palette.
    pub palette: RwSignal<bool>,
    /// The places behind "More".
    pub more: RwSignal<bool>,
}

impl Dialogs {
    /// Provides all, closed.
    pub fn provide() -> Self {
        let closed = || RwSignal::new(false);
        let dialogs = Self { keys: closed(), palette: closed(), more: closed() };
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
    /// CSS class beside `dialog`.
    #[prop(optional)]
    class: &'static str,
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
        <dialog node_ref=node class=format!("dialog {class}") aria-label=title data-testid=testid
            on:close=move |_| open.set(false) on:click=beside>
            <div class="dialog-body">{children()}</div>
        </dialog>
    }
}

/// Every key, under `?`; fetched when it is first opened.
#[component]
pub fn KeySheet() -> impl IntoView {
    let dialogs = expect_context::<Dialogs>();
    let body = move || dialogs.keys.get().then(|| screens::KEYS.piece());
    view! { <Dialog open=dialogs.keys title="Keys" testid="key-sheet" class="keys">{body}</Dialog> }
}

/// Actions, pages and runs by name, under ctrl+K; fetched when it is first opened.
#[component]
pub fn Palette() -> impl IntoView {
    let dialogs = expect_context::<Dialogs>();
    let body = move || dialogs.palette.get().then(|| screens::PALETTE.piece());
    view! { <Dialog open=dialogs.palette title="Find" testid="palette" class="finder">{body}</Dialog> }
}
