//! Beside the form: what differs, what a run will take, the same as a file, the start button.

use super::{Form, Start, estimate, sample};
use crate::logic::form::Change;
use crate::logic::format;
use crate::logic::keys::Command;
use crate::logic::run_file::run_toml;
use crate::parts::keycap::Cap;
use crate::state::keys::shortcut;
use crate::state::session::use_session;
use leptos::prelude::*;
use shared::annotation::Role;

/// All of it.
#[component]
pub(super) fn Aside(form: Form, start: Start) -> impl IntoView {
    let change = |c: Change| {
        view! { <div><span>{c.key}</span>" "<del>{c.from}</del>" → "<ins>{c.to}</ins></div> }
    };
    let name = move || form.base.with(|base| base.name.clone());
    let diff = move || {
        let list = form.changes();
        match list.is_empty() {
            true => {
                view! { <p class="dim">{format!("Nothing: exactly {}.", name())}</p> }.into_any()
            }
            false => list.into_iter().map(change).collect_view().into_any(),
        }
    };
    let origin = move || match form.base.with(|base| base.preset) {
        Some(_) => format!("preset: {}", name()),
        None => format!("what differs from {}", name()),
    };
    let file = move || form.draft.with(|draft| run_toml(&origin(), draft, &form.changes()));
    view! {
        <aside class="aside" aria-label="What will be started">
            <section><h2>{move || format!("Changed from {}", name())}</h2><div class="diff" data-testid="diff">{diff}</div></section>
            <estimate::Takes form/>
            <sample::Preview form/>
            <section class="grow preview"><div class="row head"><h2 class="grow">"As run.toml"</h2><Export form/></div>
                <pre class="mono">{file}</pre></section>
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
            <button class="btn primary" data-testid="start-run" disabled=off aria-keyshortcuts=shortcut(Command::Start) on:click=move |_| start.run.run(())>
                {move || if start.sending.get() { "Starting" } else { "Start run" }}" "<Cap does=Command::Start/></button>
        </div>
    }
}

/// The whole file, with the sentence of every field.
#[component]
fn Export(form: Form) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = move |_| {
        let Some(text) = form.told.with_untracked(|told| Some(told.as_ref()?.toml.clone())) else {
            return;
        };
        leptos::task::spawn_local(async move {
            let _ = copied.try_set(crate::state::browser::copy(text).await);
        });
    };
    Effect::new(move |_| {
        form.told.track();
        copied.set(false);
    });
    let link = move || {
        let toml = form.told.with(|told| Some(told.as_ref()?.toml.clone()))?;
        let data = String::from(js_sys::encode_uri_component(&toml));
        Some(format!("data:application/toml;charset=utf-8,{data}"))
    };
    move || {
        link().map(|link| {
            view! {
                <button class="btn quiet small-btn" on:click=copy>{move || if copied.get() { "Copied" } else { "Copy" }}</button>
                <a class="btn quiet small-btn" download="run.toml" href=link data-testid="export">"Download"</a>
            }
        })
    }
}
