//! Groups made again by a process of their own, and the compact list of answers.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::json;
use shared::annotation::Role;
use shared::api::{AnswersBody, GroupBody, ReplayBody, ReplayState, RunBody};
use shared::fold::RunState;
use shared::rollout::Rollout;
use support::*;

async fn with_worker() -> TestServer {
    TestServer::with(|options| {
        options.workers = 1;
        options.program = Some(env!("CARGO_BIN_EXE_videossr").into());
    })
    .await
}

/// A finished run of three steps with two groups each.
async fn finished_run(admin: &Person<'_>) -> String {
    admin.upload("clip.webm", small_video(60)).await;
    let mut live = admin.live().await;
    let config = json!({
        "steps": 3,
        "grpo": { "group_size": 2, "prompts_per_step": 2 },
        "sampling": { "max_new_tokens": 4 },
        "checkpoint": { "every": 2 },
        "evaluate": { "every": 0 },
        "vision": { "measure": 0.0 },
    });
    let run = admin.post("/api/v1/runs", json!({ "config": config })).await.read::<RunBody>();
    live.run_in(&run.run.id, RunState::Finished).await;
    run.run.id
}

fn place(run: &str, step: u64, group: u32) -> String {
    format!("/api/v1/runs/{run}/groups/{step}/{group}/replay")
}

async fn replay(person: &Person<'_>, path: &str) -> Option<ReplayState> {
    person.get(path).await.read::<ReplayBody>().replay
}

async fn ended(person: &Person<'_>, path: &str) -> ReplayState {
    soon("the replay", async {
        loop {
            match replay(person, path).await {
                Some(ReplayState::Running { .. }) | None => tokio::task::yield_now().await,
                Some(state) => return state,
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_group_comes_out_again_and_is_kept() {
    let test = with_worker().await;
    let admin = test.admin().await;
    let run = finished_run(&admin).await;
    let path = place(&run, 3, 1);
    assert_eq!(replay(&admin, &path).await, None, "nobody asked yet");

    let viewer = admin.invite("Vi", Role::Viewer).await;
    assert_eq!(viewer.post(&path, json!({})).await.status, StatusCode::FORBIDDEN);
    assert_eq!(admin.post(&place(&run, 9, 0), json!({})).await.status, StatusCode::NOT_FOUND);

    let begun = admin.post(&path, json!({})).await.read::<ReplayBody>().replay;
    assert!(matches!(begun, Some(ReplayState::Running { last: 3, .. })), "{begun:?}");
    let refused = admin.post(&place(&run, 1, 0), json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.message().contains("step 3, group 2"), "{}", refused.message());

    let done = ended(&admin, &path).await;
    let ReplayState::Done { rollouts, .. } = &done else { panic!("{done:?}") };
    let stored: GroupBody = admin.get(path.trim_end_matches("/replay")).await.read();
    let without = |rollout: &Rollout| Rollout { visual: vec![], ..rollout.clone() };
    let again: Vec<Rollout> = rollouts.iter().map(without).collect();
    assert_eq!(again, stored.group.rollouts, "the same answers to the byte");
    assert!(rollouts.iter().all(|r| r.visual.len() == r.ids.len()), "dependence is measured");

    // Another server finds what was kept.
    let kept = test.server.app.data.run(&run).join("replays/3.1.json");
    assert!(kept.is_file());
    assert!(files_under(&test.server.app.data.uploads()).is_empty(), "nothing lies about");
    let test = TestServer::on(test.end().await, |_| {}).await;
    let admin = test.admin().await;
    assert_eq!(replay(&admin, &path).await, Some(done));
}

#[tokio::test]
async fn a_replay_can_be_ended_and_says_why_it_failed() {
    let test = with_worker().await;
    let admin = test.admin().await;
    let run = finished_run(&admin).await;
    let path = place(&run, 3, 0);
    admin.post(&path, json!({})).await;
    let request = admin.request(Method::DELETE, &path).body(Body::empty()).unwrap();
    assert_eq!(test.send(request).await.status, StatusCode::OK);
    assert_eq!(replay(&admin, &path).await, None);

    // The next one begins at once, although the ended process may still be on its way out.
    std::fs::remove_dir_all(test.server.app.data.run(&run).join("rollouts")).unwrap();
    assert_eq!(admin.post(&path, json!({})).await.status, StatusCode::OK);
    let ReplayState::Failed { message } = ended(&admin, &path).await else {
        panic!("there is nothing to compare with")
    };
    assert!(message.contains("3.0.0"), "{message}");
}

#[tokio::test]
async fn answers_come_whole_in_pages_of_groups() {
    let test = with_worker().await;
    let admin = test.admin().await;
    let run = finished_run(&admin).await;
    let (mut all, mut query) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/runs/{run}/answers?limit=4{query}");
        let page: AnswersBody = admin.get(&path).await.read();
        all.extend(page.groups);
        match page.meta.next {
            Some(next) => query = format!("&after={next}"),
            None => break,
        }
    }
    let places: Vec<(u64, u32)> = all.iter().map(|group| (group.step, group.group)).collect();
    assert_eq!(places, [(1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1)]);
    let path = format!("/api/v1/runs/{run}/groups/2/1");
    let GroupBody { group, .. } = admin.get(&path).await.read();
    let texts: Vec<&str> = group.rollouts.iter().map(|r| r.text.as_str()).collect();
    assert_eq!(all[3].texts, texts);
    assert_eq!(all[3].truth, group.sample.answer);
    let rewards: Vec<f64> = group.rollouts.iter().map(|r| r.reward.total).collect();
    assert_eq!(all[3].rewards, rewards);
    for bad in ["x", "1", "1.-1", "99999999999999999999.0"] {
        let answer = admin.get(&format!("/api/v1/runs/{run}/answers?after={bad}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
}
