//! All runs in one table.

use crate::logic::{format, words};
use crate::parts::bits::Avatar;
use crate::parts::chart::Spark;
use crate::parts::shell::{Crumb, Page};
use crate::parts::states::{Empty, remote_view};
use crate::route;
use crate::state::browser::{local_date_time, use_now};
use crate::state::library::use_library;
use crate::state::session::use_session;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use shared::annotation::Role;
use shared::api::Run;

/// The list of runs.
#[component]
pub fn RunsPage() -> impl IntoView {
    let library = use_library();
    let session = use_session();
    let filter = RwSignal::new(String::new());
    let retry = Callback::new(move |()| library.refresh());
    let admin = move || session.may(Role::Admin);
    let actions = move || {
        admin().then(|| {
            view! { <a class="btn primary" href="/runs/new" data-testid="new-run-link">"New run"</a> }
        })
    };
    let body = move || {
        remote_view(library.runs.get(), "the runs", retry, move |runs| match runs.is_empty() {
            true => empty(admin()),
            false => view! { <RunTable runs filter/> }.into_any(),
        })
    };
    view! { <Page crumbs=vec![Crumb::here("Runs")] actions=actions>{body}</Page> }
}

fn empty(admin: bool) -> AnyView {
    let way = match admin {
        true => view! { <a class="btn primary" href="/runs/new">"Set up a run"</a><a class="btn" href="/videos">"Add videos first"</a> }.into_any(),
        false => view! { <p class="dim">"An admin can start one."</p> }.into_any(),
    };
    view! {
        <Empty title="No runs yet" text="A run trains the policy on questions made from your videos. Its curves, every answer and every reward can be watched here while it goes.">
            {way}
        </Empty>
    }
    .into_any()
}

#[component]
fn RunTable(runs: Vec<Run>, filter: RwSignal<String>) -> impl IntoView {
    let now = use_now(5_000);
    let many = runs.len() > 8;
    let runs = StoredValue::new(runs);
    let shown = move || {
        let wanted = filter.get().to_lowercase();
        let keep = |run: &&Run| {
            run.name.to_lowercase().contains(&wanted) || run.state.name().contains(&wanted)
        };
        runs.with_value(|runs| runs.iter().filter(keep).cloned().collect::<Vec<_>>())
    };
    let head = ["Run", "State", "Steps", "Reward", "", "Device", "Owner", "Made"];
    view! {
        {many.then(|| view! {
            <input class="field-input filter" placeholder="Filter by name or state" aria-label="Filter runs"
                prop:value=filter on:input=move |event| filter.set(event_target_value(&event))/>
        })}
        <div class="table-wrap panel runs"><table class="table">
            <thead><tr>{head.map(|h| view! { <th scope="col">{h}</th> })}</tr></thead>
            <tbody>{move || shown().into_iter().map(|run| view! { <RunRow run now/> }).collect_view()}</tbody>
        </table></div>
    }
}

#[component]
fn RunRow(run: Run, now: ReadSignal<f64>) -> impl IntoView {
    let to = route::run(&run.id);
    let navigate = use_navigate();
    let open = {
        let to = to.clone();
        move |event: web_sys::MouseEvent| {
            if !event.ctrl_key() && !event.meta_key() {
                navigate(&to, Default::default());
            }
        }
    };
    let share = run.step as f64 / run.steps.max(1) as f64;
    let steps = format!("{} of {}", format::whole(run.step), format::whole(run.steps));
    let spark: Vec<f64> = run.spark.iter().map(|v| f64::from(*v)).collect();
    let made = run.created_at;
    let cause = run.failed_cause.clone();
    view! {
        <tr data-testid="run-row" data-run=run.id.clone() on:click=open>
            <td class="wide"><a href=to>{run.name.clone()}</a></td>
            <td><span class=words::run_state_class(run.state) title=cause>{words::capital(run.state.name())}</span></td>
            <td class="num"><span class="progress"><i style:width=format!("{:.1}%", share * 100.0)></i></span>{steps}</td>
            <td class="num"><b>{run.reward_mean.map_or_else(|| "–".to_owned(), |r| format::fixed(r, 3))}</b></td>
            <td class="spark-cell"><Spark values=spark class="better"/></td>
            <td class="soft">{run.device.clone()}</td>
            <td><span class="row"><Avatar id=run.owner.id name=run.owner.name.clone()/>{run.owner.name.clone()}</span></td>
            <td class="soft num" title=local_date_time(made)>{move || format::ago(now.get(), made)}</td>
        </tr>
    }
}
