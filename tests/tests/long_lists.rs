//! Lists that are longer than a screen by far: only what is in sight is in the page, and everything
//! can be reached, by wheel and by keyboard, filtered and sorted.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::browser::{Browser, Driver, id};
use tests::skip;
use tests::studio::Studio;
use tests::synth::{Bodies, Folder, Plan};
use thirtyfour::prelude::*;

/// Runs of the table.
const RUNS: u64 = 4_000;
/// Steps of the run with the long feed, each with four groups.
const STEPS: u64 = 300;
/// Rows in the page at most, whatever the list holds.
const DRAWN: u64 = 70;

#[tokio::test(flavor = "multi_thread")]
async fn long_lists_are_drawn_in_part_and_reached_whole() -> Result<()> {
    let Some(driver) = Driver::start()? else {
        skip("no chromedriver here; long lists were not scrolled");
        return Ok(());
    };
    let data = tempfile::tempdir()?;
    let folder = Folder::with_clips(data.path())?;
    let bare =
        |name, steps, groups| Plan { bodies: Bodies::Bare, ..Plan::new(name, steps, groups, 2) };
    let one = folder.add_run(bare("one of many", 4, 1))?;
    folder.copy_run(&one, RUNS - 2)?;
    let long = folder.add_run(bare("long feed", STEPS, 4))?;
    drop(folder);
    let studio = Studio::on(data)?;
    let browser = driver.browser((1440, 900)).await?;
    let outcome = scenario(&studio, &browser, &long).await;
    browser.quit().await;
    outcome
}

async fn scenario(studio: &Studio, browser: &Browser, long: &str) -> Result<()> {
    browser.sign_in(&studio.sign_in, "Ada").await?;
    browser.open(&format!("{}/runs", studio.base)).await?;
    counted(browser, RUNS).await?;
    the_table_is_scrolled_to_its_end(browser).await?;
    the_table_is_filtered_and_sorted(browser).await?;
    the_table_is_walked(browser).await?;
    browser.resize((390, 844)).await?;
    the_table_is_scrolled_to_its_end(browser).await.context("on a phone")?;
    browser.resize((1440, 900)).await?;

    browser.open(&format!("{}/runs/{long}", studio.base)).await?;
    browser.find(&id("feed-item")).await?;
    the_feed_is_scrolled_to_its_end(browser).await?;
    the_feed_is_walked(browser).await?;
    let complaints = browser.console().await?;
    ensure!(complaints.is_empty(), "the console says {complaints:#?}");
    Ok(())
}

/// Waits until the table has so many rows.
async fn counted(browser: &Browser, runs: u64) -> Result<()> {
    let all = (runs + 1).to_string();
    browser
        .until(&format!("{runs} rows"), async || {
            (browser.attr(".runs table", "aria-rowcount").await? == all).then_some(())
        })
        .await
}

/// The rows in the page: how many, and the number that each tells of itself.
async fn rows(browser: &Browser) -> Result<Vec<u64>> {
    const ROWS: &str =
        "return [...document.querySelectorAll(arguments[0])].map((row) => +row.ariaRowIndex)";
    let found = browser.script(ROWS, vec![id("run-row").into()]).await?;
    let found: Vec<u64> = serde_json::from_value(found)?;
    ensure!(found.len() as u64 <= DRAWN, "{} rows are drawn", found.len());
    ensure!(found.is_sorted(), "rows are out of order: {found:?}");
    Ok(found)
}

async fn scroll(browser: &Browser, list: &str, to: f64) -> Result<()> {
    const SCROLL: &str = "document.querySelector(arguments[0]).scrollTop = arguments[1]";
    browser.script(SCROLL, vec![list.into(), json!(to)]).await.map(drop)
}

async fn the_table_is_scrolled_to_its_end(browser: &Browser) -> Result<()> {
    scroll(browser, ".runs.windowed", 0.0).await?;
    browser
        .until("the first row", async || {
            (rows(browser).await.ok()?.first() == Some(&2)).then_some(())
        })
        .await?;
    let pick = format!("{}[aria-rowindex=\"2\"] input", id("run-row"));
    browser.click(&pick).await?;
    scroll(browser, ".runs.windowed", 1e9).await?;
    browser
        .until("the last row", async || {
            (rows(browser).await.ok()?.last() == Some(&(RUNS + 1))).then_some(())
        })
        .await?;
    // The last row is whole in sight, and so is the head of the table, where there is one.
    const EDGES: &str = "const list = document.querySelector('.runs.windowed');
        const box = list.getBoundingClientRect(), rows = list.querySelectorAll(arguments[0]);
        const head = list.querySelector('thead th').getBoundingClientRect();
        return [box.bottom - rows[rows.length - 1].getBoundingClientRect().bottom,
          head.height ? head.top - box.top : 0];";
    let edges = browser.script(EDGES, vec![id("run-row").into()]).await?;
    let edges: [f64; 2] = serde_json::from_value(edges)?;
    ensure!(edges.iter().all(|px| px.abs() < 3.0), "row and head are off by {edges:?} px");
    scroll(browser, ".runs.windowed", 0.0).await?;
    browser.find(&pick).await?;
    let picked = browser.prop(&pick, "checked").await;
    ensure!(picked.as_deref() == Some("true"), "the first run is picked still: {picked:?}");
    browser.click(&pick).await
}

async fn typed(browser: &Browser, words: &str) -> Result<()> {
    let field = browser.find(&id("run-filter")).await?;
    field.send_keys(Key::Control + "a").await?;
    field.send_keys(Key::Backspace + words).await?;
    Ok(())
}

async fn the_table_is_filtered_and_sorted(browser: &Browser) -> Result<()> {
    typed(browser, "MANY 3990 cpu").await?;
    counted(browser, 1).await?;
    let name = browser.text(&format!("{} a", id("run-row"))).await;
    ensure!(name.as_deref() == Some("one of many 3990"), "{name:?}");
    typed(browser, "many 39").await?;
    let found = (1..=RUNS - 2).filter(|copy| copy.to_string().contains("39")).count() as u64;
    counted(browser, found).await?;
    browser.click(&id("run-sort-reward")).await?;
    browser
        .until("the best reward first, wherever the list was", async || {
            let shown = "return [...document.querySelectorAll('.runs td:nth-child(5)')].map((cell) => +cell.textContent)";
            let figures = browser.script(shown, vec![]).await.ok()?;
            let figures: Vec<f64> = serde_json::from_value(figures).ok()?;
            let falls = figures.is_sorted_by(|a, b| a >= b);
            let first = *rows(browser).await.ok()?.first()? == 2;
            (falls && first && figures.len() > 20).then_some(())
        })
        .await?;
    let row = browser.find(&id("run-row")).await?;
    let archived = row.attr("data-run").await?.context("an id")?;
    let away = format!("{}[data-run=\"{archived}\"]", id("run-row"));
    browser.click(&format!("{away} {}", id("run-archive"))).await?;
    counted(browser, found - 1).await?;
    ensure!(browser.driver.find(By::Css(&away)).await.is_err(), "it is out of sight");
    browser.keys("u").await?;
    counted(browser, found).await?;
    typed(browser, "").await?;
    counted(browser, RUNS).await
}

/// What of a list has the focus: the number of its row, and whether it is in sight.
async fn focused(browser: &Browser, list: &str, number: &str) -> Result<(u64, bool)> {
    const FOCUSED: &str = "const row = document.activeElement.closest(`[${arguments[1]}]`);
        const box = document.querySelector(arguments[0]).getBoundingClientRect(), own = row?.getBoundingClientRect();
        return [+(row?.getAttribute(arguments[1]) ?? 0), !!own && own.top >= box.top - 1 && own.bottom <= box.bottom + 1];";
    let found = browser.script(FOCUSED, vec![list.into(), number.into()]).await?;
    Ok(serde_json::from_value(found)?)
}

async fn press(browser: &Browser, key: Key, times: usize) -> Result<()> {
    for _ in 0..times {
        browser.driver.action_chain().send_keys(key.clone()).perform().await?;
    }
    Ok(())
}

async fn focus(browser: &Browser, css: &str) -> Result<()> {
    let focus = "document.querySelector(arguments[0]).focus()";
    browser.script(focus, vec![Value::from(css)]).await.map(drop)
}

/// Arrow keys go from name to name, also where no row is drawn yet.
async fn the_table_is_walked(browser: &Browser) -> Result<()> {
    scroll(browser, ".runs.windowed", 0.0).await?;
    let first = format!("{}[aria-rowindex=\"2\"] a", id("run-row"));
    browser.find(&first).await?;
    focus(browser, &first).await?;
    let at = async || focused(browser, ".runs.windowed", "aria-rowindex").await;
    press(browser, Key::Down, 60).await?;
    ensure!(at().await? == (62, true), "60 rows down: {:?}", at().await?);
    press(browser, Key::End, 1).await?;
    ensure!(at().await? == (RUNS + 1, true), "at the end: {:?}", at().await?);
    press(browser, Key::Up, 1).await?;
    ensure!(at().await? == (RUNS, true), "one up again: {:?}", at().await?);
    // Scrolled away, the row stays in the page and keeps the focus.
    scroll(browser, ".runs.windowed", 0.0).await?;
    browser
        .until("the first rows", async || rows(browser).await.ok()?.contains(&2).then_some(()))
        .await?;
    ensure!(at().await? == (RUNS, false), "the focus went: {:?}", at().await?);
    press(browser, Key::Up, 1).await?;
    ensure!(at().await? == (RUNS - 1, true), "and leads on from there: {:?}", at().await?);
    Ok(())
}

async fn cards(browser: &Browser) -> Option<(u64, u64)> {
    const CARDS: &str = "const cards = document.querySelectorAll(arguments[0]);
        return [cards.length, +(cards[cards.length - 1]?.dataset.step ?? 0)];";
    let found = browser.script(CARDS, vec![id("feed-item").into()]).await.ok()?;
    serde_json::from_value(found).ok()
}

/// Wheel turns lead to the first step, without a button.
async fn the_feed_is_scrolled_to_its_end(browser: &Browser) -> Result<()> {
    browser
        .until("the first step of the run", async || {
            scroll(browser, ".feed-list", 1e9).await.ok()?;
            let (drawn, step) = cards(browser).await?;
            (drawn <= DRAWN && step == 1).then_some(())
        })
        .await?;
    let told = browser.attr(".feed [role=listitem]", "aria-setsize").await;
    ensure!(told == Some((STEPS * 4).to_string()), "all groups are here: {told:?}");
    scroll(browser, ".feed-list", 0.0).await?;
    browser.find(&format!("{}[data-step=\"{STEPS}\"]", id("feed-item"))).await.map(drop)
}

async fn the_feed_is_walked(browser: &Browser) -> Result<()> {
    focus(browser, &id("feed-item")).await?;
    let at = async || focused(browser, ".feed-list", "aria-posinset").await;
    press(browser, Key::Down, 50).await?;
    ensure!(at().await? == (51, true), "50 cards down: {:?}", at().await?);
    press(browser, Key::End, 1).await?;
    ensure!(at().await? == (STEPS * 4, true), "at the end: {:?}", at().await?);
    let tabs = "return document.querySelectorAll('.feed-list a[tabindex=\"0\"]').length";
    let tabs = browser.script(tabs, vec![]).await?;
    ensure!(tabs == json!(1), "Tab stops at {tabs} cards");
    let (drawn, _) = cards(browser).await.context("cards")?;
    ensure!(drawn <= DRAWN, "{drawn} cards are drawn");
    Ok(())
}
