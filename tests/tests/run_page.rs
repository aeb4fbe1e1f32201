//! The Run page of a real run that goes on: curves that zoom and read, one slider for every
//! panel, the feed's filters, a pause with its acknowledgement, and a change of the learning rate.

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};
use tests::browser::{Browser, id};
use tests::studio::{Client, Studio};
use tests::{driven, root};
use thirtyfour::prelude::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_read_scrubbed_paused_and_changed() -> Result<()> {
    driven("the Run page was not driven", (1440, 900), scenario).await
}

async fn scenario(studio: &Studio, browser: &Browser) -> Result<()> {
    let mut api = studio.session(Studio::token(&studio.sign_in), "Ada")?;
    browser.sign_in(&studio.invite(&mut api, "admin", "Bo")?, "Bo").await?;
    let clip = std::fs::read(root().join("static/clips/rabbit-animation.mp4"))?;
    api.upload("/api/v1/videos?name=rabbit-animation.mp4", &clip)?;
    let config = json!({ "steps": 4000, "evaluate": { "every": 0 }, "checkpoint": { "every": 4 } });
    let run = api.post("/api/v1/runs", &json!({ "name": "watched", "config": config }))?;
    let run = run["run"]["id"].as_str().context("an id")?.to_owned();
    browser.open(&format!("{}/runs/{run}", studio.base)).await?;
    browser.until("ten steps", async || (step(browser).await? >= 10).then_some(())).await?;

    // A run that stands still can be compared with what the server knows.
    pause(browser, &mut api, &run).await?;
    hover_reads_every_chart(browser, &mut api, &run).await?;
    a_drag_zooms_every_chart(browser).await?;
    the_slider_moves_every_panel(browser, &run).await?;
    the_feed_is_narrowed(browser, &mut api, &run).await?;
    the_rate_is_changed(browser, &mut api, &run).await?;
    what_is_read_stays_while_cards_come(browser).await?;

    let complaints = browser.console().await?;
    ensure!(complaints.is_empty(), "the console says {complaints:#?}");
    Ok(())
}

async fn step(browser: &Browser) -> Option<u64> {
    browser.prop(&id("run-step"), "textContent").await?.trim().parse().ok()
}

/// The figures of a step as the journal has them.
fn figures(api: &mut Client, run: &str, step: u64) -> Result<Value> {
    let events = api.events(run)?;
    let found = events.into_iter().rfind(|e| e["kind"] == "step" && e["step"] == step);
    found.with_context(|| format!("no step {step}"))
}

async fn pause(browser: &Browser, api: &mut Client, run: &str) -> Result<()> {
    browser.click(&id("control-pause")).await?;
    browser.find(&format!("{}[data-state=\"done\"]", id("run-acknowledged"))).await?;
    let said = browser.text(&id("run-acknowledged")).await.unwrap_or_default();
    let events = api.events(run)?;
    let told = events.iter().find(|e| e["kind"] == "control" && e["stage"] == "acknowledged");
    let told = told.context("no acknowledgement in the journal")?;
    let step = told["step"].as_u64().context("a step")?;
    ensure!(said.starts_with(&format!("Paused after step {step}")), "{said}");
    let (asked, done) = (told["asked_at"].as_f64(), told["at"].as_f64());
    ensure!(asked.is_some_and(|asked| done.is_some_and(|done| asked <= done)), "{told}");
    let row = format!("{}[data-state=\"done\"]", id("request-row"));
    let text = browser.text(&row).await.unwrap_or_default();
    ensure!(text.contains("Pause") && text.contains("Bo"), "{text}");
    Ok(())
}

fn plot(chart: &str) -> String {
    format!("{} .plot[data-points]", id(chart))
}

fn legend(chart: &str) -> String {
    format!("{} .legend", id(chart))
}

async fn hover_reads_every_chart(browser: &Browser, api: &mut Client, run: &str) -> Result<()> {
    // What is out of sight is not drawn.
    browser.find(&id("chart-kl")).await?.scroll_into_view().await?;
    let host = browser.find(&plot("chart-kl")).await?;
    browser.driver.action_chain().move_to_element_center(&host).perform().await?;
    browser.find(".plot-step:not([hidden])").await?;
    let at: u64 = browser
        .attr(&legend("chart-kl"), "data-step")
        .await
        .context("a step under the cursor")?
        .parse()?;
    let newest = step(browser).await.context("a step")?;
    ensure!(at > 1 && at < newest, "the middle of {newest} steps is not {at}");
    // The other charts show the same step, whether or not they are under the pointer.
    browser
        .until("the same step on another chart", async || {
            let other = browser.attr(&legend("chart-entropy"), "data-step").await?;
            (other == at.to_string()).then_some(())
        })
        .await?;
    let event = figures(api, run, at)?;
    let cell = format!("{} b", legend("chart-kl"));
    let shown = browser.text(&cell).await.context("a value")?;
    let shown: f64 = shown.replace('\u{2212}', "-").parse().with_context(|| shown.clone())?;
    let true_kl = event["kl"].as_f64().context("a KL")?;
    ensure!((shown - true_kl).abs() <= true_kl.abs() * 0.01 + 1e-9, "{shown} is not {true_kl}");
    browser.driver.action_chain().move_to(4, 4).perform().await?;
    Ok(())
}

/// First and last step that a chart shows.
async fn range(browser: &Browser, chart: &str) -> Option<(u64, u64)> {
    let text = browser.attr(&plot(chart), "data-range").await?;
    let (from, to) = text.split_once(' ')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

async fn a_drag_zooms_every_chart(browser: &Browser) -> Result<()> {
    let whole = range(browser, "chart-entropy").await.context("a range")?;
    let host = browser.find(&plot("chart-kl")).await?;
    let width = host.rect().await?.width as i64;
    let from = -width / 8;
    browser
        .driver
        .action_chain()
        .move_to_element_with_offset(&host, from, 0)
        .click_and_hold()
        .move_by_offset(width / 8, 0)
        .move_by_offset(width / 8, 0)
        .release()
        .perform()
        .await?;
    browser.find(&id("zoom-reset")).await?;
    let zoomed = browser
        .until("a narrower range on both charts", async || {
            let (one, other) =
                (range(browser, "chart-entropy").await?, range(browser, "chart-kl").await?);
            (one == other && one.1 - one.0 < whole.1 - whole.0).then_some(one)
        })
        .await?;
    ensure!(zoomed.0 > whole.0 && zoomed.1 < whole.1, "{zoomed:?} inside {whole:?}");
    // With the keyboard, on the chart that was clicked.
    browser.keys("0").await?;
    browser
        .until("all steps again", async || {
            (range(browser, "chart-kl").await? == whole).then_some(())
        })
        .await?;
    ensure!(browser.text(&id("zoom-reset")).await.is_none(), "nothing is left to reset");
    Ok(())
}

async fn the_slider_moves_every_panel(browser: &Browser, run: &str) -> Result<()> {
    const SLIDE: &str = "const slider = document.querySelector(arguments[0]); slider.value = arguments[1]; \
        slider.dispatchEvent(new Event('input', { bubbles: true }));";
    // A chart under the pointer reads the step there.
    browser.driver.action_chain().move_to(4, 4).perform().await?;
    let slider = Value::String(id("scrub"));
    browser.driver.execute(SLIDE, vec![slider, json!(5)]).await?;
    browser
        .until("charts, parts of the step and feed at step 5", async || {
            let chart = browser.attr(&legend("chart-kl"), "data-step").await? == "5";
            let parts = browser.text(&format!("{} h2", id("anatomy"))).await?;
            let card: u64 = browser.attr(&id("feed-item"), "data-step").await?.parse().ok()?;
            (chart && parts.starts_with("Step 5") && card == 5).then_some(())
        })
        .await?;
    let log = browser.text(&id("event-log")).await.unwrap_or_default();
    ensure!(log.contains("Checkpoint after step 4") && !log.contains("after step 8"), "{log}");
    ensure!(!log.contains("Paused"), "what comes later is not told yet: {log}");
    let address = browser.driver.current_url().await?;
    ensure!(address.as_str().ends_with(&format!("/runs/{run}?step=5")), "{address}");
    browser.click(&id("follow")).await?;
    browser
        .until("the newest step again", async || {
            let newest = step(browser).await?.to_string();
            (browser.attr(&legend("chart-kl"), "data-step").await? == newest).then_some(())
        })
        .await
}

async fn the_feed_is_narrowed(browser: &Browser, api: &mut Client, run: &str) -> Result<()> {
    let path = format!("/api/v1/runs/{run}/groups?task=counting&limit=100");
    let stored = api.get(&path)?;
    let stored = stored["groups"].as_array().context("groups")?.clone();
    ensure!(!stored.is_empty(), "no counting question in ten steps");
    browser.click(&format!("{} option[value=\"counting\"]", id("feed-task"))).await?;
    browser
        .until("the stored groups and no others", async || {
            let cards = browser.driver.find_all(By::Css(id("feed-item"))).await.ok()?;
            let mut seen = Vec::new();
            for card in cards {
                let step: u64 = card.attr("data-step").await.ok()??.parse().ok()?;
                let group: u64 = card.attr("data-group").await.ok()??.parse().ok()?;
                seen.push((step, group));
            }
            let want = stored
                .iter()
                .filter_map(|card| Some((card["step"].as_u64()?, card["group"].as_u64()?)));
            // The feed fetches page by page; what it has is the newest of them, in order.
            (!seen.is_empty() && want.take(seen.len()).eq(seen)).then_some(())
        })
        .await?;
    let field = browser.find(&id("feed-text")).await?;
    field.send_keys("no answer says this").await?;
    browser.find(&id("feed-none")).await?;
    browser.click(&id("feed-clear")).await?;
    browser.find(&id("feed-item")).await?;
    browser
        .driver
        .execute(
            "document.querySelector(arguments[0]).focus()",
            vec![Value::String(id("feed-item"))],
        )
        .await?;
    browser.driver.action_chain().send_keys(Key::Down).perform().await?;
    let focused = browser
        .driver
        .execute(
            "return [...document.querySelectorAll(arguments[0])].indexOf(document.activeElement)",
            vec![Value::String(id("feed-item"))],
        )
        .await?;
    ensure!(focused.json() == &json!(1), "the arrow goes to the second card: {:?}", focused.json());
    Ok(())
}

async fn the_rate_is_changed(browser: &Browser, api: &mut Client, run: &str) -> Result<()> {
    browser.click(&id("edit-open")).await?;
    let field = browser.find(&id("edit-rate")).await?;
    field.send_keys(Key::Control + "a").await?;
    field.send_keys("-1").await?;
    browser
        .until("a refusal while one types", async || {
            let told = browser.text(&format!("{} .error", id("edit-dialog"))).await?;
            told.contains("below").then_some(())
        })
        .await?;
    field.send_keys(Key::Control + "a").await?;
    field.send_keys("0.00025").await?;
    browser.click(&id("edit-rate-send")).await?;
    browser.find(&format!("{}[data-state=\"done\"]", id("edit-row"))).await?;
    let told = api.events(run)?;
    let told = told.iter().find(|e| e["kind"] == "edited").context("no edit in the journal")?;
    ensure!(told["edit"] == json!({ "what": "learning_rate", "value": 0.00025 }), "{told}");
    ensure!(told["by"] == "Bo", "{told}");
    let from = told["from_step"].as_u64().context("a step")?;
    let mark = format!("{}[data-kind=\"edit\"][data-step=\"{from}\"]", id("timeline-mark"));

    browser.click(&id("control-resume")).await?;
    browser.until("the next step", async || (step(browser).await? >= from).then_some(())).await?;
    browser.find(&mark).await?;
    let rate = |event: Value| event["learning_rate"].as_f64();
    ensure!(rate(figures(api, run, from)?) == Some(0.00025), "step {from} is made with it");
    ensure!(rate(figures(api, run, from - 1)?) != Some(0.00025), "and the one before is not");
    let audit = api.get("/api/v1/audit")?;
    let line =
        audit["lines"].as_array().context("lines")?.iter().find(|l| l["act"] == "edited_run");
    ensure!(line.is_some_and(|line| line["person"]["name"] == "Bo"), "{audit}");
    Ok(())
}

/// The first card that is whole in sight: step, group, and how far it lies below the feed's edge.
const FIRST: &str =
    "const list = document.querySelector('.feed-list'), edge = list.getBoundingClientRect().top;
    for (const card of list.querySelectorAll('[data-testid=feed-item]')) {
      const top = card.getBoundingClientRect().top - edge;
      if (top >= 0) return [+card.dataset.step, +card.dataset.group, top];
    }
    return null;";

/// Who has scrolled down reads on undisturbed: steps are made, their cards come above.
async fn what_is_read_stays_while_cards_come(browser: &Browser) -> Result<()> {
    let down = "document.querySelector('.feed-list').scrollTop = 1000";
    browser.script(down, vec![]).await?;
    let first = async || {
        let found = browser.script(FIRST, vec![]).await.ok()?;
        serde_json::from_value::<(u64, u64, f64)>(found).ok()
    };
    let was = browser.until("cards far down", async || first().await).await?;
    let before = step(browser).await.context("a step")?;
    browser
        .until("five steps more", async || {
            // Not only at the end: at no time it is elsewhere.
            let now = first().await?;
            let same = (was.0, was.1) == (now.0, now.1) && (was.2 - now.2).abs() < 1.5;
            if !same {
                return Some(Err(anyhow!("what was read was {was:?} and is {now:?}")));
            }
            (step(browser).await? >= before + 5).then_some(Ok(()))
        })
        .await??;
    let count = "return document.querySelectorAll('.feed-list *').length";
    let count = browser.script(count, vec![]).await?;
    ensure!(count.as_u64().is_some_and(|count| count < 1000), "the feed has {count} elements");
    let top =
        browser.script("return document.querySelector('.feed-list').scrollTop", vec![]).await?;
    ensure!(top.as_f64().is_some_and(|top| top > 1100.0), "cards came above: {top}");
    Ok(())
}
