//! All runs in one table.

use crate::logic::{format, words};
use crate::parts::bits::Avatar;
use crate::parts::chart::Spark;
use crate::parts::shell::{Crumb, Page};
use crate::parts::states::{Empty, outline, remote_view};
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
    // The table is drawn once; its rows follow the list by themselves.
    let has = Memo::new(move |_| library.runs.with(outline));
    let body = move || {
        remote_view(has.get(), "the runs", retry, move |some| match some {
            false => empty(admin()),
            true => view! { <RunTable filter/> }.into_any(),
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
fn RunTable(filter: RwSignal<String>) -> impl IntoView {
    let now = use_now(5_000);
    let library = use_library();
    let all = move |read: fn(&[Run]) -> usize| {
        library.runs.with(|runs| runs.ready().map_or(0, |runs| read(runs)))
    };
    let many = Memo::new(move |_| all(<[Run]>::len) > 8);
    let shown = Memo::new(move |_| {
        let wanted = filter.get().to_lowercase();
        let keep = |run: &&Run| {
            run.name.to_lowercase().contains(&wanted) || run.state.name().contains(&wanted)
        };
        let ids = |runs: &Vec<Run>| runs.iter().filter(keep).map(|run| run.id.clone()).collect();
        library.runs.with(|runs| runs.ready().map_or_else(Vec::new, ids))
    });
    let head = ["Run", "State", "Steps", "Reward", "", "Device", "Owner", "Made"];
    view! {
        {move || many.get().then(|| view! {
            <input class="field-input filter" placeholder="Filter by name or state" aria-label="Filter runs"
                prop:value=filter on:input=move |event| filter.set(event_target_value(&event))/>
        })}
        <div class="table-wrap panel runs"><table class="table">
            <thead><tr>{head.map(|h| view! { <th scope="col">{h}</th> })}</tr></thead>
            <tbody><For each=move || shown.get() key=String::clone children=move |id| view! { <RunRow id now/> }/></tbody>
        </table></div>
        {move || shown.with(Vec::is_empty).then(|| view! { <p class="soft no-match">"No run has that name or state."</p> })}
    }
}

/// The row of a run, which follows it.
#[component]
fn RunRow(id: String, now: ReadSignal<f64>) -> impl IntoView {
    let library = use_library();
    let to = route::run(&id);
    let navigate = use_navigate();
    let open = {
        let to = to.clone();
        move |event: web_sys::MouseEvent| {
            if !event.ctrl_key() && !event.meta_key() {
                navigate(&to, Default::default());
            }
        }
    };
    let run = {
        let id = id.clone();
        Memo::new(move |_| library.run(&id))
    };
    let cells = move || run.get().map(|run| cells(run, &to, now));
    view! { <tr data-testid="run-row" data-run=id on:click=open>{cells}</tr> }
}

fn cells(run: Run, to: &str, now: ReadSignal<f64>) -> impl IntoView + use<> {
    let share = run.step as f64 / run.steps.max(1) as f64;
    let steps = format!("{} of {}", format::whole(run.step), format::whole(run.steps));
    let spark: Vec<f64> = run.spark.iter().map(|v| f64::from(*v)).collect();
    let made = run.created_at;
    let cause = run.failed_cause.clone();
    view! {
        <td class="wide"><a href=to.to_owned()>{run.name.clone()}</a></td>
        <td><span class=words::run_state_class(run.state) title=cause>{words::capital(run.state.name())}</span></td>
        <td class="num"><span class="progress"><i style:width=format!("{:.1}%", share * 100.0)></i></span>{steps}</td>
        <td class="num"><b>{run.reward_mean.map_or_else(|| "–".to_owned(), |r| format::fixed(r, 3))}</b></td>
        <td class="spark-cell"><Spark values=spark class="better"/></td>
        <td class="soft">{run.device.clone()}</td>
        <td><span class="row"><Avatar id=run.owner.id name=run.owner.name.clone()/>{run.owner.name.clone()}</span></td>
        <td class="soft num" title=local_date_time(made)>{move || format::ago(now.get(), made)}</td>
    }
}
