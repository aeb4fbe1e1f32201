//! Light or dark: the reader's choice, else the system's.

use gloo_storage::{LocalStorage, Storage};
use leptos::prelude::*;

const KEY: &str = "theme";

/// The theme, from context.
#[derive(Clone, Copy)]
pub struct Theme {
    /// Whether it is the light one.
    pub light: RwSignal<bool>,
}

impl Theme {
    /// Provides the theme and keeps the document in it.
    pub fn provide() -> Self {
        let stored: Option<String> = LocalStorage::get(KEY).ok();
        let light = stored.map_or_else(system_is_light, |name| name == "light");
        let theme = Self { light: RwSignal::new(light) };
        Effect::new(move |_| {
            let name = if theme.light.get() { "light" } else { "dark" };
            if let Some(root) = document().document_element() {
                let _ = root.set_attribute("data-theme", name);
            }
        });
        provide_context(theme);
        theme
    }

    /// Changes it and remembers the choice.
    pub fn toggle(self) {
        self.light.update(|light| *light = !*light);
        let name = if self.light.get_untracked() { "light" } else { "dark" };
        let _ = LocalStorage::set(KEY, name.to_owned());
    }
}

fn system_is_light() -> bool {
    let query = window().match_media("(prefers-color-scheme: light)").ok().flatten();
    query.is_some_and(|query| query.matches())
}
