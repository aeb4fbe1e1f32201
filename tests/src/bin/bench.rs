//! `make bench`: what it costs, measured in one run and printed. Nothing is asserted:
//! machines are noisy.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tests::browser::{Browser, Driver, id};
use tests::root;
use tests::studio::{Client, Studio};
use thirtyfour::prelude::*;

/// Steps of the run that the page is watched with.
const WATCHED_STEPS: u64 = 60;

/// Times the page is loaded with an empty cache.
const LOADS: usize = 5;

#[tokio::main]
async fn main() -> Result<()> {
    training()?;
    let Some(driver) = Driver::start()? else {
        println!("page                not measured: no chromedriver here");
        return Ok(());
    };
    let studio = Studio::start()?;
    let mut api = studio.session(Studio::token(&studio.sign_in), "Bench")?;
    first_load(&studio, &mut api, &driver).await?;
    event_to_pixel(&studio, &mut api, &driver).await
}

fn training() -> Result<()> {
    let report = tokio::task::block_in_place(|| train::bench::report(&root().join("static")))?;
    println!("{report}");
    Ok(())
}

/// What a person with an empty cache waits for at the list of runs. Words are first painted when the
/// page's frame is drawn and can be used; until then there are only grey rows. What the page fetches
/// later, ahead of need, is not counted.
async fn first_load(studio: &Studio, api: &mut Client, driver: &Driver) -> Result<()> {
    let mut times = Vec::new();
    let (mut files, mut bytes) = (0, 0.0);
    for _ in 0..LOADS {
        let browser = driver.browser((1440, 900)).await?;
        let measured = load(studio, api, &browser).await;
        browser.quit().await;
        let usable;
        (files, bytes, usable) = measured?;
        times.push(usable);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "first load          {:.0} KB in {files} files, usable after {:.0} ms ({:.0} to {:.0} of {LOADS} loads; server and browser share this machine)",
        bytes / 1e3,
        times[LOADS / 2],
        times[0],
        times[LOADS - 1]
    );
    Ok(())
}

/// Files, bytes as sent and milliseconds of one load.
const LOADED: &str = "
    const [painted] = performance.getEntriesByName('first-contentful-paint');
    if (!painted) return null;
    const sent = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
      .filter((file) => file.startTime < painted.startTime && !file.name.includes('/api/'));
    return [sent.length, sent.reduce((sum, file) => sum + file.encodedBodySize, 0), painted.startTime];";

async fn load(studio: &Studio, api: &Client, browser: &Browser) -> Result<(u64, f64, f64)> {
    let (name, value) = api.cookie().context("a session")?;
    // A cookie can be set on a page of its server only; this one brings no file of the page.
    browser.open(&format!("{}/api/v1/session", studio.base)).await?;
    browser.driver.add_cookie(Cookie::new(name, value)).await?;
    browser.open(&format!("{}/runs", studio.base)).await?;
    browser.find(&id("link-status")).await?;
    browser
        .until("the first words", async || {
            let loaded = browser.driver.execute(LOADED, vec![]).await.ok()?;
            serde_json::from_value(loaded.json().clone()).ok()
        })
        .await
}

/// From the moment an event is stamped by the trainer to the frame that shows its step.
async fn event_to_pixel(studio: &Studio, api: &mut Client, driver: &Driver) -> Result<()> {
    let browser = driver.browser((1440, 900)).await?;
    let measured = watched(studio, api, &browser).await;
    browser.quit().await;
    measured
}

async fn watched(studio: &Studio, api: &mut Client, browser: &Browser) -> Result<()> {
    let (run, lags) = watch(studio, api, browser).await?;
    let steps = lags.len();
    println!(
        "event to pixel      p50 {:.0} ms, p95 {:.0} ms over {steps} steps (training and browser share this machine)",
        share_of(&lags, 0.5),
        share_of(&lags, 0.95),
    );
    group_page(studio, browser, &run).await
}

/// The value that so large a share lies below.
fn share_of(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(((sorted.len().max(1) - 1) as f64 * share).round() as usize).copied().unwrap_or(0.0)
}

/// Presses frame keys and gives the time from each to the picture painted after it.
const STEP_FRAMES: &str = "
    const done = arguments[arguments.length - 1];
    const painted = () => new Promise(said => requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => said(performance.now());
      channel.port2.postMessage(0);
    }));
    (async () => {
      const took = [];
      for (let i = 0; i < 90; i++) {
        await new Promise(later => setTimeout(later, 15 + Math.random() * 40));
        const key = i % 40 < 20 ? '.' : ',', pressed = performance.now();
        window.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
        took.push(await painted() - pressed);
      }
      done(took);
    })();";

/// The group page of the run just watched: keys to painted frames, and what-if over its answers.
async fn group_page(studio: &Studio, browser: &Browser, run: &str) -> Result<()> {
    browser.open(&format!("{}/runs/{run}/steps/{WATCHED_STEPS}/groups/0", studio.base)).await?;
    browser.find(&format!("{} image[href*=\"size=\"]", id("clip"))).await?;
    let took = browser.driver.execute_async(STEP_FRAMES, vec![]).await?;
    let took: Vec<f64> = serde_json::from_value(took.json().clone())?;
    println!(
        "key to frame        p50 {:.1} ms, p95 {:.1} ms over {} presses",
        share_of(&took, 0.5),
        share_of(&took, 0.95),
        took.len()
    );
    browser.keys("w").await?;
    let found = browser.find(&id("whatif-took")).await?;
    println!("what-if             {}", found.text().await?.split(". ").next().unwrap_or_default());
    Ok(())
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
    let clip = std::fs::read(root().join("static/clips/rabbit-animation.mp4"))?;
    api.upload("/api/v1/videos?name=rabbit-animation.mp4", &clip)?;
    let link = api.post("/api/v1/invitations", &json!({"role": "viewer", "name": "Eye"}))?;
    let link = link["link"].as_str().context("a link")?;
    browser.open(&format!("{}/sign-in?token={}", studio.base, Studio::token(link))).await?;
    browser.find(&id("link-status")).await?;

    let config =
        json!({"steps": WATCHED_STEPS, "evaluate": {"every": 0}, "checkpoint": {"every": 0}});
    let run = api.post("/api/v1/runs", &json!({"name": "watched", "config": config}))?;
    let run = run["run"]["id"].as_str().context("an id")?.to_owned();
    browser.open(&format!("{}/runs/{run}", studio.base)).await?;
    browser.driver.execute(OBSERVE, vec![Value::String(id("run-step"))]).await?;
    tests::until_slow(async || {
        let body = api.get(&format!("/api/v1/runs/{run}")).ok()?;
        (body["run"]["state"] == "finished").then_some(())
    })
    .await?;

    let painted = browser.driver.execute("return window.painted", vec![]).await?;
    let painted: std::collections::BTreeMap<u64, f64> =
        serde_json::from_value(painted.json().clone())?;
    let events = api.events(&run)?;
    let lag = |event: &Value| {
        let painted = painted.get(&event["step"].as_u64()?).filter(|at| **at > 0.0)?;
        Some(painted - event["at"].as_f64()? * 1e3)
    };
    let lags: Vec<f64> = events.iter().filter(|e| e["kind"] == "step").filter_map(lag).collect();
    anyhow::ensure!(!lags.is_empty(), "no step was seen on the page");
    Ok((run, lags))
}
