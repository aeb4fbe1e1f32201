//! Runs: listing, making, steering, history.

use super::{Body, Query, Signed};
use crate::api::error::Fail;
use crate::app::{App, blocking};
use crate::{library, secret};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde::Deserialize;
use shared::api::{ControlRequest, NewRun, RunBody, RunsBody, ToBrowser};
use shared::config::{Problem, RunConfig};
use std::path::PathBuf;
use std::sync::Arc;
use store::{NewRunRow, RawEvent, StoredRun};

/// Events of a part of the journal unless said otherwise, and at most.
const PART: (u32, u32) = (500, 5000);
/// Names of runs are at most this long, characters.
const NAME_LENGTH: usize = 120;

pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<RunsBody>, Fail> {
    let runs = app.db(|store| store.runs()).await?;
    let runs = runs.into_iter().map(|stored| stored.run).collect();
    Ok(Json(RunsBody { runs }))
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
    let at_work = Arc::clone(app);
    let stored = blocking(move || -> Result<StoredRun, Fail> {
        let problems = missing(&at_work, &config, owner);
        if !problems.is_empty() {
            return Err(Fail::problems(problems));
        }
        let id = secret::new_id().map_err(|error| Fail::internal(&error))?;
        let at = store::now();
        let row = NewRunRow { id, name, config, owner, at };
        Ok(at_work.store.add_run(row)?)
    })
    .await??;
    let run = stored.run.clone();
    app.hub.tell(ToBrowser::Run { run });
    app.supervisor.look_at_queue().await?;
    Ok(stored)
}

/// What the config names and the server does not have. Videos named in it enter the
/// library, so that the page can show them.
fn missing(app: &App, config: &RunConfig, owner: u64) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut say = |field: &str, message: String| {
        let field = field.to_owned();
        problems.push(Problem { field, message });
    };
    match policy_dir(app, config) {
        Some(folder) if folder.join("config.json").is_file() => {}
        Some(folder) => say(
            "policy",
            format!("there is no policy in {}; name a folder with a config.json", folder.display()),
        ),
        None => say(
            "policy",
            "the nano policy was not found beside the program; set VIDEOSSR_STATIC or name a policy folder".into(),
        ),
    }
    let named: Vec<PathBuf> = config.videos.iter().map(PathBuf::from).collect();
    match train::library::video_files(&named) {
        Ok(files) => {
            for file in files {
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                // The trainer passes over videos that cannot be used, and says so.
                let _ = library::add(app, &file, &name, library::Keep::InPlace, owner);
            }
        }
        Err(error) => say("videos", error.to_string()),
    }
    match library::videos_of_run(app, &config.videos) {
        Ok(videos) if videos.is_empty() => {
            say("videos", "the library has no usable video; add one first".into());
        }
        Ok(_) => {}
        Err(error) => say("videos", error.to_string()),
    }
    problems
}

/// The folder of the policy that a config starts from.
pub fn policy_dir(app: &App, config: &RunConfig) -> Option<PathBuf> {
    match config.policy.as_str() {
        "" => app.policy.clone(),
        named => Some(PathBuf::from(named)),
    }
}

pub(super) async fn control(
    State(app): State<Arc<App>>,
    Extension(signed): Extension<Signed>,
    Path(run): Path<String>,
    Body(request): Body<ControlRequest>,
) -> Result<Json<RunBody>, Fail> {
    let stored = app.supervisor.control(run, request.control, signed.person).await??;
    Ok(body(stored))
}

#[derive(Deserialize)]
pub(super) struct Part {
    #[serde(default)]
    after: u64,
    limit: Option<u32>,
}

pub(super) async fn events(
    State(app): State<Arc<App>>,
    Path(run): Path<String>,
    Query(part): Query<Part>,
) -> Result<impl IntoResponse, Fail> {
    let limit = part.limit.unwrap_or(PART.0).clamp(1, PART.1);
    let work = app.db(move |store| {
        let newest = store.run(&run)?.run.seq;
        Ok((newest, store.events_after(&run, part.after, limit)?))
    });
    let (newest, events) = work.await?;
    let last = events.last().map_or(newest, |event| event.seq);
    let next = (last < newest).then(|| last.to_string());
    let meta = serde_json::json!({ "next": next });
    let text = format!(r#"{{"events":{},"meta":{meta}}}"#, joined(&events));
    Ok(([(header::CONTENT_TYPE, "application/json")], text))
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
