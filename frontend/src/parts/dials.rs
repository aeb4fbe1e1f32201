//! The dials of a task as part of a form: what each means, its range, its published value, and
//! the way back to it. Task studio and the mixture editor share it.

use crate::logic::dials::{
    Typed, common, main_choices, main_dial, published_words, stepped, unit, with_main,
};
use crate::logic::form::wording;
use leptos::prelude::*;
use shared::task::{DIALS, DialField, DialKind, Task};

/// A change to a dial.
#[derive(Clone, Debug, PartialEq)]
pub enum DialEdit {
    /// A text typed into one of its boxes.
    Put(&'static str, usize, String),
    /// Back to the published value.
    Reset(&'static str),
}

/// The dials of one task, or those that several have in common.
#[derive(Clone, Copy)]
pub struct DialForm {
    /// The tasks.
    pub tasks: Signal<Vec<Task>>,
    /// What is typed.
    pub typed: Signal<Typed>,
    /// What is wrong, by dial.
    pub problem: Callback<&'static str, Option<String>>,
    /// Called with every change.
    pub edit: Callback<DialEdit>,
}

impl DialForm {
    fn task(self) -> Task {
        let first = self.tasks.with(|tasks| tasks.first().copied());
        first.unwrap_or(Task::Progress)
    }

    fn kind(self, key: &str) -> DialKind {
        self.task().dial(key).map_or(DialKind::Switch, |(kind, _)| kind)
    }
}

/// One row for each dial.
#[component]
pub fn DialRows(
    /// The dials.
    form: DialForm,
    /// Tells the boxes of this form from others on the page.
    name: String,
) -> impl IntoView {
    let keys = Memo::new(move |_| {
        form.tasks.with(|tasks| common(tasks).map(|field| field.key).collect::<Vec<_>>())
    });
    let fields = move || {
        let keys = keys.get();
        DIALS.iter().filter(move |field| keys.contains(&field.key)).collect::<Vec<_>>()
    };
    let none = move || keys.with(Vec::is_empty);
    view! {
        <div class="dials">
            <For each=fields key=|field| field.key children=move |field| view! { <DialRow form field name=name.clone()/> }/>
            {move || none().then(|| view! { <p class="dim small">"This task has no further dials."</p> })}
        </div>
    }
}

#[component]
fn DialRow(form: DialForm, field: &'static DialField, name: String) -> impl IntoView {
    let key = field.key;
    let id = format!("{name}-{key}");
    let about = format!("{id}-about");
    let problem = Memo::new(move |_| form.problem.run(key));
    let changed = Memo::new(move |_| form.typed.with(|typed| typed.is_set(key)));
    let boxes = Memo::new(move |_| match form.kind(key) {
        DialKind::Switch => 0,
        DialKind::Whole(..) => 1,
        DialKind::WholeRange(..) | DialKind::RealRange(..) => 2,
    });
    let inputs = {
        let (id, about) = (id.clone(), about.clone());
        move || match boxes.get() {
            0 => view! { <Switch form field id=id.clone() about=about.clone()/> }.into_any(),
            1 => view! { <DialBox form field at=0 id=id.clone() about=about.clone()/> }.into_any(),
            _ => view! {
                <DialBox form field at=0 id=id.clone() about=about.clone()/>
                <span class="dim">"to"</span>
                <DialBox form field at=1 id=format!("{id}-to") about=about.clone()/>
            }
            .into_any(),
        }
    };
    let says = move || match problem.get() {
        Some(why) => view! { <span class="err" role="alert">{wording(&why)}</span> }.into_any(),
        None => view! { <span>{field.help}</span> }.into_any(),
    };
    view! {
        <div class="dial" data-testid=format!("dial-{key}")>
            <div class="row"><label class="grow" for=id>{field.label}</label><Published form key changed/></div>
            <div class="box num" class:changed=changed class:wrong=move || problem.with(Option::is_some)>
                {inputs}<span class="unit">{move || unit(&form.task(), field)}</span>
            </div>
            <p id=about>{says}</p>
        </div>
    }
}

/// Says that a value is the published one, or leads back to it.
#[component]
fn Published(form: DialForm, key: &'static str, changed: Memo<bool>) -> impl IntoView {
    let words = move || published_words(&form.task(), key);
    move || {
        match changed.get() {
        false => view! { <span class="dim small">"published"</span> }.into_any(),
        true => view! {
            <button class="btn quiet small-btn" data-testid=format!("reset-{key}")
                on:click=move |_| form.edit.run(DialEdit::Reset(key))>{move || format!("back to {}", words())}</button>
        }
        .into_any(),
    }
    }
}

#[component]
fn DialBox(
    form: DialForm,
    field: &'static DialField,
    at: usize,
    id: String,
    about: String,
) -> impl IntoView {
    let key = field.key;
    let text = Memo::new(move |_| {
        let texts = form.typed.with(|typed| typed.texts(&form.task(), key));
        texts.get(at).cloned().unwrap_or_default()
    });
    let put = move |text: String| form.edit.run(DialEdit::Put(key, at, text));
    let arrows = move |event: web_sys::KeyboardEvent| {
        let up = match event.key().as_str() {
            "ArrowUp" => true,
            "ArrowDown" => false,
            _ => return,
        };
        event.prevent_default();
        if let Some(next) = stepped(form.kind(key), &text.get_untracked(), up) {
            put(next);
        }
    };
    let one = matches!(untrack(|| form.kind(key)), DialKind::Whole(..));
    let end = ["least", "most"].get(at).filter(|_| !one);
    let name = end.map(|end| format!("{}, {end}", field.label));
    view! {
        <input id=id aria-label=name aria-describedby=about inputmode="decimal" autocomplete="off"
            data-testid=format!("dial-{key}-{at}") prop:value=text on:keydown=arrows
            on:input=move |event| put(event_target_value(&event))/>
    }
}

#[component]
fn Switch(form: DialForm, field: &'static DialField, id: String, about: String) -> impl IntoView {
    let key = field.key;
    let on = Memo::new(move |_| {
        form.typed.with(|typed| typed.texts(&form.task(), key)).first().is_some_and(|t| t == "true")
    });
    let flip = move |_| {
        form.edit.run(DialEdit::Put(key, 0, (!on.get_untracked()).to_string()));
    };
    view! {
        <input id=id type="checkbox" aria-describedby=about data-testid=format!("dial-{key}-0")
            prop:checked=on on:change=flip/><span>{move || if on.get() { "on" } else { "off" }}</span>
    }
}

/// The main dial of a task: kind of change, difficulty, number of clips or tiles.
pub fn main_select(task: Task, set: impl Fn(Task) + Copy + 'static) -> AnyView {
    let Some((_, name, value)) = main_dial(&task) else {
        return view! { <span></span> }.into_any();
    };
    let changed = move |event: web_sys::Event| {
        if let Some(new) = with_main(task, &event_target_value(&event)) {
            set(new);
        }
    };
    let option = |(choice, title): (String, String)| {
        let selected = choice == value;
        view! { <option value=choice selected=selected>{title}</option> }
    };
    view! {
        <select class="field-input" aria-label=name data-testid="main-dial" on:change=changed>
            {main_choices(&task).into_iter().map(option).collect_view()}
        </select>
    }
    .into_any()
}
