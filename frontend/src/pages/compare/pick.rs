//! Chooses a side: a field that searches the runs, and the evaluation that counts.

use super::side::Side;
use crate::logic::runs::has;
use crate::logic::{format, words};
use crate::state::library::use_library;
use leptos::html;
use leptos::prelude::*;
use shared::api::Run;

/// Runs offered at once.
const OFFERED: usize = 40;

/// The field and what it found.
#[derive(Clone, Copy)]
struct Search {
    side: Side,
    open: RwSignal<bool>,
    text: RwSignal<String>,
    at: RwSignal<usize>,
    found: Memo<Vec<Run>>,
    input: NodeRef<html::Input>,
}

impl Search {
    fn new(side: Side) -> Self {
        let library = use_library();
        let text = RwSignal::new(String::new());
        let found = Memo::new(move |_| {
            let wanted = text.get().to_lowercase();
            let fits = |run: &&Run| has(&run.name, &wanted) || run.id.starts_with(&wanted);
            library.runs.with(|runs| {
                runs.ready().map_or_else(Vec::new, |runs| {
                    runs.iter().filter(fits).take(OFFERED).cloned().collect()
                })
            })
        });
        let (open, at) = (RwSignal::new(false), RwSignal::new(0));
        Self { side, open, text, at, found, input: NodeRef::new() }
    }

    fn show(self) {
        self.text.set(String::new());
        self.at.set(0);
        self.open.set(true);
    }

    fn take(self, run: &str) {
        self.side.choose(Some(run.to_owned()), None);
        self.open.set(false);
        if let Some(input) = self.input.get_untracked() {
            let _ = input.blur();
        }
    }

    fn key(self, event: &web_sys::KeyboardEvent) {
        let count = self.found.with_untracked(Vec::len).max(1);
        match event.key().as_str() {
            "ArrowDown" => self.at.update(|at| *at = (*at + 1) % count),
            "ArrowUp" => self.at.update(|at| *at = (*at + count - 1) % count),
            "Enter" => {
                let at = self.at.get_untracked();
                let run =
                    self.found.with_untracked(|found| found.get(at).map(|run| run.id.clone()));
                run.iter().for_each(|run| self.take(run));
            }
            "Escape" => self.open.set(false),
            _ => return,
        }
        event.prevent_default();
    }
}

/// One side's field, its state, and its evaluation.
#[component]
pub fn Picker(
    /// Which side.
    side: Side,
    /// `A` or `B`.
    letter: &'static str,
) -> impl IntoView {
    let search = Search::new(side);
    let low = if letter == "A" { "a" } else { "b" };
    let name = move || side.listed().map(|run| run.name).unwrap_or_default();
    let value = move || if search.open.get() { search.text.get() } else { name() };
    let list = format!("runs-{low}");
    view! {
        <div class=format!("duel-side side-{low}")>
            <b class="letter" aria-hidden="true">{letter}</b>
            <div class="grow pick">
                <input node_ref=search.input class="field-input" role="combobox" autocomplete="off"
                    data-testid=format!("pick-{low}") aria-label=format!("Run {letter}") aria-controls=list.clone()
                    aria-activedescendant=move || search.open.get().then(|| format!("run-{low}-{}", search.at.get()))
                    aria-expanded=move || search.open.get().to_string() aria-autocomplete="list"
                    placeholder="Search a run" prop:value=value
                    on:focus=move |_| search.show() on:blur=move |_| search.open.set(false)
                    on:keydown=move |event| search.key(&event)
                    on:input=move |event| { search.open.set(true); search.at.set(0); search.text.set(event_target_value(&event)); }/>
                <ul id=list class="palette offered" role="listbox" class:gone=move || !search.open.get()>
                    {move || search.found.get().into_iter().enumerate().map(|(i, run)| offer(search, low, i, run)).collect_view()}
                    {move || search.found.with(Vec::is_empty).then(|| view! { <li class="dim" aria-disabled="true">"No run has that name."</li> })}
                </ul>
                <p class="small dim num about">{move || about(side)}</p>
            </div>
            <Evaluation side low/>
        </div>
    }
}

fn offer(search: Search, low: &str, i: usize, run: Run) -> impl IntoView + use<> {
    let id = run.id.clone();
    let take = move |event: web_sys::PointerEvent| {
        // The field would lose the focus, and with it this list, before the click.
        event.prevent_default();
        search.take(&id);
    };
    let steps = format!("{} · step {}", words::capital(run.state.name()), format::whole(run.step));
    view! {
        <li id=format!("run-{low}-{i}") role="option" aria-selected=move || (search.at.get() == i).to_string() on:pointerdown=take>
            <span class="grow clip">{run.name}</span><span class="dim small num">{steps}</span>
        </li>
    }
}

/// State, steps and reward of the chosen run.
fn about(side: Side) -> Option<String> {
    let run = side.listed()?;
    let steps = format!("step {} of {}", format::whole(run.step), format::whole(run.steps));
    let reward = run.reward_mean.map(|r| format!(" · reward {}", format::fixed(r, 3)));
    Some(format!("{} · {steps}{}", words::capital(run.state.name()), reward.unwrap_or_default()))
}

/// Which evaluation of the run counts.
#[component]
fn Evaluation(side: Side, low: &'static str) -> impl IntoView {
    let option = move |step: u64| {
        let chosen = move || side.at.get() == Some(step);
        let name = if step == 0 {
            "before step 1".into()
        } else {
            format!("after step {}", format::whole(step))
        };
        view! { <option value=step.to_string() selected=chosen>{name}</option> }
    };
    let none = move || side.steps.with(Vec::is_empty);
    view! {
        <label class="small soft evaluation-choice">"Evaluation"
            <select class="field-input" data-testid=format!("at-{low}") disabled=none
                on:change=move |event| side.wanted.set(event_target_value(&event).parse().ok())>
                {move || none().then(|| view! { <option>"none yet"</option> })}
                {move || side.steps.get().into_iter().rev().map(option).collect_view()}
            </select>
        </label>
    }
}
