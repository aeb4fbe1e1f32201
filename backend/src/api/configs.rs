//! Run configs before they are runs: presets, files read and written, what a run will take, and
//! the policies it can start from.

use super::Body;
use crate::api::error::Fail;
use crate::app::{App, blocking};
use crate::cmd::config::{from_toml, to_toml};
use crate::estimate;
use axum::Json;
use axum::extract::State;
use shared::api::{
    ConfigBody, ConfigRequest, PageMeta, PoliciesBody, PolicyInfo, PresetInfo, PresetsBody,
};
use shared::config::{PRESETS, RunConfig, Settings};
use std::sync::Arc;

pub(super) async fn presets() -> Result<Json<PresetsBody>, Fail> {
    let info = |preset: &shared::config::Preset| {
        let config = (preset.config)();
        let toml = to_toml(&config).map_err(|error| Fail::internal(&error))?;
        Ok(PresetInfo { name: preset.name.into(), about: preset.about.into(), config, toml })
    };
    let presets = PRESETS.iter().map(info).collect::<Result<_, Fail>>()?;
    Ok(Json(PresetsBody { presets, meta: PageMeta::default() }))
}

pub(super) async fn check(
    State(app): State<Arc<App>>,
    Body(request): Body<ConfigRequest>,
) -> Result<Json<ConfigBody>, Fail> {
    let value = match (request.toml, request.config) {
        (Some(text), None) => from_toml(&text).map_err(|error| Fail::invalid(&error).at("toml"))?,
        (None, Some(config)) => config,
        _ => return Err(Fail::invalid("send either a file's text or a config")),
    };
    let config = RunConfig::from_value(&RunConfig::default(), &value).map_err(Fail::problems)?;
    let toml = to_toml(&config).map_err(|error| Fail::internal(&error))?;
    let at_work = config.clone();
    let estimate = blocking(move || estimate::of(&app, &at_work)).await?;
    Ok(Json(ConfigBody { config, toml, estimate }))
}

pub(super) async fn policies(State(app): State<Arc<App>>) -> Result<Json<PoliciesBody>, Fail> {
    let runs = app.db(|store| store.runs()).await?;
    let policies = blocking(move || {
        let shipped = app.policy.as_ref().map(|_| PolicyInfo {
            path: String::new(),
            name: "nano, comes with the program".into(),
        });
        let mut all: Vec<PolicyInfo> = shipped.into_iter().collect();
        for stored in runs.iter().rev() {
            let folder = app.data.run(&stored.run.id);
            // A run without checkpoints offers nothing, and so does one whose folder is gone.
            let steps = train::checkpoint::all(&folder).unwrap_or_default();
            all.extend(steps.into_iter().rev().map(|(step, folder)| PolicyInfo {
                path: folder.join("policy").display().to_string(),
                name: format!("{}, step {step}", stored.run.name),
            }));
        }
        all
    });
    Ok(Json(PoliciesBody { policies: policies.await?, meta: PageMeta::default() }))
}
