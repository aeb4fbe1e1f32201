//! Run configs before they are runs: files read back, estimates, policies to start from.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use axum::http::StatusCode;
use serde_json::{Value, json};
use shared::api::{ConfigBody, PoliciesBody};
use shared::config::{PRESETS, RunConfig};
use support::TestServer;

const CHECK: &str = "/api/v1/config/check";

#[tokio::test]
async fn every_preset_comes_back_from_its_own_file() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    for preset in PRESETS {
        let config = (preset.config)();
        let whole: ConfigBody = admin.post(CHECK, json!({ "config": config })).await.read();
        assert_eq!(whole.config, config, "{}", preset.name);
        let again: ConfigBody = admin.post(CHECK, json!({ "toml": whole.toml })).await.read();
        assert_eq!(again.config, config, "{}", preset.name);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_said_all_at_once() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let answer = admin.post(CHECK, json!({ "toml": "steps = 0\n[grpo]\ngroup_size = 1\n" })).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let body: Value = answer.json();
    assert_eq!(body["problems"].as_array().unwrap().len(), 2, "{body}");
    for broken in [json!({ "toml": "steps = " }), json!({}), json!({ "toml": "", "config": {} })] {
        let answer = admin.post(CHECK, broken).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn memory_is_counted_and_policies_are_listed() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let of = async |config: RunConfig| -> ConfigBody {
        admin.post(CHECK, json!({ "config": config })).await.read()
    };
    let nano = of(RunConfig::default()).await.estimate.unwrap();
    assert!(nano.parameters > 1_000_000 && nano.speed.is_none(), "{nano:?}");
    let mut wide = RunConfig::default();
    wide.grpo.group_size = 32;
    assert!(of(wide).await.estimate.unwrap().memory_bytes > nano.memory_bytes);
    let missing = RunConfig { policy: "/nowhere".into(), ..RunConfig::default() };
    assert_eq!(of(missing).await.estimate, None);
    let body: PoliciesBody = admin.get("/api/v1/policies").await.read();
    assert_eq!(body.policies[0].path, "", "the nano policy comes first");
}
