//! Task studio: pick a video, a task and its dials; see the clip a policy would see, answer
//! the question oneself, and be scored by the code that scores policies.

mod answer;
mod audit;
mod desk;
mod setup;
mod sitting;

pub use sitting::Sitting;

use crate::logic::form::wording;
use crate::logic::studio::Setup;
use crate::parts::shell::{Crumb, Page};
use crate::parts::states::{Empty, FaultBox, Skeleton, outline, remote_view};
use crate::route;
use crate::state::api;
use crate::state::browser::{copy, show_address};
use crate::state::library::use_library;
use crate::state::live::{Status, use_live};
use crate::state::remote::{Fault, FaultKind, Remote};
use crate::state::session::use_session;
use crate::state::toast::use_toasts;
use audit::Audit;
use desk::Desk;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};
use setup::SetupSide;
use shared::annotation::Role;
use shared::api::{SampleBody, SampleRequest, Video};
use shared::config::Problem;
use std::time::Duration;

/// The page's own address.
const PLACE: &str = "/studio";
/// How long a dial rests before its sample is asked for.
const REST: Duration = Duration::from_millis(180);

/// A sample, with the settings it was made from.
#[derive(Clone, Debug, PartialEq)]
struct Got {
    setup: Setup,
    video_name: String,
    body: SampleBody,
}

/// What the page's parts share.
#[derive(Clone, Copy)]
struct Studio {
    setup: RwSignal<Setup>,
    /// The chosen video, or the newest usable one.
    video: Memo<Option<Video>>,
    /// The video that frames are borrowed from.
    other: Memo<Option<Video>>,
    /// What is asked of the server, or what is wrong with it.
    asked: Memo<Result<SampleRequest, Vec<Problem>>>,
    /// The newest sample.
    got: RwSignal<Option<Got>>,
    /// Why there is none for the present settings.
    fault: RwSignal<Option<Fault>>,
    /// Whether a sample is on its way.
    busy: RwSignal<bool>,
    /// The newest audit of a generator.
    audit: Audit,
}

impl Studio {
    fn new(setup: Setup) -> Self {
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
    fn problems(self) -> Vec<Problem> {
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
    fn problem(self, field: &str) -> Option<String> {
        self.problems().into_iter().find(|p| p.field == field).map(|p| p.message)
    }

    /// The same settings with the next seed.
    fn another(self) {
        self.setup.update(|setup| setup.seed = (setup.seed + 1) % (1 << 48));
    }

    /// Fetches the sample that is asked for now.
    fn fetch(self) {
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
    fn follow(self) {
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
fn usable() -> Vec<Video> {
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

/// The page.
#[component]
pub fn StudioPage() -> impl IntoView {
    let query = use_query_map();
    let read = move || query.with(|query| Setup::read(|name| query.get(name)));
    let studio = Studio::new(untrack(read));
    let place = use_location().pathname;
    Effect::new(move |before: Option<()>| {
        // Links within the page; its own changes do not go through the router.
        let asked = read();
        if before.is_some() && place.get_untracked() == PLACE {
            studio.setup.set(asked);
        }
    });
    let (library, session) = (use_library(), use_session());
    let retry = Callback::new(move |()| library.refresh());
    let has = Memo::new(move |_| match library.videos.with(outline) {
        Remote::Ready(_) => Remote::Ready(!usable().is_empty()),
        other => other,
    });
    let may = Memo::new(move |_| session.may(Role::Annotator));
    let body = move || {
        match may.get() {
        false => view! {
            <Empty title="Your role cannot make samples" text="Annotators, reviewers and admins try tasks here. Ask an admin for one of these roles."/>
        }
        .into_any(),
        true => remote_view(has.get(), "the videos", retry, move |some| match some {
            true => view! { <Bench studio/> }.into_any(),
            false => no_videos(),
        }),
    }
    };
    view! {
        <Page crumbs=vec![Crumb::here("Task studio")] class="flush" actions=move || view! { <CopyLink/> }>
            {body}
        </Page>
    }
}

fn no_videos() -> AnyView {
    view! {
        <Empty title="No videos to ask about yet" text="Here you will pick a video and a task, turn the task's dials, see what a policy would see, and answer the question yourself.">
            <a class="btn primary" href="/videos">"Add videos"</a>
        </Empty>
    }
    .into_any()
}

#[component]
fn CopyLink() -> impl IntoView {
    let toasts = use_toasts();
    let copy_link = move |_| {
        let here = window().location().href().unwrap_or_default();
        leptos::task::spawn_local(async move {
            match copy(here).await {
                true => toasts.say("Link copied: this sample with all its settings."),
                false => toasts.warn(
                    "The browser did not allow copying. The address bar holds the same link.",
                ),
            }
        });
    };
    view! { <button class="btn wide-only" on:click=copy_link>"Copy link"</button> }
}

/// Settings, the sample, the answer.
#[component]
fn Bench(studio: Studio) -> impl IntoView {
    studio.follow();
    studio.audit.look();
    let retry = Callback::new(move |()| studio.fetch());
    let there = Memo::new(move |_| studio.got.with(Option::is_some));
    let first = move || {
        match (studio.fault.get(), studio.problems().first()) {
        (Some(fault), _) if fault.field.is_none() => {
            view! { <FaultBox fault what="the sample" retry/> }.into_any()
        }
        (_, Some(problem)) => view! {
            <div class="empty" role="alert" data-testid="refused"><h1>"These settings give no sample"</h1>
                <p class="soft">{wording(&problem.message)}</p></div>
        }
        .into_any(),
        _ => view! { <Skeleton rows=9/> }.into_any(),
    }
    };
    view! {
        <div class="studio" data-testid="studio" data-busy=move || studio.busy.get().to_string()>
            <SetupSide studio/>
            {move || match there.get() {
                true => view! { <Sample studio/> }.into_any(),
                false => view! { <div class="stage">{first}</div> }.into_any(),
            }}
        </div>
    }
}

/// The newest sample, made anew with every one.
#[component]
fn Sample(studio: Studio) -> impl IntoView {
    move || studio.got.get().map(|got| view! { <Desk studio got/> })
}

/// Why the present settings give no sample.
#[component]
fn Refused(studio: Studio) -> impl IntoView {
    let retry = move |_| studio.fetch();
    move || {
        let fault = studio.fault.get();
        let said = studio.problems().first().map(|p| wording(&p.message));
        let words =
            said.or_else(|| fault.as_ref().map(|f| format!("{} {}", f.message, f.advice())))?;
        let again = fault.is_some_and(|f| f.field.is_none()).then(|| {
            view! { <button class="btn" on:click=retry>"Try again"</button> }
        });
        Some(view! {
            <div class="banner is-warn" role="alert" data-testid="refused">
                <span class="grow"><b>"These settings give no sample. "</b>{words}</span>{again}
            </div>
        })
    }
}
