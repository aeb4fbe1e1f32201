//! The offer of the tour, once, in its own line of the first page.

use crate::logic::tour::Progress;
use crate::state::tour::use_tour;
use leptos::prelude::*;

/// A line in the page, until it is taken or put away.
#[component]
pub fn TourOffer() -> impl IntoView {
    let tour = use_tour();
    let new = Memo::new(move |_| tour.progress.get() == Progress::New);
    move || {
        new.get().then(|| {
            view! {
                <section class="tour-offer" aria-label="Tour" data-testid="tour-offer">
                    <span class="grow"><b>"New here?"</b>" Eight short steps lead once through the loop: watch a run, read its answers, name a failure, start the next run."</span>
                    <button class="btn small-btn primary" data-testid="tour-start" on:click=move |_| tour.start()>"Take the tour"</button>
                    <button class="btn small-btn quiet" data-testid="tour-no" on:click=move |_| tour.leave()>"No, thanks"</button>
                </section>
            }
        })
    }
}
