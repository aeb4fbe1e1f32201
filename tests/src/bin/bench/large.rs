//! What is larger than most: a run of a million answers, looked for and scrolled through, and a table
//! of a hundred thousand runs.

use crate::load::enter;
use crate::share_of;
use anyhow::{Context, Result};
use serde_json::Value;
use std::time::Instant;
use tests::browser::{Browser, Driver, id};
use tests::studio::{Client, Studio};
use tests::synth::{Bodies, Folder, Plan};
use thirtyfour::prelude::*;

/// Steps, groups in a step and answers in a group: a million answers in 125,000 groups.
const SIZE: (u64, u32, u32) = (15_625, 8, 8);

/// What is looked for: by reward, by task, by shape, by words; the last two are in no answer, so
/// that nothing ends the search early.
const QUERIES: [&str; 8] = [
    "rollouts?limit=100",
    "rollouts?limit=100&task=counting&max_reward=0.1",
    "rollouts?limit=100&parsed=false",
    "groups?min_reward=0.9",
    "groups?task=jigsaw&dead=true",
    "groups?max_reward=0.05&parsed=true",
    "groups?text=nowhere&task=counting",
    "groups?min_reward=0.999&parsed=false",
];

/// Times each is asked; the first one counts too.
const ASKED: usize = 5;

/// The first page of a filter over a million answers, and how smoothly its groups scroll.
pub async fn a_million(driver: &Driver) -> Result<()> {
    let data = tempfile::tempdir()?;
    let began = Instant::now();
    let run = tokio::task::block_in_place(|| write(data.path()))?;
    let (steps, groups, answers) = SIZE;
    let (groups, wrote) = (steps * u64::from(groups), began.elapsed().as_secs_f64());
    let total = groups * u64::from(answers);
    println!("a large run         {total} answers in {groups} groups, written in {wrote:.0} s");
    let studio = Studio::on(data)?;
    let mut api = studio.session(Studio::token(&studio.sign_in), "Bench")?;
    first_pages(&mut api, &run)?;
    let browser = driver.browser((1440, 900)).await?;
    let scrolled = scroll(&studio, &api, &browser, &run).await;
    browser.quit().await;
    scrolled
}

fn write(data: &std::path::Path) -> Result<String> {
    let (steps, groups, answers) = SIZE;
    let plan =
        Plan { bodies: Bodies::Bare, ..Plan::new("a million answers", steps, groups, answers) };
    Folder::with_clips(data)?.add_run(plan)
}

fn first_pages(api: &mut Client, run: &str) -> Result<()> {
    for query in QUERIES {
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..ASKED {
            let began = Instant::now();
            let page = api.get(&format!("/api/v1/runs/{run}/{query}"))?;
            times.push(began.elapsed().as_secs_f64() * 1e3);
            let list = page.get("rollouts").or(page.get("groups")).and_then(|list| list.as_array());
            found = list.context("a list")?.len();
        }
        println!(
            "first page          {:.0} ms ({:.0} at first) for {found} of {query}",
            share_of(&times, 0.5),
            times[0],
        );
    }
    Ok(())
}

/// Scrolls a list for ten seconds, as far in each picture as a fast wheel does, and gives the time
/// between pictures, how many rows went by, and the most elements that the list had.
const SCROLL: &str = "
    const [where, row, name, done] = arguments;
    const list = document.querySelector(where);
    const rows = new Set();
    const times = [];
    let nodes = 0;
    let before = performance.now();
    const began = before;
    const next = (now) => {
      times.push(now - before);
      before = now;
      for (const it of list.querySelectorAll(row)) rows.add(it.getAttribute(name) + '.' + (it.dataset.group ?? ''));
      nodes = Math.max(nodes, list.getElementsByTagName('*').length);
      list.scrollTop += 60;
      if (now - began < 10000) requestAnimationFrame(next); else done([times.slice(1), rows.size, nodes]);
    };
    requestAnimationFrame(next);";

/// A picture that came later than this was dropped at least once, ms.
const LATE: f64 = 25.0;

/// Scrolls and prints what came of it.
async fn scrolled(browser: &Browser, what: &str, list: &str, row: &str, name: &str) -> Result<()> {
    let places = [list, &id(row), name].map(Value::from).to_vec();
    let found = browser.driver.execute_async(SCROLL, places).await?;
    let (times, rows, nodes): (Vec<f64>, u64, u64) = serde_json::from_value(found.json().clone())?;
    let late = times.iter().filter(|ms| **ms > LATE).count();
    println!(
        "scrolling {what:<10}{late} of {} pictures late (over {LATE} ms), p95 {:.1} ms, longest {:.0} ms; {rows} rows in 10 s, at most {nodes} elements",
        times.len(),
        share_of(&times, 0.95),
        share_of(&times, 1.0),
    );
    Ok(())
}

async fn scroll(studio: &Studio, api: &Client, browser: &Browser, run: &str) -> Result<()> {
    enter(studio, api, browser).await?;
    browser.open(&format!("{}/runs/{run}", studio.base)).await?;
    browser.find(&id("feed-item")).await?;
    let task = browser.find(&id("feed-task")).await?;
    task.find(By::Css("option[value=counting]")).await?.click().await?;
    browser.find(&id("feed-clear")).await?;
    browser.find(&id("feed-item")).await?;
    scrolled(browser, "groups", ".feed-list", "feed-item", "data-step").await
}

/// Runs of the long table.
const RUNS: u64 = 100_000;
/// Steps of each, which its sparkline is drawn from.
const RUN_STEPS: u64 = 12;

/// A table of many runs: what the server needs to list them, and how smoothly it scrolls and filters.
pub async fn many_runs(driver: &Driver) -> Result<()> {
    let data = tempfile::tempdir()?;
    let began = Instant::now();
    tokio::task::block_in_place(|| -> Result<()> {
        let folder = Folder::with_clips(data.path())?;
        let plan = Plan { bodies: Bodies::Bare, ..Plan::new("one of many", RUN_STEPS, 1, 2) };
        let run = folder.add_run(plan)?;
        folder.copy_run(&run, RUNS - 1)
    })?;
    let wrote = began.elapsed().as_secs_f64();
    let began = Instant::now();
    let studio = Studio::on(data)?;
    let started = began.elapsed().as_secs_f64();
    let mut api = studio.session(Studio::token(&studio.sign_in), "Bench")?;
    println!(
        "many runs           {RUNS} runs, written in {wrote:.0} s, server up after {started:.1} s"
    );
    listed(&mut api)?;
    let browser = driver.browser((1440, 900)).await?;
    let measured = table(&studio, &api, &browser).await;
    browser.quit().await;
    measured
}

/// Reads the list as the page does.
fn listed(api: &mut Client) -> Result<()> {
    let (mut times, mut bytes, mut runs) = (Vec::new(), 0, 0);
    let mut path = "/api/v1/runs".to_owned();
    loop {
        let began = Instant::now();
        let page = api.get(&path)?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
        bytes += page.to_string().len();
        runs += page["runs"].as_array().context("runs")?.len();
        let Some(next) = page["meta"]["next"].as_str() else { break };
        path = format!("/api/v1/runs?after={next}");
    }
    println!(
        "the list of runs    {runs} in {} pages, {:.1} MB, {:.0} ms a page, {:.1} s together",
        times.len(),
        bytes as f64 / 1e6,
        share_of(&times, 0.5),
        times.iter().sum::<f64>() / 1e3,
    );
    Ok(())
}

/// Types letter by letter and gives the time from each to the picture after it.
const TYPE: &str = "
    const [where, words, done] = arguments;
    const field = document.querySelector(where);
    const took = [];
    const next = (at) => {
      if (at > words.length) return done(took);
      const began = performance.now();
      field.value = words.slice(0, at);
      field.dispatchEvent(new Event('input', {bubbles: true}));
      requestAnimationFrame(() => setTimeout(() => { took.push(performance.now() - began); next(at + 1); }));
    };
    next(1);";

async fn table(studio: &Studio, api: &Client, browser: &Browser) -> Result<()> {
    enter(studio, api, browser).await?;
    let began = Instant::now();
    browser.open(&format!("{}/runs", studio.base)).await?;
    browser.find(&id("run-row")).await?;
    let first = began.elapsed().as_secs_f64();
    tests::until_slow(async || {
        let count = browser.attr(".runs table", "aria-rowcount").await?;
        (count == (RUNS + 1).to_string()).then_some(())
    })
    .await?;
    println!(
        "table of runs       first rows after {first:.1} s, all after {:.0} s",
        began.elapsed().as_secs_f64()
    );
    scrolled(browser, "runs", ".runs.windowed", "run-row", "data-run").await?;
    let asked = vec![id("run-filter").into(), "many 12345".into()];
    let took = browser.driver.execute_async(TYPE, asked).await?;
    let took: Vec<f64> = serde_json::from_value(took.json().clone())?;
    let found = browser.attr(".runs table", "aria-rowcount").await.context("rows")?;
    println!(
        "filtering runs      p50 {:.0} ms, longest {:.0} ms from a letter to the picture after it; {} of {RUNS} left",
        share_of(&took, 0.5),
        share_of(&took, 1.0),
        found.parse::<u64>()? - 1,
    );
    Ok(())
}
