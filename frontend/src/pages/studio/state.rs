//! Settings, what follows from them, and the newest sample: shared by all parts of the page.

use super::audit::Audit;
use crate::logic::studio::Setup;
use crate::route;
use crate::state::api;
use crate::state::browser::show_address;
use crate::state::library::use_library;
use crate::state::live::{Status, use_live};
use crate::state::remote::{Fault, FaultKind};
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use shared::api::{SampleBody, SampleRequest, Video};
use shared::config::Problem;
use std::time::Duration;

/// The page's own address.
pub(super) const PLACE: &str = "/studio";
/// How long a dial rests before its sample is asked for.
const REST: Duration = Duration::from_millis(180);

/// A sample, with the settings it was made from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Got {
    pub setup: Setup,
    pub video_name: String,
    pub body: SampleBody,
}

/// What the page's parts share.
#[derive(Clone, Copy)]
pub(super) struct Studio {
    pub setup: RwSignal<Setup>,
    /// The chosen video, or the newest usable one.
    pub video: Memo<Option<Video>>,
    /// The video that frames are borrowed from.
    pub other: Memo<Option<Video>>,
    /// What is asked of the server, or what is wrong with it.
    pub asked: Memo<Result<SampleRequest, Vec<Problem>>>,
    /// The newest sample.
    pub got: RwSignal<Option<Got>>,
    /// Why there is none for the present settings.
    pub fault: RwSignal<Option<Fault>>,
    /// Whether a sample is on its way.
    pub busy: RwSignal<bool>,
    /// The newest audit of a generator.
    pub audit: Audit,
}

impl Studio {
    pub fn new(setup: Setup) -> Self {
        let setup = RwSignal::new(setup);
        let (video, other) = (use_video(setup), use_other(setup));
        let asked = Memo::new(move |_| {
            let nothing = |field: &str, message: &str| {
                vec![Problem { field: field.into(), message: message.into() }]
            };
            let now = setup.get();
            let item = now.item()?;
            let id = |video: Memo<Option<Video>>| video.with(|v| Some(v.as_ref()?.meta.id.clone()));
            let gone = "the link names a video that is not in the library or cannot be used";
            let video = id(video).ok_or_else(|| nothing("video", gone))?;
            let other = id(other).filter(|_| now.task.needs_other());
            if now.task.needs_other() && other.is_none() {
                return Err(nothing(
                    "other",
                    "frames of a second video are needed; add another one",
                ));
            }
            let item = serde_json::to_value(&item).unwrap_or_default();
            Ok(SampleRequest { video, item, other, seed: now.seed })
        });
        Self {
            setup,
            video,
            other,
            asked,
            got: RwSignal::new(None),
            fault: RwSignal::new(None),
            busy: RwSignal::new(true),
            audit: Audit::new(),
        }
    }

    /// Everything wrong with the settings: what the page knows, else what the server says.
    pub fn problems(self) -> Vec<Problem> {
        if let Some(problems) = self.asked.with(|asked| asked.as_ref().err().cloned()) {
            return problems;
        }
        let of = |fault: Fault| match (fault.problems, fault.field) {
            (problems, Some(field)) if problems.is_empty() => {
                vec![Problem { field, message: fault.message }]
            }
            (problems, _) => problems,
        };
        self.fault.get().map(of).unwrap_or_default()
    }

    /// What is wrong with one setting.
    pub fn problem(self, field: &str) -> Option<String> {
        self.problems().into_iter().find(|p| p.field == field).map(|p| p.message)
    }

    /// The same settings with the next seed.
    pub fn another(self) {
        self.setup.update(|setup| setup.seed = (setup.seed + 1) % (1 << 48));
    }

    /// Fetches the sample that is asked for now.
    pub fn fetch(self) {
        let Ok(request) = self.asked.get_untracked() else {
            self.busy.set(false);
            return;
        };
        let setup = self.setup.get_untracked();
        let video_name = self.video.with_untracked(|v| v.as_ref().map(|v| v.name.clone()));
        self.busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = api::sample(&request).await;
            // The settings may be others by now, or the page gone.
            if self.asked.try_get_untracked() != Some(Ok(request)) {
                return;
            }
            self.busy.set(false);
            match answer {
                Ok(body) => {
                    let video_name = video_name.unwrap_or_default();
                    self.fault.set(None);
                    self.got.set(Some(Got { setup, video_name, body }));
                }
                Err(fault) => self.fault.set(Some(fault)),
            }
        });
    }

    /// Fetches whenever the settings rest, and again when the server is back.
    pub fn follow(self) {
        let waiting = StoredValue::new(None::<TimeoutHandle>);
        let stop = move || {
            if let Some(timer) = waiting.try_update_value(Option::take).flatten() {
                timer.clear();
            }
        };
        Effect::new(move |_| {
            self.asked.track();
            self.fault.set(None);
            stop();
            let first = self.got.with_untracked(Option::is_none);
            let rest = if first { Duration::ZERO } else { REST };
            waiting.set_value(set_timeout_with_handle(move || self.fetch(), rest).ok());
        });
        on_cleanup(stop);
        let live = use_live();
        Effect::new(move |_| {
            let back = live.status.get() == Status::Open;
            let offline = |fault: &Option<Fault>| {
                fault.as_ref().is_some_and(|f| f.kind == FaultKind::Offline)
            };
            if back && self.fault.with_untracked(offline) {
                self.fetch();
            }
        });
        let place = use_location().pathname;
        Effect::new(move |_| {
            let address = route::studio(&self.setup.get());
            // The reader may be on the way to another page already.
            if place.get_untracked() == PLACE {
                show_address(&address);
            }
        });
    }
}

/// Videos that samples can be made from, newest first.
pub(super) fn usable() -> Vec<Video> {
    let library = use_library();
    let good = |video: &&Video| video.problem.is_none();
    library.videos.with(|list| {
        list.ready().map(|list| list.iter().filter(good).cloned().collect()).unwrap_or_default()
    })
}

fn use_video(setup: RwSignal<Setup>) -> Memo<Option<Video>> {
    Memo::new(move |_| {
        let list = usable();
        match setup.with(|setup| setup.video.clone()) {
            Some(id) => list.into_iter().find(|video| video.meta.id == id),
            None => list.into_iter().next(),
        }
    })
}

/// The chosen second video, else the one after the first.
fn use_other(setup: RwSignal<Setup>) -> Memo<Option<Video>> {
    let video = use_video(setup);
    Memo::new(move |_| {
        let own = video.get()?.meta.id;
        let list = usable();
        let wanted = setup.with(|setup| setup.other.clone()).filter(|id| *id != own);
        let chosen = list.iter().find(|video| Some(&video.meta.id) == wanted.as_ref());
        let after =
            list.iter().cycle().skip_while(|video| video.meta.id != own).skip(1).take(list.len());
        chosen.or_else(|| after.into_iter().find(|video| video.meta.id != own)).cloned()
    })
}
