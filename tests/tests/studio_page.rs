//! Task studio as one person uses it: a real clip, a dial turned, an answer made with keys,
//! scored by the trainer's own code, and the truth where the server says it is.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::browser::{Browser, id};
use tests::studio::{Client, Studio};
use tests::{driven, root};
use thirtyfour::prelude::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_is_set_up_answered_by_keyboard_and_scored() -> Result<()> {
    driven("Task studio was not driven", (1440, 900), scenario).await
}

async fn scenario(studio: &Studio, browser: &Browser) -> Result<()> {
    let mut api = studio.session(Studio::token(&studio.sign_in), "Ada")?;
    browser.sign_in(&studio.invite(&mut api, "annotator", "Bo")?, "Bo").await?;
    browser.open(&format!("{}/studio", studio.base)).await?;
    browser.find(&id("empty")).await.context("without videos the page says what will be here")?;
    let video = upload(&mut api, "rabbit-animation.mp4")?;
    browser.find(&id("sample")).await.context("the video arrives without a reload")?;

    grounding(studio, browser, &mut api, &video).await?;
    refused_dials(browser).await?;
    orders_and_percentages(studio, browser, &mut api, &video).await?;
    second_video(studio, browser, &mut api, &video).await?;

    let complaints = browser.console().await?;
    ensure!(complaints.is_empty(), "the console says {complaints:#?}");
    Ok(())
}

fn upload(api: &mut Client, name: &str) -> Result<String> {
    let bytes = std::fs::read(root().join("static/clips").join(name))?;
    let body = api.upload(&format!("/api/v1/videos?name={name}"), &bytes)?;
    Ok(body["video"]["meta"]["id"].as_str().context("an id")?.to_owned())
}

/// The sample that the page must be showing, asked of the server.
fn sample(api: &mut Client, video: &str, item: Value, seed: u64) -> Result<Value> {
    let body = json!({ "video": video, "item": item, "seed": seed });
    Ok(api.post("/api/v1/studio/sample", &body)?["sample"].clone())
}

/// Waits until the page shows the question of a sample and no other is on its way.
async fn shows(browser: &Browser, sample: &Value) -> Result<()> {
    let question = sample["question"].as_str().context("a question")?.to_owned();
    let seed = sample["seed"].to_string();
    browser
        .until(&format!("seed {seed}: {question}"), async || {
            let idle = browser.attr(&id("studio"), "data-busy").await? == "false";
            let shown = browser.text(&id("question")).await? == question;
            let same = browser.attr(&id("sample"), "data-seed").await? == seed;
            (idle && shown && same).then_some(())
        })
        .await
}

async fn type_into(browser: &Browser, name: &str, text: &str) -> Result<()> {
    let field = browser.find(&id(name)).await?;
    field.send_keys(Key::Control + "a").await?;
    field.send_keys(text).await?;
    Ok(())
}

/// Puts the keyboard back on the page itself, and the pointer where nothing previews a frame.
async fn leave_fields(browser: &Browser) -> Result<()> {
    browser.driver.execute("document.activeElement?.blur()", vec![]).await?;
    browser.driver.action_chain().move_to(4, 4).perform().await?;
    Ok(())
}

async fn grounding(
    studio: &Studio,
    browser: &Browser,
    api: &mut Client,
    video: &str,
) -> Result<()> {
    let hex = video.trim_start_matches("blake3:");
    let page =
        format!("{}/studio?task=grounding&perturbation=invert&seed=5&video={hex}", studio.base);
    browser.open(&page).await?;
    let plain = json!({ "task": "grounding", "perturbation": "invert" });
    let first = sample(api, video, plain.clone(), 5)?;
    shows(browser, &first).await?;
    browser.find(&id("clip")).await?;
    ensure!(
        browser.attr(&id("lane-truth"), "data-start-slot").await.is_none(),
        "the truth shows before an answer"
    );

    // A dial, and the address with it; then the next seed by key.
    type_into(browser, "dial-length-1", "10").await?;
    let mut item = plain;
    item["length"] = json!([8, 10]);
    shows(browser, &sample(api, video, item.clone(), 5)?).await?;
    let address = browser.driver.current_url().await?;
    ensure!(address.query().is_some_and(|q| q.contains("length=8-10")), "{address}");
    leave_fields(browser).await?;
    browser.keys("n").await?;
    let asked = sample(api, video, item, 6)?;
    shows(browser, &asked).await?;

    answer_span(browser, &asked).await?;
    browser.open(browser.driver.current_url().await?.as_str()).await?;
    shows(browser, &asked).await.context("the link brings the same sample back")
}

/// Steps to the true span's ends, marks them with keys, and is paid in full.
async fn answer_span(browser: &Browser, sample: &Value) -> Result<()> {
    let slots = &sample["truth"]["span_slots"];
    let [start, end] = [0, 1].map(|k| slots[k].as_u64().unwrap_or_default());
    step_to(browser, 0, start).await?;
    browser.keys("i").await?;
    step_to(browser, start, end - 1).await?;
    browser.keys("o").await?;
    let said = browser.prop(&id("answer"), "value").await;
    ensure!(said.as_deref() == sample["answer"].as_str(), "{said:?} against {}", sample["answer"]);
    browser.keys(&Key::Enter.value().to_string()).await?;
    let earned = browser.find(&id("earned-smooth")).await?.text().await?;
    ensure!(earned.contains("1.00"), "a perfect answer earns {earned}");
    let truth = browser.text(&id("true-answer")).await;
    ensure!(truth.as_deref() == sample["answer"].as_str(), "{truth:?}");
    let drawn = [
        browser.attr(&id("lane-truth"), "data-start-slot").await,
        browser.attr(&id("lane-truth"), "data-end-slot").await,
    ];
    ensure!(drawn == [start, end].map(|slot| Some(slot.to_string())), "{drawn:?}, true {slots}");
    let mine = browser.attr(&id("span-mine"), "data-start-slot").await.context("my span")?;
    ensure!((mine.parse::<f64>()? - start as f64).abs() < 0.6, "mine at {mine}, true {start}");
    let mean = browser.text(&id("my-mean")).await;
    ensure!(mean.as_deref() == Some("1.00"), "my mean is {mean:?}");
    let floor = browser.text(&id("floor")).await;
    ensure!(floor.is_none(), "no floor is known for turned dials, but {floor:?} is shown");
    Ok(())
}

async fn step_to(browser: &Browser, from: u64, to: u64) -> Result<()> {
    browser.keys(&".".repeat((to - from) as usize)).await?;
    browser
        .until(&format!("frame {to}"), async || {
            (browser.attr(&id("frame"), "data-slot").await? == to.to_string()).then_some(())
        })
        .await
}

/// A value out of range is named beside its dial, and the way back is one click.
async fn refused_dials(browser: &Browser) -> Result<()> {
    type_into(browser, "dial-length-0", "99").await?;
    browser
        .until("a sentence beside the dial", async || {
            let text = browser.text(&id("dial-length")).await?;
            text.contains("does not fit").then_some(())
        })
        .await?;
    browser.find(&id("refused")).await?;
    browser.click(&id("reset-length")).await?;
    browser
        .until("no complaint any more", async || {
            browser.driver.find(By::Css(id("refused"))).await.is_err().then_some(())
        })
        .await
}

/// Tasks of several clips, of one frame, and of a percentage.
async fn orders_and_percentages(
    studio: &Studio,
    browser: &Browser,
    api: &mut Client,
    video: &str,
) -> Result<()> {
    let hex = video.trim_start_matches("blake3:");
    for (query, item) in [
        ("task=jigsaw&clips=4&trim=1", json!({ "task": "jigsaw", "clips": 4, "trim": 1 })),
        ("task=spatial&grid=3", json!({ "task": "spatial", "grid": 3 })),
        ("task=progress", json!({ "task": "progress" })),
        ("task=counting", json!({ "task": "counting" })),
        ("task=spotting", json!({ "task": "spotting" })),
    ] {
        browser.open(&format!("{}/studio?{query}&seed=3&video={hex}", studio.base)).await?;
        let asked = sample(api, video, item, 3)?;
        shows(browser, &asked).await?;
        let frames = asked["frames"].as_array().map_or(0, Vec::len);
        let shown = browser.text(&id("frame")).await.unwrap_or_default();
        ensure!(shown.ends_with(&format!("/ {frames}")), "{query}: {shown}");
        let truth = asked["answer"].as_str().context("an answer")?;
        // The first digit goes to the answer from anywhere on the page.
        browser.keys(truth).await?;
        browser.keys(&Key::Enter.value().to_string()).await?;
        let earned = browser.find(&id("earned-strict")).await?.text().await?;
        ensure!(earned.contains("1.00"), "{query}: {truth} earns {earned}");
    }
    Ok(())
}

/// Swap needs a second video: the page says so, and takes it as soon as there is one.
async fn second_video(
    studio: &Studio,
    browser: &Browser,
    api: &mut Client,
    video: &str,
) -> Result<()> {
    let hex = video.trim_start_matches("blake3:");
    let page =
        format!("{}/studio?task=grounding&perturbation=swap&seed=2&video={hex}", studio.base);
    browser.open(&page).await?;
    browser.find(&id("other-problem")).await?;
    upload(api, "rocket-launch.webm")?;
    browser.find(&id("sample")).await?;
    let question = browser.text(&id("question")).await.unwrap_or_default();
    ensure!(question.contains("another video"), "{question}");
    browser.keys("t").await?;
    browser.find(&id("true-answer")).await?;
    browser.click(&id("begin-audit")).await?;
    browser.find(&id("audit-ruling")).await.context("the audit of swap ends with a ruling")?;
    Ok(())
}
