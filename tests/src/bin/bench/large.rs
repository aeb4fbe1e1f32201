//! A run that is larger than most: a million answers, looked for and scrolled through.

use crate::load::enter;
use crate::share_of;
use anyhow::{Context, Result};
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

/// Scrolls the list of groups for ten seconds, as far in each picture as a fast wheel does, and
/// gives the time between pictures, and how many rows went by.
const SCROLL: &str = "
    const done = arguments[arguments.length - 1];
    const list = document.querySelector('.feed-list');
    const rows = new Set();
    const times = [];
    let before = performance.now();
    const began = before;
    const next = (now) => {
      times.push(now - before);
      before = now;
      for (const row of list.querySelectorAll('[data-testid=feed-item]')) rows.add(row.dataset.step + '.' + row.dataset.group);
      list.scrollTop += 60;
      if (now - began < 10000) requestAnimationFrame(next); else done([times.slice(1), rows.size]);
    };
    requestAnimationFrame(next);";

/// A picture that came later than this was dropped at least once, ms.
const LATE: f64 = 25.0;

async fn scroll(studio: &Studio, api: &Client, browser: &Browser, run: &str) -> Result<()> {
    enter(studio, api, browser).await?;
    browser.open(&format!("{}/runs/{run}", studio.base)).await?;
    browser.find(&id("feed-item")).await?;
    let task = browser.find(&id("feed-task")).await?;
    task.find(By::Css("option[value=counting]")).await?.click().await?;
    browser.find(&id("feed-clear")).await?;
    browser.find(&id("feed-item")).await?;
    let found = browser.driver.execute_async(SCROLL, vec![]).await?;
    let (times, rows): (Vec<f64>, u64) = serde_json::from_value(found.json().clone())?;
    let late = times.iter().filter(|ms| **ms > LATE).count();
    println!(
        "scrolling groups    {late} of {} pictures late (over {LATE} ms), p95 {:.1} ms, longest {:.0} ms; {rows} rows in 10 s",
        times.len(),
        share_of(&times, 0.95),
        share_of(&times, 1.0),
    );
    Ok(())
}
