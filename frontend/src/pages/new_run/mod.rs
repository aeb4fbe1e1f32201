//! Setting up a run: a form made from the shared config's own table of fields, checked by the
//! trainer's own code while one types.

mod fields;
mod mixture;

use crate::logic::form::{Change, Draft, changes, wording};
use crate::logic::format;
use crate::parts::shell::{Crumb, Page};
use crate::route;
use crate::state::api;
use crate::state::browser::{dialog_open, is_typing, on_keys};
use crate::state::library::use_library;
use crate::state::session::use_session;
use fields::FieldGroup;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use shared::annotation::Role;
use shared::api::{DeviceInfo, NewRun};
use shared::config::{FIELDS, PRESETS, Problem, RunConfig};

/// The form on the screen.
#[derive(Clone, Copy)]
pub struct Form {
    /// What is typed.
    pub draft: RwSignal<Draft>,
    /// The preset one started from.
    pub preset: RwSignal<usize>,
    /// The run's name; empty for a made-up one.
    pub name: RwSignal<String>,
    /// Whether advanced fields are shown.
    pub more: RwSignal<bool>,
    /// Problems the server found beyond ours.
    pub refused: RwSignal<Vec<Problem>>,
    /// Devices of the server's machine, once they are known.
    pub devices: RwSignal<Vec<DeviceInfo>>,
    /// The config, or what is wrong with it.
    pub checked: Memo<Result<RunConfig, Vec<Problem>>>,
}

impl Form {
    fn new() -> Self {
        let first = PRESETS.first().map_or_else(RunConfig::default, |preset| (preset.config)());
        let draft = RwSignal::new(Draft::of(&first));
        let devices = RwSignal::new(Vec::new());
        leptos::task::spawn_local(async move {
            // Without the list the field stays a plain text.
            if let Ok(list) = api::devices().await {
                let _ = devices.try_set(list);
            }
        });
        Self {
            devices,
            draft,
            preset: RwSignal::new(0),
            name: RwSignal::new(String::new()),
            more: RwSignal::new(false),
            refused: RwSignal::new(Vec::new()),
            checked: Memo::new(move |_| draft.with(Draft::check)),
        }
    }

    fn preset_config(self) -> RunConfig {
        let preset = PRESETS.get(self.preset.get());
        preset.map_or_else(RunConfig::default, |preset| (preset.config)())
    }

    /// What differs from the preset.
    pub fn changes(self) -> Vec<Change> {
        self.draft.with(|draft| changes(draft, &self.preset_config()))
    }

    /// Ours and the server's problems.
    pub fn problems(self) -> Vec<Problem> {
        let ours = self.checked.with(|checked| checked.as_ref().err().cloned());
        ours.unwrap_or_else(|| self.refused.get())
    }

    /// The problem of a field or of anything under it, as it is shown.
    pub fn problem(self, key: &str) -> Option<String> {
        let under = |field: &str| field == key || field.starts_with(&format!("{key}["));
        let found = self.problems().into_iter().find(|p| under(&p.field));
        found.map(|p| wording(&p.message))
    }
}

/// The page.
#[component]
pub fn NewRunPage() -> impl IntoView {
    let form = Form::new();
    let session = use_session();
    let start = use_start(form);
    form_keys(form, start);
    let mut groups: Vec<&'static str> = Vec::new();
    for field in FIELDS {
        if !groups.contains(&field.group) {
            groups.push(field.group);
        }
    }
    let hidden = FIELDS.iter().filter(|field| field.advanced).count();
    let more = move || match form.more.get() {
        true => "Fewer settings".to_owned(),
        false => format!("{hidden} more settings"),
    };
    let not_admin = move || {
        (!session.may(Role::Admin)).then(|| view! {
        <p class="banner is-warn">"Your role cannot start runs. You can look at every setting; ask an admin to start one."</p>
    })
    };
    view! {
        <Page crumbs=vec![Crumb::link("Runs", "/runs"), Crumb::here("New run")] class="flush">
            <div class="new">
                <Presets form/>
                <div class="form">
                    {not_admin}
                    <NameField form/>
                    {groups.into_iter().map(|group| view! { <FieldGroup form group/> }).collect_view()}
                    <button class="btn quiet" aria-expanded=move || form.more.get().to_string()
                        on:click=move |_| form.more.update(|m| *m = !*m)>{more}" "<kbd>"E"</kbd></button>
                </div>
                <Aside form start/>
            </div>
        </Page>
    }
}

#[component]
fn Presets(form: Form) -> impl IntoView {
    let choose = move |i: usize| {
        form.preset.set(i);
        form.refused.set(Vec::new());
        form.draft.set(Draft::of(&form.preset_config()));
    };
    let one = move |(i, preset): (usize, &'static shared::config::Preset)| {
        view! {
            <button class="preset" aria-current=move || (form.preset.get() == i).then_some("true")
                data-testid=format!("preset-{}", preset.name) on:click=move |_| choose(i)>
                <b>{preset.name}</b><small>{preset.about}</small>
            </button>
        }
    };
    view! {
        <aside class="presets" aria-label="Presets"><h2>"Start from"</h2>
            {PRESETS.iter().enumerate().map(one).collect_view()}
        </aside>
    }
}

#[component]
fn NameField(form: Form) -> impl IntoView {
    view! {
        <div class="field first">
            <label for="run-name">"Name"</label>
            <div class="box"><input id="run-name" data-testid="run-name" autocomplete="off" placeholder="made up if left empty"
                prop:value=form.name on:input=move |event| form.name.set(event_target_value(&event))/></div>
            <p>"How the run is called in lists and links to it."</p>
        </div>
    }
}

/// Where a start has come to.
#[derive(Clone, Copy)]
struct Start {
    sending: RwSignal<bool>,
    fault: RwSignal<Option<String>>,
    run: Callback<()>,
}

fn use_start(form: Form) -> Start {
    let (library, session) = (use_library(), use_session());
    let navigate = StoredValue::new_local(use_navigate());
    let sending = RwSignal::new(false);
    let fault = RwSignal::new(None::<String>);
    let run = Callback::new(move |()| {
        let good = form.checked.with_untracked(Result::is_ok);
        if sending.get_untracked() || !good || !untrack(|| session.may(Role::Admin)) {
            return;
        }
        let body = NewRun {
            name: form.name.get_untracked().trim().to_owned(),
            config: form.draft.with_untracked(Draft::value),
        };
        sending.set(true);
        fault.set(None);
        leptos::task::spawn_local(async move {
            let sent = api::start_run(&body).await;
            if sending.try_set(false).is_some() {
                return;
            }
            match sent {
                Ok(body) => {
                    let id = body.run.id.clone();
                    library.take_run(body.run);
                    navigate.with_value(|go| go(&route::run(&id), Default::default()));
                }
                Err(refusal) => {
                    fault.set(Some(format!("The run was not started. {}", refusal.message)));
                    form.refused.set(refusal.problems);
                }
            }
        });
    });
    Start { sending, fault, run }
}

fn form_keys(form: Form, start: Start) {
    on_keys(move |event| {
        let command = event.ctrl_key() || event.meta_key();
        if command && event.key() == "Enter" {
            event.prevent_default();
            start.run.run(());
        } else if event.key() == "e" && !command && !is_typing(&event) && !dialog_open() {
            form.more.update(|more| *more = !*more);
        }
    });
}

/// What differs, what it will take, and the start button.
#[component]
fn Aside(form: Form, start: Start) -> impl IntoView {
    let session = use_session();
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
    let wrong = move || form.problems().len() as u64;
    let status = move || {
        match wrong() {
        0 => view! { <span class="dim">"Ready to start."</span> }.into_any(),
        n => view! { <span><span class="bad-text">{format!("{} to mend", format::plural(n, "field", "fields"))}</span>" before it can start"</span> }.into_any(),
    }
    };
    let off = move || {
        form.checked.with(Result::is_err) || start.sending.get() || !session.may(Role::Admin)
    };
    view! {
        <aside class="aside">
            <section><h2>{move || format!("Changed from {}", name())}</h2><div class="diff" data-testid="diff">{diff}</div></section>
            <Takes form/>
            <section class="grow preview"><h2>"As run.toml"</h2><pre class="mono">{move || toml(form)}</pre></section>
            {move || start.fault.get().map(|why| view! { <p class="banner is-bad" role="alert">{why}</p> })}
            <div class="foot"><span class="grow small" role="status">{status}</span>
                <button class="btn primary" data-testid="start-run" disabled=off on:click=move |_| start.run.run(())>
                    {move || if start.sending.get() { "Starting" } else { "Start run" }}" "<kbd>"Ctrl ⏎"</kbd></button>
            </div>
        </aside>
    }
}

/// How much a run of this config asks.
#[component]
fn Takes(form: Form) -> impl IntoView {
    let library = use_library();
    let facts = move || {
        let config = form.checked.get().ok()?;
        let per_step = u64::from(config.grpo.group_size) * u64::from(config.grpo.prompts_per_step);
        Some((config.steps, per_step, config.grpo.prompts_per_step, config.sampling.max_new_tokens))
    };
    let line = |name: &'static str, value: String| {
        view! { <div class="take num"><span>{name}</span><b>{value}</b></div> }
    };
    let lines = move || {
        match facts() {
        None => view! { <p class="dim">"Known once every field is right."</p> }.into_any(),
        Some((steps, per_step, prompts, longest)) => view! {
            {line("Answers in a step", format!("{} to {}", format::whole(per_step), format::plural(u64::from(prompts), "question", "questions")))}
            {line("Answers in the run", format::whole(per_step * steps))}
            {line("Tokens in a step, at most", format::whole(per_step * u64::from(longest)))}
        }
        .into_any(),
    }
    };
    let videos = move || {
        let chosen = form.draft.with(|d| !d.text("videos").trim().is_empty());
        let usable = library
            .videos
            .with(|v| v.ready().map(|v| v.iter().filter(|v| v.problem.is_none()).count()));
        match (chosen, usable) {
            (true, _) => "The videos named in the form.".to_owned(),
            (false, Some(0)) => "The library has no usable video yet: add some first.".to_owned(),
            (false, Some(n)) => {
                format!("All {} usable videos of the library.", format::whole(n as u64))
            }
            (false, None) => String::new(),
        }
    };
    view! { <section><h2>"What it will take"</h2>{lines}<p class="dim small">{videos}</p></section> }
}

/// The difference from the preset as the lines of a run.toml.
fn toml(form: Form) -> String {
    let draft = form.draft.get();
    let value = draft.value();
    let mut lines =
        vec![format!("# preset: {}", PRESETS.get(form.preset.get()).map_or("", |p| p.name))];
    for change in form.changes() {
        if change.key == "mixture" {
            for row in &draft.mixture {
                lines.push("\n[[mixture]]".into());
                let item = serde_json::to_value(&row.item).unwrap_or_default();
                for (name, value) in
                    item.as_object().into_iter().flatten().filter(|(n, _)| *n != "weight")
                {
                    lines.push(format!("{name} = {value}"));
                }
                lines.push(format!("weight = {}", row.weight));
            }
            continue;
        }
        let leaf = change.key.split('.').try_fold(&value, |at, part| at.get(part));
        lines.push(format!(
            "{} = {}",
            change.key,
            leaf.map(ToString::to_string).unwrap_or_default()
        ));
    }
    // Dotted keys come before the tables, as TOML wants them.
    let (tables, keys): (Vec<_>, Vec<_>) = {
        let first = lines.iter().position(|line| line.starts_with("\n[[")).unwrap_or(lines.len());
        let end =
            lines.iter().rposition(|line| line.starts_with("weight = ")).map_or(first, |i| i + 1);
        let mut rest = lines.clone();
        let tables: Vec<String> = rest.drain(first..end.max(first)).collect();
        (tables, rest)
    };
    keys.into_iter().chain(tables).collect::<Vec<_>>().join("\n")
}
