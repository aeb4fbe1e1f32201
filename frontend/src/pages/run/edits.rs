//! Changing a run that goes on: learning rate and mixture, checked by the trainer's own code while
//! one types, in effect from the next step on.

use super::Watch;
use crate::logic::form::wording;
use crate::logic::{format, words};
use crate::parts::bits::{Glyph, Icon};
use crate::parts::dialog::Dialog;
use crate::state::api;
use crate::state::toast::use_toasts;
use leptos::prelude::*;
use shared::config::MixtureItem;
use shared::edit::Edit;
use shared::event::Order;

/// What is typed.
#[derive(Clone, Default, PartialEq)]
struct Typed {
    rate: String,
    weights: Vec<String>,
}

fn number(text: &str) -> f64 {
    text.trim().replace(',', ".").replace('\u{2212}', "-").parse().unwrap_or(f64::NAN)
}

/// The dialog, and the button that opens it.
#[component]
pub fn Edits(watch: Watch) -> impl IntoView {
    let open = RwSignal::new(false);
    let typed = RwSignal::new(Typed::default());
    let known = move || watch.config_now().is_some();
    let show = move |_| {
        if let Some(config) = untrack(|| watch.config_now()) {
            let weights = config.mixture.iter().map(|item| item.weight.to_string()).collect();
            typed.set(Typed { rate: config.optim.learning_rate.to_string(), weights });
            open.set(true);
        }
    };
    let next = move || format::whole(watch.newest() + 1);
    view! {
        <button class="btn" data-testid="edit-open" disabled=move || !known() on:click=show title="Change learning rate or mixture while the run goes on">"Change…"</button>
        <Dialog open title="Change this run" testid="edit-dialog">
            <header class="row"><h1 class="grow">"Change this run"</h1>
                <button class="btn quiet" aria-label="Close" on:click=move |_| open.set(false)><Glyph icon=Icon::Close/></button></header>
            <p class="soft">{move || format!("The run goes on. A change holds from the next step on (step {} or later), is written into its journal with your name, and stays in force when the run is resumed.", next())}</p>
            <Rate watch typed open/>
            <Mixture watch typed open/>
        </Dialog>
    }
}

/// Sends an edit; says how it went.
fn sender(watch: Watch, open: RwSignal<bool>, fault: RwSignal<Option<String>>) -> Callback<Edit> {
    let toasts = use_toasts();
    Callback::new(move |edit: Edit| {
        let Some(run) = watch.live.following.get_untracked() else { return };
        leptos::task::spawn_local(async move {
            match api::edit(&run, edit.clone()).await {
                Ok(_) => {
                    watch.note(Order::Edit(edit));
                    let _ = open.try_set(false);
                    toasts.say("Sent to the trainer. It holds from the next step on.".to_owned());
                }
                Err(refusal) => drop(fault.try_set(Some(refusal.message))),
            }
        });
    })
}

/// What is wrong with an edit, in words.
fn problem(watch: Watch, edit: &Edit) -> Option<String> {
    let config = watch.config_now()?;
    let first = edit.problems(&config).into_iter().next();
    first.map(|problem| format::sentence(&wording(&problem.message)))
}

#[component]
fn Rate(watch: Watch, typed: RwSignal<Typed>, open: RwSignal<bool>) -> impl IntoView {
    let fault = RwSignal::new(None::<String>);
    let send = sender(watch, open, fault);
    let edit = move || Edit::LearningRate { value: typed.with(|typed| number(&typed.rate)) };
    let now = move || watch.config_now().map_or(0.0, |config| config.optim.learning_rate);
    let wrong = Memo::new(move |_| problem(watch, &edit()));
    let same = move || typed.with(|typed| number(&typed.rate)) == now();
    view! {
        <section class="edit"><h2>"Learning rate"</h2>
            <div class="row"><span class="num soft">{move || format!("{} →", format::short(now()))}</span>
                <input class="field-input num" class:wrong=move || wrong.with(Option::is_some) inputmode="decimal" aria-label="New learning rate" data-testid="edit-rate"
                    prop:value=move || typed.with(|t| t.rate.clone())
                    on:input=move |event| { fault.set(None); typed.update(|t| t.rate = event_target_value(&event)); }/>
                <button class="btn primary" data-testid="edit-rate-send" disabled=move || same() || wrong.with(Option::is_some)
                    on:click=move |_| send.run(untrack(edit))>"Change learning rate"</button></div>
            <p class="error small" role="alert">{move || fault.get().or_else(|| wrong.get())}</p>
        </section>
    }
}

/// An item of the mixture in words.
fn item_title(item: &MixtureItem) -> String {
    let titles: Vec<String> = item.tasks().iter().map(words::task_title).collect();
    match titles.as_slice() {
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        [] => item.task.name().to_owned(),
    }
}

#[component]
fn Mixture(watch: Watch, typed: RwSignal<Typed>, open: RwSignal<bool>) -> impl IntoView {
    let fault = RwSignal::new(None::<String>);
    let send = sender(watch, open, fault);
    let weights = move || -> Vec<f64> {
        typed.with(|typed| typed.weights.iter().map(|text| number(text)).collect())
    };
    let edit = move || Edit::Mixture { weights: weights() };
    let wrong = Memo::new(move |_| problem(watch, &edit()));
    let same = move || {
        let now = watch.config_now().map(|config| edit().of(&config));
        now == Some(edit())
    };
    let items = Memo::new(move |_| {
        let titles = |config: shared::config::RunConfig| {
            config.mixture.iter().map(item_title).collect::<Vec<_>>()
        };
        watch.config.get().map(titles).unwrap_or_default()
    });
    let share = move |i: usize| {
        let all = weights();
        let sum: f64 = all.iter().sum();
        let share = all.get(i).map_or(f64::NAN, |weight| weight / sum);
        if share.is_finite() { format::percent(share) } else { "–".to_owned() }
    };
    let row = move |(i, name): (usize, String)| {
        let value = move || typed.with(|t| t.weights.get(i).cloned().unwrap_or_default());
        let set = move |event: web_sys::Event| {
            fault.set(None);
            typed.update(|t| {
                if let Some(weight) = t.weights.get_mut(i) {
                    *weight = event_target_value(&event);
                }
            });
        };
        view! {
            <label class="weight"><span class="clip">{name}</span>
                <input class="field-input num" inputmode="decimal" data-testid="edit-weight" prop:value=value on:input=set/>
                <b class="num">{move || share(i)}</b></label>
        }
    };
    view! {
        <section class="edit"><h2>"Mixture"</h2>
            <div class="weights">{move || items.get().into_iter().enumerate().map(row).collect_view()}</div>
            <div class="row"><p class="error small grow" role="alert">{move || fault.get().or_else(|| wrong.get())}</p>
                <button class="btn primary" data-testid="edit-mixture-send" disabled=move || same() || wrong.with(Option::is_some)
                    on:click=move |_| send.run(untrack(edit))>"Change mixture"</button></div>
        </section>
    }
}
