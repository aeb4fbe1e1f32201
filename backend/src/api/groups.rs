//! Groups and rollouts, and the frames their policy saw.

use super::videos::video_picture;
use super::{Path, Query, no_place};
use crate::admission::policy_dir;
use crate::api::error::Fail;
use crate::app::{App, blocking};
use crate::pictures::{Picture, Recipe, VIEW};
use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use serde::Deserialize;
use shared::api::{
    AnswerGroup, AnswersBody, GroupBody, GroupsBody, PageMeta, RolloutRow, RolloutsBody,
};
use shared::config::RunConfig;
use shared::task::{SampleSpec, TaskKind};
use shared::video::FrameSize;
use std::sync::Arc;
use store::{GroupFilter, RolloutFilter, Store, StoredVideo};

/// Rollouts of a page unless said otherwise, and at most.
const PAGE: (u32, u32) = (100, 1000);
/// Groups of a page of answers unless said otherwise, and at most.
const ANSWERS: (u32, u32) = (500, 1000);

/// Run, step and group of a path.
type Place = Path<(String, u64, u32)>;

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path((run, step, group)): Place,
) -> Result<Json<GroupBody>, Fail> {
    let work = app.db(move |store| {
        let place = store.group(&run, step, group)?;
        let labels = store.group_labels(&run, step, group)?;
        Ok(GroupBody {
            group: place.group,
            video_name: place.video_name,
            labels,
            groups_in_step: place.groups_in_step,
            previous: place.previous,
            next: place.next,
        })
    });
    work.await.map(Json)
}

/// The size of a clip's frames.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ClipSize {
    /// For people.
    #[default]
    View,
    /// Exactly what the policy saw.
    Policy,
}

#[derive(Deserialize)]
pub(super) struct ClipQuery {
    #[serde(default)]
    size: ClipSize,
}

pub(super) async fn clip(
    State(app): State<Arc<App>>,
    Path(place): Place,
    Query(query): Query<ClipQuery>,
    request: Request,
) -> Result<Response, Fail> {
    let size = frame_size(&app, &place.0, query.size).await?;
    picture(&app, place, |recipe| Picture::Clip(recipe, size), request).await
}

/// The size of a run's frames for people, or as its policy looks at them.
async fn frame_size(app: &App, run: &str, size: ClipSize) -> Result<FrameSize, Fail> {
    match size {
        ClipSize::View => Ok(VIEW),
        ClipSize::Policy => {
            let run = run.to_owned();
            let config = app.db(move |store| store.run(&run)).await?.config;
            policy_size(app, &config).await
        }
    }
}

/// The frames that the policy of a config looks at.
pub(super) async fn policy_size(app: &App, config: &RunConfig) -> Result<FrameSize, Fail> {
    let folder = policy_dir(app.policy.as_deref(), config)
        .ok_or_else(|| Fail::not_found("policy any more"))?;
    let processor = blocking(move || policy::Processor::load(&folder)).await?;
    let processor = processor.map_err(Fail::invalid)?;
    Ok(train::prompts::plan_of(&processor).size)
}

#[derive(Deserialize)]
pub(super) struct AtlasQuery {
    size: Option<ClipSize>,
}

pub(super) async fn atlas(
    State(app): State<Arc<App>>,
    Path(place): Place,
    Query(query): Query<AtlasQuery>,
    request: Request,
) -> Result<Response, Fail> {
    let Some(size) = query.size else {
        return picture(&app, place, Picture::Atlas, request).await;
    };
    let size = frame_size(&app, &place.0, size).await?;
    picture(&app, place, |recipe| Picture::Sheet(recipe, size), request).await
}

async fn picture(
    app: &App,
    (run, step, group): (String, u64, u32),
    wanted: impl FnOnce(Box<Recipe>) -> Picture,
    request: Request,
) -> Result<Response, Fail> {
    let work = app.db(move |store| {
        let spec = store.group(&run, step, group)?.group.sample.spec;
        recipe(store, spec)
    });
    let (video, recipe) = work.await?;
    video_picture(app, video, wanted(Box::new(recipe)), request).await
}

/// The video of a spec, and what its sample is made from.
pub(super) fn recipe(store: &Store, spec: SampleSpec) -> store::Result<(StoredVideo, Recipe)> {
    let video = store.video(&spec.video)?;
    let other = spec.other.as_ref().map(|other| store.video(other)).transpose()?;
    Ok((video, Recipe { spec, other: other.map(|other| other.path) }))
}

#[derive(Deserialize)]
pub(super) struct Filter {
    task: Option<TaskKind>,
    cell: Option<String>,
    max_reward: Option<f64>,
    parsed: Option<bool>,
    after: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn rollouts(
    State(app): State<Arc<App>>,
    Path(run): Path<String>,
    Query(asked): Query<Filter>,
) -> Result<Json<RolloutsBody>, Fail> {
    let limit = asked.limit.unwrap_or(PAGE.0).clamp(1, PAGE.1);
    let filter = RolloutFilter {
        task: asked.task,
        cell: asked.cell,
        max_reward: asked.max_reward,
        parsed: asked.parsed,
        before: asked.after.as_deref().map(page_start).transpose()?,
        limit,
    };
    let work = app.db(move |store| {
        store.run(&run)?;
        store.rollouts(&run, &filter)
    });
    let rollouts = work.await?;
    let next = rollouts.last().filter(|_| rollouts.len() == limit as usize).map(page_end);
    let meta = PageMeta { next };
    Ok(Json(RolloutsBody { rollouts, meta }))
}

#[derive(Deserialize)]
pub(super) struct AnswersQuery {
    after: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn answers(
    State(app): State<Arc<App>>,
    Path(run): Path<String>,
    Query(asked): Query<AnswersQuery>,
) -> Result<Json<AnswersBody>, Fail> {
    let limit = asked.limit.unwrap_or(ANSWERS.0).clamp(1, ANSWERS.1);
    let after = match asked.after.as_deref() {
        Some(text) => group_place(text)?,
        None => (0, 0),
    };
    let work = app.db(move |store| {
        store.run(&run)?;
        store.groups_after(&run, after, limit, AnswerGroup::of)
    });
    let groups = work.await?;
    let last = groups.last().filter(|_| groups.len() == limit as usize);
    let next = last.map(|last| format!("{}.{}", last.step, last.group));
    Ok(Json(AnswersBody { groups, meta: PageMeta { next } }))
}

/// `STEP.GROUP`.
fn group_place(text: &str) -> Result<(u64, u32), Fail> {
    let place = text.split_once('.').and_then(|(step, group)| {
        // SQLite holds no larger step.
        let step = step.parse::<u64>().ok().filter(|step| i64::try_from(*step).is_ok())?;
        Some((step, group.parse().ok()?))
    });
    place.ok_or_else(no_place)
}

/// Groups of a page unless said otherwise, and at most.
const CARDS: (u32, u32) = (30, 100);

#[derive(Deserialize)]
pub(super) struct Wanted {
    task: Option<TaskKind>,
    min_reward: Option<f64>,
    max_reward: Option<f64>,
    parsed: Option<bool>,
    dead: Option<bool>,
    text: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Path(run): Path<String>,
    Query(asked): Query<Wanted>,
) -> Result<Json<GroupsBody>, Fail> {
    let limit = asked.limit.unwrap_or(CARDS.0).clamp(1, CARDS.1);
    let before = match asked.after.as_deref() {
        Some(after) => Some(group_place(after)?),
        None => None,
    };
    let filter = GroupFilter {
        task: asked.task,
        min_reward: asked.min_reward,
        max_reward: asked.max_reward,
        parsed: asked.parsed,
        dead: asked.dead,
        text: asked.text.filter(|text| !text.is_empty()),
        before,
        limit,
    };
    let work = app.db(move |store| {
        store.run(&run)?;
        store.groups(&run, &filter)
    });
    let groups = work.await?;
    let last = groups.last().filter(|_| groups.len() == limit as usize);
    let next = last.map(|card| format!("{}.{}", card.step, card.group));
    Ok(Json(GroupsBody { groups, meta: PageMeta { next } }))
}

fn page_end(row: &RolloutRow) -> String {
    shared::rollout::rollout_id(row.step, row.group, row.rollout)
}

fn page_start(text: &str) -> Result<(u64, u32, u32), Fail> {
    let mut parts = text.splitn(3, '.');
    let mut part = || parts.next().and_then(|part| part.parse::<u64>().ok());
    match (part(), part(), part()) {
        (Some(step), Some(group), Some(rollout)) => {
            Ok((step, group.min(u32::MAX.into()) as u32, rollout.min(u32::MAX.into()) as u32))
        }
        _ => Err(no_place()),
    }
}
