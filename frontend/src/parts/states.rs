//! What a screen shows while it has nothing to show: loading, empty, failed.

use crate::state::remote::{Fault, Remote};
use leptos::prelude::*;
use std::time::Duration;

/// How long a press on the button of a fault is seen.
const TRYING: Duration = Duration::from_millis(600);

/// Grey rows in the place of what will come; no spinner.
#[component]
pub fn Skeleton(
    /// Number of rows.
    #[prop(default = 6)]
    rows: usize,
) -> impl IntoView {
    let row = |_| view! { <span class="bone"></span> };
    view! {
        <div class="skeleton" data-testid="skeleton" role="status" aria-label="Loading">
            {(0..rows).map(row).collect_view()}
        </div>
    }
}

/// What will be here, and the one thing that fills it.
#[component]
pub fn Empty(
    /// What will be here.
    title: &'static str,
    /// Why one wants it.
    text: &'static str,
    /// The one button.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty" data-testid="empty">
            <h1>{title}</h1>
            <p class="soft">{text}</p>
            {children.map(|children| view! { <div class="row">{children()}</div> })}
        </div>
    }
}

/// What happened, what it means, what to do.
#[component]
pub fn FaultBox(
    /// What went wrong.
    fault: Fault,
    /// What could not be shown, such as `the runs`.
    what: &'static str,
    /// Tries again.
    retry: Callback<()>,
) -> impl IntoView {
    // The same answer may come again: a press must be seen to do something all the same.
    let trying = RwSignal::new(false);
    let again = move |_| {
        trying.set(true);
        retry.run(());
        let done = move || {
            let _ = trying.try_set(false);
        };
        set_timeout(done, TRYING);
    };
    let words = move || if trying.get() { "Trying again…" } else { "Try again" };
    view! {
        <div class="empty" role="alert" data-testid="fault">
            <h1>{format!("Could not load {what}")}</h1>
            <p class="soft">{fault.message.clone()}" "{fault.advice()}</p>
            <div class="row">
                <button class="btn" disabled=trying on:click=again>{words}</button>
            </div>
        </div>
    }
}

/// A fetched list without its items: whether it has some. A view made from it is drawn once,
/// and not again with every item that arrives.
pub fn outline<T>(list: &Remote<Vec<T>>) -> Remote<bool> {
    match list {
        Remote::Loading => Remote::Loading,
        Remote::Failed(fault) => Remote::Failed(fault.clone()),
        Remote::Ready(items) => Remote::Ready(!items.is_empty()),
    }
}

/// Shows a fetched thing in whichever state it is.
pub fn remote_view<T: Clone + Send + Sync + 'static>(
    remote: Remote<T>,
    what: &'static str,
    retry: Callback<()>,
    show: impl FnOnce(T) -> AnyView,
) -> AnyView {
    match remote {
        Remote::Loading => view! { <Skeleton/> }.into_any(),
        Remote::Failed(fault) => view! { <FaultBox fault what retry/> }.into_any(),
        Remote::Ready(value) => show(value),
    }
}
