//! What-if on the group page: the settings that are tried, and the run's stored answers, fetched
//! page after page when somebody first asks.

use crate::logic::whatif::Tried;
use crate::state::api;
use crate::state::remote::Fault;
use leptos::prelude::*;
use shared::api::AnswerGroup;
use shared::config::RunConfig;

/// Groups fetched at most; more would fill the memory of a telephone.
const MOST_GROUPS: usize = 60_000;

/// A run's stored answers, as far as they are here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    run: String,
    /// Oldest first.
    pub groups: Vec<AnswerGroup>,
    /// Whether more are on their way.
    pub loading: bool,
    /// Why no more came.
    pub fault: Option<Fault>,
}

/// What is tried, and what it is tried on; kept while one goes from group to group of a run.
#[derive(Clone, Copy)]
pub struct WhatIfDesk {
    /// The tried settings; none for the run's own.
    pub tried: RwSignal<Option<Tried>>,
    config: RwSignal<Option<(String, RunConfig)>>,
    /// The run's answers.
    pub answers: RwSignal<Answers>,
}

impl WhatIfDesk {
    /// With nothing tried.
    pub fn new() -> Self {
        Self {
            tried: RwSignal::new(None),
            config: RwSignal::new(None),
            answers: RwSignal::default(),
        }
    }

    /// The run's config, once it is here.
    pub fn config(self) -> Option<RunConfig> {
        self.config.with(|config| config.as_ref().map(|(_, config)| config.clone()))
    }

    /// Fetches a run's config, unless it is the one already here.
    pub fn look_at(self, run: String) {
        let known = |config: &Option<(String, RunConfig)>| {
            config.as_ref().is_some_and(|(id, _)| *id == run)
        };
        if self.config.with_untracked(known) {
            return;
        }
        self.config.set(None);
        self.tried.set(None);
        leptos::task::spawn_local(async move {
            // Without it nothing can be tried, and the section says so.
            if let Ok(body) = api::run(&run).await {
                let _ = self.config.try_set(Some((run, body.config)));
            }
        });
    }

    /// The next settings for the key.
    pub fn next(self) {
        if let Some(config) = untrack(|| self.config()) {
            self.tried.update(|tried| *tried = Tried::next(*tried, Tried::of(&config)));
        }
    }

    /// Fetches the answers that are not here yet, page after page.
    pub fn fetch(self, run: String) {
        let fresh = self.answers.with_untracked(|answers| answers.run != run);
        if fresh {
            self.answers.set(Answers { run: run.clone(), ..Answers::default() });
        } else if self.answers.with_untracked(|answers| answers.loading) {
            return;
        }
        self.answers.update(|answers| (answers.loading, answers.fault) = (true, None));
        leptos::task::spawn_local(async move {
            let fault = self.pages(&run).await.err();
            let _ = self.answers.try_update(|answers| {
                if answers.run == run {
                    (answers.loading, answers.fault) = (false, fault);
                }
            });
        });
    }

    async fn pages(self, run: &str) -> Result<(), Fault> {
        loop {
            let last = self.answers.try_with_untracked(|answers| {
                let last = answers.groups.last();
                last.map(|last| format!("{}.{}", last.step, last.group))
            });
            let page = api::answers(run, last.flatten().as_deref()).await?;
            let more = page.meta.next.is_some();
            let taken = self.answers.try_update(|answers| {
                let same = answers.run == run;
                if same {
                    answers.groups.extend(page.groups);
                }
                same && answers.groups.len() < MOST_GROUPS
            });
            if !more || taken != Some(true) {
                return Ok(());
            }
        }
    }
}
