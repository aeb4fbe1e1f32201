//! Two runs, or two checkpoints of one, beside each other: what was set differently, how they
//! went, and who answers the same frozen questions better.

mod curves;
mod diff;
mod paired;
mod pick;
mod samples;
mod side;

use crate::parts::shell::{Crumb, Page};
use crate::parts::states::{Empty, FaultBox};
use crate::state::browser::{query_value, show_address};
use crate::state::remote::Remote;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use side::Side;

/// What all panels of the page read.
#[derive(Clone, Copy)]
pub struct Duel {
    /// What is compared against.
    pub a: Side,
    /// What is looked at.
    pub b: Side,
}

impl Duel {
    /// Both sides in order.
    pub fn sides(self) -> [Side; 2] {
        [self.a, self.b]
    }

    /// Both configs, once they are there.
    pub fn with_configs<T>(
        self,
        read: impl FnOnce([&shared::config::RunConfig; 2]) -> T,
    ) -> Option<T> {
        self.a
            .body
            .with(|a| self.b.body.with(|b| Some(read([&a.ready()?.config, &b.ready()?.config]))))
    }

    /// Whether one run stands against itself.
    pub fn is_one_run(self) -> bool {
        self.a.run.get() == self.b.run.get()
    }

    fn read_address(self) {
        let number = |name| query_value(name).and_then(|text| text.parse().ok());
        let at = number("at");
        self.a.choose(query_value("a"), at);
        self.b.choose(query_value("b"), number("bt").or(at));
    }

    fn swap(self) {
        let now = self.sides().map(|side| (side.run.get_untracked(), side.wanted.get_untracked()));
        let [a, b] = now;
        self.a.choose(b.0, b.1);
        self.b.choose(a.0, a.1);
    }

    /// The address of what is shown, so that it can be shared.
    fn address(self) -> String {
        let keys = [("a", self.a.run.get()), ("b", self.b.run.get())];
        let steps = [("at", self.a.wanted.get()), ("bt", self.b.wanted.get())];
        let runs = keys.into_iter().filter_map(|(key, run)| Some(format!("{key}={}", run?)));
        let steps = steps.into_iter().filter_map(|(key, step)| Some(format!("{key}={}", step?)));
        let query: Vec<String> = runs.chain(steps).collect();
        if query.is_empty() { "/compare".into() } else { format!("/compare?{}", query.join("&")) }
    }
}

/// The page.
#[component]
pub fn ComparePage() -> impl IntoView {
    let duel = Duel { a: Side::new(), b: Side::new() };
    let search = use_location().search;
    Effect::new(move |_| {
        search.track();
        duel.read_address();
    });
    Effect::new(move |before: Option<String>| {
        let address = duel.address();
        if before.is_some_and(|before| before != address) {
            show_address(&address);
        }
        address
    });
    let both = Memo::new(move |_| duel.sides().iter().all(|side| side.run.with(Option::is_some)));
    let crumbs = vec![Crumb::link("Runs", "/runs"), Crumb::here("Compare")];
    view! {
        <Page crumbs=crumbs class="compare-page">
            <section class="panel duel" data-testid="compare">
                <pick::Picker side=duel.a letter="A"/>
                <button class="btn icon-btn" data-testid="swap" aria-label="Swap A and B" title="Swap A and B"
                    on:click=move |_| duel.swap()>"⇄"</button>
                <pick::Picker side=duel.b letter="B"/>
            </section>
            {move || match both.get() {
                true => view! { <Panels duel/> }.into_any(),
                false => view! {
                    <Empty title="Choose two runs" text="A is what you compare against, B what you look at. You will see which fields differ, both runs' curves over each other, and on the same frozen questions who wins, by how much, and whether that is more than chance. One run twice compares two of its checkpoints."/>
                }.into_any(),
            }}
        </Page>
    }
}

#[component]
fn Panels(duel: Duel) -> impl IntoView {
    let broken = |side: Side| match side.body.get() {
        Remote::Failed(fault) => Some(fault),
        _ => None,
    };
    let retry = Callback::new(move |()| {
        let sides = duel.sides().into_iter();
        untrack(|| sides.filter(|side| broken(*side).is_some()).for_each(Side::reload));
    });
    move || match duel.sides().into_iter().find_map(broken) {
        Some(fault) => view! { <FaultBox fault what="one of the runs" retry/> }.into_any(),
        None => view! {
            <div class="comparison">
                <paired::Paired duel/>
                <diff::Diff duel/>
                <curves::Curves duel/>
            </div>
        }
        .into_any(),
    }
}
