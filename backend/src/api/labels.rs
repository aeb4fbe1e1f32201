//! Labels: what people say about rollouts.

use super::{Body, Page, Query, Signed, no_place};
use crate::api::error::Fail;
use crate::app::App;
use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use shared::annotation::{Label, LabelState, Op, RolloutRef};
use shared::api::{FailuresBody, LabelBody, ToBrowser};
use shared::rollout::rollout_id;
use std::sync::Arc;
use store::LabelPlace;

#[derive(Deserialize)]
pub(super) struct Filter {
    state: Option<LabelState>,
    after: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(Filter { state, after, limit }): Query<Filter>,
) -> Result<Json<FailuresBody>, Fail> {
    let place = after.as_deref().map(|text| place_of(text).ok_or_else(no_place)).transpose()?;
    let page = Page { after, limit };
    let limit = page.with_next();
    let mut failures = app.db(move |store| store.failures(state, place.as_ref(), limit)).await?;
    let meta = page.cut(&mut failures, |failure| place_text(&failure.label));
    Ok(Json(FailuresBody { failures, meta }))
}

/// `time/run/step.group.rollout`; the time is written so that it reads back exactly.
fn place_text(label: &Label) -> String {
    let RolloutRef { run, step, group, rollout } = &label.target;
    format!("{}/{run}/{}", label.at, rollout_id(*step, *group, *rollout))
}

fn place_of(text: &str) -> Option<LabelPlace> {
    let (at, rest) = text.split_once('/')?;
    let (run, rollout) = rest.rsplit_once('/')?;
    let mut numbers = rollout.split('.').map(|number| number.parse::<u64>().ok());
    let mut number = || numbers.next().flatten();
    let (step, group, rollout) = (number()?, number()?, number()?);
    let target = RolloutRef {
        run: run.to_owned(),
        step,
        group: group.try_into().ok()?,
        rollout: rollout.try_into().ok()?,
    };
    Some(LabelPlace { at: at.parse().ok()?, target })
}

pub(super) async fn apply(
    State(app): State<Arc<App>>,
    Extension(signed): Extension<Signed>,
    Body(op): Body<Op>,
) -> Result<Json<LabelBody>, Fail> {
    let work = app.db(move |store| {
        let label = store.label(op, &signed.person, store::now())?;
        let failure = store.failure(&label.target)?;
        Ok((label, failure))
    });
    let (label, failure) = work.await?;
    let failure = Box::new(failure);
    app.hub.tell(ToBrowser::Label { failure });
    Ok(Json(LabelBody { label }))
}
