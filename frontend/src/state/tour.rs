//! How far the person signed in is in the tour, kept in this browser.

use crate::logic::tour::{Facts, Progress, Step};
use crate::state::kept::Kept;
use crate::state::library::use_library;
use crate::state::session::use_session;
use crate::state::toast::{Toasts, use_toasts};
use leptos::prelude::*;
use shared::annotation::Role;

/// The tour, from context.
#[derive(Clone, Copy)]
pub struct Tour {
    /// How far it is.
    pub progress: RwSignal<Progress>,
    /// Whether the card wants the focus: it was asked for and did not come by itself.
    pub asked: RwSignal<bool>,
    kept: Kept,
    toasts: Toasts,
}

impl Tour {
    /// Provides the tour of the person signed in; follows what another tab does with it.
    pub fn provide() -> Self {
        let tour = Self {
            progress: RwSignal::new(Progress::Over),
            asked: RwSignal::new(false),
            kept: Kept::new("tour"),
            toasts: use_toasts(),
        };
        tour.kept.follow(move || {
            let progress = Progress::read(tour.kept.get().as_deref());
            if tour.progress.get_untracked() != progress {
                tour.progress.set(progress);
            }
        });
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
        self.kept.set(&progress.write());
        self.progress.set(progress);
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
