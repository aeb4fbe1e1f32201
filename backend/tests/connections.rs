//! Workers that are steered, go away, die and come back.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use axum::http::StatusCode;
use serde_json::json;
use shared::edit::{Edit, Edited};
use shared::event::{Control, ControlStage, EventBody, Phase};
use shared::fold::RunState;
use shared::link::{FromWorker, WORKER_PROTOCOL};
use std::time::Duration;
use support::*;

#[tokio::test]
async fn a_person_pauses_resumes_and_stops() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let mut live = admin.live().await;
    let run = admin.make_run().await;
    let mut worker = FakeWorker::join(&test, None).await;
    worker.take(&run.id).await;
    worker.report(&run.id, vec![started(1, 0)]).await;
    live.run_in(&run.id, RunState::Running).await;
    let done = |seq, control| {
        let stage = ControlStage::Acknowledged;
        event(seq, 1, EventBody::Control { control, stage, by: None, asked_at: None })
    };
    assert_eq!(admin.control(&run.id, "pause").await.status, StatusCode::OK);
    assert_eq!(worker.asked().await, (Control::Pause, "Ada".into()));
    live.run_in(&run.id, RunState::Pausing).await;
    worker.report(&run.id, vec![done(2, Control::Pause)]).await;
    live.run_in(&run.id, RunState::Paused).await;
    admin.control(&run.id, "resume").await;
    assert_eq!(worker.asked().await.0, Control::Resume);
    worker.report(&run.id, vec![done(3, Control::Resume)]).await;
    live.run_in(&run.id, RunState::Running).await;
    admin.control(&run.id, "stop").await;
    assert_eq!(worker.asked().await.0, Control::Stop);
    live.run_in(&run.id, RunState::Stopping).await;
    worker.report(&run.id, vec![event(4, 1, EventBody::Finished { stopped: true })]).await;
    live.run_in(&run.id, RunState::Stopped).await;
    worker.say(&FromWorker::Done { run: run.id.clone() }).await;
    let again = admin.control(&run.id, "resume").await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.json());
    worker.take(&run.id).await;
}

#[tokio::test]
async fn what_is_asked_while_the_worker_is_away_reaches_it() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let run = admin.make_run().await;
    let mut worker = FakeWorker::join(&test, None).await;
    let (run_dir, _) = worker.take(&run.id).await;
    let _lock = videossr::journal::hold(run_dir.as_ref()).unwrap();
    let control = |seq, control, stage| {
        event(seq, 1, EventBody::Control { control, stage, by: None, asked_at: None })
    };
    let got = |seq, which| {
        vec![
            control(seq, which, ControlStage::Requested),
            control(seq + 1, which, ControlStage::Acknowledged),
        ]
    };
    worker.report(&run.id, vec![started(1, 0)]).await;
    admin.control(&run.id, "pause").await;
    assert_eq!(worker.asked().await.0, Control::Pause);
    worker.report(&run.id, got(2, Control::Pause)).await;
    assert_eq!(admin.run(&run.id).await.state, RunState::Paused);

    worker.die();
    for what in ["checkpoint", "resume"] {
        assert_eq!(admin.control(&run.id, what).await.status, StatusCode::OK, "{what}");
    }
    let mut worker = FakeWorker::join(&test, Some(&run.id)).await;
    assert_eq!(worker.asked().await, (Control::Checkpoint, "Ada".into()));
    assert_eq!(worker.asked().await, (Control::Resume, "Ada".into()));

    // Handed over, but the link broke before the trainer wrote that it has them.
    worker.report(&run.id, got(4, Control::Checkpoint)).await;
    worker.die();
    let mut worker = FakeWorker::join(&test, Some(&run.id)).await;
    assert_eq!(worker.asked().await.0, Control::Resume);
    worker.report(&run.id, got(6, Control::Resume)).await;
    worker.die();
    let mut worker = FakeWorker::join(&test, Some(&run.id)).await;
    assert_eq!(admin.run(&run.id).await.state, RunState::Running);
    admin.control(&run.id, "stop").await;
    assert_eq!(worker.asked().await.0, Control::Stop, "the others are done");
}

#[tokio::test]
async fn a_run_is_changed_while_it_goes_on_and_only_then() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let run = admin.make_run().await;
    let edits = format!("/api/v1/runs/{}/edits", run.id);
    let rate = |value: f64| json!({ "edit": { "what": "learning_rate", "value": value } });
    assert_eq!(admin.post(&edits, rate(1e-4)).await.status, StatusCode::CONFLICT, "still queued");
    let mut worker = FakeWorker::join(&test, None).await;
    let (run_dir, _) = worker.take(&run.id).await;
    let _lock = videossr::journal::hold(run_dir.as_ref()).unwrap();
    worker.report(&run.id, vec![started(1, 0)]).await;
    let refused = admin.post(&edits, rate(-1.0)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["error"]["field"], "optim.learning_rate");
    let weights = json!({ "edit": { "what": "mixture", "weights": [1.0] } });
    assert_eq!(admin.post(&edits, weights).await.json()["error"]["field"], "mixture");
    assert_eq!(admin.post(&edits, rate(1e-4)).await.status, StatusCode::OK);
    let (edit, at) = worker.asked_to_edit().await;
    assert_eq!(edit, Edit::LearningRate { value: 1e-4 });
    assert!(at > 1e9, "the moment it was asked");

    // Not written down before the link broke: it is sent again, and once it is, no more.
    worker.die();
    let mut worker = FakeWorker::join(&test, Some(&run.id)).await;
    assert_eq!(worker.asked_to_edit().await, (edit.clone(), at));
    let before = Edit::LearningRate { value: 1e-3 };
    let edited = Edited { edit, before, from_step: 1, by: Some("Ada".into()), asked_at: Some(at) };
    worker.report(&run.id, vec![event(2, 0, EventBody::Edited(edited))]).await;
    worker.die();
    let mut worker = FakeWorker::join(&test, Some(&run.id)).await;
    admin.control(&run.id, "stop").await;
    assert_eq!(worker.asked().await.0, Control::Stop);
    assert_eq!(admin.post(&edits, rate(1e-4)).await.status, StatusCode::CONFLICT, "stopping");
    let audit = admin.get("/api/v1/audit").await.json();
    let lines = audit["lines"].as_array().unwrap();
    let edit = lines.iter().find(|line| line["act"] == "edited_run").unwrap();
    assert_eq!(edit["subject"], format!("{} learning rate 0.0001", run.id));
}

#[tokio::test]
async fn a_run_whose_worker_dies_fails_in_its_phase_and_resumes() {
    let test = TestServer::with(|o| o.worker_grace = Duration::from_millis(500)).await;
    let admin = test.admin().await;
    let mut live = admin.live().await;
    let run = admin.make_run().await;
    let mut worker = FakeWorker::join(&test, None).await;
    worker.take(&run.id).await;
    let events = vec![started(1, 0), step(2, 1), phase(3, 2, Phase::Update)];
    worker.report(&run.id, events).await;
    worker.die();
    let failed = live.run_in(&run.id, RunState::Failed).await;
    assert_eq!(failed.failed_phase, Some(Phase::Update));
    assert!(failed.failed_cause.unwrap().contains("resume"));
    assert_eq!((failed.seq, failed.step), (3, 1));
    admin.control(&run.id, "resume").await;
    let mut worker = FakeWorker::join(&test, None).await;
    worker.take(&run.id).await;
    worker.report(&run.id, vec![started(4, 1)]).await;
    let again = live.run_in(&run.id, RunState::Running).await;
    assert_eq!((again.failed_phase, again.failed_cause), (None, None));
}

#[tokio::test]
async fn what_a_dead_worker_wrote_and_did_not_send_is_not_lost() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let mut live = admin.live().await;
    let run = admin.make_run().await;
    let mut worker = FakeWorker::join(&test, None).await;
    let (run_dir, _) = worker.take(&run.id).await;
    let run_dir = std::path::PathBuf::from(run_dir);
    let lock = videossr::journal::hold(&run_dir).unwrap();
    let events = [started(1, 0), step(2, 1), step(3, 2)];
    let lines: String = events.iter().map(|e| serde_json::to_string(e).unwrap() + "\n").collect();
    std::fs::write(run_dir.join("journal.jsonl"), lines + "{\"seq\":4,").unwrap();
    worker.report(&run.id, events[..1].to_vec()).await;
    drop(lock);
    worker.die();
    let failed = live.run_in(&run.id, RunState::Failed).await;
    assert_eq!((failed.seq, failed.step), (3, 2));
}

#[tokio::test]
async fn a_worker_outlives_its_connection_and_its_server() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let run = admin.make_run().await;
    let mut worker = FakeWorker::join(&test, None).await;
    let (run_dir, _) = worker.take(&run.id).await;
    let _lock = videossr::journal::hold(run_dir.as_ref()).unwrap();
    worker.report(&run.id, vec![started(1, 0), step(2, 1)]).await;
    worker.die();
    let mut worker = FakeWorker::join(&test, Some(&run.id)).await;
    assert_eq!(worker.acked, 2);
    worker.report(&run.id, vec![step(2, 1), step(3, 2)]).await;
    drop(worker);

    let test = TestServer::on(test.end().await, |_| {}).await;
    let mut worker = FakeWorker::join(&test, Some(&run.id)).await;
    assert_eq!(worker.acked, 3);
    worker.report(&run.id, vec![event(4, 2, EventBody::Finished { stopped: false })]).await;
    let admin = test.admin().await;
    assert_eq!(admin.run(&run.id).await.state, RunState::Finished);
}

#[tokio::test]
async fn a_run_that_nobody_holds_after_a_restart_is_marked_failed() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let run = admin.make_run().await;
    let mut worker = FakeWorker::join(&test, None).await;
    worker.take(&run.id).await;
    worker.report(&run.id, vec![started(1, 0), phase(2, 1, Phase::Rollout)]).await;
    drop(worker);
    let dir = test.end().await;
    let short = |o: &mut videossr::app::Options| o.worker_grace = Duration::from_millis(900);
    let test = TestServer::on(dir, short).await;
    let admin = test.admin().await;
    let mut live = admin.live().await;
    let failed = match admin.run(&run.id).await {
        run if run.state == RunState::Failed => run,
        _ => live.run_in(&run.id, RunState::Failed).await,
    };
    assert_eq!(failed.failed_phase, Some(Phase::Rollout));
}

#[tokio::test]
async fn a_data_directory_serves_one_server() {
    let test = TestServer::start().await;
    let data = test.server.app.data.root().to_owned();
    let options = videossr::app::Options::new(data, "127.0.0.1:0".parse().unwrap());
    let second = videossr::server::Server::start(options).await.err().unwrap();
    assert!(second.to_string().contains("another server"), "{second}");
}

#[tokio::test]
async fn a_run_resumed_before_its_worker_let_go_is_not_marked_failed() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let run = admin.make_run().await;
    let mut worker = FakeWorker::join(&test, None).await;
    worker.take(&run.id).await;
    let end = event(2, 1, EventBody::Finished { stopped: true });
    worker.report(&run.id, vec![started(1, 0), end]).await;
    admin.control(&run.id, "resume").await;
    assert_eq!(admin.run(&run.id).await.state, RunState::Queued);
    worker.say(&FromWorker::Done { run: run.id.clone() }).await;
    worker.take(&run.id).await;
}

#[tokio::test]
async fn a_worker_that_does_not_see_the_server_s_disk_gets_no_run() {
    let test = TestServer::start().await;
    let mark = test.server.app.data.disk_mark();
    let server = format!("http://{}", test.server.address);
    let token = test.server.app.worker_token.0.clone();
    for (other, why) in [(Some("of another server"), "stale"), (None, "missing")] {
        match other {
            Some(text) => std::fs::write(&mark, text).unwrap(),
            None => std::fs::remove_file(&mark).unwrap(),
        }
        let worker = tokio::process::Command::new(env!("CARGO_BIN_EXE_videossr"))
            .args(["worker", "--server", &server, "--token", &token])
            .kill_on_drop(true)
            .output();
        let output = soon("the worker to end", worker).await.unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), text.lines().count()), (Some(1), 1), "{why}: {text}");
        assert!(text.contains(&mark.display().to_string()), "{why}: {text}");
    }
    assert_eq!(test.server.app.supervisor.workers().await.unwrap(), []);
}

#[tokio::test]
async fn workers_are_refused_with_a_reason() {
    let test = TestServer::start().await;
    let refusal = FakeWorker::try_join(&test, 99, None).await.err().unwrap();
    assert!(refusal.contains("same version"), "{refusal}");
    let refusal =
        FakeWorker::try_join(&test, WORKER_PROTOCOL, Some("nothing")).await.err().unwrap();
    assert!(refusal.contains("no such run"), "{refusal}");
}

#[tokio::test]
async fn a_gap_ends_the_link_and_nothing_of_it_is_kept() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let run = admin.make_run().await;
    let mut worker = FakeWorker::join(&test, None).await;
    worker.take(&run.id).await;
    worker.report(&run.id, vec![started(1, 0)]).await;
    let events = vec![step(3, 1)];
    worker.say(&FromWorker::Events { run: run.id.clone(), events }).await;
    let mut worker = FakeWorker::join(&test, Some(&run.id)).await;
    assert_eq!(worker.acked, 1);
    assert_eq!(worker.report(&run.id, vec![step(2, 1)]).await, 2);
}
