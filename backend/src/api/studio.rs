//! Task studio: a sample from a video and dials, and the very frames a policy would see.
//! Answers are scored in the browser; nothing is kept but pictures.

use super::groups::{ClipSize, policy_size, recipe};
use super::videos::video_picture;
use super::{Body, Query};
use crate::api::error::Fail;
use crate::app::App;
use crate::auditor::{self, Job};
use crate::library;
use crate::pictures::{Picture, PictureError, Recipe, VIEW};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use shared::api::{AUDIT_SAMPLES, AuditBody, AuditRequest, SampleBody, SampleRequest};
use shared::config::{MixtureItem, Problem, RunConfig};
use shared::task::{DIALS, Dials, SampleSpec};
use shared::video::FrameSize;
use std::sync::Arc;
use store::{StoreError, StoredVideo};
use tasks::{Rng, TaskError};

/// Videos of the library that an audit chooses from.
const AUDIT_LOOKED: u32 = 200;

pub(super) async fn sample(
    State(app): State<Arc<App>>,
    Body(asked): Body<SampleRequest>,
) -> Result<Json<SampleBody>, Fail> {
    let (video, recipe) = find(&app, spec_of(asked)?).await?;
    let name = video.video.name.clone();
    let made = app.pictures.sample(video.path, recipe).await;
    let (sample, answerable) = made.map_err(|error| refused(error, &name))?;
    Ok(Json(SampleBody { sample, answerable }))
}

/// What is asked for, with every problem of the dials named.
fn spec_of(asked: SampleRequest) -> Result<SampleSpec, Fail> {
    let SampleRequest { video, item, other, seed } = asked;
    let item = MixtureItem::from_value(&item, "item").map_err(Fail::problems)?;
    let tasks = item.tasks();
    let task = tasks[Rng::from_seed(seed).index(tasks.len())];
    let other = other.filter(|_| task.needs_other());
    if task.needs_other() && other.is_none() {
        let message = format!("{} takes frames of a second video; choose one", task.cell());
        return Err(Fail::invalid(message).at("other"));
    }
    Ok(SampleSpec { video, task, dials: item.dials, other, seed })
}

/// The files behind a spec; says which of the two videos is not there.
async fn find(app: &App, spec: SampleSpec) -> Result<(StoredVideo, Recipe), Fail> {
    let other = spec.other.clone();
    let found = app.db(move |store| {
        let missing =
            other.filter(|other| matches!(store.video(other), Err(StoreError::NotFound(_))));
        Ok((missing.is_some(), recipe(store, spec)))
    });
    match found.await? {
        (_, Ok(found)) => Ok(found),
        (no_other, Err(error)) => {
            Err(Fail::from(error).at(if no_other { "other" } else { "video" }))
        }
    }
}

pub(super) async fn audit_state(State(app): State<Arc<App>>) -> Json<AuditBody> {
    Json(AuditBody { audit: app.auditor.state() })
}

pub(super) async fn begin_audit(
    State(app): State<Arc<App>>,
    Body(asked): Body<AuditRequest>,
) -> Result<(StatusCode, Json<AuditBody>), Fail> {
    let item = MixtureItem::from_value(&asked.item, "item").map_err(Fail::problems)?;
    if item.dials != Dials::default() {
        let message = "an audit knows the published values of the dials only; leave them out";
        return Err(Fail::invalid(message).at("item"));
    }
    let [fewest, most] = AUDIT_SAMPLES;
    if !(fewest..=most).contains(&asked.samples) {
        let message = format!("{} is not from {fewest} to {most}", asked.samples);
        return Err(Fail::invalid(message).at("samples"));
    }
    let newest = app.db(|store| {
        let videos = store.videos_page(None, AUDIT_LOOKED)?;
        let usable = videos.into_iter().filter(library::is_usable);
        Ok(usable.map(|video| video.path).take(auditor::VIDEOS).collect::<Vec<_>>())
    });
    let videos = newest.await?;
    if videos.is_empty() {
        let message = "the library has no usable video to make samples from; add some first";
        return Err(Fail::invalid(message).at("videos"));
    }
    let job = Job {
        tasks: item.tasks(),
        samples: asked.samples,
        videos,
        size: policy_size(&app, &RunConfig::default()).await?,
        strips: app.data.strips(),
    };
    match app.auditor.begin(job) {
        Ok(state) => Ok((StatusCode::ACCEPTED, Json(AuditBody { audit: Some(state) }))),
        Err(_) => {
            let message = "an audit is running; wait until it has ended";
            Err(Fail::new(StatusCode::CONFLICT, "not_now", message))
        }
    }
}

/// Why there is no such sample, at the dial that is at fault where one is.
fn refused(error: PictureError, video: &str) -> Fail {
    let message = match &error {
        PictureError::NoSource => return Fail::gone(library::gone(video)).at("video"),
        PictureError::NoOther => return Fail::from(error).at("other"),
        PictureError::Media(_) => return Fail::from(error).at("video"),
        PictureError::Task(TaskError::BadInput(message)) => message.clone(),
        PictureError::Task(_) => return Fail::invalid(error).at("item"),
        PictureError::Io(_) | PictureError::Broken => return error.into(),
    };
    // `tasks` begins with the name of the dial where it can tell.
    let named = message.split_once(": ").filter(|(key, _)| DIALS.iter().any(|d| d.key == *key));
    let (field, message) = match named {
        Some((key, rest)) => (format!("item.{key}"), rest.to_owned()),
        None => ("item".to_owned(), message),
    };
    Fail::problems(vec![Problem { field, message }])
}

#[derive(Deserialize)]
pub(super) struct ClipQuery {
    spec: String,
    #[serde(default)]
    size: ClipSize,
}

pub(super) async fn clip(
    State(app): State<Arc<App>>,
    Query(query): Query<ClipQuery>,
    request: Request,
) -> Result<Response, Fail> {
    let size = frame_size(&app, query.size).await?;
    picture(&app, &query.spec, |recipe| Picture::Clip(recipe, size), request).await
}

async fn frame_size(app: &App, size: ClipSize) -> Result<FrameSize, Fail> {
    match size {
        ClipSize::View => Ok(VIEW),
        // The one that a run starts from unless its config names another.
        ClipSize::Policy => policy_size(app, &RunConfig::default()).await,
    }
}

#[derive(Deserialize)]
pub(super) struct AtlasQuery {
    spec: String,
    size: Option<ClipSize>,
}

pub(super) async fn atlas(
    State(app): State<Arc<App>>,
    Query(query): Query<AtlasQuery>,
    request: Request,
) -> Result<Response, Fail> {
    let Some(size) = query.size else {
        return picture(&app, &query.spec, Picture::Atlas, request).await;
    };
    let size = frame_size(&app, size).await?;
    picture(&app, &query.spec, |recipe| Picture::Sheet(recipe, size), request).await
}

async fn picture(
    app: &App,
    spec: &str,
    wanted: impl FnOnce(Box<Recipe>) -> Picture,
    request: Request,
) -> Result<Response, Fail> {
    let spec: SampleSpec =
        serde_json::from_str(spec).map_err(|error| Fail::invalid(error).at("spec"))?;
    let (video, recipe) = find(app, spec).await?;
    video_picture(app, video, wanted(Box::new(recipe)), request).await
}
