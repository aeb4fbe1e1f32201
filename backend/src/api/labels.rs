//! Labels: what people say about rollouts.

use super::{Body, Query, Signed};
use crate::api::error::Fail;
use crate::app::App;
use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use shared::annotation::{LabelState, Op};
use shared::api::{FailuresBody, LabelBody, ToBrowser};
use std::sync::Arc;

#[derive(Deserialize)]
pub(super) struct Filter {
    state: Option<LabelState>,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(filter): Query<Filter>,
) -> Result<Json<FailuresBody>, Fail> {
    let failures = app.db(move |store| store.failures(filter.state)).await?;
    Ok(Json(FailuresBody { failures }))
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
