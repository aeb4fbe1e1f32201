//! The lists that several screens show: runs, videos, labels. Fetched once, then kept
//! current by the live link.

use crate::logic::refresh::Refresh;
use crate::state::api;
use crate::state::remote::{Fault, Remote};
use leptos::prelude::*;
use shared::annotation::{LabelState, RolloutRef};
use shared::api::{Failure, Run, Video};

/// What is not listed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing: all is here.
    Here,
    /// It is on its way.
    Coming,
    /// It could not be fetched.
    Missing,
}

impl Rest {
    /// After it was asked for.
    fn asked(self) -> Self {
        if self == Self::Missing { Self::Coming } else { self }
    }

    /// After all came, or not all.
    fn answered(self, all: bool) -> Self {
        match (self, all) {
            (_, true) => Self::Here,
            (Self::Coming, false) => Self::Missing,
            (rest, false) => rest,
        }
    }
}

/// The lists, from context.
#[derive(Clone, Copy)]
pub struct Library {
    /// Newest first.
    pub runs: RwSignal<Remote<Vec<Run>>>,
    /// Whether all runs are listed; there may be many.
    pub older_runs: RwSignal<Rest>,
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
            older_runs: RwSignal::new(Rest::Here),
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
        self.refresh_runs();
        refresh(self.videos, self.asked_videos, put_video, api::videos());
        refresh(self.failures, self.asked_failures, put_failure, api::failures());
    }

    /// Fetches the runs page by page. What is shown stays until all are there; where nothing is, the
    /// newest are shown at once, and more whenever there are twice as many.
    fn refresh_runs(self) {
        let Some(number) = self.asked_runs.try_update_value(Refresh::ask) else { return };
        self.older_runs.update(|rest| *rest = rest.asked());
        leptos::task::spawn_local(async move {
            let have = self.runs.with_untracked(|runs| runs.ready().is_some());
            let Some((all, outcome)) = self.all_runs(number, have).await else { return };
            let answered = self.asked_runs.try_update_value(|asked| asked.answered(number));
            let Some(meanwhile) = answered.flatten() else { return };
            self.older_runs.update(|rest| *rest = rest.answered(outcome.is_ok()));
            match outcome {
                Err(fault) if all.is_empty() && !have => self.runs.set(Remote::Failed(fault)),
                Err(_) if have => {}
                // What came before a fault is better than nothing.
                _ => self.runs.set(Remote::Ready(with(all, meanwhile, put_run))),
            }
        });
    }

    /// The runs as far as they came; none where they were asked for again meanwhile.
    async fn all_runs(self, number: u64, have: bool) -> Option<(Vec<Run>, Result<(), Fault>)> {
        let (mut all, mut shown) = (Vec::new(), 0);
        let mut after = None::<String>;
        loop {
            match api::runs(after.as_deref()).await {
                Ok(body) => {
                    all.extend(body.runs);
                    after = body.meta.next;
                }
                Err(fault) => return Some((all, Err(fault))),
            }
            let pushed = |asked: &Refresh<Run>| asked.meanwhile(number).map(<[Run]>::to_vec);
            let meanwhile = self.asked_runs.try_with_value(pushed)??;
            if after.is_none() {
                return Some((all, Ok(())));
            }
            if !have && all.len() >= 2 * shown {
                shown = all.len();
                self.older_runs.set(Rest::Coming);
                self.runs.set(Remote::Ready(with(all.clone(), meanwhile, put_run)));
            }
        }
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

    /// A run of the list and its place there, which is most likely where it was, or one farther on.
    pub fn run_near(self, id: &str, was: usize) -> Option<(usize, Run)> {
        self.runs.with(|runs| {
            let runs = runs.ready()?;
            let near = [was, was + 1].into_iter();
            let near = near.into_iter().find(|at| runs.get(*at).is_some_and(|run| run.id == id));
            let at = near.or_else(|| runs.iter().position(|run| run.id == id))?;
            Some((at, runs[at].clone()))
        })
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
