//! Screens come in files of their own: one that did not come is asked for again, and where there
//! is time they come before they are opened.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use tests::browser::{Browser, Driver, id};
use tests::skip;
use tests::studio::{self, Studio};

/// What the names of the files begin with in which screens begin.
const SCREEN: &str = "frontend-split_";

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_that_did_not_come_is_fetched_again() -> Result<()> {
    let Some(driver) = Driver::start()? else {
        skip("no chromedriver here; no screen was fetched");
        return Ok(());
    };
    let page = tempfile::tempdir()?;
    copy(&studio::page(), page.path())?;
    let studio = Studio::with_page(page.path())?;
    let browser = driver.browser((1440, 900)).await?;
    let outcome = scenario(&studio, &browser, page.path()).await;
    browser.quit().await;
    outcome
}

async fn scenario(studio: &Studio, browser: &Browser, page: &Path) -> Result<()> {
    let screens = screens(page)?;
    ensure!(!screens.is_empty(), "the page was built in one piece");
    let aside = |file: &Path| PathBuf::from(format!("{}.aside", file.display()));
    for file in &screens {
        std::fs::rename(file, aside(file))?;
    }
    browser.sign_in(&studio.sign_in, "Ada").await?;
    browser.find(&id("empty")).await.context("the list of runs needs none of them")?;
    browser.open(&format!("{}/team", studio.base)).await?;
    browser.find(&id("fault")).await.context("the page says that its part did not come")?;

    for file in &screens {
        std::fs::rename(aside(file), file)?;
    }
    browser.click(&format!("{} button", id("fault"))).await?;
    browser.find(&id("invite-create")).await.context("the second try brings the screen")?;

    browser.open(&format!("{}/runs", studio.base)).await?;
    let wanted = screens.iter().filter(|file| file.extension().is_some_and(|e| e == "wasm"));
    let wanted = wanted.count() as u64;
    browser
        .until("all of them, ahead of time", async || {
            (fetched(browser).await? == wanted).then_some(())
        })
        .await
}

/// How many such files the page has fetched since it was opened.
async fn fetched(browser: &Browser) -> Option<u64> {
    let count = format!(
        "return performance.getEntriesByType('resource')
            .filter((file) => file.name.includes('{SCREEN}')).length"
    );
    browser.driver.execute(count, vec![]).await.ok()?.json().as_u64()
}

/// The files of screens in the page's folder, with their compressed copies.
fn screens(page: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(page)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(SCREEN) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from).with_context(|| format!("no {}", from.display()))? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), &to)?;
        }
    }
    Ok(())
}
