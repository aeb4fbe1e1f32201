//! What a run will take: counted here, and measured by the server on runs like it.

use super::Form;
use crate::logic::form::Draft;
use crate::logic::format;
use crate::route;
use crate::state::api;
use crate::state::library::{Library, use_library};
use crate::state::remote::{Fault, FaultKind};
use leptos::prelude::*;
use shared::api::{ConfigRequest, Estimate};
use std::time::Duration;

/// How long a form rests before the server is asked.
const REST: Duration = Duration::from_millis(350);

/// Asks the server what the config means, some time after the last change.
pub(super) fn ask_while_typing(form: Form) {
    let asked = StoredValue::new(0u32);
    Effect::new(move |_| {
        let good = form.checked.with(Result::is_ok);
        form.again.track();
        asked.update_value(|asked| *asked += 1);
        let turn = asked.get_value();
        form.told.set(None);
        form.untold.set(None);
        form.asking.set(good);
        if !good {
            return;
        }
        let newest = move || asked.try_get_value() == Some(turn);
        let ask = move || {
            if !newest() {
                return;
            }
            let config = form.draft.with_untracked(Draft::value);
            leptos::task::spawn_local(async move {
                let request = ConfigRequest { toml: None, config: Some(config) };
                let answer = api::check_config(&request).await;
                if !newest() {
                    return;
                }
                let _ = form.asking.try_set(false);
                match answer {
                    Ok(body) => drop(form.told.try_set(Some(body))),
                    // What the server would refuse it says when the run is started.
                    Err(fault) if fault.kind == FaultKind::Refused => {}
                    Err(fault) => drop(form.untold.try_set(Some(fault))),
                }
            });
        };
        set_timeout(ask, REST);
    });
}

/// What the server measured or counted.
#[component]
fn Told(form: Form) -> impl IntoView {
    let lines = move |estimate: Estimate| {
        let steps = form.checked.with(|checked| checked.as_ref().map_or(0, |config| config.steps));
        let speed = estimate.speed.map(|speed| {
            let all = format::span_of_time(speed.step_secs * steps as f64);
            let (each, to) = (format::span_of_time(speed.step_secs), route::run(&speed.run));
            view! {
                <div class="take num"><span>"Time"</span><b data-testid="takes-time">{all}</b></div>
                <p class="dim small">{format!("{each} a step, as in ")}<a href=to>{speed.run_name}</a>" by number of tokens"</p>
            }
        });
        view! {
            <div class="take num"><span>"Parameters"</span><b>{format::count(estimate.parameters)}</b></div>
            <div class="take num"><span>"Memory, about"</span><b data-testid="takes-memory">{format::bytes(estimate.memory_bytes)}</b></div>
            {speed}
        }
    };
    let told = move || form.told.with(|told| told.as_ref()?.estimate.clone()).map(lines);
    let coming = move || form.asking.get().then(coming);
    view! { {told}{coming} }
}

/// The place of what is being counted.
fn coming() -> impl IntoView {
    let line = |name: &'static str| {
        view! { <div class="take"><span>{name}</span><b><span class="bone"></span></b></div> }
    };
    view! {
        <div role="status" aria-label="The estimate is on its way" data-testid="takes-coming">{["Parameters", "Memory, about"].map(line)}</div>
    }
}

/// Why nothing was counted, and the way on.
#[component]
fn Untold(form: Form) -> impl IntoView {
    let again = move |_| form.again.update(|times| *times += 1);
    let words = move |fault: Fault| {
        view! {
            <div role="alert" data-testid="estimate-fault"><p class="error small">"The estimate did not come. "{fault.message.clone()}" "{fault.advice()}</p>
                <button class="btn quiet small-btn" on:click=again>"Try again"</button></div>
        }
    };
    move || form.untold.get().map(words)
}

/// How much a run of this config asks.
#[component]
pub(super) fn Takes(form: Form) -> impl IntoView {
    let facts = move || {
        let config = form.checked.get().ok()?;
        let prompts = u64::from(config.grpo.prompts_per_step);
        let per_step = u64::from(config.grpo.group_size) * prompts;
        let longest = u64::from(config.sampling.max_new_tokens);
        Some([
            (
                "Answers in a step",
                format!(
                    "{} to {}",
                    format::whole(per_step),
                    format::plural(prompts, "question", "questions")
                ),
            ),
            ("Answers in the run", format::whole(per_step * config.steps)),
            ("Tokens in a step, at most", format::whole(per_step * longest)),
        ])
    };
    let line = |(name, value): (&'static str, String)| {
        view! { <div class="take num"><span>{name}</span><b>{value}</b></div> }
    };
    let lines = move || match facts() {
        None => view! { <p class="dim">"Known once every field is right."</p> }.into_any(),
        Some(facts) => facts.map(line).into_any(),
    };
    let library = use_library();
    view! {
        <section><h2>"What it will take"</h2>{lines}<Told form/><Untold form/><p class="dim small">{move || videos(form, library)}</p></section>
    }
}

/// Which videos the questions are made from.
fn videos(form: Form, library: Library) -> String {
    let chosen = form.draft.with(|d| !d.text("videos").trim().is_empty());
    let usable = library
        .videos
        .with(|v| v.ready().map(|v| v.iter().filter(|v| v.problem.is_none()).count()));
    match (chosen, usable) {
        (true, _) => "The videos named in the form.".to_owned(),
        (false, Some(0)) => "The library has no usable video yet: add some first.".to_owned(),
        (false, Some(n)) => {
            let what = format::plural(n as u64, "usable video", "usable videos");
            format!("All of the library: {what}.")
        }
        (false, None) => String::new(),
    }
}
