//! Runs from the queue to their end, with a worker that trains nothing.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use axum::http::StatusCode;
use serde_json::json;
use shared::annotation::Role;
use shared::api::{EventsBody, FailuresBody, GroupBody, RolloutsBody, ToBrowser, VideosBody};
use shared::event::{Control, ControlStage, EventBody, Phase};
use shared::fold::RunState;
use shared::link::{FromWorker, ToWorker};
use shared::video::VideoId;
use std::time::Duration;
use support::*;

/// The only video of the library.
async fn video_of(person: &Person<'_>) -> VideoId {
    let body: VideosBody = person.get("/api/v1/videos").await.read();
    body.videos[0].meta.id.clone()
}

#[tokio::test]
async fn a_config_is_refused_with_all_its_problems() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let config = json!({ "grpo": { "group_sise": 8 }, "optim": { "learning_rat": 1 } });
    let answer = admin.post("/api/v1/runs", json!({ "config": config })).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.json()["problems"].as_array().unwrap().len(), 2);
    assert!(answer.message().contains("grpo.group_size"), "{}", answer.message());
    let answer = admin.post("/api/v1/runs", json!({ "config": {} })).await;
    assert_eq!(answer.json()["problems"][0]["field"], "videos");
    let config = json!({ "policy": "/no/such/folder", "videos": ["/no/such.mp4"] });
    let answer = admin.post("/api/v1/runs", json!({ "config": config })).await;
    assert_eq!(answer.json()["problems"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_run_goes_from_the_queue_to_its_end() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let mut live = admin.live().await;
    let run = admin.make_run().await;
    assert_eq!((run.state, run.name.as_str()), (RunState::Queued, "Run 1"));
    let video = video_of(&admin).await;
    let mut worker = FakeWorker::join(&test, None).await;
    let (_, resume) = worker.take(&run.id).await;
    assert!(!resume);
    live.run_in(&run.id, RunState::Starting).await;
    let events = vec![started(1, 0), group(2, 1, 0, &video), step(3, 1), group(4, 2, 0, &video)];
    assert_eq!(worker.report(&run.id, events).await, 4);
    live.run_in(&run.id, RunState::Running).await;

    let path = format!("/api/v1/runs/{}", run.id);
    let group: GroupBody = admin.get(&format!("{path}/groups/1/0")).await.read();
    assert_eq!((group.video_name.as_str(), group.next), ("clip.webm", Some((2, 0))));
    let page: RolloutsBody = admin.get(&format!("{path}/rollouts?limit=3")).await.read();
    assert_eq!(page.rollouts.len(), 3);
    let next = page.meta.next.unwrap();
    let page: RolloutsBody =
        admin.get(&format!("{path}/rollouts?limit=3&after={next}")).await.read();
    assert_eq!((page.rollouts.len(), page.meta.next), (1, None));
    let part: EventsBody = admin.get(&format!("{path}/events?after=1&limit=2")).await.read();
    assert_eq!(part.events.iter().map(|e| e.seq).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(part.meta.next.as_deref(), Some("3"));

    let end = event(5, 2, EventBody::Finished { stopped: false });
    worker.report(&run.id, vec![end]).await;
    worker.say(&FromWorker::Done { run: run.id.clone() }).await;
    live.run_in(&run.id, RunState::Finished).await;
    assert_eq!(admin.control(&run.id, "resume").await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn the_frames_of_a_group_are_shown() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let run = admin.make_run().await;
    let video = video_of(&admin).await;
    let mut worker = FakeWorker::join(&test, None).await;
    worker.take(&run.id).await;
    worker.report(&run.id, vec![started(1, 0), group(2, 1, 0, &video)]).await;
    let path = format!("/api/v1/runs/{}/groups/1/0", run.id);
    for (name, kind, magic) in [
        ("clip.webm", "video/webm", b"\x1a\x45\xdf\xa3".as_slice()),
        ("clip.webm?size=view", "video/webm", b"\x1a\x45\xdf\xa3"),
        ("atlas.jpg", "image/jpeg", b"\xff\xd8"),
    ] {
        let answer = admin.get(&format!("{path}/{name}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}");
        assert_eq!(answer.headers["content-type"], kind);
        assert!(answer.bytes.starts_with(magic), "{name}");
    }
    assert_eq!(admin.get(&format!("{path}1/clip.webm")).await.status, StatusCode::NOT_FOUND);
}

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
        event(seq, 1, EventBody::Control { control, stage, by: None })
    };
    assert_eq!(admin.control(&run.id, "pause").await.status, StatusCode::OK);
    assert!(matches!(
        worker.hear().await,
        ToWorker::Control { control: Control::Pause, by, .. } if by == "Ada"
    ));
    live.run_in(&run.id, RunState::Pausing).await;
    worker.report(&run.id, vec![done(2, Control::Pause)]).await;
    live.run_in(&run.id, RunState::Paused).await;
    admin.control(&run.id, "resume").await;
    assert!(matches!(worker.hear().await, ToWorker::Control { control: Control::Resume, .. }));
    worker.report(&run.id, vec![done(3, Control::Resume)]).await;
    live.run_in(&run.id, RunState::Running).await;
    admin.control(&run.id, "stop").await;
    assert!(matches!(worker.hear().await, ToWorker::Control { control: Control::Stop, .. }));
    live.run_in(&run.id, RunState::Stopping).await;
    worker.report(&run.id, vec![event(4, 1, EventBody::Finished { stopped: true })]).await;
    live.run_in(&run.id, RunState::Stopped).await;
    worker.say(&FromWorker::Done { run: run.id.clone() }).await;
    let again = admin.control(&run.id, "resume").await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.json());
    assert!(worker.take(&run.id).await.1, "from its newest checkpoint");
}

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
    let (_, resume) = worker.take(&run.id).await;
    assert!(resume);
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
    assert!(worker.take(&run.id).await.1);
}

#[tokio::test]
async fn workers_are_refused_with_a_reason() {
    let test = TestServer::start().await;
    let refusal = FakeWorker::try_join(&test, 99, None).await.err().unwrap();
    assert!(refusal.contains("same version"), "{refusal}");
    let refusal = FakeWorker::try_join(&test, 1, Some("nothing")).await.err().unwrap();
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

#[tokio::test]
async fn labels_go_through_the_log_and_a_stale_one_gets_the_newer() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let (ann, bob) =
        (admin.invite("Ann", Role::Annotator).await, admin.invite("Bob", Role::Reviewer).await);
    let run = admin.make_run().await;
    let video = video_of(&admin).await;
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
    let path = format!("/api/v1/runs/{}/groups/1/0", run.id);
    assert_eq!(ann.get(&path).await.read::<GroupBody>().labels.len(), 1);
    let unknown = ann.get("/api/v1/labels?state=lost").await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
}
