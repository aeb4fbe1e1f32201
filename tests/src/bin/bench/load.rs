//! The first load of the page.

use crate::share_of;
use anyhow::{Context, Result};
use tests::browser::{Browser, Driver, id};
use tests::studio::{Client, Studio};
use thirtyfour::prelude::*;

/// Times the page is loaded with an empty cache.
const LOADS: usize = 5;

/// What a person with an empty cache waits for at the list of runs. Words are first painted when the
/// page's frame is drawn and can be used; until then there are only grey rows. What the page fetches
/// later, ahead of need, is not counted.
pub async fn first_load(studio: &Studio, api: &mut Client, driver: &Driver) -> Result<()> {
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
    println!(
        "first load          {:.0} KB in {files} files, usable after {:.0} ms ({:.0} to {:.0} of {LOADS} loads; server and browser share this machine)",
        bytes / 1e3,
        share_of(&times, 0.5),
        share_of(&times, 0.0),
        share_of(&times, 1.0)
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

/// Lets a browser in that has none of the page's files.
pub async fn enter(studio: &Studio, api: &Client, browser: &Browser) -> Result<()> {
    let (name, value) = api.cookie().context("a session")?;
    // A cookie can be set on a page of its server only; this one brings no file of the page.
    browser.open(&format!("{}/api/v1/session", studio.base)).await?;
    Ok(browser.driver.add_cookie(Cookie::new(name, value)).await?)
}

async fn load(studio: &Studio, api: &Client, browser: &Browser) -> Result<(u64, f64, f64)> {
    enter(studio, api, browser).await?;
    browser.open(&format!("{}/runs", studio.base)).await?;
    browser.find(&id("link-status")).await?;
    browser
        .until("the first words", async || {
            let loaded = browser.driver.execute(LOADED, vec![]).await.ok()?;
            serde_json::from_value(loaded.json().clone()).ok()
        })
        .await
}
