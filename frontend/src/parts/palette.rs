//! The palette: type some of a name, see the actions of the screen, the pages and the runs that
//! have it, run or open one of them.

use crate::logic::keys::{Command, Row, Section};
use crate::logic::palette::{self, Entry, Found, Sort, find, pieces, typed_place};
use crate::logic::runs::has;
use crate::logic::{format, words};
use crate::parts::dialog::Dialogs;
use crate::parts::keycap::Cap;
use crate::route;
use crate::state::keys::{Keys, use_keys};
use crate::state::library::{Library, use_library};
use crate::state::tour::{Tour, use_tour};
use leptos::html;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use shared::api::Run;
use std::time::Duration;

/// Runs shown at most; how many more fit is said below them.
const RUNS: usize = 20;

/// What choosing something does.
#[derive(Clone, Debug, PartialEq)]
enum Goal {
    /// Runs a command on the screen.
    Act(Section, Command),
    /// Goes to an address.
    Path(String),
    /// Begins the tour.
    Tour,
}

const PAGES: [(&str, &str); 9] = [
    ("Runs", "/runs"),
    ("New run", "/runs/new"),
    ("Compare two runs", "/compare"),
    ("Videos", "/videos"),
    ("Task studio", "/studio"),
    ("Failures", "/failures"),
    ("Review", "/review"),
    ("Team", "/team"),
    ("Health", "/health"),
];

/// The palette while it is open.
#[derive(Clone, Copy)]
struct Finder {
    typed: RwSignal<String>,
    /// The one that Enter takes, counted through all sections.
    at: RwSignal<usize>,
    found: Memo<Vec<palette::Section<Goal>>>,
    take: Callback<Goal>,
}

impl Finder {
    fn new() -> Self {
        let (keys, library) = (use_keys(), use_library());
        let path = use_location().pathname;
        let typed = RwSignal::new(String::new());
        let found = Memo::new(move |_| {
            let typed = typed.get();
            let mut actions = places(&typed, &path.get(), keys, library);
            actions.extend(keys.offered().into_iter().map(action));
            actions.push(entry("Take the tour", "help", "", Goal::Tour));
            let sort = |title, most, entries| Sort { title, most, entries };
            let sorts = vec![
                sort("Actions here", usize::MAX, actions),
                sort("Pages", usize::MAX, PAGES.iter().map(page).collect()),
                sort("Runs", RUNS, runs(library, &typed)),
            ];
            find(&typed, sorts)
        });
        Self { typed, at: RwSignal::new(0), found, take: use_take(keys) }
    }

    fn count(self) -> usize {
        self.found.with(|sections| sections.iter().map(|section| section.found.len()).sum())
    }

    /// The one that Enter takes.
    fn chosen(self) -> Option<Goal> {
        self.found.with(|sections| {
            let mut all = sections.iter().flat_map(|section| &section.found);
            all.nth(self.at.get()).map(|found| found.entry.goal.clone())
        })
    }

    fn key(self, event: &web_sys::KeyboardEvent) {
        // A letter in the making is not ended by the palette, and with Ctrl nothing is taken.
        if event.is_composing() || event.ctrl_key() || event.meta_key() {
            return;
        }
        let count = untrack(|| self.count()).max(1);
        match event.key().as_str() {
            "ArrowDown" => self.at.update(|at| *at = (*at + 1) % count),
            "ArrowUp" => self.at.update(|at| *at = (*at + count - 1) % count),
            "PageDown" => self.at.update(|at| *at = (*at + 8).min(count - 1)),
            "PageUp" => self.at.update(|at| *at = at.saturating_sub(8)),
            "Enter" => untrack(|| self.chosen()).into_iter().for_each(|goal| self.take.run(goal)),
            _ => return,
        }
        event.prevent_default();
    }
}

/// Closes the palette, which gives the focus back to where it was, and then does what was chosen.
fn use_take(keys: Keys) -> Callback<Goal> {
    let (dialogs, tour) = (expect_context::<Dialogs>(), use_tour());
    let navigate = StoredValue::new_local(use_navigate());
    Callback::new(move |goal: Goal| {
        // The palette is drawn anew when it is opened again: what it holds ends with it.
        let navigate = navigate.with_value(Clone::clone);
        for open in [dialogs.palette, dialogs.keys, dialogs.more] {
            open.set(false);
        }
        let then = move || reach(goal, keys, tour, navigate);
        set_timeout(then, Duration::ZERO);
    })
}

fn reach(goal: Goal, keys: Keys, tour: Tour, navigate: impl Fn(&str, NavigateOptions)) {
    match goal {
        Goal::Act(section, does) => keys.run(section, does),
        Goal::Path(path) => navigate(&path, NavigateOptions::default()),
        Goal::Tour => tour.start(),
    }
}

fn entry(name: &str, also: &str, note: &'static str, goal: Goal) -> Entry<Goal> {
    Entry { name: name.into(), also: also.into(), note, goal }
}

/// A command of the screen. It is also found by its part of the key sheet and by its id.
fn action((row, name): (&'static Row, String)) -> Entry<Goal> {
    let also = format!("{} {} {}", row.section.title(), row.id, row.what);
    Entry { name, also, note: "", goal: Goal::Act(row.section, row.does) }
}

fn page((name, path): &(&str, &str)) -> Entry<Goal> {
    entry(name, "go to page open", "", Goal::Path((*path).to_owned()))
}

fn runs(library: Library, typed: &str) -> Vec<Entry<Goal>> {
    let typed = typed.to_lowercase();
    let note = |run: &Run| if run.archived { "archived" } else { run.state.name() };
    // There may be a hundred thousand, so what has none of a word is left out before it is copied.
    let may_fit = |run: &&Run| {
        let texts = ["run", note(run), &run.name, &run.owner.name, &run.id];
        typed.split_whitespace().all(|word| texts.iter().any(|text| has(text, word)))
    };
    let one = |run: &Run| {
        let note = note(run);
        let also = format!("run {note} {} {}", run.owner.name, run.id);
        Entry { name: run.name.clone(), also, note, goal: Goal::Path(route::run(&run.id)) }
    };
    library.runs.with(|runs| {
        let all = runs.ready().map_or(&[][..], Vec::as_slice);
        // What was put away comes last, as it is not in the list either.
        let (away, here): (Vec<&Run>, Vec<&Run>) =
            all.iter().filter(may_fit).partition(|run| run.archived);
        here.into_iter().chain(away).map(one).collect()
    })
}

/// The step that is typed, and a group of it, on the pages of a run that has come so far.
fn places(typed: &str, path: &str, keys: Keys, library: Library) -> Vec<Entry<Goal>> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (Some((step, group)), ["runs", run, ..]) = (typed_place(typed), &parts[..]) else {
        return Vec::new();
    };
    if library.run(run).is_none_or(|run| step > run.step) {
        return Vec::new();
    }
    let at = format::whole(step);
    let to_step = match keys.heard(Section::Run) {
        true => Goal::Act(Section::Run, Command::Step(step)),
        false => Goal::Path(route::run_at(run, step)),
    };
    let number = group.unwrap_or(1);
    let to_group = Goal::Path(route::group(run, step, number - 1));
    let also = step.to_string();
    let mut found = vec![entry(&format!("Open group {number} of step {at}"), &also, "", to_group)];
    if group.is_none() {
        found.insert(0, entry(&format!("Go to step {at}"), &also, "", to_step));
    }
    found
}

/// What is in the dialog.
#[component]
pub fn PaletteBody() -> impl IntoView {
    let finder = Finder::new();
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| input.get().map(|input| input.focus()));
    follow(finder);
    let nothing = move || finder.found.with(Vec::is_empty);
    let said = move || match finder.count() {
        0 => "Nothing is called that. Try fewer letters.".to_owned(),
        count => format::plural(count as u64, "found", "found"),
    };
    view! {
        <input node_ref=input class="finder-field" placeholder="Find an action, a page or a run" autocomplete="off" spellcheck="false"
            role="combobox" aria-label="Find an action, a page or a run" aria-autocomplete="list" aria-expanded="true" aria-controls="palette-list"
            aria-activedescendant=move || (!nothing()).then(|| option_id(finder.at.get())) data-testid="palette-input"
            prop:value=finder.typed on:keydown=move |event| finder.key(&event)
            on:input=move |event| { finder.at.set(0); finder.typed.set(event_target_value(&event)); }/>
        <div class="palette" id="palette-list" role="listbox" aria-label="What was found">{move || sections(finder)}</div>
        <p class="finder-none soft" class:hidden=move || !nothing() role="status">{said}</p>
        <p class="finder-foot dim small wide-only" aria-hidden="true"><kbd>"↑"</kbd><kbd>"↓"</kbd>"choose "<kbd>"⏎"</kbd>"do it "<kbd>"Esc"</kbd>"close"</p>
    }
}

fn option_id(at: usize) -> String {
    format!("palette-{at}")
}

/// Keeps the chosen one in sight; with the first one its heading too.
fn follow(finder: Finder) {
    Effect::new(move |_| {
        finder.found.track();
        let at = finder.at.get();
        let found = match at {
            0 => document().query_selector("#palette-list > :first-child").ok().flatten(),
            at => document().get_element_by_id(&option_id(at)),
        };
        if let Some(found) = found {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(match at {
                0 => web_sys::ScrollLogicalPosition::Start,
                _ => web_sys::ScrollLogicalPosition::Nearest,
            });
            found.scroll_into_view_with_scroll_into_view_options(&options);
        }
    });
}

fn sections(finder: Finder) -> impl IntoView {
    let mut before = 0;
    let one = |(i, section): (usize, palette::Section<Goal>)| {
        let first = before;
        before += section.found.len();
        let head = || format!("palette-head-{i}");
        let more = (section.hidden > 0).then(|| {
            let more = format::plural(section.hidden as u64, "more", "more");
            view! { <li class="more dim small" role="presentation">{format!("{more}: type some of a name")}</li> }
        });
        let rows = section.found.into_iter().enumerate();
        view! {
            <ul role="group" aria-labelledby=head()>
                <li class="head" id=head() role="presentation">{section.title}</li>
                {rows.map(|(i, found)| view! { <Offer finder at=first + i found/> }).collect_view()}
                {more}
            </ul>
        }
    };
    finder.found.get().into_iter().enumerate().map(one).collect_view()
}

#[component]
fn Offer(finder: Finder, at: usize, found: Found<Goal>) -> impl IntoView {
    let Entry { name, note, goal, .. } = found.entry;
    let cap = match goal {
        Goal::Act(_, Command::Step(_)) => None,
        Goal::Act(_, does) => Some(view! { <Cap does/> }),
        _ => None,
    };
    let piece = |(text, lit): (String, bool)| match lit {
        true => view! { <b>{text}</b> }.into_any(),
        false => text.into_any(),
    };
    let note = if note.is_empty() { String::new() } else { words::capital(note) };
    view! {
        <li id=option_id(at) role="option" data-testid="palette-option" aria-selected=move || (finder.at.get() == at).to_string()
            on:pointermove=move |_| if finder.at.get_untracked() != at { finder.at.set(at) }
            on:click=move |_| finder.take.run(goal.clone())>
            <span class="grow clip">{pieces(&name, &found.lit).into_iter().map(piece).collect_view()}</span>
            <span class="dim small">{note}</span>{cap}
        </li>
    }
}
