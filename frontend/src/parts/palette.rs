//! The command palette: type a page's or a run's name, go there.

use crate::logic::runs::has;
use crate::parts::dialog::{Dialog, Dialogs};
use crate::route;
use crate::state::library::use_library;
use crate::state::theme::Theme;
use crate::state::tour::use_tour;
use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use shared::api::Run;

/// Somewhere to go.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    name: String,
    note: &'static str,
    goal: Goal,
}

/// What choosing it does.
#[derive(Clone, Debug, PartialEq)]
enum Goal {
    /// Goes to an address.
    Path(String),
    /// Light or dark.
    Theme,
    /// The key sheet.
    Keys,
    /// The tour.
    Tour,
}

/// Places offered at once.
const OFFERED: usize = 12;

const ACTS: [(&str, &str, Goal); 3] = [
    ("Light or dark", "theme", Goal::Theme),
    ("Keys: see and change them", "keys", Goal::Keys),
    ("Take the tour", "tour", Goal::Tour),
];

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

/// The palette; ctrl+K opens it.
#[component]
pub fn Palette() -> impl IntoView {
    let dialogs = expect_context::<Dialogs>();
    let (theme, tour) = (expect_context::<Theme>(), use_tour());
    let navigate = StoredValue::new_local(use_navigate());
    let (text, set_text) = signal(String::new());
    let at = RwSignal::new(0usize);
    let input = NodeRef::<html::Input>::new();
    let found = places(text);
    Effect::new(move |_| {
        if dialogs.palette.get() {
            set_text.set(String::new());
            at.set(0);
            if let Some(input) = input.get_untracked() {
                let _ = input.focus();
            }
        }
    });
    let go = Callback::new(move |place: Place| {
        dialogs.palette.set(false);
        match place.goal {
            Goal::Path(path) => navigate.with_value(|navigate| navigate(&path, Default::default())),
            Goal::Theme => theme.toggle(),
            Goal::Keys => dialogs.keys.set(true),
            Goal::Tour => tour.start(),
        }
    });
    let keys = move |event: web_sys::KeyboardEvent| {
        let count = found.with(Vec::len).max(1);
        match event.key().as_str() {
            "ArrowDown" => at.update(|at| *at = (*at + 1) % count),
            "ArrowUp" => at.update(|at| *at = (*at + count - 1) % count),
            "Enter" => found
                .with(|found| found.get(at.get_untracked()).cloned())
                .into_iter()
                .for_each(|place| go.run(place)),
            _ => return,
        }
        event.prevent_default();
    };
    let row = move |(i, place)| view! { <PlaceRow i at place go/> };
    view! {
        <Dialog open=dialogs.palette title="Go to" testid="palette">
            <input node_ref=input class="field-input" placeholder="Go to a page or a run"
                aria-label="Go to a page or a run" prop:value=text on:keydown=keys
                on:input=move |event| { set_text.set(event_target_value(&event)); at.set(0); }/>
            <ul class="palette" role="listbox" aria-label="Places">
                {move || found.get().into_iter().enumerate().map(row).collect_view()}
            </ul>
            {move || found.with(Vec::is_empty).then(|| view! { <p class="dim">"Nothing has that name."</p> })}
        </Dialog>
    }
}

#[component]
fn PlaceRow(i: usize, at: RwSignal<usize>, place: Place, go: Callback<Place>) -> impl IntoView {
    let (name, note) = (place.name.clone(), place.note);
    view! {
        <li role="option" aria-selected=move || (at.get() == i).to_string()
            on:pointerenter=move |_| at.set(i) on:click=move |_| go.run(place.clone())>
            <span class="grow clip">{name}</span><span class="dim">{note}</span>
        </li>
    }
}

fn places(text: ReadSignal<String>) -> Memo<Vec<Place>> {
    let library = use_library();
    Memo::new(move |_| {
        let wanted = text.get().to_lowercase();
        let page = |(name, path): &(&str, &str)| Place {
            name: (*name).to_owned(),
            note: "page",
            goal: Goal::Path((*path).to_owned()),
        };
        let mut all: Vec<Place> = PAGES.iter().map(page).collect();
        all.extend(ACTS.map(|(name, note, goal)| Place { name: name.into(), note, goal }));
        library.runs.with(|runs| {
            let runs = runs.ready().map_or(&[][..], Vec::as_slice);
            let fits = |run: &&Run| has(&run.name, &wanted);
            all.retain(|place| has(&place.name, &wanted));
            all.extend(runs.iter().filter(fits).take(OFFERED).map(|run| Place {
                name: run.name.clone(),
                note: "run",
                goal: Goal::Path(route::run(&run.id)),
            }));
        });
        all.truncate(OFFERED);
        all
    })
}
