//! Two real runs that differ in one field, beside each other: what differs, their curves, and the
//! frozen questions as the shared code pairs them. Then the server's health.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use shared::paired::{SetResults, pair};
use tests::browser::{Browser, id};
use tests::studio::{Client, Studio};
use tests::{driven, root, until_slow};
use thirtyfour::prelude::*;

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_are_compared_question_by_question() -> Result<()> {
    driven("no runs were compared", (1440, 900), scenario).await
}

async fn scenario(studio: &Studio, browser: &Browser) -> Result<()> {
    let mut api = studio.session(Studio::token(&studio.sign_in), "Ada")?;
    let clip = std::fs::read(root().join("static/clips/rabbit-animation.mp4"))?;
    api.upload("/api/v1/videos?name=rabbit-animation.mp4", &clip)?;
    let a = make(&mut api, "plain", 0.001)?;
    let b = make(&mut api, "eager", 0.01)?;
    for run in [&a, &b] {
        finished(&mut api, run).await?;
    }
    browser.sign_in(&studio.invite(&mut api, "annotator", "Bo")?, "Bo").await?;
    browser.find(&id("run-row")).await?;

    chosen_by_name(studio, browser).await?;
    config(browser).await?;
    curves(browser).await?;
    questions(browser, &mut api, [&a, &b]).await?;
    swapped(browser, [&a, &b]).await?;
    other_questions(studio, browser, &mut api, &a).await?;
    health(studio, browser, &mut api).await?;

    let complaints = browser.console().await?;
    ensure!(complaints.is_empty(), "the console says {complaints:#?}");
    Ok(())
}

fn make(api: &mut Client, name: &str, rate: f64) -> Result<String> {
    let config = json!({
        "steps": 3, "grpo": {"group_size": 4, "prompts_per_step": 4},
        "optim": {"learning_rate": rate},
        "checkpoint": {"every": 0}, "evaluate": {"every": 3, "samples": 2},
    });
    let body = api.post("/api/v1/runs", &json!({ "name": name, "config": config }))?;
    Ok(body["run"]["id"].as_str().context("an id")?.to_owned())
}

async fn finished(api: &mut Client, run: &str) -> Result<()> {
    until_slow(async || {
        let state = api.get(&format!("/api/v1/runs/{run}")).ok()?["run"]["state"].clone();
        (state == "finished").then_some(())
    })
    .await
}

/// Both sides are found by typing; the address then names them.
async fn chosen_by_name(studio: &Studio, browser: &Browser) -> Result<()> {
    browser.open(&format!("{}/compare", studio.base)).await?;
    browser.find(&id("empty")).await.context("without runs the page says what will be here")?;
    for (side, name) in [("pick-a", "plain"), ("pick-b", "eager")] {
        let field = browser.find(&id(side)).await?;
        field.click().await?;
        field.send_keys(name).await?;
        field.send_keys(Key::Enter + "").await?;
    }
    browser.find(&id("paired")).await?;
    Ok(())
}

async fn config(browser: &Browser) -> Result<()> {
    browser.find(&id("diff-row")).await?;
    let keys = keys(browser).await?;
    ensure!(keys == ["optim.learning_rate"], "these differ: {keys:?}");
    let text = browser.text(&id("diff-row")).await.context("a row")?;
    ensure!(text.contains("0.001") && text.contains("0.01"), "{text}");
    browser.click(&id("all-fields")).await?;
    let all = self::keys(browser).await?.len();
    ensure!(all == shared::config::FIELDS.len(), "{all} fields");
    browser.click(&id("all-fields")).await
}

async fn keys(browser: &Browser) -> Result<Vec<String>> {
    let mut keys = Vec::new();
    for row in browser.driver.find_all(By::Css(id("diff-row"))).await? {
        keys.push(row.attr("data-key").await?.context("a key")?);
    }
    Ok(keys)
}

async fn curves(browser: &Browser) -> Result<()> {
    for name in ["reward", "kl", "entropy", "dead", "unparsed", "grad", "length"] {
        let chart = id(&format!("curve-{name}"));
        // What is out of sight is not drawn.
        browser.find(&chart).await?.scroll_into_view().await?;
        browser.find(&format!("{chart} .plot[data-points]")).await.context("a drawn chart")?;
        let legend = browser.find(&chart).await?.text().await?;
        ensure!(legend.contains('A') && legend.contains('B'), "{name}: {legend}");
    }
    Ok(())
}

fn results(api: &mut Client, run: &str, step: u64) -> Result<Vec<SetResults>> {
    let mut body = api.get(&format!("/api/v1/runs/{run}/results/{step}"))?;
    Ok(serde_json::from_value(body["sets"].take())?)
}

/// The page's tally is that of the answers which the server holds.
async fn questions(browser: &Browser, api: &mut Client, [a, b]: [&str; 2]) -> Result<()> {
    let (left, right) = (results(api, a, 3)?, results(api, b, 3)?);
    let pairing = pair(&left[0], &right[0]).context("questions")?;
    ensure!(!pairing.pairs.is_empty() && pairing.alone == [0, 0], "{:?}", pairing.alone);
    let tally = pairing.all;
    browser
        .until("the means of both", async || {
            let shown = [browser.text(&id("mean-a")).await?, browser.text(&id("mean-b")).await?];
            (shown == tally.means.map(|mean| format!("{mean:.3}"))).then_some(())
        })
        .await?;
    let shown = browser.text(&id("tally")).await.context("a tally")?;
    for count in [tally.wins, tally.ties, tally.losses] {
        ensure!(shown.contains(&count.to_string()), "{count} in {shown}");
    }
    let rows = browser.driver.find_all(By::Css(id("forest-row"))).await?;
    ensure!(rows.len() == pairing.cells.len() + 1, "{} rows", rows.len());
    let links = browser.driver.find_all(By::Css(id("pair"))).await?;
    ensure!((tally.wins + tally.losses == 0) == links.is_empty(), "{} links", links.len());
    for link in links {
        let to = link.attr("href").await?.context("a link")?;
        ensure!(to.starts_with("/studio?") && to.contains("seed="), "{to}");
    }
    Ok(())
}

async fn swapped(browser: &Browser, [a, b]: [&str; 2]) -> Result<()> {
    let before = browser.text(&id("mean-a")).await.context("a mean")?;
    browser.click(&id("swap")).await?;
    browser
        .until("the sides the other way round", async || {
            let address = browser.driver.current_url().await.ok()?;
            let query = address.query()?.to_owned();
            let turned = query.contains(&format!("a={b}")) && query.contains(&format!("b={a}"));
            (turned && browser.text(&id("mean-b")).await? == before).then_some(())
        })
        .await
}

/// A run asked by another seed cannot be paired, and the page says what makes the difference.
async fn other_questions(
    studio: &Studio,
    browser: &Browser,
    api: &mut Client,
    a: &str,
) -> Result<()> {
    let config = json!({
        "steps": 1, "seed": 99, "grpo": {"group_size": 2, "prompts_per_step": 2},
        "checkpoint": {"every": 0}, "evaluate": {"every": 1, "samples": 1},
    });
    let body = api.post("/api/v1/runs", &json!({ "name": "other seed", "config": config }))?;
    let other = body["run"]["id"].as_str().context("an id")?.to_owned();
    finished(api, &other).await?;
    browser.open(&format!("{}/compare?a={a}&b={other}", studio.base)).await?;
    let words = browser.find(&id("unpaired")).await?.text().await?;
    ensure!(words.contains("different questions") && words.contains("seed"), "{words}");
    browser.open(&format!("{}/compare?a={a}&b={a}&at=0&bt=3", studio.base)).await?;
    let words = browser.find(&id("same-config")).await?.text().await?;
    ensure!(words.contains("two checkpoints"), "{words}");
    browser.find(&id("verdict")).await?;
    Ok(())
}

async fn health(studio: &Studio, browser: &Browser, api: &mut Client) -> Result<()> {
    browser.open(&format!("{}/health", studio.base)).await?;
    browser
        .until("the local worker without a run", async || {
            let worker = browser.text(&id("worker-row")).await?;
            (worker.contains("local-1") && worker.contains("Idle")).then_some(())
        })
        .await?;
    browser.find(&id("device-row")).await?;
    let known: Value = api.get("/api/v1/health/details")?;
    let parts = known["storage"]["parts"].as_array().context("parts")?.len();
    let shown = browser.driver.find_all(By::Css(id("storage-row"))).await?.len();
    ensure!(shown == parts, "{shown} of {parts} parts");
    let page = browser.text(&id("health")).await.context("the page")?;
    for version in ["sqlite", "avcodec"] {
        let version = known["versions"][version].as_str().context("a version")?;
        ensure!(page.contains(version), "no {version}");
    }
    Ok(())
}
