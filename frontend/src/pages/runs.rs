//! All runs in one table: filtered as one types, sorted by any column, two of them compared.

use crate::logic::keys::{Command, Screen};
use crate::logic::runs::{Key, Order, matching, sorted};
use crate::logic::{format, words};
use crate::parts::bits::Avatar;
use crate::parts::chart::Spark;
use crate::parts::keycap::Cap;
use crate::parts::shell::{Crumb, Page};
use crate::parts::states::{Empty, outline, remote_view};
use crate::parts::tour_offer::TourOffer;
use crate::parts::windowed::{How, Rows, Windowed};
use crate::route;
use crate::state::api;
use crate::state::browser::{local_date_time, use_now};
use crate::state::keys::{on_commands, shortcut};
use crate::state::library::{Library, Rest, use_library};
use crate::state::session::use_session;
use crate::state::toast::{Toasts, use_toasts};
use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use shared::annotation::Role;
use shared::api::Run;
use shared::fold::RunState;

/// Height of a row on a desk, pixels.
const ROW: f64 = 28.0;
/// Rows drawn above and below those in sight.
const BEYOND: usize = 10;

/// Columns: what they sort by, name in the page's code, heading.
const COLUMNS: [(Key, &str, &str); 8] = [
    (Key::Name, "name", "Run"),
    (Key::State, "state", "State"),
    (Key::Steps, "steps", "Steps"),
    (Key::Reward, "reward", "Reward"),
    (Key::Best, "best", "Best evaluation"),
    (Key::Device, "device", "Device"),
    (Key::Owner, "owner", "Owner"),
    (Key::Made, "made", "Made"),
];

/// What the table shows.
#[derive(Clone, Copy)]
struct Table {
    filter: RwSignal<String>,
    archived: RwSignal<bool>,
    order: RwSignal<Order>,
    /// Runs ticked to be compared, the last two.
    picked: RwSignal<Vec<String>>,
}

/// The list of runs.
#[component]
pub fn RunsPage() -> impl IntoView {
    let library = use_library();
    let session = use_session();
    let retry = Callback::new(move |()| library.refresh());
    let admin = move || session.may(Role::Admin);
    let table = Table {
        filter: RwSignal::new(String::new()),
        archived: RwSignal::new(false),
        order: RwSignal::new(Order { key: Key::Made, falling: true }),
        picked: RwSignal::new(Vec::new()),
    };
    let compare = move || {
        let picked = table.picked.get();
        let [a, b] = picked.as_slice() else { return None };
        Some(
            view! { <a class="btn" href=route::compare(a, b) data-testid="run-compare">"Compare"</a> },
        )
    };
    let actions = move || {
        let new = admin().then(|| {
            view! { <a class="btn primary" href="/runs/new" data-testid="new-run-link">"New run"</a> }
        });
        view! { {compare}{new} }
    };
    // The table is drawn once; its rows follow the list by themselves.
    let has = Memo::new(move |_| library.runs.with(outline));
    let body = move || {
        remote_view(has.get(), "the runs", retry, move |some| match some {
            false => empty(admin()),
            true => view! { <RunTable table/> }.into_any(),
        })
    };
    view! { <Page crumbs=vec![Crumb::here("Runs")] actions=actions class="runs-page"><TourOffer/>{body}</Page> }
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

/// The rows of the table.
#[derive(Clone, Copy)]
struct RunRows {
    table: Table,
    library: Library,
    now: ReadSignal<f64>,
    /// Places in the library of the runs that are wanted, in order.
    wanted: Memo<Vec<u32>>,
    /// Changes with what is wanted, and in which order.
    turn: Memo<u64>,
}

impl RunRows {
    fn new(table: Table) -> Self {
        let library = use_library();
        let runs = move |read: &dyn Fn(&[Run]) -> Vec<u32>| {
            library.runs.with(|runs| read(runs.ready().map_or(&[], Vec::as_slice)))
        };
        let sorted = Memo::new(move |before: Option<&Vec<u32>>| {
            let before = before.map_or(&[][..], Vec::as_slice);
            runs(&|runs| sorted(runs, table.archived.get(), table.order.get(), before))
        });
        let wanted = Memo::new(move |_| {
            let words = table.filter.get();
            runs(&|runs| sorted.with(|places| matching(runs, places, &words)))
        });
        let turn = Memo::new(move |before: Option<&u64>| {
            table.filter.track();
            table.archived.track();
            table.order.track();
            before.map_or(0, |turn| turn + 1)
        });
        Self { table, library, now: use_now(5_000), wanted, turn }
    }

    fn id<T>(self, place: u32, read: impl FnOnce(&str) -> T) -> Option<T> {
        self.library.runs.with(|runs| Some(read(&runs.ready()?.get(place as usize)?.id)))
    }
}

impl Rows for RunRows {
    /// The run's id.
    type Key = String;

    fn turn(self) -> u64 {
        self.turn.get()
    }

    fn count(self) -> usize {
        self.wanted.with(Vec::len)
    }

    fn key(self, at: usize) -> Option<String> {
        let place = self.wanted.with(|places| places.get(at).copied())?;
        self.id(place, str::to_owned)
    }

    fn find(self, key: &String) -> Option<usize> {
        self.wanted.with(|places| {
            let same = |place: &u32| self.id(*place, |id| id == key) == Some(true);
            places.iter().position(same)
        })
    }

    fn view(self, id: String, at: usize) -> AnyView {
        let place = self.wanted.with(|places| places.get(at).copied());
        let place = place.unwrap_or_default() as usize;
        view! { <RunRow id place now=self.now table=self.table/> }.into_any()
    }

    fn tell(self, row: &web_sys::Element, at: usize) {
        // Beside the head, which is the first row.
        let _ = row.set_attribute("aria-rowindex", &(at + 2).to_string());
    }
}

#[component]
fn RunTable(table: Table) -> impl IntoView {
    let rows = RunRows::new(table);
    let list = Windowed::new(rows, How { height: ROW, beyond: BEYOND, one_stop: false });
    let head = COLUMNS.map(|(key, name, title)| view! { <Head table key name title/> });
    let rows_in_all = move || (rows.count() + 1).to_string();
    view! {
        <Toolbar rows/>
        <div class="table-wrap panel runs windowed" node_ref=list.host on:scroll=move |_| list.scrolled() on:keydown=move |event| list.walk(&event)>
            <div class="runway"><table class="table" aria-rowcount=rows_in_all>
                <thead><tr aria-rowindex="1"><th scope="col"><span class="hidden">"Compare"</span></th>{head}<th scope="col"><span class="hidden">"Actions"</span></th></tr></thead>
                <tbody class="rows"><tr class="room" aria-hidden="true"></tr></tbody>
            </table></div>
        </div>
        {move || (rows.count() == 0).then(|| {
            let words = if table.archived.get() { "No archived run is like that." } else { "No run is like that." };
            view! { <p class="soft no-match">{words}</p> }
        })}
    }
}

/// The filter, and what lies out of sight.
#[component]
fn Toolbar(rows: RunRows) -> impl IntoView {
    let RunRows { table, library, .. } = rows;
    let input = NodeRef::<html::Input>::new();
    on_commands(Screen::Runs, move |command| {
        if command == Command::Filter {
            input.get_untracked().map(|input| input.focus());
        }
    });
    let away = move || {
        let count = |runs: &Vec<Run>| runs.iter().filter(|run| run.archived).count() as u64;
        library.runs.with(|runs| runs.ready().map_or(0, count))
    };
    let archive = move || {
        (away() > 0 || table.archived.get()).then(|| {
            view! {
                <button class="btn quiet small-btn" data-testid="runs-archived" aria-pressed=move || table.archived.get().to_string()
                    on:click=move |_| table.archived.update(|a| *a = !*a)>{move || format!("{} archived", format::whole(away()))}</button>
            }
        })
    };
    let count = move || {
        let (shown, away) = (rows.count() as u64, table.archived.get());
        let fits = |run: &&Run| run.archived == away;
        let all = library
            .runs
            .with(|runs| runs.ready().map_or(0, |runs| runs.iter().filter(fits).count() as u64));
        if shown == all {
            return format::plural(all, "run", "runs");
        }
        format!("{} of {}", format::whole(shown), format::plural(all, "run", "runs"))
    };
    let older = move || {
        match library.older_runs.get() {
        Rest::Here => None,
        Rest::Coming => Some(
            view! { <span class="dim small" role="status">"Older ones are on their way…"</span> }
                .into_any(),
        ),
        Rest::Missing => Some(
            view! { <span class="error small">"Older ones did not come. "<button class="btn small-btn" on:click=move |_| library.refresh()>"Try again"</button></span> }
                .into_any(),
        ),
    }
    };
    let picked = move || match table.picked.with(Vec::len) {
        1 => Some(view! { <span class="dim small">"Tick a second run to compare the two."</span> }),
        _ => None,
    };
    view! {
        <div class="runs-bar">
            <input class="field-input filter" type="search" node_ref=input placeholder="Name, state, device or owner" aria-label="Filter runs" data-testid="run-filter" aria-keyshortcuts=shortcut(Command::Filter)
                prop:value=table.filter on:input=move |event| table.filter.set(event_target_value(&event))/>
            <span class="wide-only"><Cap does=Command::Filter/></span>
            <span class="dim small num" data-testid="runs-count">{count}</span>{older}{picked}<span class="grow"></span>{archive}
        </div>
    }
}

/// A column's heading, which sorts by it.
#[component]
fn Head(table: Table, key: Key, name: &'static str, title: &'static str) -> impl IntoView {
    let sorted = move || table.order.get().key == key;
    let aria = move || match (sorted(), table.order.get().falling) {
        (false, _) => "none",
        (true, true) => "descending",
        (true, false) => "ascending",
    };
    let arrow = move || match aria() {
        "descending" => "↓",
        "ascending" => "↑",
        _ => "",
    };
    let spark = (key == Key::Reward)
        .then(|| view! { <th scope="col"><span class="hidden">"Reward over the run"</span></th> });
    view! {
        <th scope="col" aria-sort=aria><button class="sort" data-testid=format!("run-sort-{name}")
            on:click=move |_| table.order.update(|order| *order = order.clicked(key))>{title}<i aria-hidden="true">{arrow}</i></button></th>
        {spark}
    }
}

/// The row of a run, which follows it.
#[component]
fn RunRow(id: String, place: usize, now: ReadSignal<f64>, table: Table) -> impl IntoView {
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
        let (id, place) = (id.clone(), StoredValue::new(place));
        Memo::new(move |_| {
            let (at, run) = library.run_near(&id, place.get_value())?;
            place.set_value(at);
            Some(run)
        })
    };
    let picked = {
        let id = id.clone();
        Memo::new(move |_| table.picked.with(|picked| picked.contains(&id)))
    };
    let pick = {
        let id = id.clone();
        move |_| {
            table.picked.update(|picked| {
                let before = picked.len();
                picked.retain(|other| *other != id);
                if picked.len() == before {
                    picked.push(id.clone());
                }
                let surplus = picked.len().saturating_sub(2);
                picked.drain(..surplus);
            });
        }
    };
    let name = move || run.with(|run| run.as_ref().map(|run| format!("Compare {}", run.name)));
    let cells = move || run.get().map(|run| cells(run, &to, now));
    view! {
        <tr data-testid="run-row" data-run=id on:click=open>
            <td class="pick" on:click=|event| event.stop_propagation()><input type="checkbox" data-testid="run-pick" aria-label=name prop:checked=picked on:change=pick/></td>
            {cells}<td class="row-actions" on:click=|event| event.stop_propagation()><Actions run/></td>
        </tr>
    }
}

/// Archives a run, or brings it back; which can be undone.
fn put_away(library: Library, toasts: Toasts, run: Run) {
    leptos::task::spawn_local(async move {
        match api::archive(&run.id, !run.archived).await {
            Ok(body) => {
                let then = body.run.clone();
                let words = if then.archived { "is in the archive" } else { "is back in the list" };
                library.take_run(body.run);
                let undo = move || put_away(library, toasts, then.clone());
                toasts.done("archive", format!("{} {words}.", run.name), undo);
            }
            Err(fault) => toasts.warn(format!("{} stays where it is. {}", run.name, fault.message)),
        }
    });
}

/// Fork and archive.
#[component]
fn Actions(run: Memo<Option<Run>>) -> impl IntoView {
    let (session, library, toasts) = (use_session(), use_library(), use_toasts());
    let archive = move |_| {
        if let Some(run) = run.get_untracked() {
            put_away(library, toasts, run);
        }
    };
    let still = move |run: &Run| !run.state.is_live() && run.state != RunState::Queued;
    move || {
        let run = run.get().filter(|_| session.may(Role::Admin))?;
        let words = if run.archived { "Bring back" } else { "Archive" };
        let archive = still(&run).then(|| view! { <button class="btn quiet tiny" data-testid="run-archive" on:click=archive>{words}</button> });
        Some(
            view! { <a class="btn quiet tiny" href=route::fork(&run.id) data-testid="run-fork" title="Set up a new run with this one's config">"Fork"</a>{archive} },
        )
    }
}

fn cells(run: Run, to: &str, now: ReadSignal<f64>) -> impl IntoView + use<> {
    let share = run.step as f64 / run.steps.max(1) as f64;
    let steps = format!("{} of {}", format::whole(run.step), format::whole(run.steps));
    let spark: Vec<f64> = run.spark.iter().map(|v| f64::from(*v)).collect();
    let made = run.created_at;
    let cause = run.failed_cause.clone();
    let figure = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |r| format::fixed(r, 3));
    view! {
        <td class="wide"><a href=to.to_owned()>{run.name.clone()}</a></td>
        <td><span class=words::run_state_class(run.state) title=cause>{words::capital(run.state.name())}</span></td>
        <td class="num"><span class="progress"><i style:width=format!("{:.1}%", share * 100.0)></i></span>{steps}</td>
        <td class="num"><b>{figure(run.reward_mean)}</b></td>
        <td class="spark-cell"><Spark values=spark class="better"/></td>
        <td class="num">{figure(run.best)}</td>
        <td class="soft">{run.device.clone()}</td>
        <td><span class="row"><Avatar id=run.owner.id name=run.owner.name.clone()/>{run.owner.name.clone()}</span></td>
        <td class="soft num" title=local_date_time(made)>{move || format::ago(now.get(), made)}</td>
    }
}
