//! What the screens look like, against pictures kept in `goldens/screens`. With
//! `VIDEOSSR_SNAPSHOTS=renew` new ones are written: look at them before they are committed.

use anyhow::{Context, Result, ensure};
use media::Picture;
use serde_json::json;
use std::path::{Path, PathBuf};
use tests::browser::{Browser, Driver};
use tests::gallery::{Gallery, Names, SIZES, Screen};
use tests::picture::{difference, marked, small};
use tests::studio::Studio;
use tests::{root, skip};
use thirtyfour::By;

/// Screens that look the same on every machine; health shows what a machine has.
const SHOWN: [&str; 10] = [
    "new-run", "runs", "run", "group", "compare", "videos", "studio", "failures", "review", "team",
];
/// Bytes of all references together, at most.
const BUDGET: u64 = 3_000_000;

/// A clock that stands an hour after the folder began, and no sight of what decoders, machines and
/// links make of it: video frames, the round trip, caret and pointer.
const FREEZE: &str = "
    Date.now = () => 1770003600000;
    addEventListener('DOMContentLoaded', () => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(`
        image, img, video, .thumb, .film, .feed-thumb { filter: contrast(0) !important; animation: none !important; }
        [data-testid=link-status] .wide-only, [data-machine] { visibility: hidden !important; }
        *, *::before, *::after { caret-color: transparent !important; animation: none !important; transition: none !important; }
        *::-webkit-scrollbar { display: none; }`);
      document.adoptedStyleSheets = [sheet];
    });";

#[tokio::test(flavor = "multi_thread")]
async fn screens_look_as_they_did() -> Result<()> {
    let Some(driver) = Driver::start()? else {
        skip("no chromedriver here; the looks of the screens were not compared");
        return Ok(());
    };
    let browser = driver.browser(SIZES[0]).await?;
    let outcome = scenario(&browser).await;
    browser.quit().await;
    outcome
}

async fn scenario(browser: &Browser) -> Result<()> {
    let data = tempfile::tempdir()?;
    let gallery = Gallery::fill(data.path(), Names::Usual)?;
    let studio = Studio::on(data)?;
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": FREEZE })).await?;
    browser.devtools("Emulation.setTimezoneOverride", json!({ "timezoneId": "UTC" })).await?;
    browser.sign_in(&studio.sign_in, "Ada").await?;
    let mut wrong = Vec::new();
    for screen in gallery.screens().iter().filter(|screen| SHOWN.contains(&screen.name)) {
        for size in SIZES {
            // Opened at its size: what is drawn once, such as a canvas, is drawn for it.
            browser.resize(size).await?;
            browser.open(&format!("{}{}", studio.base, screen.path)).await?;
            browser.find(&screen.ready).await.with_context(|| screen.name.to_owned())?;
            if screen.name == "new-run" {
                drawn(browser).await?;
            }
            for theme in ["dark", "light"] {
                browser.theme(theme).await?;
                wrong.extend(compared(browser, screen, size, theme).await?);
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    within_budget()
}

/// Waits for the question that a run would ask, which is drawn after the form stood still a while.
async fn drawn(browser: &Browser) -> Result<()> {
    let film = || browser.driver.find(By::Css(".asks-film > *"));
    browser.until("a question's film", async || film().await.ok().map(drop)).await
}

/// What is wrong with a screen as it is now, if anything; or its new reference.
async fn compared(
    browser: &Browser,
    screen: &Screen,
    size: (u32, u32),
    theme: &str,
) -> Result<Option<String>> {
    let name = format!("{}-{}-{theme}.png", screen.name, size.0);
    let (file, seen) = (references().join(&name), settled(browser, &name).await?);
    if std::env::var("VIDEOSSR_SNAPSHOTS").is_ok_and(|wish| wish == "renew") {
        std::fs::create_dir_all(references())?;
        let Picture { width, height, rgb } = seen;
        media::write_png(&file, &rgb, width, height)?;
        return Ok(None);
    }
    ensure!(file.is_file(), "no reference {}; VIDEOSSR_SNAPSHOTS=renew writes it", file.display());
    let Some(found) = difference(&media::read_png(&file)?, &seen) else { return Ok(None) };
    let Picture { width, height, rgb } = marked(&seen, &found);
    let shown = aside(&format!("differs-{name}"))?;
    media::write_png(&shown, &rgb, width, height)?;
    let [left, top, right, bottom] = found.within.map(|edge| edge * 2);
    Ok(Some(format!(
        "{name}: {:.1} % differs, from ({left}, {top}) to ({right}, {bottom}); see {}",
        found.share * 100.0,
        shown.display()
    )))
}

/// The screen once it stands still.
async fn settled(browser: &Browser, name: &str) -> Result<Picture> {
    browser
        .script("document.activeElement?.blur?.(); return document.fonts.status", vec![])
        .await?;
    let mut before = Vec::new();
    let bytes = browser
        .until(&format!("{name} to stand still"), async || {
            let busy = browser.script(BUSY, vec![]).await.ok()?.as_bool()?;
            let now = browser.driver.screenshot_as_png().await.ok()?;
            let still = !busy && now == before;
            before.clone_from(&now);
            still.then_some(now)
        })
        .await?;
    let file = aside(name)?;
    std::fs::write(&file, bytes)?;
    Ok(small(&media::read_png(&file)?))
}

/// Whether something is still on its way.
const BUSY: &str =
    "return document.fonts.status !== 'loaded' || !!document.querySelector('.skeleton')
    || !!document.querySelector('[data-busy=true]')";

fn references() -> PathBuf {
    root().join("tests/goldens/screens")
}

/// Where pictures of this run lie, for people to look at.
fn aside(name: &str) -> Result<PathBuf> {
    let folder = root().join("target/screens");
    std::fs::create_dir_all(&folder)?;
    Ok(folder.join(name))
}

fn within_budget() -> Result<()> {
    let size = |folder: &Path| -> Result<u64> {
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
    };
    let bytes = size(&references())?;
    ensure!(bytes <= BUDGET, "the references have {bytes} bytes, of {BUDGET} at most");
    Ok(())
}
