//! Beside the form: what differs, what a run will take, the same as a file, the start button.

use super::{Form, Start};
use crate::logic::form::Change;
use crate::logic::format;
use crate::logic::run_file::run_toml;
use crate::state::library::{Library, use_library};
use crate::state::session::use_session;
use leptos::prelude::*;
use shared::annotation::Role;
use shared::config::PRESETS;

/// All of it.
#[component]
pub(super) fn Aside(form: Form, start: Start) -> impl IntoView {
    let change = |c: Change| {
        view! { <div><span>{c.key}</span>" "<del>{c.from}</del>" → "<ins>{c.to}</ins></div> }
    };
    let diff = move || {
        let list = form.changes();
        match list.is_empty() {
            true => view! { <p class="dim">"Nothing: exactly the preset."</p> }.into_any(),
            false => list.into_iter().map(change).collect_view().into_any(),
        }
    };
    let name = move || PRESETS.get(form.preset.get()).map_or("the preset", |p| p.name);
    let file = move || form.draft.with(|draft| run_toml(name(), draft, &form.changes()));
    view! {
        <aside class="aside" aria-label="What will be started">
            <section><h2>{move || format!("Changed from {}", name())}</h2><div class="diff" data-testid="diff">{diff}</div></section>
            <Takes form/>
            <section class="grow preview"><h2>"As run.toml"</h2><pre class="mono">{file}</pre></section>
            {move || start.fault.get().map(|why| view! { <p class="banner is-bad" role="alert">{why}</p> })}
            <Foot form start/>
        </aside>
    }
}

/// Whether it can start, why not, and the button.
#[component]
fn Foot(form: Form, start: Start) -> impl IntoView {
    let session = use_session();
    let wrong = move || form.problems().len() as u64;
    let may = move || session.may(Role::Admin);
    let status = move || match (wrong(), may()) {
        (0, true) => view! { <span class="dim">"Ready to start."</span> }.into_any(),
        (0, false) => view! { <span class="dim">"Only admins start runs."</span> }.into_any(),
        (n, _) => {
            let what = format!("{} to mend", format::plural(n, "field", "fields"));
            view! { <span><span class="bad-text">{what}</span>" before it can start"</span> }
                .into_any()
        }
    };
    let off = move || form.checked.with(Result::is_err) || start.sending.get() || !may();
    view! {
        <div class="foot"><span class="grow small" role="status">{status}</span>
            <button class="btn primary" data-testid="start-run" disabled=off on:click=move |_| start.run.run(())>
                {move || if start.sending.get() { "Starting" } else { "Start run" }}" "<kbd>"Ctrl ⏎"</kbd></button>
        </div>
    }
}

/// How much a run of this config asks.
#[component]
fn Takes(form: Form) -> impl IntoView {
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
        <section><h2>"What it will take"</h2>{lines}<p class="dim small">{move || videos(form, library)}</p></section>
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
