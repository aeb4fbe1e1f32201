//! A run as it comes: how late the page shows it, and what an hour of it leaves in memory.

use crate::load::enter;
use crate::share_of;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::browser::{Browser, Driver, id};
use tests::studio::{Client, Studio};

/// Steps of the run that the page is watched with.
pub const WATCHED_STEPS: u64 = 60;

/// From the moment an event is stamped by the trainer to the frame that shows its step; gives the
/// run.
pub async fn event_to_pixel(studio: &Studio, api: &mut Client, driver: &Driver) -> Result<String> {
    let browser = driver.browser((1440, 900)).await?;
    let watched = watch(studio, api, &browser).await;
    browser.quit().await;
    let (run, lags) = watched?;
    println!(
        "event to pixel      p50 {:.0} ms, p95 {:.0} ms over {} steps (training and browser share this machine)",
        share_of(&lags, 0.5),
        share_of(&lags, 0.95),
        lags.len()
    );
    Ok(run)
}

/// Notes, in the page, when each step number was first painted.
const OBSERVE: &str = "
    const where = arguments[0];
    window.painted = {};
    const mark = () => {
      const step = document.querySelector(where)?.textContent.trim();
      if (step && !(step in window.painted)) {
        window.painted[step] = 0;
        requestAnimationFrame(() => requestAnimationFrame(() => { window.painted[step] = Date.now(); }));
      }
    };
    new MutationObserver(mark).observe(document.body, {subtree: true, childList: true, characterData: true});";

async fn watch(studio: &Studio, api: &mut Client, browser: &Browser) -> Result<(String, Vec<f64>)> {
    enter(studio, api, browser).await?;
    let config =
        json!({"steps": WATCHED_STEPS, "evaluate": {"every": 0}, "checkpoint": {"every": 0}});
    let run = begin(studio, api, browser, "watched", &config).await?;
    browser.driver.execute(OBSERVE, vec![Value::String(id("run-step"))]).await?;
    tests::until_slow(async || (state(api, &run)? == "finished").then_some(())).await?;

    let painted = browser.driver.execute("return window.painted", vec![]).await?;
    let painted: BTreeMap<u64, f64> = serde_json::from_value(painted.json().clone())?;
    let events = api.events(&run)?;
    let lag = |event: &Value| {
        let painted = painted.get(&event["step"].as_u64()?).filter(|at| **at > 0.0)?;
        Some(painted - event["at"].as_f64()? * 1e3)
    };
    let lags: Vec<f64> = events.iter().filter(|e| e["kind"] == "step").filter_map(lag).collect();
    anyhow::ensure!(!lags.is_empty(), "no step was seen on the page");
    Ok((run, lags))
}

/// Makes a run and opens its page.
async fn begin(
    studio: &Studio,
    api: &mut Client,
    browser: &Browser,
    name: &str,
    config: &Value,
) -> Result<String> {
    let run = api.post("/api/v1/runs", &json!({"name": name, "config": config}))?;
    let run = run["run"]["id"].as_str().context("an id")?.to_owned();
    browser.open(&format!("{}/runs/{run}", studio.base)).await?;
    Ok(run)
}

fn state(api: &mut Client, run: &str) -> Option<Value> {
    Some(api.get(&format!("/api/v1/runs/{run}")).ok()?["run"]["state"].clone())
}

/// Steps of an hour at one a second.
const HOUR: u64 = 3600;
/// After how many of them the page has everything it keeps.
const SETTLED: u64 = 900;

/// Keeps hold of the program's memory, whose size nothing else tells.
const KEEP_PROGRAM: &str = "addEventListener('TrunkApplicationStarted', (event) => { window.program = event.detail.wasm; });";

/// What an hour of a run leaves in the page's memory: as many steps as it has seconds, each with a
/// group of two answers, trained as fast as this machine can.
pub async fn an_hour(studio: &Studio, api: &mut Client, driver: &Driver) -> Result<()> {
    let browser = driver.browser((1440, 900)).await?;
    let measured = hour(studio, api, &browser).await;
    browser.quit().await;
    let [settled, whole] = measured?;
    println!(
        "an hour's run       the page holds {settled} after {SETTLED} steps, {whole} after {HOUR}"
    );
    Ok(())
}

async fn hour(studio: &Studio, api: &mut Client, browser: &Browser) -> Result<[Held; 2]> {
    enter(studio, api, browser).await?;
    let script = json!({ "source": KEEP_PROGRAM });
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", script).await?;
    let config = json!({
        "steps": HOUR, "grpo": {"group_size": 2, "prompts_per_step": 1},
        "evaluate": {"every": 0}, "checkpoint": {"every": 0},
    });
    begin(studio, api, browser, "an hour", &config).await?;
    let mut held = Vec::new();
    for steps in [SETTLED, HOUR] {
        let seen = async || {
            let shown = browser.prop(&id("run-step"), "textContent").await?;
            (shown.trim().replace(|c: char| !c.is_ascii_digit(), "").parse::<u64>().ok()? >= steps)
                .then_some(())
        };
        tests::until_slow(seen).await?;
        held.push(memory(browser).await?);
    }
    Ok([held[0], held[1]])
}

/// What a page holds.
#[derive(Clone, Copy)]
struct Held {
    script_mb: f64,
    program_mb: f64,
    nodes: u64,
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { script_mb, program_mb, nodes } = self;
        write!(f, "{program_mb:.1} MB (program) + {script_mb:.1} MB (script) in {nodes} nodes")
    }
}

async fn memory(browser: &Browser) -> Result<Held> {
    browser.devtools("HeapProfiler.collectGarbage", json!({})).await?;
    let heap = browser.devtools("Runtime.getHeapUsage", json!({})).await?;
    let dom = browser.devtools("Memory.getDOMCounters", json!({})).await?;
    let program = "return window.program.memory.buffer.byteLength";
    let program = browser.driver.execute(program, vec![]).await?;
    Ok(Held {
        script_mb: heap["usedSize"].as_f64().context("a heap")? / 1e6,
        program_mb: program.json().as_f64().context("a memory")? / 1e6,
        nodes: dom["nodes"].as_u64().context("nodes")?,
    })
}
