//! The reader's key for a command, as a cap beside what it does.

use crate::logic::keys::Command;
use crate::state::keys::use_keys;
use leptos::prelude::*;

/// The cap; it follows when the key is changed.
#[component]
pub fn Cap(does: Command) -> impl IntoView {
    let keys = use_keys();
    view! { <kbd>{move || keys.cap(does)}</kbd> }
}
