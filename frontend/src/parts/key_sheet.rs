//! Every key, and how one changes it: choose a line, press the new key.

use crate::logic::format;
use crate::logic::keys::{Change, Chord, Keymap, ROWS, Row, Section, TOLD};
use crate::parts::bits::{Glyph, Icon};
use crate::parts::dialog::Dialogs;
use crate::parts::news::News;
use crate::state::keys::{Keys, press_of, use_keys};
use crate::state::toast::{Toasts, use_toasts};
use crate::state::tour::use_tour;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// What is going on at a line.
#[derive(Clone, Debug, PartialEq)]
enum Doing {
    /// The next key press is the new key.
    Listening,
    /// The key cannot be had.
    Refused(String),
    /// Somebody else has it.
    Clash(String, Option<Keymap>),
}

/// The sheet on the screen.
#[derive(Clone, Copy)]
struct Sheet {
    keys: Keys,
    toasts: Toasts,
    /// What is looked for.
    wanted: RwSignal<String>,
    /// The line something is going on at.
    at: RwSignal<Option<(&'static str, Doing)>>,
    /// The key that is held was taken: letting it go presses nothing.
    taken: StoredValue<bool>,
}

impl Sheet {
    fn doing(self, row: &'static Row) -> Option<Doing> {
        self.at.with(|at| at.as_ref().filter(|at| at.0 == row.id).map(|at| at.1.clone()))
    }

    fn put(self, row: &'static Row, doing: Doing) {
        self.at.set(Some((row.id, doing)));
    }

    /// Takes a change over, or says why not.
    fn take(self, row: &'static Row, change: Change) {
        match change {
            Change::Taken(map) => {
                self.keys.set(map);
                self.at.set(None);
            }
            Change::Clash { why, swapped } => self.put(row, Doing::Clash(why, swapped)),
            Change::Refused(why) => self.put(row, Doing::Refused(why)),
        }
    }

    /// A key pressed while a line listens.
    fn press(self, row: &'static Row, event: &web_sys::KeyboardEvent) {
        if untrack(|| self.doing(row)) != Some(Doing::Listening) || event.repeat() {
            return;
        }
        let (key, code) = (event.key(), event.code());
        let pressed = Chord::of(press_of(event, &key, &code));
        // Without a key the press is still ours: the dialog and the browser take no part in it.
        event.prevent_default();
        event.stop_propagation();
        self.taken.set_value(true);
        match pressed {
            _ if key == "Escape" => self.at.set(None),
            _ if event.alt_key() => {
                self.put(
                    row,
                    Doing::Refused("Alt belongs to the system: hold Ctrl or Shift.".into()),
                );
            }
            Some(chord) => {
                let change = self.keys.map.with_untracked(|map| map.change(row, chord));
                self.take(row, change);
            }
            None => {}
        }
    }

    /// The end of a press that was taken; some browsers press a button only then.
    fn release(self, event: &web_sys::KeyboardEvent) {
        if self.taken.try_update_value(std::mem::take) == Some(true) {
            event.prevent_default();
        }
    }

    fn reset(self, row: &'static Row) {
        let before = self.keys.map.get_untracked();
        let change = before.reset(row);
        if matches!(change, Change::Taken(_)) {
            let keys = self.keys;
            let words = format!("The key for “{}” is as it was at first.", row.what);
            self.toasts.done("keys", words, move || keys.set(before.clone()));
        }
        self.take(row, change);
    }

    fn reset_all(self) {
        let (keys, before) = (self.keys, self.keys.map.get_untracked());
        let count = before.changed() as u64;
        self.keys.set(Keymap::default());
        self.at.set(None);
        let words = format!("{} as at first again.", format::plural(count, "key is", "keys are"));
        self.toasts.done("keys", words, move || keys.set(before.clone()));
    }

    /// Whether a line is looked for, by its sentence, its section or its key.
    fn shows(self, section: Section, what: &str, caps: &str) -> bool {
        self.wanted.with(|wanted| {
            let wanted = wanted.trim().to_lowercase();
            let has = |text: &str| text.to_lowercase().contains(&wanted);
            // A single sign is rather a key than part of a word.
            if wanted.chars().count() == 1 {
                return caps.to_lowercase().split(' ').any(|cap| cap == wanted);
            }
            has(what) || has(section.title()) || has(caps)
        })
    }

    fn shows_row(self, row: &'static Row) -> bool {
        self.shows(row.section, row.what, &self.caps(row).join(" "))
    }

    fn shows_told(self, told: &(Section, &[&str], &str)) -> bool {
        self.shows(told.0, told.2, &told.1.join(" "))
    }

    fn caps(self, row: &'static Row) -> Vec<String> {
        self.keys.map.with(|map| map.chords(row).iter().map(Chord::cap).collect())
    }
}

/// The sheet's inside.
#[component]
pub fn KeySheetBody() -> impl IntoView {
    let dialogs = expect_context::<Dialogs>();
    let sheet = Sheet {
        keys: use_keys(),
        toasts: use_toasts(),
        wanted: RwSignal::new(String::new()),
        at: RwSignal::new(None),
        taken: StoredValue::new(false),
    };
    let search = NodeRef::<html::Input>::new();
    Effect::new(move |_| search.get().map(|field| field.focus()));
    let tour = use_tour();
    let take_tour = move |_| {
        dialogs.keys.set(false);
        tour.start();
    };
    let changed = move || sheet.keys.map.with(Keymap::changed) as u64;
    let reset = move || {
        (changed() > 0).then(|| {
            let words = format!("Reset {}", format::plural(changed(), "key", "keys"));
            view! { <button class="btn small-btn" data-testid="keys-reset-all" on:click=move |_| sheet.reset_all()>{words}</button> }
        })
    };
    view! {
        <header class="row key-head">
            <h1>"Keys"</h1>
            <input class="field-input grow" type="search" node_ref=search data-testid="key-search" placeholder="Search what it does, or a key"
                aria-label="Search keys" prop:value=sheet.wanted on:input=move |event| sheet.wanted.set(event_target_value(&event))/>
            {reset}
            <button class="btn quiet icon-btn" aria-label="Close" on:click=move |_| dialogs.keys.set(false)><Glyph icon=Icon::Close/></button>
        </header>
        <p class="row dim small"><span class="grow">"Choose a line and press its new key. What you change is kept in this browser, for you."</span>
            <button class="btn quiet small-btn" data-testid="keys-tour" on:click=take_tour>"Take the tour"</button></p>
        <div class="key-sheet">{Section::ALL.map(|section| part(sheet, section))}</div>
        <Nothing sheet/>
        <News/>
    }
}

/// A section; what is not looked for is hidden, not drawn anew, so that the focus stays.
fn part(sheet: Sheet, section: Section) -> impl IntoView {
    let rows = move || ROWS.iter().filter(move |row| row.section == section);
    let told = move || TOLD.iter().filter(move |told| told.0 == section);
    let any =
        move || rows().any(|row| sheet.shows_row(row)) || told().any(|told| sheet.shows_told(told));
    let lines: Vec<AnyView> = rows().map(|row| line(sheet, row)).collect();
    let told: Vec<AnyView> = told()
        .map(|told| {
            let caps = told.1.iter().map(|cap| view! { <kbd>{*cap}</kbd> }).collect_view();
            fixed(told.2, caps, move || !sheet.shows_told(told))
        })
        .collect();
    view! { <section class:gone=move || !any()><h2>{section.title()}</h2>{lines}{told}</section> }
}

/// A line that stays as it is.
fn fixed(
    what: &'static str,
    caps: impl IntoView + 'static,
    gone: impl Fn() -> bool + Send + Sync + 'static,
) -> AnyView {
    view! { <div class="key-line" class:gone=gone><span class="soft grow">{what}</span><span class="row caps">{caps}</span></div> }
        .into_any()
}

fn line(sheet: Sheet, row: &'static Row) -> AnyView {
    let gone = move || !sheet.shows_row(row);
    if row.fixed {
        let caps = sheet.caps(row).into_iter().map(|cap| view! { <kbd>{cap}</kbd> }).collect_view();
        return fixed(row.what, caps, gone);
    }
    let changed = move || sheet.keys.map.with(|map| map.is_changed(row));
    let reset = move || {
        changed().then(|| {
            let words = format!("Reset the key for “{}”", row.what);
            view! { <button class="btn quiet tiny" data-testid="key-reset" aria-label=words on:click=move |event| { sheet.reset(row); go_on_after(&event); }>"reset"</button> }
        })
    };
    view! {
        <div class="key-line" class:gone=gone class:changed=changed data-testid="key-line" data-key=row.id>
            <span class="soft grow">{row.what}{move || changed().then(|| view! { <span class="hidden">", changed"</span> })}</span>
            {reset}<KeyButton sheet row/>
        </div>
        {move || sheet.doing(row).map(|doing| answer(sheet, row, doing))}
    }
    .into_any()
}

/// The button that was pressed goes away; the one after it is where one goes on.
fn go_on_after(event: &web_sys::MouseEvent) {
    let button = event.current_target().and_then(|t| t.dyn_into::<web_sys::Element>().ok());
    let next = button.and_then(|button| button.next_element_sibling());
    if let Some(next) = next.and_then(|next| next.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = next.focus();
    }
}

/// The caps of a line, as a button that waits for a key once pressed.
#[component]
fn KeyButton(sheet: Sheet, row: &'static Row) -> impl IntoView {
    let node = NodeRef::<html::Button>::new();
    let listening = move || sheet.doing(row) == Some(Doing::Listening);
    let caps = move || {
        let caps = sheet.caps(row).into_iter().map(|cap| view! { <kbd>{cap}</kbd> });
        match listening() {
            true => view! { <span class="listening">"press a key"</span><span class="hidden">{format!(" for “{}”. Escape cancels.", row.what)}</span> }.into_any(),
            false => view! { <span class="hidden">{format!("{}: ", row.what)}</span><span class="change">"change"</span>{caps.collect_view()} }.into_any(),
        }
    };
    // It comes also when the sheet goes, with all that is in it.
    let leave = move |_| {
        let here = |at: &Option<(&str, Doing)>| *at == Some((row.id, Doing::Listening));
        if sheet.at.try_with_untracked(here) == Some(true) {
            sheet.at.set(None);
        }
    };
    // The answer under the line goes with the buttons in it; the line is where one goes on.
    Effect::new(move |before: Option<bool>| {
        let asked = matches!(sheet.doing(row), Some(Doing::Clash(..)));
        if before == Some(true)
            && sheet.at.with(Option::is_none)
            && let Some(node) = node.get_untracked()
        {
            let _ = node.focus();
        }
        asked
    });
    view! {
        <button class="key-change" node_ref=node data-testid="key-change" class:is-listening=listening
            on:click=move |_| sheet.put(row, Doing::Listening) on:keydown=move |event| sheet.press(row, &event)
            on:keyup=move |event| sheet.release(&event) on:blur=leave>{caps}</button>
    }
}

/// What a line says to a key that it did not simply take.
fn answer(sheet: Sheet, row: &'static Row, doing: Doing) -> AnyView {
    match doing {
        Doing::Listening => {
            view! { <p class="hidden" role="status">"Press the new key. Escape cancels."</p> }
                .into_any()
        }
        Doing::Refused(why) => {
            view! { <p class="key-answer warn-text" role="alert" data-testid="key-refused">{why}</p> }
                .into_any()
        }
        Doing::Clash(why, swapped) => view! { <Clash sheet row why swapped/> }.into_any(),
    }
}

/// Names who has the key, and offers to swap.
#[component]
fn Clash(sheet: Sheet, row: &'static Row, why: String, swapped: Option<Keymap>) -> impl IntoView {
    let first = NodeRef::<html::Button>::new();
    Effect::new(move |_| first.get().map(|button| button.focus()));
    let cancel = move || sheet.at.set(None);
    let escape = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Escape" {
            event.prevent_default();
            event.stop_propagation();
            cancel();
        }
    };
    let way = match swapped {
        Some(map) => {
            let old = sheet.keys.map.with_untracked(|map| map.chord(row)).map(|chord| chord.cap());
            let gets = format!(" Swap them, so that it gets {}?", old.unwrap_or_default());
            let swap = move |_| sheet.take(row, Change::Taken(map.clone()));
            view! {
                <span class="grow">{why}{gets}</span>
                <button class="btn small-btn primary" node_ref=first data-testid="key-swap" on:click=swap>"Swap"</button>
                <button class="btn small-btn" on:click=move |_| cancel()>"Cancel"</button>
            }
            .into_any()
        }
        None => view! {
            <span class="grow">{why}" A swap would be in the way of a third, so choose another key."</span>
            <button class="btn small-btn" node_ref=first on:click=move |_| cancel()>"Cancel"</button>
        }
        .into_any(),
    };
    view! { <div class="key-answer key-clash" role="alert" data-testid="key-clash" on:keydown=escape>{way}</div> }
}

#[component]
fn Nothing(sheet: Sheet) -> impl IntoView {
    let any = move || {
        TOLD.iter().any(|told| sheet.shows_told(told))
            || ROWS.iter().any(|row| sheet.shows_row(row))
    };
    move || {
        (!any()).then(
            || view! { <p class="soft" role="status">"No key does that, and nothing has that key."</p> },
        )
    }
}
