//! A video over a slow line: paused, left by closing the page, gone on with from where it was.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::time::Duration;
use tests::browser::{Browser, id};
use tests::studio::{Client, Studio};
use tests::{driven, root};
use thirtyfour::prelude::*;

/// Bytes a second of the slow line.
const SLOW: i64 = 150_000;

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_paused_and_goes_on_after_a_reload() -> Result<()> {
    driven("nothing was uploaded in parts", (1440, 900), scenario).await
}

async fn scenario(studio: &Studio, browser: &Browser) -> Result<()> {
    let mut api = studio.session(Studio::token(&studio.sign_in), "Ada")?;
    browser.sign_in(&studio.invite(&mut api, "admin", "Bo")?, "Bo").await?;
    browser.open(&format!("{}/videos", studio.base)).await?;
    browser.find(&id("empty")).await?;
    line(browser, SLOW).await?;

    choose(browser).await?;
    let sending = async || share(browser).await.filter(|share| *share >= 10.0);
    browser.until("a tenth of the file", sending).await?;
    press(browser, "Pause").await?;
    let paused = stands(browser, "paused").await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    ensure!(stands(browser, "paused").await? == paused, "nothing is sent while it is paused");
    press(browser, "Resume").await?;
    let further = async || share(browser).await.filter(|share| *share >= paused + 5.0);
    browser.until("some more of it", further).await?;

    // A closed tab: what came is named, and the same file goes on from there.
    browser.driver.refresh().await?;
    let words = browser.find(&id("upload-left")).await?.text().await?;
    ensure!(words.contains("rabbit-animation.mp4") && words.contains("same file"), "{words}");
    choose(browser).await?;
    let first = browser.until("the first share told", async || share(browser).await).await?;
    ensure!(first >= paused, "from {first} %, when {paused} % had come");
    line(browser, -1).await?;
    browser.find(&id("video-row")).await?;
    same_bytes(&mut api)?;

    let complaints = browser.console().await?;
    ensure!(complaints.is_empty(), "the console says {complaints:#?}");
    Ok(())
}

/// Lets so many bytes a second out, or all where it is -1.
async fn line(browser: &Browser, bytes_per_sec: i64) -> Result<()> {
    let line = json!({
        "offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_sec,
    });
    browser.devtools("Network.enable", json!({})).await?;
    browser.devtools("Network.emulateNetworkConditions", line).await.map(drop)
}

fn clip() -> std::path::PathBuf {
    root().join("static/clips/rabbit-animation.mp4")
}

async fn choose(browser: &Browser) -> Result<()> {
    let input = browser
        .until("the file field", async || {
            browser.driver.find(By::Css(id("upload-input"))).await.ok()
        })
        .await?;
    Ok(input.send_keys(clip().display().to_string()).await?)
}

/// Percent of the file that the page shows as sent.
async fn share(browser: &Browser) -> Option<f64> {
    let meter = format!("{} [role=progressbar]", id("upload-item"));
    browser.attr(&meter, "aria-valuenow").await?.parse().ok()
}

async fn press(browser: &Browser, words: &str) -> Result<()> {
    let button = browser.find(&id("upload-way")).await?;
    ensure!(button.text().await? == words, "the button says {}", button.text().await?);
    Ok(button.click().await?)
}

/// The share at which it stands in this state.
async fn stands(browser: &Browser, state: &str) -> Result<f64> {
    browser.find(&format!("{}[data-state={state}]", id("upload-item"))).await?;
    share(browser).await.context("a share")
}

/// The server has the very file, and nothing is left on its way.
fn same_bytes(api: &mut Client) -> Result<()> {
    let videos = api.get("/api/v1/videos")?;
    let bytes = videos["videos"][0]["bytes"].as_u64().context("a size")?;
    ensure!(bytes == clip().metadata()?.len(), "{bytes} bytes came");
    let left = api.get("/api/v1/uploads")?;
    ensure!(left["uploads"] == json!([]), "{left}");
    Ok(())
}
