//! The rail at the left with every place, or where the page is narrow the bar at the bottom with
//! the most used ones and the rest behind "More".

use crate::logic::format;
use crate::logic::keys::Command;
use crate::parts::bits::{Avatar, Glyph, Icon, Mark};
use crate::parts::dialog::{Dialog, Dialogs};
use crate::parts::keycap::Cap;
use crate::parts::shell::{LinkPill, ThemeButton};
use crate::state::keys::shortcut;
use crate::state::library::use_library;
use crate::state::session::use_session;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// A place one can go to.
#[derive(Clone, Copy)]
struct Place {
    name: &'static str,
    path: &'static str,
    icon: Icon,
    /// Whether the bar at the bottom has it too.
    often: bool,
}

const fn place(name: &'static str, path: &'static str, icon: Icon, often: bool) -> Place {
    Place { name, path, icon, often }
}

const PLACES: [Place; 7] = [
    place("Runs", "/runs", Icon::Runs, true),
    place("Compare", "/compare", Icon::Compare, false),
    place("Videos", "/videos", Icon::Videos, false),
    place("Tasks", "/studio", Icon::Tasks, true),
    place("Failures", "/failures", Icon::Failures, true),
    place("Review", "/review", Icon::Review, true),
    place("Team", "/team", Icon::Team, false),
];
const NEW_RUN: Place = place("New run", "/runs/new", Icon::Plus, false);
const HEALTH: Place = place("Health", "/health", Icon::Health, false);

impl Place {
    fn is_here(self, path: &str) -> bool {
        let inside = path == self.path || path.starts_with(&format!("{}/", self.path));
        inside && (path != NEW_RUN.path || self.path == NEW_RUN.path)
    }
}

/// The rail, or the bar.
#[component]
pub fn Rail() -> impl IntoView {
    let path = use_location().pathname;
    let here = move |place: Place| move || path.with(|path| place.is_here(path)).then_some("page");
    view! {
        <nav class="rail" aria-label="Main">
            <a class="mark" href="/runs" aria-label="VideoSSR Studio, all runs"><Mark/><span>"VideoSSR Studio"</span></a>
            {PLACES.map(|place| view! { <PlaceLink place/> })}
            <a class="btn rail-new wide-only" href=NEW_RUN.path data-testid="rail-new-run" aria-current=here(NEW_RUN)>
                <Glyph icon=NEW_RUN.icon/>{NEW_RUN.name}
            </a>
            <span class="grow wide-only"></span>
            <PlaceLink place=HEALTH/>
            <MoreButton/>
            <RailFoot/>
        </nav>
        <More/>
    }
}

/// How much there is at a place.
fn use_count(place: Place) -> impl Fn() -> Option<String> + Copy {
    let (session, library) = (use_session(), use_library());
    move || {
        let count = match place.name {
            "Runs" => library.runs.with(|r| r.ready().map_or(0, Vec::len)),
            "Videos" => library.videos.with(|v| v.ready().map_or(0, Vec::len)),
            "Failures" => library.failures.with(|f| f.ready().map_or(0, Vec::len)),
            "Review" => library.to_review(session.person_id()),
            _ => 0,
        };
        (count > 0).then(|| format::whole(count as u64))
    }
}

#[component]
fn PlaceLink(place: Place) -> impl IntoView {
    let path = use_location().pathname;
    let here = move || path.with(|path| place.is_here(path)).then_some("page");
    let count = use_count(place);
    view! {
        <a href=place.path aria-current=here class:wide-only=!place.often>
            <Glyph icon=place.icon/><span>{place.name}</span>
            {move || count().map(|n| view! { <span class="count num">{n}</span> })}
        </a>
    }
}

/// Places that the bar at the bottom has no room for.
fn seldom() -> impl Iterator<Item = Place> {
    let places = PLACES.into_iter().chain([NEW_RUN, HEALTH]);
    places.filter(|place| !place.often)
}

#[component]
fn MoreButton() -> impl IntoView {
    let dialogs = expect_context::<Dialogs>();
    let path = use_location().pathname;
    let inside = move || path.with(|path| seldom().any(|place| place.is_here(path)));
    view! {
        <button class="rail-more narrow-only" data-testid="more" aria-haspopup="dialog" aria-current=move || inside().then_some("true")
            on:click=move |_| dialogs.more.set(true)><Glyph icon=Icon::More/><span>"More"</span></button>
    }
}

/// The places behind "More", and what else has no room where the page is narrow.
#[component]
fn More() -> impl IntoView {
    let dialogs = expect_context::<Dialogs>();
    let path = use_location().pathname;
    // Also by the browser's own back.
    Effect::new(move |_| {
        path.track();
        dialogs.more.set(false);
    });
    let link = |place: Place| view! { <PlaceRow place/> };
    let other = move |open: RwSignal<bool>| {
        move |_| {
            dialogs.more.set(false);
            open.set(true);
        }
    };
    view! {
        <Dialog open=dialogs.more title="More places" testid="more-places" class="sheet">
            <nav class="more-places" aria-label="More">{seldom().map(link).collect_view()}</nav>
            <div class="row"><button class="btn grow" on:click=other(dialogs.palette)>"Go to…"</button>
                <button class="btn grow" on:click=other(dialogs.keys)>"Keys"</button></div>
        </Dialog>
    }
}

#[component]
fn PlaceRow(place: Place) -> impl IntoView {
    let dialogs = expect_context::<Dialogs>();
    let path = use_location().pathname;
    let here = move || path.with(|path| place.is_here(path)).then_some("page");
    let count = use_count(place);
    view! {
        <a class="row" href=place.path aria-current=here on:click=move |_| dialogs.more.set(false)>
            <Glyph icon=place.icon/><span class="grow">{place.name}</span><span class="dim num">{count}</span></a>
    }
}

#[component]
fn RailFoot() -> impl IntoView {
    let session = use_session();
    let dialogs = expect_context::<Dialogs>();
    let who = move || {
        session.person().map(|person| {
            let role = person.role.name();
            view! {
                <span class="row who" title=format!("Signed in as {} ({role})", person.name)>
                    <Avatar id=person.id name=person.name.clone()/>
                    <span class="grow clip">{person.name.clone()}<span class="dim">{format!(" {role}")}</span></span>
                </span>
            }
        })
    };
    view! {
        <div class="rail-foot wide-only">
            {who}
            <div class="row">
                <LinkPill/>
                <span class="grow"></span>
                <button class="btn quiet icon-btn" title="All keys" aria-keyshortcuts=shortcut(Command::Sheet)
                    on:click=move |_| dialogs.keys.set(true)><span class="hidden">"All keys"</span><Cap does=Command::Sheet/></button>
                <ThemeButton/>
            </div>
        </div>
    }
}
