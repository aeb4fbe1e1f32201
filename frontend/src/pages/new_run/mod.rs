//! Setting up a run: a form made from the shared config's own table of fields, checked by the
//! trainer's own code while one types.

mod aside;
mod fields;
mod mixture;

use crate::logic::form::{Change, Draft, changes, wording};
use crate::parts::shell::{Crumb, Page};
use crate::route;
use crate::state::api;
use crate::state::browser::{dialog_open, is_typing, on_keys, query_value};
use crate::state::library::use_library;
use crate::state::session::use_session;
use crate::state::toast::use_toasts;
use aside::Aside;
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
        let name = RwSignal::new(String::new());
        if let Some(run) = query_value("from") {
            fork(run, draft, name);
        }
        Self {
            devices,
            draft,
            preset: RwSignal::new(0),
            name,
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

/// Begins with another run's config.
fn fork(run: String, draft: RwSignal<Draft>, name: RwSignal<String>) {
    let toasts = use_toasts();
    leptos::task::spawn_local(async move {
        match api::run(&run).await {
            Ok(body) => {
                let _ = draft.try_set(Draft::of(&body.config));
                let _ = name.try_set(format!("{}, forked", body.run.name));
            }
            Err(fault) => {
                toasts.warn(format!("The run to start from was not found. {}", fault.message));
            }
        }
    });
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
