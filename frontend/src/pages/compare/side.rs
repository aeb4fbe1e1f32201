//! One of the two runs: its config, its curves, and what it was asked in an evaluation.

use crate::state::api;
use crate::state::library::use_library;
use crate::state::remote::Remote;
use leptos::prelude::*;
use shared::api::{Run, RunBody};
use shared::fold::RunView;
use shared::paired::SetResults;
use std::time::Duration;

/// How often a run that is going on is asked for news.
const EVERY: Duration = Duration::from_secs(5);

/// One of the two runs.
#[derive(Clone, Copy)]
pub struct Side {
    /// Which run; none while none is chosen.
    pub run: RwSignal<Option<String>>,
    /// The evaluation asked for, by its step; none for the newest.
    pub wanted: RwSignal<Option<u64>>,
    /// The run with its config.
    pub body: RwSignal<Remote<RunBody>>,
    /// Its events without groups, folded.
    pub view: RwSignal<RunView>,
    /// What the evaluation asked and heard.
    pub results: RwSignal<Remote<Vec<SetResults>>>,
    /// Steps with an evaluation, in order.
    pub steps: Memo<Vec<u64>>,
    /// The evaluation shown, by its step.
    pub at: Memo<Option<u64>>,
}

impl Side {
    /// A side without a run, which follows what is chosen while the caller's view lives.
    pub fn new() -> Self {
        let (view, wanted) = (RwSignal::new(RunView::default()), RwSignal::new(None));
        let steps = Memo::new(move |_| {
            let mut steps: Vec<u64> =
                view.with(|view: &RunView| view.evaluations.iter().map(|e| e.step).collect());
            steps.sort_unstable();
            steps.dedup();
            steps
        });
        let at = Memo::new(move |_| {
            steps.with(|steps| {
                wanted.get().filter(|step| steps.contains(step)).or_else(|| steps.last().copied())
            })
        });
        let side = Self {
            run: RwSignal::new(None),
            wanted,
            body: RwSignal::new(Remote::Loading),
            view,
            results: RwSignal::new(Remote::Loading),
            steps,
            at,
        };
        side.follow();
        side
    }

    /// Chooses a run and an evaluation of it.
    pub fn choose(self, run: Option<String>, step: Option<u64>) {
        self.wanted.set(step);
        if self.run.with_untracked(|now| *now != run) {
            self.run.set(run);
        }
    }

    /// The run as listed, kept current by the live link.
    pub fn listed(self) -> Option<Run> {
        let fetched = self.body.with(|body| body.ready().map(|body| body.run.clone()));
        self.run.get().and_then(|id| use_library().run(&id)).or(fetched)
    }

    /// Fetches everything again.
    pub fn reload(self) {
        self.run.update(|_| {});
    }

    fn follow(self) {
        let asked = Memo::new(move |_| self.run.get().zip(self.at.get()));
        Effect::new(move |_| {
            self.body.set(Remote::Loading);
            self.view.set(RunView::default());
            self.results.set(Remote::Loading);
            if let Some(run) = self.run.get() {
                leptos::task::spawn_local(self.load(run));
            }
        });
        Effect::new(move |_| {
            if let Some((run, step)) = asked.get() {
                self.results.set(Remote::Loading);
                leptos::task::spawn_local(self.load_results(run, step));
            }
        });
        let library = use_library();
        let tick = move || {
            let Some(id) = self.run.get_untracked() else { return };
            let news = untrack(|| library.run(&id)).map(|run| run.seq);
            if !document().hidden() && news > Some(self.view.with_untracked(|view| view.seq)) {
                leptos::task::spawn_local(self.load_events(id));
            }
        };
        if let Ok(handle) = set_interval_with_handle(tick, EVERY) {
            on_cleanup(move || handle.clear());
        }
    }

    /// Whether this run is still the one that is wanted; what comes later is dropped.
    fn still(self, run: &str) -> bool {
        self.run.try_with_untracked(|now| now.as_deref() == Some(run)) == Some(true)
    }

    async fn load(self, run: String) {
        let body = api::run(&run).await.into();
        if self.still(&run) {
            self.body.set(body);
            self.load_events(run).await;
        }
    }

    async fn load_events(self, run: String) {
        let mut after = self.view.with_untracked(|view| view.seq);
        loop {
            let Ok(part) = api::figures(&run, after).await else { return };
            if !self.still(&run) {
                return;
            }
            if !part.events.is_empty() {
                self.view.update(|view| part.events.iter().for_each(|event| view.fold(event)));
            }
            match part.meta.next.and_then(|next| next.parse().ok()) {
                Some(next) => after = next,
                None => return,
            }
        }
    }

    async fn load_results(self, run: String, step: u64) {
        let got = api::results(&run, step).await.into();
        if self.still(&run) && self.at.try_get_untracked() == Some(Some(step)) {
            self.results.set(got);
        }
    }
}
