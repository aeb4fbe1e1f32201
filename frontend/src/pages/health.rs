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

/// The page.
#[component]
pub fn HealthPage() -> impl IntoView {
    let live = use_live();
    let got = RwSignal::new(Remote::<HealthBody>::Loading);
    let devices = RwSignal::new(Remote::<Vec<DeviceInfo>>::Loading);
    let load = move || {
        leptos::task::spawn_local(async move {
            let answer = api::health().await.into();
            let _ = got.try_set(answer);
        });
    };
    let ask_devices = Callback::new(move |()| {
        devices.set(Remote::Loading);
        leptos::task::spawn_local(async move {
            let answer = api::devices().await.into();
            let _ = devices.try_set(answer);
        });
    });
    load();
    ask_devices.run(());
    let tick = move || {
        if !document().hidden() {
            load()
        }
    };
    if let Ok(handle) = set_interval_with_handle(tick, EVERY) {
        on_cleanup(move || handle.clear());
    }
    let retry = Callback::new(move |()| load());
    view! {
        <Page crumbs=vec![Crumb::here("Health")] class="health-page">
            {move || remote_view(got.get(), "the server's health", retry, move |health| panels(health, devices, ask_devices, live))}
        </Page>
    }
}

fn panels(
    health: HealthBody,
    devices: RwSignal<Remote<Vec<DeviceInfo>>>,
    ask_devices: Callback<()>,
    live: Live,
) -> AnyView {
    let here = Here {
        version: env!("CARGO_PKG_VERSION"),
        round_trip_ms: live
            .round_trip_ms
            .get_untracked()
            .filter(|_| live.status.get_untracked() == Status::Open),
    };
    let found = health::problems(&health, here);
    let now = health.now;
    let devices_body = move || {
        remote_view(devices.get(), "the devices", ask_devices, |list| device_table(list).into_any())
    };
    view! {
        <div class="health" data-testid="health">
            <Problems found/>
            {figures(&health, here)}
            <section class="panel"><header><h2>"Workers"</h2></header>{worker_table(health.workers.clone(), now)}</section>
            <section class="panel"><header><h2>"Queue"</h2></header>{queue_table(&health, now)}</section>
            <section class="panel"><header><h2>"Devices"</h2><span class="dim small">"of the server's machine"</span><span class="grow"></span>
                <button class="btn small-btn" on:click=move |_| ask_devices.run(())>"Look again"</button></header>
                <div data-testid="devices">{devices_body}</div></section>
            <section class="panel"><header><h2>"Storage"</h2><span class="grow"></span>
                <span class="dim small">{format!("measured {}", format::ago(now, health.storage.measured_at))}</span></header>{storage_table(&health)}</section>
            <section class="panel"><header><h2>"Versions"</h2></header>{versions(&health, here)}</section>
        </div>
    }
    .into_any()
}

/// What is wrong and what to do; that nothing is wrong is said too.
#[component]
fn Problems(found: Vec<Problem>) -> impl IntoView {
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
    view! { <div class="problems" role="status">{well}{found.into_iter().map(one).collect_view()}</div> }
}

fn figures(health: &HealthBody, here: Here) -> impl IntoView + use<> {
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
    view! { <div class="tiles health-tiles">{tiles.map(tile).collect_view()}</div> }
}

fn table(head: &[&'static str], rows: AnyView) -> AnyView {
    let head = head.iter().map(|h| view! { <th scope="col">{*h}</th> }).collect_view();
    view! { <div class="table-wrap"><table class="table plain"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div> }.into_any()
}

fn worker_table(workers: Vec<WorkerInfo>, now: f64) -> AnyView {
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

fn queue_table(health: &HealthBody, now: f64) -> AnyView {
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

fn versions(health: &HealthBody, here: Here) -> AnyView {
    let all = [
        ("Program", health.version.clone()),
        ("Page", here.version.to_owned()),
        ("FFmpeg, libavcodec", health.versions.avcodec.clone()),
        ("SQLite", health.versions.sqlite.clone()),
    ];
    let row = |(name, version): (&'static str, String)| view! { <tr><td>{name}</td><td class="mono">{version}</td></tr> };
    table(&["Part", "Version"], all.map(row).collect_view().into_any())
}
