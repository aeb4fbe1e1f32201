//! A real worker process that trains a tiny policy, and dies.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use serde_json::json;
use shared::api::{EventsBody, RolloutsBody, RunBody, ToBrowser};
use shared::event::{EventBody, RunEvent};
use shared::fold::RunState;
use support::*;

const STEPS: u64 = 12;

async fn with_worker() -> TestServer {
    TestServer::with(|options| {
        options.workers = 1;
        options.program = Some(env!("CARGO_BIN_EXE_videossr").into());
    })
    .await
}

fn config() -> serde_json::Value {
    json!({
        "steps": STEPS,
        "grpo": { "group_size": 2, "prompts_per_step": 2 },
        "sampling": { "max_new_tokens": 4 },
        "checkpoint": { "every": 3 },
        "evaluate": { "every": 0 },
    })
}

async fn all_events(person: &Person<'_>, run: &str) -> Vec<RunEvent> {
    let (mut events, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let path = format!("/api/v1/runs/{run}/events?after={after}");
        let part: EventsBody = person.get(&path).await.read();
        events.extend(part.events);
        match part.meta.next {
            Some(next) => after = next,
            None => return events,
        }
    }
}

#[tokio::test]
async fn a_killed_worker_loses_nothing_and_its_run_goes_on_to_the_end() {
    let test = with_worker().await;
    let admin = test.admin().await;
    admin.upload("clip.webm", small_video(60)).await;
    let mut live = admin.live().await;
    let made = admin.post("/api/v1/runs", json!({ "config": config() })).await;
    let run = made.read::<RunBody>().run.id;
    live.subscribe(&run, 0).await;
    let seen = live
        .until("the fifth step", |message| match message {
            ToBrowser::Events { events, .. } => events
                .iter()
                .find(|event| event.step == 5 && matches!(event.body, EventBody::Step(_)))
                .map(|event| event.seq),
            _ => None,
        })
        .await;

    let run_dir = test.server.app.data.run(&run);
    let holder = std::fs::read_to_string(run_dir.join("worker.lock")).unwrap();
    let killed = std::process::Command::new("kill").args(["-9", holder.trim()]).status();
    assert!(killed.unwrap().success());
    let failed = live.run_in(&run, RunState::Failed).await;
    assert!(failed.failed_phase.is_some() && failed.seq >= seen);
    let before = all_events(&admin, &run).await;
    assert_eq!(before, train::journal::read(&run_dir).unwrap(), "not one event is lost");

    assert_eq!(admin.control(&run, "resume").await.status, 200);
    live.run_in(&run, RunState::Finished).await;
    let after = all_events(&admin, &run).await;
    assert_eq!(after[..before.len()], before[..]);
    let seqs: Vec<u64> = after.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=after.len() as u64).collect::<Vec<_>>());
    let resumed = after[before.len()..].iter().find_map(|event| match event.body {
        EventBody::RunStarted { resumed_from, .. } => Some(resumed_from),
        _ => None,
    });
    assert!(resumed.is_some_and(|step| step >= 3), "{resumed:?}");
    let path = format!("/api/v1/runs/{run}/rollouts?limit=1000");
    let rollouts: RolloutsBody = admin.get(&path).await.read();
    assert_eq!(rollouts.rollouts.len() as u64, STEPS * 4, "each once");
    test.end().await;
}

#[tokio::test]
async fn a_server_that_ends_lets_the_run_finish_its_step() {
    let test = with_worker().await;
    let admin = test.admin().await;
    admin.upload("clip.webm", small_video(60)).await;
    let mut live = admin.live().await;
    let config = json!({ "config": { "steps": 10_000, "evaluate": { "every": 0 } } });
    let run = admin.post("/api/v1/runs", config).await.read::<RunBody>().run.id;
    live.run_in(&run, RunState::Running).await;
    soon("the run to stop", test.server.settle()).await;
    let stopped = admin.run(&run).await;
    assert_eq!(stopped.state, RunState::Stopped);
    test.end().await;
}
