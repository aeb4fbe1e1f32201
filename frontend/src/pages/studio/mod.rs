//! Task studio: pick a video, a task and its dials; see the clip a policy would see, answer
//! the question oneself, and be scored by the code that scores policies.

mod answer;
mod audit;
mod desk;
mod setup;
mod sitting;
mod state;

pub use sitting::Sitting;

use crate::logic::form::wording;
use crate::logic::studio::Setup;
use crate::parts::shell::{Crumb, Page};
use crate::parts::states::{Empty, FaultBox, Skeleton, outline, remote_view};
use crate::state::browser::copy;
use crate::state::library::use_library;
use crate::state::remote::Remote;
use crate::state::session::use_session;
use crate::state::toast::use_toasts;
use desk::Desk;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};
use setup::SetupSide;
use shared::annotation::Role;
use state::{Got, PLACE, Studio, usable};

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
