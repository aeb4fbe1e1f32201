//! The whole loop as two people live it: a real clip, a real run, one failure tagged and
//! accepted by a second person in a second browser.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::browser::{Browser, Driver, id};
use tests::studio::{Client, Studio};
use tests::{root, skip};
use thirtyfour::prelude::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_seen_tagged_and_accepted_by_a_second_person() -> Result<()> {
    let Some(driver) = Driver::start()? else {
        skip("no chromedriver here; the pages were not driven");
        return Ok(());
    };
    let studio = Studio::start()?;
    let first = driver.browser((1440, 900)).await?;
    let second = driver.browser((1440, 900)).await?;
    let outcome = scenario(&studio, &first, &second).await;
    first.quit().await;
    second.quit().await;
    outcome
}

async fn scenario(studio: &Studio, first: &Browser, second: &Browser) -> Result<()> {
    first.sign_in(&studio.sign_in, "Ada").await?;
    upload(studio, first).await?;
    let run = start_run(studio, first).await?;
    let mut api = api_of_a_viewer(studio, first).await?;
    let place = open_a_grounding_group(studio, first, &mut api, &run).await?;
    truth_lane_is_where_the_truth_is(first, &mut api, &place).await?;

    first.open(&format!("{}{place}?rollout=1", studio.base)).await?;
    first.find(&id("lane-truth")).await?;
    tag_with_keys(first).await?;
    first.open(&format!("{}{place}?rollout=0", studio.base)).await?;
    first
        .until("the tag after a reload", async || label_is(first, "waits for review").await)
        .await?;

    first.open(&format!("{}/failures", studio.base)).await?;
    first.find(&id("failure-row")).await?;
    review(studio, first, second, &place).await?;

    let mut complaints = [first.console().await?, second.console().await?].concat();
    // The browser notes refusals too: of a link without a name, of a file that is no video.
    let asked_for = ["/api/v1/session", "/api/v1/uploads"];
    complaints.retain(|line| !(line.contains("422") && asked_for.iter().any(|a| line.contains(a))));
    ensure!(complaints.is_empty(), "the consoles say {complaints:#?}");
    Ok(())
}

async fn upload(studio: &Studio, browser: &Browser) -> Result<()> {
    browser.open(&format!("{}/videos", studio.base)).await?;
    let input = browser
        .until("the file field", async || {
            browser.driver.find(By::Css(id("upload-input"))).await.ok()
        })
        .await?;
    // Text named .mp4 is refused in one sentence, and nothing is lost by it.
    let fake = studio.data.path().join("not-a-video.mp4");
    std::fs::write(&fake, "plain words")?;
    input.send_keys(fake.display().to_string()).await?;
    browser.find(&format!("{}.failed", id("upload-item"))).await?;
    let input = browser.driver.find(By::Css(id("upload-input"))).await?;
    input.send_keys(root().join("static/clips/rabbit-animation.mp4").display().to_string()).await?;
    browser.find(&id("video-row")).await?;
    Ok(())
}

async fn start_run(studio: &Studio, browser: &Browser) -> Result<String> {
    browser.open(&format!("{}/runs/new", studio.base)).await?;
    let steps = browser.find(&id("field-steps")).await?;
    steps.clear().await?;
    steps.send_keys("200").await?;
    browser.click(&id("start-run")).await?;
    let made = |path: &str| {
        let run = path.strip_prefix("/runs/")?;
        (run != "new" && !run.contains('/')).then(|| run.to_owned())
    };
    let run = browser
        .until("the page of the new run", async || {
            made(browser.driver.current_url().await.ok()?.path())
        })
        .await?;
    browser
        .until("the second step", async || {
            let step: u64 =
                browser.prop(&id("run-step"), "textContent").await?.trim().parse().ok()?;
            (step >= 2).then_some(())
        })
        .await?;
    Ok(run)
}

/// A second way in, to compare the page with what the server knows.
async fn api_of_a_viewer(studio: &Studio, admin: &Browser) -> Result<Client> {
    let link = invite(studio, admin, "viewer").await?;
    studio.session(Studio::token(&link), "Vera")
}

async fn invite(studio: &Studio, admin: &Browser, role: &str) -> Result<String> {
    let back = admin.driver.current_url().await?;
    admin.open(&format!("{}/team", studio.base)).await?;
    admin.click(&format!("{} option[value=\"{role}\"]", id("invite-role"))).await?;
    admin.click(&id("invite-create")).await?;
    let link = admin
        .until("an invitation link", async || {
            admin.prop(&id("invite-link"), "value").await.filter(|link| link.contains("token="))
        })
        .await?;
    admin.open(back.as_str()).await?;
    Ok(if link.starts_with('/') { format!("{}{link}", studio.base) } else { link })
}

/// Clicks the newest question of the feed that has a span; returns its page.
async fn open_a_grounding_group(
    studio: &Studio,
    browser: &Browser,
    api: &mut Client,
    run: &str,
) -> Result<String> {
    browser.open(&format!("{}/runs/{run}", studio.base)).await?;
    browser.find(&id("feed-item")).await?;
    // What comes meanwhile would move the cards under the pointer.
    browser.keys("p").await?;
    let mut asked = Vec::new();
    let found = browser
        .until("a grounding question in the feed", async || {
            for card in browser.driver.find_all(By::Css(id("feed-item"))).await.ok()? {
                let Ok((Some(step), Some(group))) = (async {
                    WebDriverResult::Ok((
                        card.attr("data-step").await?,
                        card.attr("data-group").await?,
                    ))
                })
                .await
                else {
                    continue;
                };
                if asked.contains(&(step.clone(), group.clone())) {
                    continue;
                }
                let body = api.get(&format!("/api/v1/runs/{run}/groups/{step}/{group}")).ok()?;
                if body["group"]["sample"]["task"] == "grounding" {
                    return Some((step, group));
                }
                asked.push((step, group));
            }
            None
        })
        .await?;
    let (step, group) = found;
    browser
        .click(&format!("{}[data-step=\"{step}\"][data-group=\"{group}\"]", id("feed-item")))
        .await?;
    browser.find(&id("lane-truth")).await?;
    Ok(format!("/runs/{run}/steps/{step}/groups/{group}"))
}

async fn truth_lane_is_where_the_truth_is(
    browser: &Browser,
    api: &mut Client,
    place: &str,
) -> Result<()> {
    let parts: Vec<&str> = place.trim_matches('/').split('/').collect();
    let [_, run, _, step, _, group] = parts[..] else { anyhow::bail!("an odd link: {place}") };
    let body = api.get(&format!("/api/v1/runs/{run}/groups/{step}/{group}"))?;
    let slots = &body["group"]["sample"]["truth"]["span_slots"];
    let want = [&slots[0], &slots[1]].map(Value::as_f64);
    let [Some(start), Some(end)] = want else { anyhow::bail!("no truth in {body}") };
    let drawn = browser
        .driver
        .execute(
            "const lane = document.querySelector(arguments[0]), span = lane.querySelector('.truth'); \
             const s = span.getBoundingClientRect(), l = lane.getBoundingClientRect(); \
             return [(s.left - l.left) / l.width * 48, (s.right - l.left) / l.width * 48];",
            vec![Value::String(id("lane-truth"))],
        )
        .await?;
    let drawn: [f64; 2] = serde_json::from_value(drawn.json().clone()).context("two numbers")?;
    // A slot is a dozen pixels wide; a tenth of one is well under what an eye sees.
    let near = |a: f64, b: f64| (a - b).abs() < 0.25;
    ensure!(
        near(drawn[0], start) && near(drawn[1], end),
        "drawn at {drawn:?}, true {start}..{end}"
    );
    Ok(())
}

async fn label_is(browser: &Browser, words: &str) -> Option<()> {
    browser.text(&id("label-state")).await?.to_lowercase().contains(words).then_some(())
}

async fn tag_with_keys(browser: &Browser) -> Result<()> {
    browser.keys("g").await?;
    browser.keys("1").await?;
    browser.keys("4").await?;
    browser
        .driver
        .action_chain()
        .key_down(Key::Control)
        .send_keys(Key::Enter)
        .key_up(Key::Control)
        .perform()
        .await?;
    // Saved, and the page has gone on to the next question.
    browser.find(&id("toast")).await?;
    Ok(())
}

async fn review(studio: &Studio, first: &Browser, second: &Browser, place: &str) -> Result<()> {
    let link = invite(studio, first, "reviewer").await?;
    first.open(&format!("{}{place}?rollout=0", studio.base)).await?;
    first.until("the own tag", async || label_is(first, "waits for review").await).await?;

    second.sign_in(&link, "Rosa").await?;
    second.open(&format!("{}/review", studio.base)).await?;
    second.click(&id("review-item")).await?;
    second.find(&id("lane-truth")).await?;
    second.click(&id("review-accept")).await?;

    first
        .until("the other person's word, without a reload", async || {
            label_is(first, "accepted").await
        })
        .await?;

    // A decision made in haste is taken back with a key: the label waits again, or is what the
    // reviewer had said before, and the words are there to be written on.
    second.find(&id("undo")).await?;
    second.keys("u").await?;
    first.until("the label waiting again", async || label_is(first, "waits for").await).await?;
    second
        .until("the button for it", async || {
            let off = second.prop(&id("review-accept"), "disabled").await?;
            (off == "false").then_some(())
        })
        .await?;
    second.keys("a").await?;
    first.until("the second thought", async || label_is(first, "accepted").await).await?;
    let words = "It ends a second late.";
    second.find(&id("review-comment")).await?.send_keys(words).await?;
    second.click(&id("review-changes")).await?;
    first.until("the change that is asked for", async || label_is(first, "changes").await).await?;
    second.find(&id("undo")).await?;
    second.keys("u").await?;
    first
        .until("the decision as it was before", async || label_is(first, "accepted").await)
        .await?;
    ensure!(second.prop(&id("review-comment"), "value").await.as_deref() == Some(words));
    Ok(())
}
