//! A text that this browser keeps for each person: keys, how far the tour is.

use crate::state::session::{Session, use_session};
use gloo_storage::{LocalStorage, Storage};
use leptos::prelude::*;

/// Where the text of the person signed in lies.
#[derive(Clone, Copy)]
pub struct Kept {
    name: &'static str,
    session: Session,
}

impl Kept {
    /// A text of this name.
    pub fn new(name: &'static str) -> Self {
        Self { name, session: use_session() }
    }

    /// The text, if one is kept.
    pub fn get(self) -> Option<String> {
        LocalStorage::raw().get_item(&self.place()?).ok().flatten()
    }

    /// Keeps another text.
    pub fn set(self, text: &str) {
        if let Some(place) = self.place() {
            // A full or forbidden storage forgets it with the page.
            let _ = LocalStorage::raw().set_item(&place, text);
        }
    }

    /// Calls `read` for whoever is signed in, and whenever another tab kept something.
    pub fn follow(self, read: impl Fn() + Copy + 'static) {
        let person = Memo::new(move |_| self.session.person_id());
        Effect::new(move |_| {
            // Read, not only tracked: a memo that nobody reads never changes.
            let _ = person.get();
            read();
        });
        let _ = window_event_listener_untyped("storage", move |_| read());
    }

    fn place(self) -> Option<String> {
        let person = untrack(|| self.session.person_id())?;
        Some(format!("{}/{person}", self.name))
    }
}
