//! SIGKILL to the worker in the middle of a run: the server lives, the run says where it
//! broke, goes on from its checkpoint, and nothing that was acknowledged is lost.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};
use tests::studio::{Client, Studio};
use tests::{PATIENCE, root};

#[test]
fn a_killed_worker_costs_no_acknowledged_event() -> Result<()> {
    let studio = Studio::start()?;
    let mut api = studio.session(Studio::token(&studio.sign_in), "Ada")?;
    let clip = std::fs::read(root().join("static/clips/rabbit-animation.mp4"))?;
    api.upload("/api/v1/videos?name=rabbit-animation.mp4", &clip)?;
    let config = json!({
        "steps": 12, "grpo": {"group_size": 4, "prompts_per_step": 4},
        "checkpoint": {"every": 2}, "evaluate": {"every": 0},
    });
    let run = api.post("/api/v1/runs", &json!({"name": "to be killed", "config": config}))?;
    let run = run["run"]["id"].as_str().context("an id")?.to_owned();

    wait(&mut api, &run, "step 5", |run| run["step"].as_u64() >= Some(5))?;
    let before = api.events(&run)?;
    kill_worker(studio.pid())?;
    let failed = wait(&mut api, &run, "failed", |run| run["state"] == "failed")?;
    ensure!(failed["failed_phase"].is_string(), "no phase in {failed}");
    ensure!(failed["failed_cause"].is_string(), "no cause in {failed}");

    api.post(&format!("/api/v1/runs/{run}/control"), &json!({"control": "resume"}))?;
    wait(&mut api, &run, "finished", |run| run["state"] == "finished")?;
    let after = api.events(&run)?;
    ensure!(
        after.len() > before.len() && after[..before.len()] == before[..],
        "acknowledged events changed"
    );
    let gaps = after.windows(2).filter(|pair| seq(&pair[1]) != seq(&pair[0]) + 1).count();
    ensure!(gaps == 0, "{gaps} gaps in the sequence");

    let resumed =
        after.iter().rev().find(|event| event["kind"] == "run_started").context("a start")?;
    let from = resumed["resumed_from"].as_u64().context("the step it goes on from")?;
    ensure!(from >= 4, "resumed from step {from}, though step 4 has a checkpoint");
    let made: Vec<u64> = after
        .iter()
        .skip_while(|event| seq(event) <= seq(resumed))
        .filter(|event| event["kind"] == "step")
        .filter_map(|event| event["step"].as_u64())
        .collect();
    ensure!(made == (from + 1..=12).collect::<Vec<_>>(), "steps after the resume: {made:?}");
    Ok(())
}

fn seq(event: &Value) -> u64 {
    event["seq"].as_u64().unwrap_or(0)
}

fn wait(api: &mut Client, run: &str, what: &str, done: impl Fn(&Value) -> bool) -> Result<Value> {
    let start = Instant::now();
    loop {
        let body = api.get(&format!("/api/v1/runs/{run}"))?;
        if done(&body["run"]) {
            return Ok(body["run"].clone());
        }
        ensure!(start.elapsed() < PATIENCE, "waited in vain for {what}: {}", body["run"]);
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The worker is the server's only child.
fn kill_worker(server: u32) -> Result<()> {
    let found = Command::new("pgrep").args(["-P", &server.to_string()]).output()?;
    let text = String::from_utf8(found.stdout)?;
    let worker = text.split_whitespace().next().context("the server has no worker process")?;
    ensure!(Command::new("kill").args(["-KILL", worker]).status()?.success(), "kill failed");
    Ok(())
}
