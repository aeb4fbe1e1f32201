//! What a form started from: a preset, a run that is forked, a file that was read.

use super::Form;
use crate::logic::form::Draft;
use crate::logic::format;
use crate::state::api;
use crate::state::browser::query_value;
use leptos::prelude::*;
use shared::api::ConfigRequest;
use shared::config::{PRESETS, RunConfig};
use wasm_bindgen_futures::JsFuture;

/// Where the form's values came from; differences are shown against it.
#[derive(Clone, Debug, PartialEq)]
pub struct Base {
    /// As people call it: a preset's name, a run's, a file's.
    pub name: String,
    /// The preset, if it is one.
    pub preset: Option<usize>,
    /// Its values.
    pub config: RunConfig,
}

impl Base {
    /// A preset; the first one if there is none so far down the list.
    pub fn preset(index: usize) -> Self {
        let preset = PRESETS.get(index).or(PRESETS.first());
        Self {
            name: preset.map_or("the preset", |preset| preset.name).to_owned(),
            preset: Some(index),
            config: preset.map_or_else(RunConfig::default, |preset| (preset.config)()),
        }
    }
}

/// Fills the form anew; what was changed in it can be put back.
pub fn begin(form: Form, base: Base) {
    let changes = untrack(|| form.changes()).len() as u64;
    if changes > 0 {
        let (draft, before) = (form.draft.get_untracked(), form.base.get_untracked());
        let gone = format::plural(changes, "change is", "changes are");
        let words = format!("{} is taken over; your {gone} gone.", base.name);
        form.toasts.done("form", words, move || {
            let _ = form.base.try_set(before.clone());
            let _ = form.draft.try_set(draft.clone());
        });
    }
    form.refused.set(Vec::new());
    form.notice.set(None);
    form.draft.set(Draft::of(&base.config));
    form.base.set(base);
}

/// Takes over the config of the run that the address names, as `?from=RUN`.
pub fn fork_from_address(form: Form) {
    let Some(id) = query_value("from") else { return };
    leptos::task::spawn_local(async move {
        match api::run(&id).await {
            Ok(body) => {
                if form.name.try_set(format!("{}, forked", body.run.name)).is_none() {
                    begin(form, Base { name: body.run.name, preset: None, config: body.config });
                }
            }
            Err(fault) => {
                let why = format!("The run to fork could not be read. {}", fault.message);
                let _ = form.notice.try_set(Some(why));
            }
        }
    });
}

/// Reads a `run.toml`. A file that cannot be used changes nothing but the notice.
pub fn read_file(form: Form, file: web_sys::File) {
    leptos::task::spawn_local(async move {
        let name = file.name();
        let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string());
        let Some(text) = text else {
            let _ = form.notice.try_set(Some(format!("{name} is no text file.")));
            return;
        };
        let request = ConfigRequest { toml: Some(text), config: None };
        match api::check_config(&request).await {
            Ok(body) => begin(form, Base { name, preset: None, config: body.config }),
            Err(fault) => {
                let more =
                    fault.problems.iter().skip(1).map(|p| format!("{}: {}", p.field, p.message));
                let all: Vec<String> = std::iter::once(fault.message).chain(more).collect();
                let why = format!("{name} was not read. {}", all.join("; "));
                let _ = form.notice.try_set(Some(why));
            }
        }
    });
}
