//! The group page: opened cold, driven by keys, scored again.

use crate::live::WATCHED_STEPS;
use crate::load::enter;
use crate::share_of;
use anyhow::Result;
use serde_json::json;
use tests::browser::{Browser, Driver, id};
use tests::studio::{Client, Studio};

/// Times a group is opened by a browser without any file, each a group that nobody opened before.
const OPENED: u64 = 7;

/// Notes when the group's frames are first on the screen, small (from the film strip) and large.
const NOTE_FRAMES: &str = "
    window.framed = {};
    const look = () => {
      for (const image of document.querySelectorAll('[data-testid=clip] image')) {
        const name = image.getAttribute('href').includes('size=') ? 'large' : 'small';
        if (name in window.framed) continue;
        window.framed[name] = 0;
        requestAnimationFrame(() => requestAnimationFrame(() => { window.framed[name] = performance.now(); }));
      }
    };
    new MutationObserver(look).observe(document, {subtree: true, childList: true, attributes: true});";

/// From opening a link to a group to its frames on the screen: nothing of the page is in the
/// browser, no picture of the group was ever made.
pub async fn cold(studio: &Studio, api: &Client, driver: &Driver, run: &str) -> Result<()> {
    let (mut first, mut large) = (Vec::new(), Vec::new());
    for at in 0..OPENED {
        let browser = driver.browser((1440, 900)).await?;
        let place = format!("{}/runs/{run}/steps/{}/groups/0", studio.base, 10 + at);
        let times = open(studio, api, &browser, &place).await;
        browser.quit().await;
        let (small_ms, large_ms) = times?;
        first.push(small_ms.min(large_ms));
        large.push(large_ms);
    }
    println!("group page, cold    {}", opened(&first, &large));
    Ok(())
}

/// Clicks the so-manieth card of the feed and gives the time until the frames of its group are on
/// the screen, small or large, and until the large ones are.
const CLICK_CARD: &str = "
    const done = arguments[arguments.length - 1];
    window.framed = {};
    const clicked = performance.now();
    document.querySelectorAll('[data-testid=feed-item]')[arguments[0]].click();
    const look = () => {
      const {small, large} = window.framed;
      if (large > 0) done([Math.min(small || large, large) - clicked, large - clicked]);
      else requestAnimationFrame(look);
    };
    look();";

/// From a press on a card of the run's page to the frames of its group, of which no picture was
/// ever made: what somebody waits for who is in the page already.
pub async fn from_the_feed(
    studio: &Studio,
    api: &Client,
    driver: &Driver,
    run: &str,
) -> Result<()> {
    let browser = driver.browser((1440, 900)).await?;
    let times = clicks(studio, api, &browser, run).await;
    browser.quit().await;
    let (first, large): (Vec<f64>, Vec<f64>) = times?.into_iter().unzip();
    println!("group page, by card {}", opened(&first, &large));
    Ok(())
}

async fn clicks(
    studio: &Studio,
    api: &Client,
    browser: &Browser,
    run: &str,
) -> Result<Vec<(f64, f64)>> {
    enter(studio, api, browser).await?;
    let script = json!({ "source": NOTE_FRAMES });
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", script).await?;
    let mut times = Vec::new();
    for at in 0..OPENED {
        browser.open(&format!("{}/runs/{run}", studio.base)).await?;
        browser.find(&id("feed-item")).await?;
        let found = browser.driver.execute_async(CLICK_CARD, vec![json!(at)]).await?;
        times.push(serde_json::from_value(found.json().clone())?);
    }
    Ok(times)
}

fn opened(first: &[f64], large: &[f64]) -> String {
    let range = |times: &[f64]| {
        let [median, least, most] = [0.5, 0.0, 1.0].map(|share| share_of(times, share));
        format!("{median:.0} ms ({least:.0} to {most:.0})")
    };
    format!("frames after {}, large after {}; {} groups", range(first), range(large), first.len())
}

async fn open(studio: &Studio, api: &Client, browser: &Browser, place: &str) -> Result<(f64, f64)> {
    enter(studio, api, browser).await?;
    let script = json!({ "source": NOTE_FRAMES });
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", script).await?;
    browser.open(place).await?;
    browser
        .until("the large frames", async || {
            let found = browser.driver.execute("return window.framed", vec![]).await.ok()?;
            let framed = found.json().clone();
            let large = framed["large"].as_f64().filter(|at| *at > 0.0)?;
            Some((framed["small"].as_f64().filter(|at| *at > 0.0).unwrap_or(large), large))
        })
        .await
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
        const handled = performance.now();
        took.push([await painted() - pressed, handled - pressed]);
      }
      done(took);
    })();";

/// Keys to painted frames, and what-if over all of a run's answers.
pub async fn keys_and_what_if(
    studio: &Studio,
    api: &Client,
    driver: &Driver,
    run: &str,
) -> Result<()> {
    let browser = driver.browser((1440, 900)).await?;
    let measured = keys(studio, api, &browser, run).await;
    browser.quit().await;
    measured
}

async fn keys(studio: &Studio, api: &Client, browser: &Browser, run: &str) -> Result<()> {
    enter(studio, api, browser).await?;
    browser.open(&format!("{}/runs/{run}/steps/{WATCHED_STEPS}/groups/0", studio.base)).await?;
    browser.find(&format!("{} image[href*=\"size=\"]", id("clip"))).await?;
    let took = browser.driver.execute_async(STEP_FRAMES, vec![]).await?;
    let took: Vec<(f64, f64)> = serde_json::from_value(took.json().clone())?;
    let (painted, handled): (Vec<f64>, Vec<f64>) = took.into_iter().unzip();
    println!(
        "key to frame        p50 {:.1} ms, p95 {:.1} ms over {} presses, up to a screen's 16.7 ms of it waiting for its next picture; the page's own work p95 {:.1} ms",
        share_of(&painted, 0.5),
        share_of(&painted, 0.95),
        painted.len(),
        share_of(&handled, 0.95),
    );
    browser.keys("w").await?;
    let found = browser.find(&id("whatif-took")).await?;
    println!("what-if             {}", found.text().await?.split(". ").next().unwrap_or_default());
    Ok(())
}
