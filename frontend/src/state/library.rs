//! The lists that several screens show: runs, videos, labels. Fetched once, then kept
//! current by the live link.

use crate::state::api;
use crate::state::remote::Remote;
use leptos::prelude::*;
use shared::annotation::{LabelState, RolloutRef};
use shared::api::{Failure, Run, Video};

/// The lists, from context.
#[derive(Clone, Copy)]
pub struct Library {
    /// Newest first.
    pub runs: RwSignal<Remote<Vec<Run>>>,
    /// Newest first.
    pub videos: RwSignal<Remote<Vec<Video>>>,
    /// Newest first, withdrawn ones left out.
    pub failures: RwSignal<Remote<Vec<Failure>>>,
}

impl Library {
    /// Provides empty lists.
    pub fn provide() -> Self {
        let library = Self {
            runs: RwSignal::new(Remote::Loading),
            videos: RwSignal::new(Remote::Loading),
            failures: RwSignal::new(Remote::Loading),
        };
        provide_context(library);
        library
    }

    /// Fetches all lists; what is shown stays until the answer is there.
    pub fn refresh(self) {
        refresh(self.runs, api::runs());
        refresh(self.videos, api::videos());
        refresh(self.failures, api::failures());
    }

    /// Takes in a run that was made or changed.
    pub fn take_run(self, run: Run) {
        self.runs.update(|remote| {
            let Some(runs) = remote.ready_mut() else { return };
            match runs.iter_mut().find(|known| known.id == run.id) {
                Some(known) => *known = run,
                None => runs.insert(0, run),
            }
        });
    }

    /// Takes in a video that was added.
    pub fn take_video(self, video: Video) {
        self.videos.update(|remote| {
            let Some(videos) = remote.ready_mut() else { return };
            videos.retain(|known| known.meta.id != video.meta.id);
            videos.insert(0, video);
        });
    }

    /// Takes in a label that was made or changed; a withdrawn one leaves the list.
    pub fn take_failure(self, failure: Failure) {
        self.failures.update(|remote| {
            let Some(failures) = remote.ready_mut() else { return };
            let target = &failure.label.target;
            let known = failures.iter().position(|f| f.label.target == *target);
            let gone = failure.label.state == LabelState::Withdrawn;
            match known {
                Some(at) if gone => {
                    failures.remove(at);
                }
                Some(at) if failures[at].label.version <= failure.label.version => {
                    failures[at] = failure;
                }
                None if !gone => failures.insert(0, failure),
                _ => {}
            }
        });
    }

    /// A run of the list.
    pub fn run(self, id: &str) -> Option<Run> {
        self.runs.with(|runs| runs.ready()?.iter().find(|run| run.id == id).cloned())
    }

    /// A label of the list.
    pub fn failure(self, target: &RolloutRef) -> Option<Failure> {
        self.failures.with(|list| list.ready()?.iter().find(|f| f.label.target == *target).cloned())
    }

    /// How many labels wait for somebody else than `me` to review them.
    pub fn to_review(self, me: Option<u64>) -> usize {
        let waits =
            |f: &&Failure| f.label.state == LabelState::Submitted && Some(f.label.author.id) != me;
        self.failures.with(|list| list.ready().map_or(0, |f| f.iter().filter(waits).count()))
    }
}

fn refresh<T: Clone + Send + Sync + 'static>(
    signal: RwSignal<Remote<T>>,
    request: impl Future<Output = Result<T, crate::state::remote::Fault>> + 'static,
) {
    leptos::task::spawn_local(async move {
        let got = request.await;
        let have = signal.with_untracked(|remote| remote.ready().is_some());
        if got.is_ok() || !have {
            signal.set(got.into());
        }
    });
}

/// The lists of the page.
pub fn use_library() -> Library {
    expect_context()
}
