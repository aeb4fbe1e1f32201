//! Setting up a run: a form made from the shared config's own table of fields, checked by the
//! trainer's own code while one types.

mod aside;
mod base;
mod estimate;
mod fields;
mod mixture;
mod sample;

use crate::logic::form::{Change, Draft, changes, wording};
use crate::logic::keys::{Command, Screen};
use crate::parts::keycap::Cap;
use crate::parts::shell::{Crumb, Page};
use crate::route;
use crate::state::api;
use crate::state::keys::{on_commands, shortcut};
use crate::state::library::use_library;
use crate::state::remote::Fault;
use crate::state::session::use_session;
use crate::state::toast::{Toasts, use_toasts};
use aside::Aside;
use base::Base;
use fields::FieldGroup;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use shared::annotation::Role;
use shared::api::{ConfigBody, DeviceInfo, NewRun, PolicyInfo};
use shared::config::{FIELDS, PRESETS, Problem, RunConfig};

/// The form on the screen.
#[derive(Clone, Copy)]
pub struct Form {
    /// What is typed.
    pub draft: RwSignal<Draft>,
    /// What one started from.
    pub base: RwSignal<Base>,
    /// Why a file or a run could not be taken over.
    pub notice: RwSignal<Option<String>>,
    /// The config as the server reads it, once it said so.
    pub told: RwSignal<Option<ConfigBody>>,
    /// Whether it was asked and has not answered.
    pub asking: RwSignal<bool>,
    /// Why the server did not say so.
    pub untold: RwSignal<Option<Fault>>,
    /// How often the reader has asked for it once more.
    pub again: RwSignal<u32>,
    /// Policies to start from, once they are known.
    pub policies: RwSignal<Vec<PolicyInfo>>,
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
    /// Where it is said what was lost.
    pub toasts: Toasts,
}

impl Form {
    fn new() -> Self {
        let base = Base::preset(0);
        let toasts = use_toasts();
        on_cleanup(move || toasts.forget("form"));
        let draft = RwSignal::new(Draft::of(&base.config));
        let (devices, policies) = (RwSignal::new(Vec::new()), RwSignal::new(Vec::new()));
        leptos::task::spawn_local(async move {
            // Without the lists the fields stay plain texts.
            if let Ok(list) = api::devices().await {
                let _ = devices.try_set(list);
            }
            if let Ok(list) = api::policies().await {
                let _ = policies.try_set(list);
            }
        });
        Self {
            devices,
            draft,
            policies,
            base: RwSignal::new(base),
            notice: RwSignal::new(None),
            told: RwSignal::new(None),
            asking: RwSignal::new(true),
            untold: RwSignal::new(None),
            again: RwSignal::new(0),
            name: RwSignal::new(String::new()),
            more: RwSignal::new(false),
            refused: RwSignal::new(Vec::new()),
            checked: Memo::new(move |_| draft.with(Draft::check)),
            toasts,
        }
    }

    /// What differs from the base.
    pub fn changes(self) -> Vec<Change> {
        self.draft.with(|draft| self.base.with(|base| changes(draft, &base.config)))
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
    base::fork_from_address(form);
    estimate::ask_while_typing(form);
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
                    <button class="btn quiet" aria-keyshortcuts=shortcut(Command::More) aria-expanded=move || form.more.get().to_string()
                        on:click=move |_| form.more.update(|m| *m = !*m)>{more}" "<Cap does=Command::More/></button>
                </div>
                <Aside form start/>
            </div>
        </Page>
    }
}

#[component]
fn Presets(form: Form) -> impl IntoView {
    let one = move |(i, preset): (usize, &'static shared::config::Preset)| {
        let here = move || form.base.with(|base| base.preset == Some(i)).then_some("true");
        view! {
            <button class="preset" aria-current=here data-testid=format!("preset-{}", preset.name)
                on:click=move |_| base::begin(form, Base::preset(i))>
                <b>{preset.name}</b><small>{preset.about}</small>
            </button>
        }
    };
    let other = move || {
        let base = form.base.get();
        base.preset.is_none().then(|| {
            view! {
                <div class="preset" aria-current="true" data-testid="base">
                    <b class="clip">{base.name}</b><small>"Taken over; choose a preset to leave it."</small>
                </div>
            }
        })
    };
    view! {
        <aside class="presets" aria-label="Presets"><h2>"Start from"</h2>
            {other}
            {PRESETS.iter().enumerate().map(one).collect_view()}
            <Import form/>
        </aside>
    }
}

/// Reads a `run.toml`, chosen or dropped.
#[component]
fn Import(form: Form) -> impl IntoView {
    let over = RwSignal::new(false);
    let take = move |files: Option<web_sys::FileList>| {
        if let Some(file) = files.and_then(|files| files.get(0)) {
            base::read_file(form, file);
        }
    };
    let chosen = move |event: web_sys::Event| {
        let input = event_target::<web_sys::HtmlInputElement>(&event);
        take(input.files());
        // So that the same file can be chosen again.
        input.set_value("");
    };
    let dropped = move |event: web_sys::DragEvent| {
        event.prevent_default();
        over.set(false);
        take(event.data_transfer().and_then(|data| data.files()));
    };
    let hold = move |event: web_sys::DragEvent| {
        event.prevent_default();
        over.set(true);
    };
    view! {
        <label class="preset import" class:over=over on:dragover=hold on:dragleave=move |_| over.set(false) on:drop=dropped>
            <b>"A run.toml"</b><small>"Choose a file, or drop it here."</small>
            <input type="file" accept=".toml,text/plain" class="unseen" data-testid="import" on:change=chosen/>
        </label>
        {move || form.notice.get().map(|why| view! { <p class="banner is-bad small" role="alert" data-testid="notice">{why}</p> })}
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
    let session = use_session();
    let listening = on_commands(Screen::NewRun, move |command| match command {
        Command::Start => start.run.run(()),
        Command::More => form.more.update(|more| *more = !*more),
        _ => {}
    });
    listening.called(move |row| match row.does {
        Command::Start if !session.may(Role::Admin) => None,
        Command::More if form.more.get() => Some("Fewer settings".into()),
        _ => Some(row.title()),
    });
}
