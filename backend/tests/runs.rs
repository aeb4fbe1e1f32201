//! Runs from their config to their end, with a worker that trains nothing.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use axum::http::StatusCode;
use serde_json::json;
use shared::api::{EventsBody, GroupBody, GroupsBody, RolloutsBody, RunBody, VideosBody};
use shared::curves::Curves;
use shared::event::EventBody;
use shared::fold::RunState;
use shared::link::FromWorker;
use support::*;

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
async fn a_run_that_could_never_start_is_refused_by_its_field() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    admin.upload("clip.webm", small_video(60)).await;
    let at = |name: &str| test.dir.path().join(name);
    let text = |name: &str| at(name).display().to_string();
    std::fs::create_dir(at("empty")).unwrap();
    std::fs::write(at("notes.mp4"), "these are notes").unwrap();
    std::fs::write(at("short.webm"), small_video(20)).unwrap();
    tiny_policy(&at("half"));
    std::fs::remove_file(at("half").join("model.safetensors")).unwrap();
    for (field, value, word) in [
        ("videos", json!(["/etc"]), "no video in /etc"),
        ("videos", json!([text("empty")]), "no video in"),
        ("videos", json!([text("notes.mp4")]), "notes.mp4"),
        ("videos", json!([text("short.webm")]), "20 frames"),
        ("device", json!("tpu"), "there is cpu"),
        ("policy", json!(text("empty")), "config.json"),
        ("policy", json!(text("half")), "model.safetensors"),
        ("steps", json!(0), "below 1"),
        ("grpo", json!(4), "grpo.group_size"),
    ] {
        let config = json!({ field: value });
        let answer = admin.post("/api/v1/runs", json!({ "config": config })).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}: {value}");
        assert_eq!(answer.json()["error"]["field"], field, "{}", answer.json());
        let message = answer.message();
        assert!(message.contains(word) && !message.contains('\n'), "{message}");
    }
    std::fs::write(at("good.webm"), small_video(70)).unwrap();
    let config = json!({ "videos": [text("good.webm")] });
    let made = admin.post("/api/v1/runs", json!({ "config": config })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
    let mut worker = FakeWorker::join(&test, None).await;
    let (_, videos) = worker.take(&made.read::<RunBody>().run.id).await;
    assert_eq!(videos, [text("good.webm")]);
}

#[tokio::test]
async fn held_out_videos_are_found_by_the_names_people_gave_them() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    admin.upload("clip.webm", small_video(60)).await;
    let seen = admin.only_video().await;
    admin.upload("other.webm", small_video(70)).await;
    let ids: Vec<String> = admin
        .get("/api/v1/videos")
        .await
        .read::<VideosBody>()
        .videos
        .iter()
        .map(|video| video.meta.id.to_string())
        .collect();
    let other = ids.iter().find(|id| **id != seen.to_string()).unwrap().clone();
    let make = async |names: &[&str]| {
        let config = json!({ "held_out": names });
        admin.post("/api/v1/runs", json!({ "config": config })).await
    };
    for names in [&["other.webm"][..], &[&other], &["other.webm", &other]] {
        let made = make(names).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
        assert_eq!(
            made.read::<RunBody>().config.held_out,
            std::slice::from_ref(&other),
            "{names:?}"
        );
    }
    for (names, word) in
        [(&["stranger.mp4"][..], "stranger.mp4"), (&["clip.webm", "other.webm"], "every video")]
    {
        let answer = make(names).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{names:?}");
        assert_eq!(answer.json()["error"]["field"], "held_out");
        assert!(answer.message().contains(word), "{}", answer.message());
    }
}

#[tokio::test]
async fn a_resumed_run_gets_the_videos_it_was_made_with() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let run = admin.make_run().await;
    let mut worker = FakeWorker::join(&test, None).await;
    let (_, first) = worker.take(&run.id).await;
    assert_eq!(first.len(), 1);
    let end = |seq| event(seq, 1, EventBody::Finished { stopped: true });
    worker.report(&run.id, vec![started(1, 0), end(2)]).await;
    worker.say(&FromWorker::Done { run: run.id.clone() }).await;
    admin.upload("later.webm", small_video(80)).await;
    assert_eq!(admin.control(&run.id, "resume").await.status, StatusCode::OK);
    let (_, again) = worker.take(&run.id).await;
    assert_eq!(again, first);
    worker.report(&run.id, vec![started(3, 0), end(4)]).await;
    worker.say(&FromWorker::Done { run: run.id.clone() }).await;

    let bytes = std::fs::read(&first[0]).unwrap();
    std::fs::remove_file(&first[0]).unwrap();
    let refused = admin.control(&run.id, "resume").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.message().contains("clip.webm"), "{}", refused.message());
    assert_eq!(admin.run(&run.id).await.state, RunState::Stopped);
    admin.upload("clip-again.webm", bytes).await;
    assert_eq!(admin.control(&run.id, "resume").await.status, StatusCode::OK);
    let (_, back) = worker.take(&run.id).await;
    assert_eq!(back, first);
}

#[tokio::test]
async fn a_waiting_run_whose_video_vanished_fails_with_a_sentence() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let mut live = admin.live().await;
    let run = admin.make_run().await;
    for file in files_under(&test.server.app.data.videos()) {
        std::fs::remove_file(file).unwrap();
    }
    let _worker = FakeWorker::join(&test, None).await;
    let failed = live.run_in(&run.id, RunState::Failed).await;
    assert!(failed.failed_cause.unwrap().contains("clip.webm"));
}

#[tokio::test]
async fn a_run_goes_from_the_queue_to_its_end() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let mut live = admin.live().await;
    let run = admin.make_run().await;
    assert_eq!((run.state, run.name.as_str()), (RunState::Queued, "Run 1"));
    let video = admin.only_video().await;
    let mut worker = FakeWorker::join(&test, None).await;
    worker.take(&run.id).await;
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
    let video = admin.only_video().await;
    let mut worker = FakeWorker::join(&test, None).await;
    worker.take(&run.id).await;
    worker.report(&run.id, vec![started(1, 0), group(2, 1, 0, &video)]).await;
    let path = format!("/api/v1/runs/{}/groups/1/0", run.id);
    for (name, kind, magic) in [
        ("clip.webm", "video/webm", b"\x1a\x45\xdf\xa3".as_slice()),
        ("clip.webm?size=view", "video/webm", b"\x1a\x45\xdf\xa3"),
        ("atlas.jpg", "image/jpeg", b"\xff\xd8"),
        ("atlas.jpg?size=view", "image/jpeg", b"\xff\xd8"),
        ("atlas.jpg?size=policy", "image/jpeg", b"\xff\xd8"),
    ] {
        let answer = admin.get(&format!("{path}/{name}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}");
        assert_eq!(answer.headers["content-type"], kind);
        assert!(answer.bytes.starts_with(magic), "{name}");
    }
    assert_eq!(admin.get(&format!("{path}1/clip.webm")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_archived_run_stays_whole_and_a_live_one_stays_in_sight() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let run = admin.make_run().await;
    let path = format!("/api/v1/runs/{}/archive", run.id);
    let archive = async |archived: bool| admin.post(&path, json!({ "archived": archived })).await;
    assert_eq!(archive(true).await.status, StatusCode::CONFLICT, "it waits for a worker");
    let mut worker = FakeWorker::join(&test, None).await;
    worker.take(&run.id).await;
    assert_eq!(archive(true).await.status, StatusCode::CONFLICT);
    let end = event(2, 0, EventBody::Finished { stopped: true });
    worker.report(&run.id, vec![started(1, 0), end]).await;
    worker.say(&FromWorker::Done { run: run.id.clone() }).await;
    assert!(archive(true).await.read::<RunBody>().run.archived);
    assert!(admin.run(&run.id).await.archived);
    assert!(!archive(false).await.read::<RunBody>().run.archived);
}

#[tokio::test]
async fn groups_are_found_by_what_their_answers_are() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let run = admin.make_run().await;
    let video = admin.only_video().await;
    let mut worker = FakeWorker::join(&test, None).await;
    worker.take(&run.id).await;
    let mut events = vec![started(1, 0)];
    for at in 1..=4 {
        events.extend([group(at * 2, at, 0, &video), step(at * 2 + 1, at)]);
    }
    worker.report(&run.id, events).await;
    let get = async |query: &str| {
        let answer = admin.get(&format!("/api/v1/runs/{}/groups?{query}", run.id)).await;
        answer.read::<GroupsBody>()
    };
    let steps = |body: &GroupsBody| body.groups.iter().map(|card| card.step).collect::<Vec<_>>();
    let page = get("limit=3").await;
    assert_eq!((steps(&page), page.meta.next.as_deref()), (vec![4, 3, 2], Some("2.0")));
    let page = get("limit=3&after=2.0").await;
    assert_eq!((steps(&page), page.meta.next), (vec![1], None));
    let card = &page.groups[0];
    assert_eq!((card.question.as_str(), card.unparsed, card.answers.len()), ("When?", 1, 2));
    assert_eq!((card.answers[0].0, &card.video), (1.0, &video));
    for (query, found) in [
        ("parsed=false", 4),
        ("parsed=false&min_reward=0.5", 0),
        ("min_reward=0.9&max_reward=1", 4),
        ("task=jigsaw", 0),
        ("task=grounding", 4),
        ("dead=true", 0),
        ("dead=false", 4),
        ("text=No+IDEA", 4),
        ("text=nowhere", 0),
    ] {
        assert_eq!(get(query).await.groups.len(), found, "{query}");
    }
    let path = format!("/api/v1/runs/{}/groups?after=x", run.id);
    assert_eq!(admin.get(&path).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_curves_hold_every_step_that_stands() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let run = admin.make_run().await;
    let mut worker = FakeWorker::join(&test, None).await;
    worker.take(&run.id).await;
    let events = vec![started(1, 0), step(2, 1), step(3, 2), started(4, 1), step(5, 2), step(6, 3)];
    worker.report(&run.id, events).await;
    let answer = admin.get(&format!("/api/v1/runs/{}/curves", run.id)).await;
    let curves = Curves::decode(&answer.bytes).unwrap();
    assert_eq!(curves.steps(), [1, 2, 3]);
    assert_eq!(curves.column("reward_mean"), Some(&[0.0, 0.0, 0.0][..]));
}
