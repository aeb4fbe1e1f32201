//! How far the person signed in is in the tour, kept in this browser.

use crate::logic::tour::{Facts, Progress, Step};
use crate::state::library::use_library;
use crate::state::session::{Session, use_session};
use crate::state::toast::{Toasts, use_toasts};
use gloo_storage::{LocalStorage, Storage};
use leptos::prelude::*;
use shared::annotation::Role;

/// The tour, from context.
#[derive(Clone, Copy)]
pub struct Tour {
    /// How far it is.
    pub progress: RwSignal<Progress>,
    /// Whether the card wants the focus: it was asked for and did not come by itself.
    pub asked: RwSignal<bool>,
    session: Session,
    toasts: Toasts,
}

impl Tour {
    /// Provides the tour of the person signed in; follows what another tab does with it.
    pub fn provide() -> Self {
        let tour = Self {
            progress: RwSignal::new(Progress::Over),
            asked: RwSignal::new(false),
            session: use_session(),
            toasts: use_toasts(),
        };
        let person = Memo::new(move |_| tour.session.person_id());
        Effect::new(move |_| {
            let _ = person.get();
            tour.reload();
        });
        let _ = window_event_listener_untyped("storage", move |_| tour.reload());
        provide_context(tour);
        tour
    }

    /// From the beginning.
    pub fn start(self) {
        self.asked.set(true);
        self.set(Progress::At(Step::OpenRun));
    }

    /// Ends it; it can be taken up again.
    pub fn leave(self) {
        let before = self.progress.get_untracked();
        self.set(Progress::Over);
        let words = "The tour is closed. The list of pages and the keys have it.";
        self.toasts.done("tour", words, move || self.set(before));
    }

    /// Goes to a step, or ends after the last one.
    pub fn go(self, step: Option<Step>) {
        self.set(step.map_or(Progress::Over, Progress::At));
    }

    /// The step it is at.
    pub fn step(self) -> Option<Step> {
        match self.progress.get() {
            Progress::At(step) => Some(step),
            Progress::New | Progress::Over => None,
        }
    }

    /// Whether a step is shown now.
    pub fn is_on(self) -> bool {
        untrack(|| self.step()).is_some()
    }

    fn set(self, progress: Progress) {
        if let (Some(place), Some(text)) = (self.place(), progress.write()) {
            // A full or forbidden storage forgets it with the page.
            let _ = LocalStorage::raw().set_item(&place, &text);
        }
        self.progress.set(progress);
    }

    fn reload(self) {
        let Some(place) = self.place() else { return };
        let kept = LocalStorage::raw().get_item(&place).ok().flatten();
        let progress = Progress::read(kept.as_deref());
        if self.progress.get_untracked() != progress {
            self.progress.set(progress);
        }
    }

    fn place(self) -> Option<String> {
        untrack(|| self.session.person_id()).map(|person| format!("tour/{person}"))
    }
}

/// What there is to see and to do for the person signed in.
pub fn use_facts() -> Memo<Facts> {
    let (session, library) = (use_session(), use_library());
    Memo::new(move |_| Facts {
        // Until the list came nothing is passed over.
        runs: library.runs.with(|runs| runs.ready().is_none_or(|runs| !runs.is_empty())),
        tags: session.may(Role::Annotator),
        starts: session.may(Role::Admin),
    })
}

/// The tour of the page.
pub fn use_tour() -> Tour {
    expect_context()
}
