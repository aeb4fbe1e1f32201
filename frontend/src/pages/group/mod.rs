//! The page of one question and its answers.

mod desk;

use crate::logic::format;
use crate::logic::keys::Command;
use crate::parts::keycap::Cap;
use crate::parts::shell::{Crumb, Page};
use crate::parts::states::{FaultBox, Skeleton};
use crate::route;
use crate::state::api;
use crate::state::browser::{copy, origin};
use crate::state::keys::shortcut;
use crate::state::library::use_library;
use crate::state::remote::Remote;
use crate::state::toast::use_toasts;
use crate::state::whatif::WhatIfDesk;
use desk::GroupDesk;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::api::GroupBody;

/// Run, step and group of the address.
type Place = (String, u64, u32);

fn use_place() -> Memo<Option<Place>> {
    let params = use_params_map();
    Memo::new(move |_| {
        let params = params.read();
        Some((
            params.get("run")?,
            params.get("step")?.parse().ok()?,
            params.get("group")?.parse().ok()?,
        ))
    })
}

/// The page of a group.
#[component]
pub fn GroupPage() -> impl IntoView {
    let place = use_place();
    HereLink::provide();
    let whatif = WhatIfDesk::new();
    provide_context(whatif);
    Effect::new(move |_| {
        if let Some((run, ..)) = place.get() {
            untrack(|| whatif.look_at(run));
        }
    });
    let got = RwSignal::new(Remote::<GroupBody>::Loading);
    let load = move || load(place, got);
    Effect::new(move |_| {
        place.track();
        load();
    });
    let retry = Callback::new(move |()| {
        got.set(Remote::Loading);
        load();
    });
    let crumbs = use_crumbs(place, got);
    let neighbours = Neighbours::of(place, got);
    view! {
        <Page crumbs=crumbs class="flush" actions=move || view! { <GroupActions neighbours/> }>
            {move || match got.get() {
                Remote::Loading => view! { <div class="group"><div class="stage"><Skeleton rows=9/></div></div> }.into_any(),
                Remote::Failed(fault) => view! { <FaultBox fault what="this group" retry/> }.into_any(),
                Remote::Ready(body) => {
                    let run = place.get_untracked().map(|p| p.0).unwrap_or_default();
                    view! { <GroupDesk run body neighbours/> }.into_any()
                }
            }}
        </Page>
    }
}

fn load(place: Memo<Option<Place>>, got: RwSignal<Remote<GroupBody>>) {
    let Some((run, step, group)) = place.get_untracked() else { return };
    leptos::task::spawn_local(async move {
        let body = api::group(&run, step, group).await;
        // The reader may have gone on meanwhile.
        if place.try_get_untracked().flatten() == Some((run, step, group)) {
            got.set(body.into());
        }
    });
}

fn use_crumbs(place: Memo<Option<Place>>, got: RwSignal<Remote<GroupBody>>) -> Signal<Vec<Crumb>> {
    let library = use_library();
    Signal::derive(move || {
        let Some((run, step, group)) = place.get() else { return vec![Crumb::here("Group")] };
        let name = library.run(&run).map_or_else(|| run.clone(), |r| r.name);
        let of = got.with(|got| got.ready().map(|body| format!(" of {}", body.groups_in_step)));
        vec![
            Crumb::link("Runs", "/runs"),
            Crumb::link(name, route::run(&run)),
            Crumb::link(format!("step {}", format::whole(step)), route::run_at(&run, step)),
            Crumb::here(format!("group {}{}", group + 1, of.unwrap_or_default())),
        ]
    })
}

/// Addresses of the groups before and after.
#[derive(Clone, Copy)]
struct Neighbours {
    previous: Signal<Option<String>>,
    next: Signal<Option<String>>,
}

impl Neighbours {
    fn of(place: Memo<Option<Place>>, got: RwSignal<Remote<GroupBody>>) -> Self {
        let to = move |pick: fn(&GroupBody) -> Option<(u64, u32)>| {
            let run = place.get()?.0;
            let (step, group) = got.with(|got| got.ready().and_then(pick))?;
            Some(route::group(&run, step, group))
        };
        Self {
            previous: Signal::derive(move || to(|body| body.previous)),
            next: Signal::derive(move || to(|body| body.next)),
        }
    }
}

/// The address of what one looks at, to the frame, and how it gets on the clipboard.
#[derive(Clone, Copy)]
struct HereLink {
    path: RwSignal<String>,
    copy: Callback<()>,
}

impl HereLink {
    fn provide() {
        let toasts = use_toasts();
        let path = RwSignal::new(String::new());
        let copy = Callback::new(move |()| {
            let here = format!("{}{}", origin(), path.get_untracked());
            leptos::task::spawn_local(async move {
                match copy(here).await {
                    true => toasts.say("Link copied: this group, rollout and frame."),
                    false => toasts.warn(
                        "The browser did not allow copying. The address bar holds the same link.",
                    ),
                }
            });
        });
        provide_context(Self { path, copy });
    }
}

#[component]
fn GroupActions(neighbours: Neighbours) -> impl IntoView {
    let link = expect_context::<HereLink>();
    let arrow = |to: Signal<Option<String>>,
                 words: &'static str,
                 sign: &'static str,
                 does: Command| {
        let keys = shortcut(does);
        move || {
            let off = to.with(Option::is_none);
            view! {
                <a class="btn quiet" href=to.get() class:off=off aria-disabled=off.then_some("true") title=words aria-keyshortcuts=keys>
                    <span aria-hidden="true">{sign}</span><span class="hidden">{words}</span><Cap does/></a>
            }
        }
    };
    view! {
        {arrow(neighbours.previous, "Group before", "←", Command::PreviousGroup)}
        {arrow(neighbours.next, "Group after", "→", Command::NextGroup)}
        <button class="btn wide-only" data-testid="copy-link" aria-keyshortcuts=shortcut(Command::CopyLink)
            on:click=move |_| link.copy.run(())>"Copy link"<Cap does=Command::CopyLink/></button>
    }
}
