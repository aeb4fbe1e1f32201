//! The frame of every page: rail, bar, page, news.

use crate::logic::format;
use crate::logic::garbled::Garbled;
use crate::parts::bits::{Avatar, Glyph, Icon, Mark};
use crate::parts::dialog::Dialogs;
use crate::state::library::use_library;
use crate::state::live::{Status, use_live};
use crate::state::outbox::use_outbox;
use crate::state::session::use_session;
use crate::state::theme::Theme;
use crate::state::toast::{Toast, use_toasts};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// A step of the way to a page; the last one has no path.
#[derive(Clone, Debug, PartialEq)]
pub struct Crumb {
    /// What it is called.
    pub name: String,
    /// Where it leads.
    pub path: Option<String>,
}

impl Crumb {
    /// A crumb that leads somewhere.
    pub fn link(name: impl Into<String>, path: impl Into<String>) -> Self {
        Self { name: name.into(), path: Some(path.into()) }
    }

    /// The page one is on.
    pub fn here(name: impl Into<String>) -> Self {
        Self { name: name.into(), path: None }
    }
}

/// Bar and body of a page.
#[component]
pub fn Page(
    /// The way to it; the last one also names the browser tab.
    #[prop(into)]
    crumbs: Signal<Vec<Crumb>>,
    /// Buttons at the right end of the bar.
    #[prop(optional, into)]
    actions: ViewFn,
    /// Class of the body, beside `page`.
    #[prop(optional)]
    class: &'static str,
    /// The body.
    children: Children,
) -> impl IntoView {
    Effect::new(move |_| {
        let name = crumbs.with(|list| list.last().map(|crumb| crumb.name.clone()));
        document().set_title(&format!("{} · VideoSSR Studio", name.unwrap_or_default()));
    });
    let dialogs = expect_context::<Dialogs>();
    view! {
        <header class="bar">
            <nav class="crumbs" aria-label="Where you are">{move || crumb_views(&crumbs.get())}</nav>
            <span class="grow"></span>
            <span class="actions">{move || actions.run()}</span>
            <Waiting/>
            <span class="narrow-only"><LinkPill/></span>
            <button class="btn quiet wide-only" aria-label="Go to a page or a run"
                on:click=move |_| dialogs.palette.set(true)><kbd>"Ctrl K"</kbd></button>
            <span class="narrow-only"><ThemeButton/></span>
        </header>
        <main class=format!("page {class}") id="main">{children()}</main>
    }
}

fn crumb_views(list: &[Crumb]) -> impl IntoView + use<> {
    let last = list.len().saturating_sub(1);
    list.iter()
        .enumerate()
        .map(|(i, crumb)| match &crumb.path {
            Some(path) if i < last => view! {
                <a href=path.clone() class="clip">{crumb.name.clone()}</a><i aria-hidden="true">"/"</i>
            }
            .into_any(),
            _ => view! { <b class="clip" aria-current="page">{crumb.name.clone()}</b> }.into_any(),
        })
        .collect_view()
}

/// Name, path, icon and count of every place in the rail.
const PLACES: [(&str, &str, Icon); 6] = [
    ("Runs", "/runs", Icon::Runs),
    ("Videos", "/videos", Icon::Videos),
    ("Tasks", "/studio", Icon::Tasks),
    ("Failures", "/failures", Icon::Failures),
    ("Review", "/review", Icon::Review),
    ("Team", "/team", Icon::Team),
];

/// The rail at the left, or the bar at the bottom where the page is narrow.
#[component]
pub fn Rail() -> impl IntoView {
    let path = use_location().pathname;
    let session = use_session();
    let library = use_library();
    let count = move |name: &str| match name {
        "Runs" => library.runs.with(|r| r.ready().map_or(0, Vec::len)),
        "Videos" => library.videos.with(|v| v.ready().map_or(0, Vec::len)),
        "Failures" => library.failures.with(|f| f.ready().map_or(0, Vec::len)),
        "Review" => library.to_review(session.person_id()),
        _ => 0,
    };
    let place = move |(name, to, icon): (&'static str, &'static str, Icon)| {
        let here = move || {
            let path = path.get();
            let inside = path == to || path.starts_with(&format!("{to}/"));
            (inside && path != "/runs/new").then_some("page")
        };
        let number = move || Some(count(name)).filter(|n| *n > 0).map(|n| format::whole(n as u64));
        view! {
            <a href=to aria-current=here>
                <Glyph icon/><span>{name}</span>
                {move || number().map(|n| view! { <span class="count num">{n}</span> })}
            </a>
        }
    };
    view! {
        <nav class="rail" aria-label="Main">
            <a class="mark" href="/runs" aria-label="VideoSSR Studio, all runs"><Mark/><span>"VideoSSR Studio"</span></a>
            {PLACES.into_iter().map(place).collect_view()}
            <a class="btn rail-new wide-only" href="/runs/new" data-testid="rail-new-run"
                aria-current=move || (path.get() == "/runs/new").then_some("page")>
                <Glyph icon=Icon::Plus/>"New run"
            </a>
            <span class="grow wide-only"></span>
            <RailFoot/>
        </nav>
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
                <button class="btn quiet icon-btn" aria-label="All keys" title="All keys" on:click=move |_| dialogs.keys.set(true)><kbd>"?"</kbd></button>
                <ThemeButton/>
            </div>
        </div>
    }
}

#[component]
fn ThemeButton() -> impl IntoView {
    let theme = expect_context::<Theme>();
    let words =
        move || if theme.light.get() { "Use the dark theme" } else { "Use the light theme" };
    let icon = move || if theme.light.get() { Icon::Moon } else { Icon::Sun };
    view! {
        <button class="btn quiet icon-btn" data-testid="theme-toggle" aria-label=words title=words
            on:click=move |_| theme.toggle()>
            {move || view! { <Glyph icon=icon()/> }}
        </button>
    }
}

/// What of the reader's was not sent yet; a click tries at once.
#[component]
fn Waiting() -> impl IntoView {
    let outbox = use_outbox();
    move || {
        outbox.waiting_words().map(|words| {
            view! {
                <button class="pill is-warn" data-testid="waiting" title="Kept in this browser. Press to send now."
                    on:click=move |_| outbox.flush()>{words}</button>
            }
        })
    }
}

/// Events that a page may lack without being called late.
const BEHIND: u64 = 50;

/// How the live link does, in words; a click tries at once.
#[component]
fn LinkPill() -> impl IntoView {
    let live = use_live();
    let stuck = move || live.garbled.with(Garbled::stuck);
    let words = move || match live.status.get() {
        Status::Connecting => "Connecting…".to_owned(),
        Status::Open if stuck() => {
            let lost = u64::from(live.garbled.with(|garbled| garbled.total));
            format::plural(lost, "message unreadable", "messages unreadable")
        }
        Status::Open if live.behind() > BEHIND => {
            format!("Catching up, {} events", format::whole(live.behind()))
        }
        Status::Waiting(ms) => {
            format!("Offline, again in {}", format::span_of_time(f64::from(ms) / 1e3))
        }
        Status::Open => "Live".to_owned(),
        Status::Outdated => "Reload: the server is newer".to_owned(),
    };
    let round_trip = move || {
        let ms = live.round_trip_ms.get().filter(|_| live.status.get() == Status::Open)?;
        Some(
            view! { <span class="wide-only">{format!("· {}\u{a0}ms", format::fixed(ms, 0))}</span> },
        )
    };
    let class = move || match live.status.get() {
        Status::Open if stuck() => "pill is-warn",
        Status::Open => "pill live is-good",
        Status::Connecting => "pill live",
        Status::Waiting(_) => "pill is-warn",
        Status::Outdated => "pill is-bad",
    };
    let name = move || match live.status.get() {
        Status::Open => "open",
        Status::Connecting => "connecting",
        Status::Waiting(_) => "waiting",
        Status::Outdated => "outdated",
    };
    view! {
        <span class=class role="status" data-testid="link-status" data-status=name on:click=move |_| live.hurry()
            title="The live link to the server, with its round trip. What was missed while it was down comes without a gap.">{words}{round_trip}</span>
    }
}

/// Short news at the edge of the page.
#[component]
pub fn News() -> impl IntoView {
    let toasts = use_toasts();
    let one = move |toast: Toast| {
        let id = toast.id;
        let class = if toast.bad { "toast is-bad" } else { "toast" };
        let link = toast.link.map(|(path, words)| view! { <a href=path>{words}</a> });
        view! {
            <div class=class data-testid="toast">
                <span class="grow">{toast.text}</span>{link}
                <button class="btn quiet icon-btn" aria-label="Dismiss" on:click=move |_| toasts.dismiss(id)>
                    <Glyph icon=Icon::Close/>
                </button>
            </div>
        }
    };
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || toasts.list.get() key=|toast| toast.id children=one/>
        </div>
    }
}
