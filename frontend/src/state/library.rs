//! The lists that several screens show: runs, videos, labels. Fetched once, then kept
//! current by the live link.

use crate::logic::refresh::Refresh;
use crate::state::api;
use crate::state::remote::{Fault, Remote};
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
    asked_runs: StoredValue<Refresh<Run>>,
    asked_videos: StoredValue<Refresh<Video>>,
    asked_failures: StoredValue<Refresh<Failure>>,
}

impl Library {
    /// Provides empty lists.
    pub fn provide() -> Self {
        let library = Self {
            runs: RwSignal::new(Remote::Loading),
            videos: RwSignal::new(Remote::Loading),
            failures: RwSignal::new(Remote::Loading),
            asked_runs: StoredValue::default(),
            asked_videos: StoredValue::default(),
            asked_failures: StoredValue::default(),
        };
        provide_context(library);
        library
    }

    /// Fetches all lists; what is shown stays until the answer is there.
    pub fn refresh(self) {
        refresh(self.runs, self.asked_runs, put_run, api::runs());
        refresh(self.videos, self.asked_videos, put_video, api::videos());
        refresh(self.failures, self.asked_failures, put_failure, api::failures());
    }

    /// Takes in a run that was made or changed.
    pub fn take_run(self, run: Run) {
        take(self.runs, self.asked_runs, put_run, run);
    }

    /// Takes in a video that was added.
    pub fn take_video(self, video: Video) {
        take(self.videos, self.asked_videos, put_video, video);
    }

    /// Takes in a label that was made or changed; a withdrawn one leaves the list.
    pub fn take_failure(self, failure: Failure) {
        take(self.failures, self.asked_failures, put_failure, failure);
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

fn put_run(runs: &mut Vec<Run>, run: Run) {
    match runs.iter_mut().find(|known| known.id == run.id) {
        Some(known) => *known = run,
        None => runs.insert(0, run),
    }
}

fn put_video(videos: &mut Vec<Video>, video: Video) {
    videos.retain(|known| known.meta.id != video.meta.id);
    videos.insert(0, video);
}

fn put_failure(failures: &mut Vec<Failure>, failure: Failure) {
    let target = &failure.label.target;
    let known = failures.iter().position(|f| f.label.target == *target);
    let gone = failure.label.state == LabelState::Withdrawn;
    match known {
        Some(at) if failures[at].label.version > failure.label.version => {}
        Some(at) if gone => {
            failures.remove(at);
        }
        Some(at) => failures[at] = failure,
        None if gone => {}
        None => failures.insert(0, failure),
    }
}

fn take<T: Clone + Send + Sync + 'static>(
    list: RwSignal<Remote<Vec<T>>>,
    asked: StoredValue<Refresh<T>>,
    put: fn(&mut Vec<T>, T),
    item: T,
) {
    asked.update_value(|asked| asked.pushed(item.clone()));
    list.update(|remote| {
        if let Some(list) = remote.ready_mut() {
            put(list, item);
        }
    });
}

fn refresh<T: Clone + Send + Sync + 'static>(
    list: RwSignal<Remote<Vec<T>>>,
    asked: StoredValue<Refresh<T>>,
    put: fn(&mut Vec<T>, T),
    request: impl Future<Output = Result<Vec<T>, Fault>> + 'static,
) {
    let Some(number) = asked.try_update_value(Refresh::ask) else { return };
    leptos::task::spawn_local(async move {
        let got = request.await;
        let Some(meanwhile) = asked.try_update_value(|a| a.answered(number)).flatten() else {
            return;
        };
        let have = list.with_untracked(|remote| remote.ready().is_some());
        if got.is_ok() || !have {
            list.set(got.map(|items| with(items, meanwhile, put)).into());
        }
    });
}

/// A fetched list with what was pushed while it was on its way.
fn with<T>(mut items: Vec<T>, meanwhile: Vec<T>, put: fn(&mut Vec<T>, T)) -> Vec<T> {
    meanwhile.into_iter().for_each(|item| put(&mut items, item));
    items
}

/// The lists of the page.
pub fn use_library() -> Library {
    expect_context()
}
