//! What the server is made of and how it does: workers, devices, queue, storage, versions.

use crate::logic::format;
use crate::logic::health::{self, Here, Level, Problem};
use crate::parts::shell::{Crumb, Page};
use crate::parts::states::remote_view;
use crate::route;
use crate::state::api;
use crate::state::library::use_library;
use crate::state::live::{Live, Status, use_live};
use crate::state::remote::Remote;
use leptos::prelude::*;
use shared::api::{DeviceInfo, HealthBody, QueuedRun, StoragePart, WorkerInfo};
use std::time::Duration;

/// How often the page asks while somebody looks.
const EVERY: Duration = Duration::from_secs(5);

/// What the page knows; its panels stay while their figures change.
#[derive(Clone, Copy)]
struct Checkup {
    got: RwSignal<Remote<HealthBody>>,
    /// Whether the newest question brought no answer, so that the figures are old.
    stale: RwSignal<bool>,
    devices: RwSignal<Remote<Vec<DeviceInfo>>>,
    live: Live,
}

impl Checkup {
    fn ask(self) {
        leptos::task::spawn_local(async move {
            let answer = api::health().await;
            let _ = self.stale.try_set(answer.is_err());
            let _ = self.got.try_update(|got| {
                if answer.is_ok() || got.ready().is_none() {
                    *got = answer.into();
                }
            });
        });
    }

    fn ask_devices(self) {
        self.devices.set(Remote::Loading);
        leptos::task::spawn_local(async move {
            let answer = api::devices().await.into();
            let _ = self.devices.try_set(answer);
        });
    }

    /// Draws from the newest answer.
    fn show(self, draw: impl FnOnce(&HealthBody) -> AnyView) -> Option<AnyView> {
        self.got.with(|got| got.ready().map(draw))
    }

    fn here(self) -> Here {
        let open = self.live.status.get() == Status::Open;
        Here {
            version: env!("CARGO_PKG_VERSION"),
            round_trip_ms: self.live.round_trip_ms.get().filter(|_| open),
        }
    }
}

/// The page.
#[component]
pub fn HealthPage() -> impl IntoView {
    let checkup = Checkup {
        got: RwSignal::new(Remote::Loading),
        stale: RwSignal::new(false),
        devices: RwSignal::new(Remote::Loading),
        live: use_live(),
    };
    checkup.ask();
    checkup.ask_devices();
    let tick = move || {
        if !document().hidden() {
            checkup.ask();
        }
    };
    if let Ok(handle) = set_interval_with_handle(tick, EVERY) {
        on_cleanup(move || handle.clear());
    }
    let retry = Callback::new(move |()| {
        checkup.ask();
        if matches!(checkup.devices.get_untracked(), Remote::Failed(_)) {
            checkup.ask_devices();
        }
    });
    let state = Memo::new(move |_| match checkup.got.get() {
        Remote::Ready(_) => Remote::Ready(()),
        Remote::Loading => Remote::Loading,
        Remote::Failed(fault) => Remote::Failed(fault),
    });
    view! {
        <Page crumbs=vec![Crumb::here("Health")] class="health-page">
            {move || remote_view(state.get(), "the server's health", retry, move |()| view! { <Panels checkup/> }.into_any())}
        </Page>
    }
}

#[component]
fn Panels(checkup: Checkup) -> impl IntoView {
    let found = Memo::new(move |_| {
        checkup.got.with(|got| got.ready().map(|health| health::problems(health, checkup.here())))
    });
    let retry = Callback::new(move |()| checkup.ask_devices());
    let devices = move || remote_view(checkup.devices.get(), "the devices", retry, device_table);
    let measured = move || {
        checkup.show(|health| {
            let at = format::ago(health.now, health.storage.measured_at);
            view! { <span class="dim small">{format!("measured {at}")}</span> }.into_any()
        })
    };
    let old = move || {
        checkup.stale.get().then(|| view! { <div class="banner is-bad">"The server does not answer; the figures are from before. It is asked again every 5 s."</div> })
    };
    view! {
        <div class="health" data-testid="health">
            <div class="problems" role="status">{old}{move || found.get().map(problem_list)}</div>
            {move || checkup.show(|health| figures(health, checkup.here()))}
            <div class="health-column">
                <section class="panel"><header><h2>"Workers"</h2></header>{move || checkup.show(worker_table)}</section>
                <section class="panel"><header><h2>"Devices"</h2><span class="dim small">"of the server's machine"</span><span class="grow"></span>
                    <button class="btn small-btn" on:click=move |_| checkup.ask_devices()>"Look again"</button></header>
                    <div data-testid="devices">{devices}</div></section>
                <section class="panel"><header><h2>"Versions"</h2></header>{move || checkup.show(versions)}</section>
            </div>
            <div class="health-column">
                <section class="panel"><header><h2>"Queue"</h2></header>{move || checkup.show(queue_table)}</section>
                <section class="panel"><header><h2>"Storage"</h2><span class="grow"></span>{measured}</header>{move || checkup.show(storage_table)}</section>
            </div>
        </div>
    }
}

/// What is wrong and what to do; that nothing is wrong is said too.
fn problem_list(found: Vec<Problem>) -> AnyView {
    let one = |problem: Problem| {
        let class = if problem.level == Level::Bad { "banner is-bad" } else { "banner is-warn" };
        view! {
            <div class=class data-testid="problem"><div class="grow"><b>{problem.what}</b>
                <div class="soft small">{problem.mend}</div></div></div>
        }
    };
    let well = found.is_empty().then(|| {
        view! { <p class="banner is-good" data-testid="all-well"><span>"Everything works: workers are connected, there is room on the disk, page and server fit together."</span></p> }
    });
    view! { {well}{found.into_iter().map(one).collect_view()} }.into_any()
}

fn figures(health: &HealthBody, here: Here) -> AnyView {
    let busy = health.workers.iter().filter(|worker| worker.run.is_some()).count() as u64;
    let used: u64 = health.storage.parts.iter().map(|part| part.bytes).sum();
    let link = here
        .round_trip_ms
        .map_or_else(|| "down".to_owned(), |ms| format!("{}\u{a0}ms", format::fixed(ms, 0)));
    let tiles = [
        (
            "Workers",
            format::whole(health.workers.len() as u64),
            format!("{} busy", format::whole(busy)),
        ),
        ("Queue", format::whole(health.queue.len() as u64), "runs that wait".to_owned()),
        (
            "Disk free",
            health.storage.free_bytes.map_or_else(|| "–".into(), format::bytes),
            format!("{} used by the studio", format::bytes(used)),
        ),
        ("Up for", format::span_of_time(health.uptime_secs), format!("version {}", health.version)),
        ("Live link", link, "round trip".to_owned()),
    ];
    let tile = |(name, figure, against): (&'static str, String, String)| {
        view! { <div class="tile"><h2>{name}</h2><b class="figure num">{figure}</b><div class="against num">{against}</div></div> }
    };
    view! { <div class="tiles health-tiles">{tiles.map(tile).collect_view()}</div> }.into_any()
}

fn table(head: &[&'static str], rows: AnyView) -> AnyView {
    let about = format!("Table by {}", head.first().map(|h| h.to_lowercase()).unwrap_or_default());
    let head = head.iter().map(|h| view! { <th scope="col">{*h}</th> }).collect_view();
    // It scrolls where the page is narrow: with keys too.
    view! { <div class="table-wrap" tabindex="0" role="group" aria-label=about><table class="table plain"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div> }.into_any()
}

fn worker_table(health: &HealthBody) -> AnyView {
    let (workers, now) = (health.workers.clone(), health.now);
    if workers.is_empty() {
        return view! { <p class="pad soft">"No worker is connected. A worker owns a device and takes one run at a time."</p> }.into_any();
    }
    let library = use_library();
    let row = move |worker: WorkerInfo| {
        let (state, class) = health::state(&worker, now);
        let run = worker.run.map(|id| {
            let name = library.runs.with_untracked(|runs| {
                runs.ready()?.iter().find(|run| run.id == id).map(|run| run.name.clone())
            });
            view! { <a href=route::run(&id)>{name.unwrap_or_else(|| id.clone())}</a> }
        });
        view! {
            <tr data-testid="worker-row"><td><b>{worker.name}</b></td><td><span class=class>{state}</span></td>
                <td>{health::device(&worker.device).to_owned()}</td><td class="wide">{run}</td>
                <td class="num soft">{format::ago(now, worker.heard_at)}</td><td class="num soft">{format::ago(now, worker.joined_at)}</td></tr>
        }
    };
    let rows = workers.into_iter().map(row).collect_view().into_any();
    table(&["Worker", "State", "Device", "Run", "Last heard", "Connected"], rows)
}

fn queue_table(health: &HealthBody) -> AnyView {
    let now = health.now;
    if health.queue.is_empty() {
        return view! { <p class="pad soft">"No run waits."</p> }.into_any();
    }
    let row = |(i, queued): (usize, &QueuedRun)| {
        let why = health::stuck(queued, &health.workers);
        let waits = why.unwrap_or_else(|| "waits for a worker to be free".into());
        view! {
            <tr data-testid="queue-row"><td class="num">{format::whole(i as u64 + 1)}</td>
                <td class="wide"><a href=route::run(&queued.run)>{queued.name.clone()}</a></td><td>{queued.device.clone()}</td>
                <td class="soft">{waits}</td><td class="num soft">{format::ago(now, queued.created_at)}</td></tr>
        }
    };
    let rows = health.queue.iter().enumerate().map(row).collect_view().into_any();
    table(&["Place", "Run", "Device", "Why", "Made"], rows)
}

fn device_table(devices: Vec<DeviceInfo>) -> AnyView {
    let row = |device: DeviceInfo| {
        let (state, class) =
            if device.available { ("Found", "pill is-good") } else { ("Missing", "pill") };
        let about = health::about(&device);
        view! { <tr data-testid="device-row"><td><b>{device.name}</b></td><td><span class=class>{state}</span></td><td class="soft words">{about}</td></tr> }
    };
    table(&["Device", "State", "About it"], devices.into_iter().map(row).collect_view().into_any())
}

fn storage_table(health: &HealthBody) -> AnyView {
    let most = health.storage.parts.iter().map(|part| part.bytes).max().unwrap_or(0).max(1) as f64;
    let row = |part: &StoragePart| {
        let width = format!("{:.1}%", part.bytes as f64 / most * 100.0);
        let spare = part.spare.then(|| view! { <span class="tag" title="Can be deleted at any time; it is made again when it is needed.">"spare"</span> });
        view! {
            <tr data-testid="storage-row"><td><code>{part.name.clone()}</code>" "{spare}</td>
                <td class="num"><span class="progress"><i style:width=width></i></span>{format::bytes(part.bytes)}</td>
                <td class="num soft">{format::plural(part.files, "file", "files")}</td><td class="soft words">{health::purpose(&part.name)}</td></tr>
        }
    };
    let rows = health.storage.parts.iter().map(row).collect_view().into_any();
    table(&["Part", "Size", "Files", "Holds"], rows)
}

fn versions(health: &HealthBody) -> AnyView {
    let all = [
        ("Program", health.version.clone()),
        ("Page", env!("CARGO_PKG_VERSION").to_owned()),
        ("FFmpeg, libavcodec", health.versions.avcodec.clone()),
        ("SQLite", health.versions.sqlite.clone()),
    ];
    let row = |(name, version): (&'static str, String)| view! { <tr><td>{name}</td><td class="mono">{version}</td></tr> };
    table(&["Part", "Version"], all.map(row).collect_view().into_any())
}
