//! The tour's card beside what it speaks of. It never takes a click from the page: it is no overlay,
//! lies beside its anchor, and the ring around that lets everything through.

use crate::logic::format;
use crate::logic::keys::Command;
use crate::logic::tour::{Area, Look, Place, Step, card_at};
use crate::parts::bits::{Glyph, Icon};
use crate::route;
use crate::state::browser::is_narrow;
use crate::state::keys::use_keys;
use crate::state::library::use_library;
use crate::state::tour::{Tour, use_facts, use_tour};
use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use std::time::Duration;
use wasm_bindgen::JsCast;

/// How often it looks where its anchor is and what was done.
const LOOKS: Duration = Duration::from_millis(150);
/// Height of the bar at the bottom of narrow pages.
const BAR: f64 = 56.0;

/// What the card follows.
#[derive(Clone, Copy)]
struct Guide {
    tour: Tour,
    /// What one had before oneself when the step began.
    first: StoredValue<Option<Look>>,
    place: RwSignal<Place>,
    anchor: RwSignal<Option<Area>>,
    at: RwSignal<(f64, f64)>,
    /// The last group that was looked at.
    group: StoredValue<Option<String>>,
    card: NodeRef<html::Div>,
}

impl Guide {
    /// Looks at the page: where the card lies, and whether the step is done.
    fn look(self, step: Step, next: impl FnOnce() -> Option<Step>) {
        let Some(now) = look() else { return };
        if now.place == Place::Group {
            self.group.set_value(window().location().pathname().ok());
        }
        if self.first.with_value(Option::is_none) && step.begins_at(&now) {
            self.first.set_value(Some(now.clone()));
            reveal(step);
        }
        put(self.place, now.place);
        if self.first.with_value(|first| step.is_done(first.as_ref(), &now)) {
            self.tour.go(next());
            return;
        }
        let here = step.elsewhere(now.place).is_none();
        let anchor = if here { anchor(step).as_ref().map(area) } else { None };
        put(self.anchor, anchor);
        if let Some(card) = self.card.get_untracked() {
            let size = area(&card);
            let foot = if is_narrow() { BAR } else { 0.0 };
            put(self.at, card_at(anchor, (size.w, size.h), window_size(), foot));
        }
    }

    /// Where the step is done.
    fn way(self, step: Step) -> Option<String> {
        let newest =
            use_library().runs.with_untracked(|runs| Some(runs.ready()?.first()?.id.clone()));
        match step.place()? {
            Place::Group => self.group.get_value().or_else(|| newest.map(|run| route::run(&run))),
            Place::Run => newest.map(|run| route::run(&run)),
            _ => Some("/runs".to_owned()),
        }
    }
}

/// The card; nothing while no step is on.
#[component]
pub fn TourCard() -> impl IntoView {
    let tour = use_tour();
    let facts = use_facts();
    let guide = Guide {
        tour,
        first: StoredValue::new(None),
        place: RwSignal::new(Place::Other),
        anchor: RwSignal::new(None),
        at: RwSignal::new((0.0, 0.0)),
        group: StoredValue::new(None),
        card: NodeRef::new(),
    };
    let step = Memo::new(move |_| tour.step());
    Effect::new(move |_| {
        step.track();
        guide.first.set_value(None);
    });
    let looks = move || {
        if let Some(step) = step.get_untracked() {
            guide.look(step, || step.next(facts.get_untracked()));
        }
    };
    if let Ok(clock) = set_interval_with_handle(looks, LOOKS) {
        on_cleanup(move || clock.clear());
    }
    let on = Memo::new(move |_| step.with(Option::is_some));
    move || on.get().then(|| view! { <Ring guide/><Card guide step/> })
}

/// Around what the step speaks of.
#[component]
fn Ring(guide: Guide) -> impl IntoView {
    let px = |pick: fn(Area) -> f64| {
        move || guide.anchor.get().map(|area| format!("{:.0}px", pick(area)))
    };
    view! {
        <div class="tour-ring" aria-hidden="true" class:gone=move || guide.anchor.with(Option::is_none)
            style:left=px(|a| a.x - 4.0) style:top=px(|a| a.y - 4.0) style:width=px(|a| a.w + 8.0) style:height=px(|a| a.h + 8.0)></div>
    }
}

#[component]
fn Card(guide: Guide, step: Memo<Option<Step>>) -> impl IntoView {
    let (tour, facts, keys) = (guide.tour, use_facts(), use_keys());
    let now = move || step.get().unwrap_or(Step::OpenRun);
    let title = NodeRef::<html::H2>::new();
    Effect::new(move |_| {
        let Some(title) = title.get() else { return };
        if tour.asked.get_untracked() {
            tour.asked.set(false);
            let _ = title.focus();
        }
    });
    let text = move || now().text(facts.get(), &keys.cap(key_of(now())), &keys.cap(Command::Undo));
    let number = move || {
        let all = Step::ALL.len() as u64;
        format!("Tour, {} of {}", format::whole(now().index() as u64 + 1), format::whole(all))
    };
    let left = move || format!("{:.0}px", guide.at.get().0);
    let top = move || format!("{:.0}px", guide.at.get().1);
    view! {
        <div class="tour" node_ref=guide.card role="dialog" aria-labelledby="tour-title" data-testid="tour"
            data-step=move || now().index().to_string() style:left=left style:top=top>
            <div class="row"><span class="dim small grow num">{number}</span>
                <button class="btn quiet tiny" data-testid="tour-leave" aria-label="Close the tour" on:click=move |_| tour.leave()><Glyph icon=Icon::Close/></button></div>
            <div aria-live="polite"><h2 id="tour-title" tabindex="-1" node_ref=title>{move || now().title()}</h2><p>{text}</p></div>
            {move || away(guide, now())}
            <Foot tour step=Signal::derive(now)/>
        </div>
    }
}

/// What to do where the step's anchor is not on the page.
fn away(guide: Guide, step: Step) -> Option<AnyView> {
    let navigate = StoredValue::new_local(use_navigate());
    if let Some(words) = step.elsewhere(guide.place.get()) {
        let go = move |_| {
            if let Some(way) = guide.way(step) {
                navigate.with_value(|navigate| navigate(&way, Default::default()));
            }
        };
        return Some(view! { <p class="soft row"><span class="grow">{words}</span><button class="btn small-btn" data-testid="tour-go" on:click=go>"Go there"</button></p> }.into_any());
    }
    let gone = guide.anchor.with(Option::is_none);
    gone.then(|| {
        view! { <p class="soft">"It is not on this page yet. Wait for it, or go on with Next."</p> }
            .into_any()
    })
}

/// How far it is, back, next.
#[component]
fn Foot(tour: Tour, step: Signal<Step>) -> impl IntoView {
    let facts = use_facts();
    let dot = move |one: Step| view! { <i class:on=move || one.index() <= step.get().index()></i> };
    let back = move || step.get().back(facts.get());
    let last = move || step.get().next(facts.get()).is_none();
    let next = move |_| tour.go(step.get_untracked().next(facts.get_untracked()));
    view! {
        <div class="row">
            <span class="tour-dots grow" aria-hidden="true">{Step::ALL.map(dot)}</span>
            <button class="btn quiet small-btn" data-testid="tour-skip" class:gone=last on:click=move |_| tour.leave()>"Skip"</button>
            <button class="btn small-btn" data-testid="tour-back" disabled=move || back().is_none() on:click=move |_| tour.go(back())>"Back"</button>
            <button class="btn small-btn primary" data-testid="tour-next" on:click=next>{move || if last() { "Done" } else { "Next" }}</button>
        </div>
    }
}

/// The command whose key the step names.
fn key_of(step: Step) -> Command {
    match step {
        Step::Scrub => Command::Steps(-1),
        Step::WhatIf => Command::WhatIf,
        Step::Tag => Command::Tag(0),
        Step::OpenRun | Step::OpenGroup | Step::Lanes | Step::Review | Step::NewRun => {
            Command::NextRollout
        }
    }
}

/// What the reader has before them.
fn look() -> Option<Look> {
    let place = window().location();
    let find = |selector: &str| document().query_selector(selector).ok().flatten();
    let tags = find(".tagging .tags").map(|tags| tags.inner_html());
    Some(Look {
        place: Place::of(&place.pathname().ok()?),
        query: place.search().unwrap_or_default(),
        tries: find("[data-testid=whatif-back]").is_some(),
        tags: tags.map_or(0, |tags| tags.matches("aria-pressed=\"true\"").count()),
    })
}

/// The first visible one of what the step may point at.
fn anchor(step: Step) -> Option<web_sys::Element> {
    let find = |selector: &&str| document().query_selector(selector).ok().flatten();
    step.anchors().iter().filter_map(find).find(|found| area(found).h > 0.0)
}

/// Brings the anchor into sight, once.
fn reveal(step: Step) {
    if let Some(anchor) = anchor(step) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        anchor.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

fn area(element: &web_sys::Element) -> Area {
    let rect = element.get_bounding_client_rect();
    Area { x: rect.left(), y: rect.top(), w: rect.width(), h: rect.height() }
}

fn window_size() -> (f64, f64) {
    let root = document().document_element();
    let root = root.and_then(|root| root.dyn_into::<web_sys::Element>().ok());
    root.map_or((0.0, 0.0), |root| {
        (f64::from(root.client_width()), f64::from(root.client_height()))
    })
}

/// Sets a signal where it is another value: nothing is drawn anew while nothing moves.
fn put<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|now| *now != value) {
        signal.set(value);
    }
}
