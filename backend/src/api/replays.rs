//! Groups made again: begun, watched, ended.

use super::Path;
use crate::admission::policy_dir;
use crate::api::error::Fail;
use crate::app::{App, blocking};
use crate::library;
use crate::replayer::{Job, Place};
use axum::Json;
use axum::extract::State;
use shared::api::ReplayBody;
use std::sync::Arc;

type Group = Path<(String, u64, u32)>;

fn place((run, step, group): (String, u64, u32)) -> Place {
    Place { run, step, group }
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(group): Group,
) -> Result<Json<ReplayBody>, Fail> {
    state(app, place(group)).await
}

async fn state(app: Arc<App>, place: Place) -> Result<Json<ReplayBody>, Fail> {
    // The run's name becomes a folder's below: only one that the database knows.
    let run = place.run.clone();
    app.db(move |store| store.run(&run)).await?;
    let replay = blocking(move || app.replayer.state(&app.data, &place)).await?;
    Ok(Json(ReplayBody { replay }))
}

pub(super) async fn begin(
    State(app): State<Arc<App>>,
    Path(group): Group,
) -> Result<Json<ReplayBody>, Fail> {
    let place = place(group);
    let wanted = place.clone();
    let read = app.db(move |store| {
        let stored = store.run(&wanted.run)?;
        let group = store.group(&wanted.run, wanted.step, wanted.group)?.group;
        Ok((library::files_of(store, &stored.videos), stored.config, group.rollouts.len()))
    });
    let (videos, config, rollouts) = read.await?;
    let policy = policy_dir(app.policy.as_deref(), &config)
        .ok_or_else(|| Fail::not_found("policy any more"))?;
    let job = Job { place, rollouts, videos: videos?, policy };
    let replay = app.replayer.begin(&app, job).map_err(|busy| {
        Fail::busy(format!(
            "step {}, group {} of run {} is being replayed; one is made at a time",
            busy.step,
            busy.group + 1,
            busy.run
        ))
    })?;
    Ok(Json(ReplayBody { replay: Some(replay) }))
}

pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    Path(group): Group,
) -> Result<Json<ReplayBody>, Fail> {
    let place = place(group);
    app.replayer.cancel(&place);
    // An earlier one may have been kept.
    state(app, place).await
}
