//! What open pages hear, lists in pages, labels.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use axum::http::StatusCode;
use serde_json::json;
use shared::annotation::{LabelState, Role};
use shared::api::{FailuresBody, GroupBody, RunsBody, ToBrowser, VideosBody};
use shared::event::Phase;
use support::*;

#[tokio::test]
async fn a_browser_that_comes_back_gets_what_it_missed_and_nothing_twice() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let run = admin.make_run().await;
    let mut worker = FakeWorker::join(&test, None).await;
    worker.take(&run.id).await;
    worker.report(&run.id, vec![started(1, 0), step(2, 1)]).await;
    let mut live = admin.live().await;
    live.subscribe(&run.id, 0).await;
    assert_eq!(live.seqs_to(2).await, [1, 2]);
    worker.report(&run.id, vec![step(3, 2)]).await;
    assert_eq!(live.seqs_to(3).await, [3]);
    drop(live);
    worker.report(&run.id, vec![step(4, 3), step(5, 4)]).await;
    let mut live = admin.live().await;
    live.subscribe(&run.id, 3).await;
    assert_eq!(live.seqs_to(5).await, [4, 5]);
    for seq in 6..60 {
        worker.report(&run.id, vec![step(seq, seq - 1)]).await;
    }
    assert_eq!(live.seqs_to(59).await, (6..60).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_page_that_opens_late_is_spared_what_it_would_drop() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let run = admin.make_run().await;
    let mut worker = FakeWorker::join(&test, None).await;
    worker.take(&run.id).await;
    let past = [phase(2, 1, Phase::Rollout), phase(3, 1, Phase::Update), step(4, 1)];
    worker.report(&run.id, [vec![started(1, 0)], past.to_vec()].concat()).await;
    let mut live = admin.live().await;
    live.subscribe("no-such-run", 0).await;
    live.subscribe(&run.id, 0).await;
    assert_eq!(live.seqs_to(4).await, [1, 3, 4]);
    worker.report(&run.id, vec![phase(5, 2, Phase::Rollout), phase(6, 2, Phase::Update)]).await;
    assert_eq!(live.seqs_to(6).await, [5, 6]);
    drop(live);
    // One that goes on from the first event has to be able to see that nothing is missing.
    let mut live = admin.live().await;
    live.subscribe(&run.id, 1).await;
    assert_eq!(live.seqs_to(6).await, [2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.insert(0, admin.make_run().await.id);
    }
    let page: RunsBody = admin.get("/api/v1/runs?limit=2").await.read();
    assert_eq!(page.runs.iter().map(|run| &run.id).collect::<Vec<_>>(), [&ids[0], &ids[1]]);
    let next = page.meta.next.unwrap();
    let page: RunsBody = admin.get(&format!("/api/v1/runs?limit=2&after={next}")).await.read();
    assert_eq!((page.runs.len(), page.runs[0].id == ids[2], page.meta.next), (1, true, None));
    let page: RunsBody = admin.get("/api/v1/runs?limit=3").await.read();
    assert_eq!(page.meta.next, None, "the last page says so");

    let whole: VideosBody = admin.get("/api/v1/videos").await.read();
    assert_eq!((whole.videos.len(), &whole.meta.next), (3, &None));
    let page: VideosBody = admin.get("/api/v1/videos?limit=1").await.read();
    let next = page.meta.next.unwrap();
    let rest: VideosBody = admin.get(&format!("/api/v1/videos?after={next}")).await.read();
    assert_eq!([page.videos, rest.videos].concat(), whole.videos);
    let unknown = format!("videos?after=blake3:{}", "0".repeat(64));
    for path in
        ["videos?after=x", &unknown, "runs?after=bogus", "labels?after=x", "labels?after=1/r/2"]
    {
        let answer = admin.get(&format!("/api/v1/{path}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert_eq!(answer.json()["error"]["field"], "after", "{path}");
    }
}

#[tokio::test]
async fn every_list_says_whether_there_is_more() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let run = admin.make_run().await.id;
    for path in [
        "runs",
        "videos",
        "labels",
        "people",
        "devices",
        "config/presets",
        "audit",
        &format!("runs/{run}/events"),
        &format!("runs/{run}/rollouts"),
    ] {
        let answer = admin.get(&format!("/api/v1/{path}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.json()["meta"]["next"], json!(null), "{path}: {}", answer.json());
    }
}

#[tokio::test]
async fn admins_read_who_did_what() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    admin.make_run().await;
    let page = admin.get("/api/v1/audit?limit=1").await.json();
    assert_eq!(
        (&page["lines"][0]["act"], &page["lines"][0]["person"]["name"]),
        (&json!("made_run"), &json!("Ada"))
    );
    let next = page["meta"]["next"].as_str().unwrap();
    let page = admin.get(&format!("/api/v1/audit?after={next}")).await.json();
    let acts: Vec<&str> = page["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["act"].as_str().unwrap())
        .collect();
    assert_eq!(acts, ["added_video", "signed_in"]);
    assert_eq!(admin.get("/api/v1/audit?after=x").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn programs_are_told_every_parameter_and_get_figures_in_order() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let api = admin.get("/api/v1/openapi.json").await.json();
    let names = |path: &str, place: &str| -> Vec<String> {
        let all = api["paths"][path]["get"]["parameters"].as_array().unwrap();
        let at = all.iter().filter(|one| one["in"] == place);
        at.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("/api/v1/labels", "query"), ["state", "after", "limit"]);
    assert_eq!(names("/api/v1/runs/{run}/events", "query"), ["after", "limit", "groups"]);
    assert_eq!(names("/api/v1/runs/{run}/events", "path"), ["run"]);

    for (index, name) in ["one", "two"].iter().enumerate() {
        let run = admin.make_run().await;
        let mut worker = FakeWorker::join(&test, None).await;
        worker.take(&run.id).await;
        worker.report(&run.id, vec![started(1, 0), step(2, 1)]).await;
        let text = String::from_utf8(admin.get("/metrics").await.bytes).unwrap();
        let live = text.lines().filter(|line| line.starts_with("videossr_run_step{")).count();
        assert_eq!(live, index + 1, "{name}: {text}");
        // Every metric's lines follow its own TYPE line.
        let mut metric = "";
        for line in text.lines() {
            match line.strip_prefix("# TYPE ") {
                Some(declared) => metric = declared.split(' ').next().unwrap(),
                None => assert_eq!(line.split(['{', ' ']).next().unwrap(), metric, "{text}"),
            }
        }
        std::mem::forget(worker);
    }
}

#[tokio::test]
async fn labels_go_through_the_log_and_a_stale_one_gets_the_newer() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let (ann, bob) =
        (admin.invite("Ann", Role::Annotator).await, admin.invite("Bob", Role::Reviewer).await);
    let run = admin.make_run().await;
    let video = admin.only_video().await;
    let mut worker = FakeWorker::join(&test, None).await;
    worker.take(&run.id).await;
    worker.report(&run.id, vec![started(1, 0), group(2, 1, 0, &video)]).await;
    let op = |base: u64, action: serde_json::Value| {
        let target = json!({ "run": run.id, "step": 1, "group": 0, "rollout": 1 });
        json!({ "target": target, "base_version": base, "action": action })
    };
    let submit = |base| op(base, json!({ "do": "submit", "tags": ["format"], "note": "" }));
    let accept = |base| op(base, json!({ "do": "accept", "comment": "" }));
    let mut live = bob.live().await;
    let first = ann.post("/api/v1/labels", submit(0)).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.json());
    let heard = live.until("the label", |message| match message {
        ToBrowser::Label { failure } => Some(failure),
        _ => None,
    });
    assert_eq!(heard.await.text, "no idea");

    let stale = ann.post("/api/v1/labels", submit(0)).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert_eq!(stale.json()["error"]["code"], "stale");
    assert_eq!(stale.json()["label"]["version"], 1);
    let own = ann.post("/api/v1/labels", accept(1)).await;
    assert_eq!(own.status, StatusCode::FORBIDDEN, "an annotator reviews nothing");
    assert_eq!(bob.post("/api/v1/labels", accept(1)).await.status, StatusCode::OK);
    let accepted: FailuresBody = ann.get("/api/v1/labels?state=accepted").await.read();
    assert_eq!(accepted.failures[0].label.version, 2);
    let waiting: FailuresBody = ann.get("/api/v1/labels?state=submitted").await.read();
    assert_eq!(waiting.failures, []);
    let twice = bob.post("/api/v1/labels", accept(2)).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(twice.message().contains("already"), "{}", twice.message());
    let cy = admin.invite("Cy", Role::Reviewer).await;
    a_decision_is_taken_back(&bob, &cy, op).await;
    let other = json!({ "run": run.id, "step": 1, "group": 0, "rollout": 0 });
    let mut second = submit(0);
    second["target"] = other;
    ann.post("/api/v1/labels", second).await;
    let page: FailuresBody = ann.get("/api/v1/labels?limit=1").await.read();
    let next = page.meta.next.unwrap();
    let rest: FailuresBody = ann.get(&format!("/api/v1/labels?after={next}")).await.read();
    assert_eq!(
        (page.failures[0].text.as_str(), rest.failures[0].text.as_str()),
        ("1.0-2.0", "no idea")
    );
    let path = format!("/api/v1/runs/{}/groups/1/0", run.id);
    assert_eq!(ann.get(&path).await.read::<GroupBody>().labels.len(), 2);
    let unknown = ann.get("/api/v1/labels?state=lost").await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
}

/// `bob` has accepted the label at version 2: only he can take that back, after which it counts as
/// accepted no more and can be decided on again.
async fn a_decision_is_taken_back(
    bob: &Person<'_>,
    cy: &Person<'_>,
    op: impl Fn(u64, serde_json::Value) -> serde_json::Value,
) {
    let reopen = |base| op(base, json!({ "do": "reopen" }));
    let others = cy.post("/api/v1/labels", reopen(2)).await;
    assert_eq!(others.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(others.message().contains("only who decided"), "{}", others.message());
    let mut live = cy.live().await;
    let back = bob.post("/api/v1/labels", reopen(2)).await;
    assert_eq!(back.status, StatusCode::OK, "{}", back.json());
    let heard = live.until("the label", |message| match message {
        ToBrowser::Label { failure } => Some(failure.label),
        _ => None,
    });
    let label = heard.await;
    assert_eq!((label.version, label.state), (3, LabelState::Submitted));
    assert_eq!((label.reviewer, label.comment.as_str()), (None, ""));
    let accepted: FailuresBody = bob.get("/api/v1/labels?state=accepted").await.read();
    assert_eq!(accepted.failures, []);
    let waiting: FailuresBody = cy.get("/api/v1/labels?state=submitted").await.read();
    assert_eq!(waiting.failures.len(), 1);
    assert_eq!(bob.post("/api/v1/labels", reopen(2)).await.status, StatusCode::CONFLICT);
    let again = op(3, json!({ "do": "accept", "comment": "after all" }));
    assert_eq!(cy.post("/api/v1/labels", again).await.status, StatusCode::OK);
}
