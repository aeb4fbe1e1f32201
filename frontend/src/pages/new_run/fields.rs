//! One row per field: name, box with unit and range, sentence or problem.

use super::Form;
use super::mixture::Mixture;
use crate::logic::form::range;
use leptos::prelude::*;
use shared::api::DeviceInfo;
use shared::config::{FIELDS, Field, FieldKind};

/// The fields under one heading; a heading without a visible field is left out.
#[component]
pub fn FieldGroup(form: Form, group: &'static str) -> impl IntoView {
    let fields = || FIELDS.iter().filter(move |field| field.group == group);
    let plain = fields().any(|field| !field.advanced);
    let show = move |field: &'static Field| {
        let visible =
            move || !field.advanced || form.more.get() || form.problem(field.key).is_some();
        let visible = Memo::new(move |_| visible());
        move || visible.get().then(|| field_view(form, field))
    };
    let rows = fields().map(show).collect_view();
    view! {
        <fieldset class:gone=move || !(plain || form.more.get())><legend>{group}</legend>{rows}</fieldset>
    }
}

fn field_view(form: Form, field: &'static Field) -> AnyView {
    match field.kind {
        FieldKind::Mixture => view! { <Mixture form field/> }.into_any(),
        _ => view! { <FieldRow form field/> }.into_any(),
    }
}

#[component]
fn FieldRow(form: Form, field: &'static Field) -> impl IntoView {
    let key = field.key;
    let id = format!("f-{}", key.replace('.', "-"));
    let about = format!("{id}-about");
    let problem = Memo::new(move |_| form.problem(key));
    let wrong = move || problem.with(Option::is_some);
    let changed = Memo::new(move |_| form.changes().iter().any(|c| c.key == key));
    let unit = match (range(field.kind), field.unit) {
        (range, "") => range,
        (range, unit) if range.is_empty() => unit.to_owned(),
        (range, unit) => format!("{unit}, {range}"),
    };
    let says = {
        let about = about.clone();
        move || {
            match problem.get() {
            Some(problem) => view! { <p class="err" id=about.clone() role="alert" data-testid=format!("error-{key}")>{problem}</p> }.into_any(),
            None => view! { <p id=about.clone()>{field.help}{(key == "device").then(|| view! { <DeviceNote form/> })}</p> }.into_any(),
        }
        }
    };
    view! {
        <div class="field">
            <label for=id.clone()>{field.label}</label>
            <div class="box" class:changed=changed class:wrong=wrong>
                <Input form field id about/>
                <span class="unit">{unit}</span>
            </div>
            {says}
        </div>
    }
}

#[component]
fn Input(form: Form, field: &'static Field, id: String, about: String) -> impl IntoView {
    let key = field.key;
    let text = Memo::new(move |_| form.draft.with(|draft| draft.text(key).to_owned()));
    let set = move |value: String| {
        form.refused.set(Vec::new());
        form.draft.update(|draft| draft.put(key, value));
    };
    let wrong = move || form.problem(key).is_some().to_string();
    if let FieldKind::Choice(words) = field.kind {
        let option = move |word: &'static str| {
            view! { <option value=word selected=move || text.with(|t| t == word)>{word}</option> }
        };
        return view! {
            <select id=id aria-describedby=about data-testid=format!("field-{key}") prop:value=text
                on:change=move |event| set(event_target_value(&event))>
                {words.iter().copied().map(option).collect_view()}
            </select>
        }
        .into_any();
    }
    let list = format!("{id}-known");
    let known = move || match key {
        "device" => form.devices.with(|all| {
            let here = all.iter().filter(|device| device.available);
            here.map(|device| (device.name.clone(), device.detail.clone().unwrap_or_default()))
                .collect()
        }),
        "policy" => form.policies.with(|all| {
            all.iter().map(|policy| (policy.path.clone(), policy.name.clone())).collect::<Vec<_>>()
        }),
        _ => Vec::new(),
    };
    let options = move || {
        let option =
            |(value, label): (String, String)| view! { <option value=value label=label></option> };
        known().into_iter().map(option).collect_view()
    };
    let mode = match field.kind {
        FieldKind::Whole(..) => "numeric",
        FieldKind::Real(..) => "decimal",
        _ => "text",
    };
    let hint = match key {
        "policy" => "nano, comes with the program",
        "videos" => "the whole library",
        _ => "",
    };
    view! {
        <input id=id aria-describedby=about aria-invalid=wrong data-testid=format!("field-{key}") inputmode=mode
            class="num" autocomplete="off" spellcheck="false" placeholder=hint prop:value=text list=list.clone()
            on:input=move |event| set(event_target_value(&event))/>
        <datalist id=list>{options}</datalist>
    }
    .into_any()
}

/// What the chosen device is, and why another one is missing.
#[component]
fn DeviceNote(form: Form) -> impl IntoView {
    move || {
        let chosen = form.draft.with(|draft| draft.text("device").trim().to_owned());
        let devices = form.devices.get();
        let missing = |d: &DeviceInfo| {
            let why =
                crate::logic::format::sentence(d.why.as_deref().unwrap_or("no reason was given"));
            format!(" {} is missing. {why}", d.name)
        };
        let known = devices.iter().any(|d| d.name == chosen);
        let wrong = devices.iter().find(|d| d.name == chosen && !d.available).map(missing);
        let stranger = (!known && !devices.is_empty() && !chosen.is_empty()).then(|| {
            let names: Vec<&str> = devices.iter().map(|d| d.name.as_str()).collect();
            format!(" The server has {}.", names.join(", "))
        });
        let detail =
            devices.iter().find(|d| d.name == chosen && d.available).and_then(|d| d.detail.clone());
        let detail = detail.map(|detail| format!(" Here: {detail}."));
        let others: String =
            devices.iter().filter(|d| !d.available && d.name != chosen).map(missing).collect();
        let warning =
            wrong.or(stranger).map(|text| view! { <span class="warn-text">{text}</span> });
        view! { {warning}<span data-machine>{detail}{others}</span> }
    }
}
