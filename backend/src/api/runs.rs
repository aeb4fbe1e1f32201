//! Runs: listing, making, steering, history.

use super::{Body, Page, Path, Query, Signed};
use crate::admission::{self, Admitted};
use crate::api::error::Fail;
use crate::app::{App, blocking};
use crate::secret;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde::Deserialize;
use shared::api::{
    ArchiveRequest, ControlRequest, EditRequest, NewRun, ResultsBody, RunBody, RunsBody, ToBrowser,
};
use shared::config::{RunConfig, Settings};
use shared::event::Order;
use std::sync::Arc;
use store::{NewRunRow, RawEvent, ReplayFrom, StoredRun};

/// Events of a part of the journal unless said otherwise, and at most.
const PART: (u32, u32) = (500, 5000);
/// Names of runs are at most this long, characters.
const NAME_LENGTH: usize = 120;

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(page): Query<Page>,
) -> Result<Json<RunsBody>, Fail> {
    let (limit, after) = (page.with_next(), page.after.clone());
    let mut runs = app.db(move |store| store.runs_page(after.as_deref(), limit)).await?;
    let meta = page.cut(&mut runs, |stored| stored.run.id.clone());
    let runs = runs.into_iter().map(|stored| stored.run).collect();
    Ok(Json(RunsBody { runs, meta }))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(run): Path<String>,
) -> Result<Json<RunBody>, Fail> {
    app.db(move |store| store.run(&run)).await.map(body)
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    Extension(signed): Extension<Signed>,
    Body(new): Body<NewRun>,
) -> Result<impl IntoResponse, Fail> {
    if new.name.chars().count() > NAME_LENGTH {
        return Err(Fail::invalid("this name is too long").at("name"));
    }
    let config = RunConfig::from_value(&RunConfig::default(), &new.config);
    let config = config.map_err(Fail::problems)?;
    let stored = make(&app, new.name.trim().to_owned(), config, signed.person.id).await?;
    Ok((StatusCode::CREATED, body(stored)))
}

/// Checks what a run needs, writes it down and queues it.
pub async fn make(
    app: &Arc<App>,
    name: String,
    config: RunConfig,
    owner: u64,
) -> Result<StoredRun, Fail> {
    let workers = app.supervisor.workers().await?;
    let at_work = Arc::clone(app);
    let stored = blocking(move || -> Result<StoredRun, Fail> {
        let admitted = admission::admit(&at_work, config, &workers, owner);
        let Admitted { config, videos } = admitted.map_err(Fail::problems)?;
        let id = secret::new_id().map_err(|error| Fail::internal(&error))?;
        let at = store::now();
        let row = NewRunRow { id, name, config, videos, owner, at };
        Ok(at_work.store.add_run(row)?)
    })
    .await??;
    let run = stored.run.clone();
    app.hub.tell(ToBrowser::Run { run });
    app.supervisor.look_at_queue().await?;
    Ok(stored)
}

pub(super) async fn control(
    State(app): State<Arc<App>>,
    Extension(signed): Extension<Signed>,
    Path(run): Path<String>,
    Body(request): Body<ControlRequest>,
) -> Result<Json<RunBody>, Fail> {
    let order = Order::Control(request.control);
    let stored = app.supervisor.steer(run, order, signed.person).await??;
    Ok(body(stored))
}

pub(super) async fn edit(
    State(app): State<Arc<App>>,
    Extension(signed): Extension<Signed>,
    Path(run): Path<String>,
    Body(request): Body<EditRequest>,
) -> Result<Json<RunBody>, Fail> {
    let order = Order::Edit(request.edit);
    let stored = app.supervisor.steer(run, order, signed.person).await??;
    Ok(body(stored))
}

pub(super) async fn archive(
    State(app): State<Arc<App>>,
    Extension(signed): Extension<Signed>,
    Path(run): Path<String>,
    Body(request): Body<ArchiveRequest>,
) -> Result<Json<RunBody>, Fail> {
    let (archived, by) = (request.archived, signed.person.id);
    let stored = app.db(move |store| store.archive_run(&run, archived, by)).await?;
    app.hub.tell(ToBrowser::Run { run: stored.run.clone() });
    Ok(body(stored))
}

/// The curves as they lie in memory, see [`shared::curves::Curves::encode`].
pub(super) async fn curves(
    State(app): State<Arc<App>>,
    Path(run): Path<String>,
) -> Result<impl IntoResponse, Fail> {
    let work = app.db(move |store| {
        store.run(&run)?;
        store.curves(&run)
    });
    let bytes = work.await?.encode();
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes))
}

#[derive(Deserialize)]
pub(super) struct Part {
    #[serde(default)]
    after: u64,
    limit: Option<u32>,
    groups: Option<bool>,
}

/// Leaves groups and phases out: most of a journal's bytes, and nothing of its curves.
const FIGURES_ALONE: ReplayFrom =
    ReplayFrom { first_group: u64::MAX, first_phase: u64::MAX, every: 1 };

pub(super) async fn events(
    State(app): State<Arc<App>>,
    Path(run): Path<String>,
    Query(part): Query<Part>,
) -> Result<impl IntoResponse, Fail> {
    let limit = part.limit.unwrap_or(PART.0).clamp(1, PART.1);
    let from = if part.groups == Some(false) { FIGURES_ALONE } else { ReplayFrom::default() };
    let work = app.db(move |store| {
        let newest = store.run(&run)?.run.seq;
        Ok((newest, store.replay_after(&run, part.after, limit, from)?))
    });
    let (newest, events) = work.await?;
    let last = events.last().map_or(newest, |event| event.seq);
    let next = (last < newest).then(|| last.to_string());
    let meta = serde_json::json!({ "next": next });
    let text = format!(r#"{{"events":{},"meta":{meta}}}"#, joined(&events));
    Ok(([(header::CONTENT_TYPE, "application/json")], text))
}

pub(super) async fn results(
    State(app): State<Arc<App>>,
    Path((run, step)): Path<(String, u64)>,
) -> Result<Json<ResultsBody>, Fail> {
    // Only a run that is known names a folder.
    let stored = app.db(move |store| store.run(&run)).await?;
    let folder = app.data.run(&stored.run.id);
    let sets = blocking(move || train::eval::results(&folder, step)).await?;
    let sets = sets.map_err(|error| Fail::internal(&error))?;
    Ok(Json(ResultsBody { sets }))
}

/// A JSON array of events as they were stored.
pub(super) fn joined(events: &[RawEvent]) -> String {
    let mut text = String::from("[");
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&event.json);
    }
    text.push(']');
    text
}

fn body(stored: StoredRun) -> Json<RunBody> {
    Json(RunBody { run: stored.run, config: stored.config })
}
