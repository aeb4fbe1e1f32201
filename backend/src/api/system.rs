//! Presets, devices, health, figures for monitors, and the table of endpoints.

use crate::api::access::Access;
use crate::api::error::Fail;
use crate::app::{App, blocking};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};
use shared::api::{DeviceInfo, DevicesBody, HealthBody, PageMeta, QueuedRun, Versions};
use std::sync::Arc;

pub(super) async fn health() -> Json<Value> {
    Json(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
}

pub(super) async fn details(State(app): State<Arc<App>>) -> Result<Json<HealthBody>, Fail> {
    let workers = app.supervisor.workers().await?;
    let away = app.supervisor.away().await?;
    let queue = app.db(|store| store.queued_runs()).await?;
    let storage = app.gauge.storage(&app.data).await?;
    let now = store::now();
    Ok(Json(HealthBody {
        version: env!("CARGO_PKG_VERSION").into(),
        workers,
        queued: queue.len() as u32,
        disk_free_bytes: storage.free_bytes,
        now,
        uptime_secs: now - app.started_at,
        local_workers: app.local_workers,
        away,
        queue: queue.into_iter().map(waiting).collect(),
        storage,
        versions: blocking(versions).await?,
    }))
}

fn waiting(stored: store::StoredRun) -> QueuedRun {
    let run = stored.run;
    QueuedRun { run: run.id, name: run.name, device: run.device, created_at: run.created_at }
}

fn versions() -> Versions {
    let ffmpeg = media::capabilities();
    Versions {
        avcodec: ffmpeg.avcodec,
        sqlite: store::sqlite_version().into(),
        missing_decoders: ffmpeg.missing_decoders,
        makes_clips: !ffmpeg.clip_encoders.is_empty(),
    }
}

/// Every device that the policies know.
pub fn device_list() -> Vec<DeviceInfo> {
    policy::devices()
        .into_iter()
        .map(|report| DeviceInfo {
            name: report.name,
            kind: report.kind,
            available: report.available,
            why: report.why,
            detail: report.detail,
        })
        .collect()
}

pub(super) async fn devices() -> Result<Json<DevicesBody>, Fail> {
    // Asking a driver may take long.
    let mut devices = blocking(device_list).await?;
    devices.sort_by_key(|device| !device.available);
    Ok(Json(DevicesBody { devices, meta: PageMeta::default() }))
}

pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<impl IntoResponse, Fail> {
    let workers = app.supervisor.workers().await?;
    let runs = app.db(|store| store.runs()).await?;
    let busy = workers.iter().filter(|worker| worker.run.is_some()).count();
    let mut text = format!(
        "# TYPE videossr_workers gauge\nvideossr_workers {}\n\
         # TYPE videossr_workers_busy gauge\nvideossr_workers_busy {busy}\n\
         # TYPE videossr_run_step gauge\n",
        workers.len()
    );
    let live = || runs.iter().map(|stored| &stored.run).filter(|run| run.state.is_live());
    for run in live() {
        text.push_str(&format!("videossr_run_step{{run=\"{}\"}} {}\n", run.id, run.step));
    }
    text.push_str("# TYPE videossr_run_reward_mean gauge\n");
    for (id, reward) in live().filter_map(|run| Some((&run.id, run.reward_mean?))) {
        text.push_str(&format!("videossr_run_reward_mean{{run=\"{id}\"}} {reward}\n"));
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text))
}

pub(super) async fn openapi() -> Json<Value> {
    let mut paths = Map::new();
    for endpoint in super::endpoints() {
        let role = match endpoint.access {
            Access::Open => Value::Null,
            Access::Needs(role) => role.name().into(),
        };
        let varying =
            endpoint.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let named = varying
            .map(|name| (name, "path"))
            .chain(endpoint.query.iter().map(|name| (*name, "query")));
        let parameters: Vec<Value> = named
            .map(|(name, place)| {
                let required = place == "path";
                json!({"name": name, "in": place, "required": required, "schema": {"type": "string"}})
            })
            .collect();
        let operation = json!({
            "summary": endpoint.about,
            "parameters": parameters,
            "x-role": role,
            "responses": {"default": {"description": "See shared::api for the bodies."}},
        });
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method.as_str().to_lowercase()] = operation;
    }
    Json(json!({
        "openapi": "3.1.0",
        "info": {"title": "VideoSSR Studio", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
    }))
}
