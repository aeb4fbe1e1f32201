//! What two runs are compared by, and what the health page shows.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use axum::http::StatusCode;
use shared::api::{EventsBody, HealthBody, ResultsBody};
use shared::event::Phase;
use shared::paired::{SampleResult, Score, pair};
use shared::reward::RewardMode;
use shared::task::{Perturbation, SampleSpec, Task, Truth};
use support::*;
use train::eval::Measured;

fn measured(test: &TestServer, run: &str, step: u64, video: &shared::video::VideoId, said: &str) {
    let truth = Truth::Spatial { tiles: "2143".into() };
    let score = Score::Reward(RewardMode::Smooth);
    let task = Task::Grounding { perturbation: Perturbation::Mirror };
    let sample = |seed| SampleResult {
        spec: SampleSpec::new(video.clone(), task, seed),
        truth: truth.clone(),
        said: said.into(),
        reward: score.of(&truth, said),
    };
    let samples: Vec<SampleResult> = (0..3).map(sample).collect();
    let rewards = samples.iter().map(|s| (s.spec.task.cell(), s.reward)).collect();
    let set = "train clips".to_owned();
    let folder = test.server.app.data.run(run);
    Measured { set, rewards, score, samples }.write(&folder, step).unwrap();
}

#[tokio::test]
async fn two_evaluations_come_back_question_by_question() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let run = admin.make_run().await;
    let video = admin.only_video().await;
    let results = async |step: u64| -> ResultsBody {
        admin.get(&format!("/api/v1/runs/{}/results/{step}", run.id)).await.read()
    };
    assert_eq!(results(0).await.sets, [], "a run without evaluations");
    measured(&test, &run.id, 0, &video, "1234");
    measured(&test, &run.id, 10, &video, "2143");
    let (before, after) = (results(0).await, results(10).await);
    let pairing = pair(&before.sets[0], &after.sets[0]).unwrap();
    assert_eq!((pairing.all.wins, pairing.alone), (3, [0, 0]));
    assert_eq!(pairing.all.means[1], 1.0);
    assert_eq!(results(1).await.sets, [], "1 is not the beginning of 10");

    // What older versions wrote: rewards without their questions.
    let old = test.server.app.data.run(&run.id).join("results/00000020-train-clips.json");
    std::fs::write(&old, r#"{"step":20,"set":"train clips","rewards":[["mirror",0.5]]}"#).unwrap();
    let older = results(20).await.sets.remove(0);
    assert_eq!((older.asked, older.score, older.samples.len()), (1, None, 0));
    std::fs::write(&old, "{").unwrap();
    let broken = admin.get(&format!("/api/v1/runs/{}/results/20", run.id)).await;
    assert_eq!(broken.status, StatusCode::INTERNAL_SERVER_ERROR);
    let unknown = admin.get("/api/v1/runs/nobody/results/0").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn curves_come_without_groups() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let run = admin.make_run().await;
    let video = admin.only_video().await;
    let mut worker = FakeWorker::join(&test, None).await;
    worker.take(&run.id).await;
    let events = vec![
        started(1, 0),
        phase(2, 1, Phase::Rollout),
        group(3, 1, 0, &video),
        step(4, 1),
        phase(5, 2, Phase::Rollout),
    ];
    worker.report(&run.id, events).await;
    let path = format!("/api/v1/runs/{}/events?groups=false", run.id);
    let part: EventsBody = admin.get(&path).await.read();
    let seqs: Vec<u64> = part.events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [1, 4]);
    // What was left out at the end is no further part without end.
    let next = part.meta.next.unwrap();
    let rest: EventsBody = admin.get(&format!("{path}&after={next}")).await.read();
    assert_eq!((rest.events.len(), rest.meta.next), (0, None));
}

#[tokio::test]
async fn health_names_workers_queue_disk_and_versions() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let run = admin.make_run().await;
    let health: HealthBody = admin.get("/api/v1/health/details").await.read();
    let waiting: Vec<&str> = health.queue.iter().map(|queued| queued.run.as_str()).collect();
    assert_eq!((waiting, health.queued), (vec![run.id.as_str()], 1));
    assert!(health.workers.is_empty() && health.away.is_empty());
    assert_eq!(health.local_workers, 0);
    let part = |name: &str| health.storage.parts.iter().find(|part| part.name == name).unwrap();
    assert!(part("studio.db").bytes > 0 && part("videos").files == 1, "{:?}", health.storage);
    assert!(part("strips").spare && !part("runs").spare);
    assert!(health.storage.free_bytes.is_some());
    assert!(health.versions.sqlite.starts_with("3."), "{}", health.versions.sqlite);
    assert!(health.versions.avcodec.contains('.'));

    let mut worker = FakeWorker::join(&test, None).await;
    worker.take(&run.id).await;
    let health: HealthBody = admin.get("/api/v1/health/details").await.read();
    let busy = &health.workers[0];
    assert_eq!(busy.run.as_deref(), Some(run.id.as_str()));
    assert!(busy.heard_at >= busy.joined_at - 1.0 && busy.heard_at <= health.now);
    assert!(health.queue.is_empty());
    assert!(health.uptime_secs >= 0.0 && health.uptime_secs < 600.0);
}
