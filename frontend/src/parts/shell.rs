//! The frame of every page: its bar with the way to it, and the page.

use crate::logic::format;
use crate::logic::garbled::Garbled;
use crate::logic::keys::Command;
use crate::parts::bits::{Glyph, Icon};
use crate::parts::dialog::Dialogs;
use crate::parts::keycap::Cap;
use crate::state::keys::shortcut;
use crate::state::live::{Status, use_live};
use crate::state::outbox::use_outbox;
use crate::state::theme::Theme;
use leptos::prelude::*;

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
            <button class="btn quiet wide-only" title="Find an action, a page or a run"
                aria-keyshortcuts=shortcut(Command::Palette) on:click=move |_| dialogs.palette.set(true)>"Go to"<Cap does=Command::Palette/></button>
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
            _ => view! { <h1 class="clip" aria-current="page">{crumb.name.clone()}</h1> }.into_any(),
        })
        .collect_view()
}

/// Light or dark.
#[component]
pub fn ThemeButton() -> impl IntoView {
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
pub fn LinkPill() -> impl IntoView {
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
        <span role="status"><button class=class data-testid="link-status" data-status=name on:click=move |_| live.hurry()
            title="The live link to the server, with its round trip. What was missed while it was down comes without a gap.">{words}{round_trip}</button></span>
    }
}
