//! Short news at the edge of the page: what somebody did, what went wrong.

use leptos::prelude::*;
use std::time::Duration;

/// How long a piece of news stays.
const STAYS: Duration = Duration::from_secs(6);

/// One piece of news.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// Unique.
    pub id: u32,
    /// One sentence.
    pub text: String,
    /// Where it leads, as path and words.
    pub link: Option<(String, String)>,
    /// Whether something failed.
    pub bad: bool,
}

/// All news shown now, from context.
#[derive(Clone, Copy)]
pub struct Toasts {
    /// Oldest first.
    pub list: RwSignal<Vec<Toast>>,
    next: StoredValue<u32>,
}

impl Toasts {
    /// Provides an empty list.
    pub fn provide() -> Self {
        let toasts = Self { list: RwSignal::new(Vec::new()), next: StoredValue::new(0) };
        provide_context(toasts);
        toasts
    }

    /// Good news.
    pub fn say(self, text: impl Into<String>) {
        self.push(text.into(), None, false);
    }

    /// News with somewhere to go.
    pub fn say_with_link(self, text: impl Into<String>, path: String, words: &str) {
        self.push(text.into(), Some((path, words.to_owned())), false);
    }

    /// Bad news with somewhere to go.
    pub fn warn_with_link(self, text: impl Into<String>, path: String, words: &str) {
        self.push(text.into(), Some((path, words.to_owned())), true);
    }

    /// Bad news.
    pub fn warn(self, text: impl Into<String>) {
        self.push(text.into(), None, true);
    }

    /// Takes one away.
    pub fn dismiss(self, id: u32) {
        self.list.update(|list| list.retain(|toast| toast.id != id));
    }

    fn push(self, text: String, link: Option<(String, String)>, bad: bool) {
        let id = self.next.get_value();
        self.next.set_value(id + 1);
        self.list.update(|list| {
            list.push(Toast { id, text, link, bad });
            let surplus = list.len().saturating_sub(4);
            list.drain(..surplus);
        });
        set_timeout(move || self.dismiss(id), STAYS);
    }
}

/// The news of the page.
pub fn use_toasts() -> Toasts {
    expect_context()
}
