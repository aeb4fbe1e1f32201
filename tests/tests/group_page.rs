//! The group page as one person uses it, on a real short run: a deep link, frames by key, both
//! clocks, lanes and tokens that light each other up, what-if over the whole run against the
//! trainer's own figures, and a replay that comes out identical.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use shared::advantage::grpo;
use shared::answer::Parsed;
use shared::api::{AnswersBody, GroupBody};
use shared::reward::{RewardMode, score_text};
use tests::browser::{Browser, id};
use tests::studio::{Client, Studio};
use tests::{driven, root, until_slow};
use thirtyfour::prelude::*;

const STEPS: u64 = 2;
const GROUP: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_looked_at_from_every_side() -> Result<()> {
    driven("the group page was not driven", (1440, 1000), scenario).await
}

async fn scenario(studio: &Studio, browser: &Browser) -> Result<()> {
    let mut api = studio.session(Studio::token(&studio.sign_in), "Ada")?;
    browser.sign_in(&studio.invite(&mut api, "annotator", "Bo")?, "Bo").await?;
    let run = finished_run(&mut api).await?;
    let (place, body, rollout) = readable(&mut api, &run)?;

    deep_link_and_frames(studio, browser, &place, &body).await?;
    source_is_at_the_frame(browser, &body).await?;
    lanes_and_tokens(browser, &body, rollout).await?;
    zoom_and_link(browser).await?;
    what_if(browser, &mut api, &run).await?;
    replay(browser).await?;

    let complaints = browser.console().await?;
    ensure!(complaints.is_empty(), "the console says {complaints:#?}");
    Ok(())
}

/// A run of the nano policy, which answers such questions readably, to its end.
async fn finished_run(api: &mut Client) -> Result<String> {
    let bytes = std::fs::read(root().join("static/clips/rabbit-animation.mp4"))?;
    api.upload("/api/v1/videos?name=rabbit-animation.mp4", &bytes)?;
    let config = json!({
        "steps": STEPS,
        "mixture": [{ "task": "grounding", "perturbation": "mirror" }],
        "grpo": { "group_size": GROUP, "prompts_per_step": 2 },
        "evaluate": { "every": 0 },
        "checkpoint": { "every": 1 },
        "vision": { "measure": 0.0 },
    });
    let made = api.post("/api/v1/runs", &json!({ "name": "short", "config": config }))?;
    let run = made["run"]["id"].as_str().context("an id")?.to_owned();
    until_slow(async || {
        let state = api.get(&format!("/api/v1/runs/{run}")).ok()?;
        (state["run"]["state"] == "finished").then_some(())
    })
    .await?;
    Ok(run)
}

/// A group of the last step with an answer that names a span of some length.
fn readable(api: &mut Client, run: &str) -> Result<(String, GroupBody, usize)> {
    for group in 0..2 {
        let path = format!("/runs/{run}/steps/{STEPS}/groups/{group}");
        let body = api.get(&format!("/api/v1/runs/{run}/groups/{STEPS}/{group}"))?;
        let body: GroupBody = serde_json::from_value(body)?;
        let wide = |reading: &Parsed| matches!(reading, Parsed::Span { start, end } if end - start > 0.5 && start != end);
        let found =
            body.group.rollouts.iter().position(|r| r.reward.parsed && wide(&r.reward.reading));
        if let Some(rollout) = found {
            return Ok((path, body, rollout));
        }
    }
    anyhow::bail!("no answer of the run names a span")
}

async fn slot_is(browser: &Browser, slot: u32) -> Result<()> {
    let wanted = slot.to_string();
    browser
        .until(&format!("frame {slot}"), async || {
            (browser.attr(&id("frame"), "data-slot").await? == wanted).then_some(())
        })
        .await
}

async fn rollout_is(browser: &Browser, rollout: usize) -> Result<()> {
    let wanted = rollout.to_string();
    browser
        .until(&format!("the tokens of rollout {rollout}"), async || {
            (browser.attr(&id("tokens"), "data-rollout").await? == wanted).then_some(())
        })
        .await
}

async fn deep_link_and_frames(
    studio: &Studio,
    browser: &Browser,
    place: &str,
    body: &GroupBody,
) -> Result<()> {
    browser.open(&format!("{}{place}?rollout=1&frame=7", studio.base)).await?;
    browser.find(&id("lane-truth")).await?;
    slot_is(browser, 7).await?;
    rollout_is(browser, 1).await?;
    browser.keys("...").await?;
    slot_is(browser, 10).await?;
    browser.keys(",").await?;
    slot_is(browser, 9).await?;
    let clocks = browser.text(".transport").await.unwrap_or_default();
    let sample = &body.group.sample;
    for clock in [
        format!("strip {:.1}", sample.label_secs(9.0)),
        format!("source {:.2}", sample.frames[9].pts_secs),
    ] {
        ensure!(clocks.contains(&clock), "{clocks:?} lacks {clock}");
    }
    browser.keys("g3").await?;
    rollout_is(browser, 2).await?;
    browser
        .until("rollout and frame in the address", async || {
            let url = browser.driver.current_url().await.ok()?;
            (url.query() == Some("rollout=2&frame=9")).then_some(())
        })
        .await
}

/// The source stands beside and then instead, at the very moment of the frame.
async fn source_is_at_the_frame(browser: &Browser, body: &GroupBody) -> Result<()> {
    let want = body.group.sample.frames[9].pts_secs;
    for showing in ["beside", "source"] {
        browser.keys("s").await?;
        browser
            .until(&format!("the source at {want} s, {showing}"), async || {
                let now = browser.attr(&id("player"), "data-showing").await?;
                let at: f64 = browser.prop(&id("source"), "currentTime").await?.parse().ok()?;
                (now == showing && (at - want).abs() < 0.01).then_some(())
            })
            .await?;
    }
    browser.keys("s").await?;
    browser
        .until("the policy's frames alone", async || {
            let alone = browser.driver.find(By::Css(id("source"))).await.is_err();
            alone.then_some(())
        })
        .await
}

/// Text of the tokens that are lit.
async fn lit(browser: &Browser) -> Option<String> {
    let found = browser.driver.find_all(By::Css(format!("{}.lit b", id("token")))).await.ok()?;
    let mut text = String::new();
    for token in found {
        text.push_str(&token.text().await.ok()?);
    }
    (!text.is_empty()).then_some(text)
}

async fn lanes_and_tokens(browser: &Browser, body: &GroupBody, rollout: usize) -> Result<()> {
    let Parsed::Span { start, end } = body.group.rollouts[rollout].reward.reading else {
        anyhow::bail!("a span was asked for")
    };
    let span = browser.find(&id(&format!("span-rollout-{rollout}"))).await?;
    browser.driver.action_chain().move_to_element_center(&span).perform().await?;
    rollout_is(browser, rollout).await?;
    let text = browser.until("lit tokens", async || lit(browser).await).await?;
    let said: f64 = text.parse().with_context(|| format!("{text:?} is no number"))?;
    ensure!(said == start || said == end, "{said} is neither {start} nor {end}");

    // The other way: the first token of the chosen rollout spells the start.
    browser.click(&id(&format!("lane-rollout-{rollout}"))).await?;
    let token = browser.find(&id("token")).await?;
    browser.driver.action_chain().move_to_element_center(&token).perform().await?;
    browser.find(&format!("{}.lit-start", id(&format!("span-rollout-{rollout}")))).await?;
    browser.driver.action_chain().move_to(4, 4).perform().await?;
    Ok(())
}

async fn zoom_and_link(browser: &Browser) -> Result<()> {
    browser.driver.execute("document.activeElement?.blur()", vec![]).await?;
    browser.keys("+").await?;
    browser.find(&id("minimap")).await?;
    browser.keys("0").await?;
    browser
        .until("the whole strip", async || {
            browser.driver.find(By::Css(id("minimap"))).await.is_err().then_some(())
        })
        .await?;
    browser.keys("y").await?;
    browser.find(&id("toast")).await?;
    Ok(())
}

/// Sign changes and changed rewards under the strict reward, by the trainer's code.
fn strictly(answers: &AnswersBody) -> (usize, usize) {
    let sign = |x: f64| if x.abs() <= 1e-6 { 0.0 } else { x.signum() };
    let (mut flips, mut rewards) = (0, 0);
    for group in &answers.groups {
        let strict =
            |text: &String| score_text(RewardMode::Strict, group.task, &group.truth, text).total;
        let now: Vec<f64> = group.texts.iter().map(strict).collect();
        let advantages = grpo(&now).values;
        let pairs = advantages.iter().zip(&group.advantages);
        flips += pairs.filter(|(a, b)| sign(**a) != sign(**b)).count();
        let paid = now.iter().zip(&group.rewards);
        rewards += paid.filter(|(a, b)| (**a - **b).abs() > 1e-9).count();
    }
    (flips, rewards)
}

async fn what_if(browser: &Browser, api: &mut Client, run: &str) -> Result<()> {
    let answers = api.get(&format!("/api/v1/runs/{run}/answers"))?;
    let (flips, rewards) = strictly(&serde_json::from_value(answers)?);
    ensure!(rewards > 0, "near misses earn something else under the strict reward");
    browser.keys("w").await?;
    let found = browser.find(&id("whatif-run")).await?;
    let read = async |name: &str| found.attr(name).await.ok().flatten().unwrap_or_default();
    let all = STEPS as usize * 2 * GROUP;
    for (name, want) in [("data-answers", all), ("data-flips", flips), ("data-rewards", rewards)] {
        let got = read(name).await;
        ensure!(got == want.to_string(), "{name}: {got}, the trainer's code says {want}");
    }
    let text = browser.text(&id("whatif")).await.unwrap_or_default();
    ensure!(text.contains("every stored advantage comes out again"), "{text}");
    browser.click(&id("whatif-back")).await?;
    browser
        .until("the run's own figures", async || {
            browser.driver.find(By::Css(id("whatif-run"))).await.is_err().then_some(())
        })
        .await
}

async fn replay(browser: &Browser) -> Result<()> {
    browser.click(&id("measure-video")).await?;
    browser.find(&id("unmeasured")).await.context("nothing was measured in this run")?;
    browser.click(&id("replay")).await?;
    let verdict = browser.find(&id("replay-verdict")).await?;
    let kind = verdict.attr("data-verdict").await?;
    let words = verdict.text().await?;
    ensure!(kind.as_deref() == Some("identical"), "{words}");
    ensure!(words.contains(&format!("{GROUP} answers")), "{words}");
    let rows = [browser.text(&id("diff-stored")).await, browser.text(&id("diff-now")).await];
    ensure!(rows[0].is_some() && rows[0] == rows[1], "{rows:?}");
    // What was missing is there now.
    browser.find(&id("legend")).await?;
    let shown: Value = browser
        .driver
        .execute("return document.querySelector('.alts').textContent", vec![])
        .await?
        .json()
        .clone();
    ensure!(shown.as_str().is_some_and(|text| text.contains("black video")), "{shown}");
    Ok(())
}
