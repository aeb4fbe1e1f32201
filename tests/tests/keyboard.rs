//! The main job without a pointer: nothing here clicks. Whatever gets the focus on the way is
//! visible and has a ring; a key is changed in the sheet and acts at once.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::browser::{Browser, id};
use tests::studio::Studio;
use tests::{driven, root};
use thirtyfour::prelude::*;

/// Presses of Tab that lead from anywhere to anywhere on a page.
const FAR: usize = 120;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_started_read_and_tagged_by_keyboard_alone() -> Result<()> {
    driven("the keyboard was not tried", (1440, 1000), scenario).await
}

async fn scenario(studio: &Studio, browser: &Browser) -> Result<()> {
    let mut api = studio.session(Studio::token(&studio.sign_in), "Ada")?;
    let bytes = std::fs::read(root().join("static/clips/rabbit-animation.mp4"))?;
    api.upload("/api/v1/videos?name=rabbit-animation.mp4", &bytes)?;

    sign_in(browser, &studio.invite(&mut api, "admin", "Bo")?).await?;
    start_a_run(browser).await?;
    find_what_the_screen_does(browser).await?;
    open_a_group(browser).await?;
    look_around(browser).await?;
    tag_submit_undo(browser).await?;
    change_a_key(browser).await?;
    no_dialog_keeps_the_focus(browser).await?;

    let mut complaints = browser.console().await?;
    // The browser notes the refusal of a link without a name.
    complaints.retain(|line| !(line.contains("422") && line.contains("/api/v1/session")));
    ensure!(complaints.is_empty(), "the console says {complaints:#?}");
    Ok(())
}

/// What has the focus, and how it looks.
struct Focus {
    name: String,
    seen: bool,
    ringed: bool,
    fits: bool,
}

/// Asks for it; `css` is what one is on the way to.
async fn focus(browser: &Browser, css: &str) -> Result<Option<Focus>> {
    let asked = browser
        .driver
        .execute(
            "const found = document.activeElement;
             if (!found || found === document.body) return null;
             const box = found.getBoundingClientRect();
             const ring = (one) => {
               const style = getComputedStyle(one);
               return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
             };
             // A field's ring lies around its unit too; a hidden file field's around its label.
             const frame = found.closest('.box, label');
             const area = frame && !ring(found) ? frame.getBoundingClientRect() : box;
             return {
               name: found.outerHTML.slice(0, 160),
               seen: area.width > 0 && area.height > 0 && area.right > 0 && area.left < innerWidth && area.bottom > 0 && area.top < innerHeight,
               ringed: ring(found) || (frame !== null && ring(frame)),
               fits: found.matches(arguments[0]),
             };",
            vec![Value::String(css.to_owned())],
        )
        .await?;
    let found = asked.json();
    let yes = |key: &str| found[key].as_bool().unwrap_or(false);
    Ok(found["name"].as_str().map(|name| Focus {
        name: name.to_owned(),
        seen: yes("seen"),
        ringed: yes("ringed"),
        fits: yes("fits"),
    }))
}

/// Goes on with Tab until the focus is on what `css` means; looks at everything on the way.
async fn tab_to(browser: &Browser, css: &str) -> Result<()> {
    for _ in 0..FAR {
        press(browser, Key::Tab).await?;
        let Some(focus) = focus(browser, css).await? else { continue };
        ensure!(focus.seen, "the focus is out of sight: {}", focus.name);
        ensure!(focus.ringed, "the focus has no ring: {}", focus.name);
        if focus.fits {
            return Ok(());
        }
    }
    anyhow::bail!("{FAR} presses of Tab do not lead to {css}")
}

async fn press(browser: &Browser, key: Key) -> Result<()> {
    Ok(browser.driver.action_chain().send_keys(key).perform().await?)
}

async fn with_ctrl(browser: &Browser, key: impl Into<TypingData>) -> Result<()> {
    let chain = browser.driver.action_chain().key_down(Key::Control).send_keys(key);
    Ok(chain.key_up(Key::Control).perform().await?)
}

/// Waits until an attribute is what it should be.
async fn attr_is(browser: &Browser, css: &str, name: &str, want: &str) -> Result<()> {
    browser
        .until(&format!("{css} with {name}={want}"), async || {
            (browser.attr(css, name).await? == want).then_some(())
        })
        .await
}

async fn sign_in(browser: &Browser, link: &str) -> Result<()> {
    browser.open(link).await?;
    let there = browser
        .until("the name field or the first page", async || {
            if browser.text(&id("link-status")).await.is_some() {
                return Some(true);
            }
            browser.driver.find(By::Css(id("sign-in-name"))).await.ok().map(|_| false)
        })
        .await?;
    if !there {
        let field = id("sign-in-name");
        if !focus(browser, &field).await?.is_some_and(|focus| focus.fits) {
            tab_to(browser, &field).await?;
        }
        with_ctrl(browser, "a").await?;
        browser.keys("Bo").await?;
        press(browser, Key::Enter).await?;
    }
    browser.find(&id("link-status")).await?;
    // The tour is only offered, and the offer is put away without a pointer.
    browser.find(&id("tour-offer")).await?;
    tab_to(browser, &id("tour-no")).await?;
    press(browser, Key::Enter).await
}

async fn start_a_run(browser: &Browser) -> Result<()> {
    tab_to(browser, &id("rail-new-run")).await?;
    press(browser, Key::Enter).await?;
    browser.find(&id("field-steps")).await?;
    tab_to(browser, &id("field-steps")).await?;
    with_ctrl(browser, "a").await?;
    browser.keys("3").await?;
    with_ctrl(browser, Key::Enter).await?;
    browser
        .until("the second step", async || {
            let step = browser.prop(&id("run-step"), "textContent").await?;
            (step.trim().parse::<u64>().ok()? >= 2).then_some(())
        })
        .await
}

/// The palette runs an action of the screen by some of its name and gives the focus back first.
async fn find_what_the_screen_does(browser: &Browser) -> Result<()> {
    let hold = ".feed [aria-keyshortcuts=p]";
    tab_to(browser, hold).await?;
    attr_is(browser, hold, "aria-pressed", "false").await?;
    choose_by_name(browser, "feed hol", "Hold the feed").await?;
    attr_is(browser, hold, "aria-pressed", "true").await?;
    let back = focus(browser, hold).await?.context("the focus is nowhere")?;
    ensure!(back.fits, "the focus went to {}", back.name);
    choose_by_name(browser, "hold", "Hold the feed").await?;
    attr_is(browser, hold, "aria-pressed", "false").await?;
    choose_by_name(browser, "step 1", "Go to step 1").await?;
    address_is(browser, "step=1").await?;
    choose_by_name(browser, "newest", "Follow the newest step").await?;
    address_is(browser, "").await
}

/// Types into the palette, looks at what Enter would take, and takes it.
async fn choose_by_name(browser: &Browser, typed: &str, name: &str) -> Result<()> {
    let (field, chosen) = (id("palette-input"), "#palette-list [aria-selected=true]");
    with_ctrl(browser, "k").await?;
    browser
        .until("the focus in the palette", async || {
            focus(browser, &field).await.ok()??.fits.then_some(())
        })
        .await?;
    browser.keys(typed).await?;
    browser.until(name, async || browser.text(chosen).await?.contains(name).then_some(())).await?;
    let told = browser.attr(&field, "aria-activedescendant").await;
    ensure!(told.is_some() && told == browser.attr(chosen, "id").await, "told of {told:?}");
    press(browser, Key::Enter).await?;
    closed(browser, "palette").await
}

async fn address_is(browser: &Browser, query: &str) -> Result<()> {
    browser
        .until(&format!("the address with {query:?}"), async || {
            let url = browser.driver.current_url().await.ok()?;
            (url.query().unwrap_or_default() == query).then_some(())
        })
        .await
}

async fn open_a_group(browser: &Browser) -> Result<()> {
    browser.find(&id("feed-item")).await?;
    tab_to(browser, &id("feed-item")).await?;
    press(browser, Key::Enter).await?;
    browser.find(&id("lane-truth")).await.map(drop)
}

async fn look_around(browser: &Browser) -> Result<()> {
    let slot = browser.attr(&id("frame"), "data-slot").await.context("a frame")?;
    let before: u32 = slot.parse()?;
    browser.keys("..").await?;
    attr_is(browser, &id("frame"), "data-slot", &(before + 2).to_string()).await?;
    browser.keys(",").await?;
    attr_is(browser, &id("frame"), "data-slot", &(before + 1).to_string()).await?;
    browser.keys("g2").await?;
    attr_is(browser, &id("tokens"), "data-rollout", "1").await
}

async fn tag_submit_undo(browser: &Browser) -> Result<()> {
    let first = ".tagging [data-testid^=tag-]";
    browser.keys("1").await?;
    attr_is(browser, first, "aria-pressed", "true").await?;
    // The tag itself can be undone, and done again.
    browser.keys("u").await?;
    attr_is(browser, first, "aria-pressed", "false").await?;
    browser.keys("1").await?;
    attr_is(browser, first, "aria-pressed", "true").await?;
    with_ctrl(browser, Key::Enter).await?;
    browser.until("the submission", async || said(browser, "saved as").await).await?;
    browser.keys("g2").await?;
    attr_is(browser, &id("label-state"), "data-state", "submitted").await?;
    browser.keys("u").await?;
    browser.until("the label taken back", async || said(browser, "taken back").await).await?;
    browser
        .until("no label, and the tag as it was written", async || {
            let gone = browser.driver.find(By::Css(id("label-state"))).await.is_err();
            let pressed = browser.attr(first, "aria-pressed").await?;
            (gone && pressed == "true").then_some(())
        })
        .await
}

/// Whether a piece of news has these words.
async fn said(browser: &Browser, words: &str) -> Option<()> {
    let news = browser.driver.find_all(By::Css(id("toast"))).await.ok()?;
    for one in news {
        if one.text().await.is_ok_and(|text| text.contains(words)) {
            return Some(());
        }
    }
    None
}

/// The key of the loop becomes X, which asks for nothing; W would take another command's.
async fn change_a_key(browser: &Browser) -> Result<()> {
    let line = format!("{}[data-key=loop] {}", id("key-line"), id("key-change"));
    browser.keys("?").await?;
    browser.find(&id("key-search")).await?;
    browser
        .until("the focus in the search", async || {
            focus(browser, &id("key-search")).await.ok()??.fits.then_some(())
        })
        .await?;
    browser.keys("loop").await?;
    tab_to(browser, &line).await?;
    press(browser, Key::Enter).await?;
    press(browser, Key::Tab).await?;
    browser.find(&id("key-refused")).await.context("Tab stays what it is")?;
    press(browser, Key::Enter).await?;
    browser.keys("s").await?;
    browser.find(&id("key-clash")).await.context("S shows the source already")?;
    press(browser, Key::Escape).await?;
    press(browser, Key::Enter).await?;
    browser.keys("x").await?;
    browser
        .until("the new key on its cap", async || {
            let text = browser.text(&line).await?;
            text.contains('X').then_some(())
        })
        .await?;
    press(browser, Key::Escape).await?;
    closed(browser, "key-sheet").await?;
    let looped = "[aria-keyshortcuts=x]";
    let before =
        browser.attr(looped, "aria-pressed").await.context("the page shows the new key")?;
    browser.keys("l").await?;
    attr_is(browser, looped, "aria-pressed", &before).await?;
    browser.keys("x").await?;
    attr_is(browser, looped, "aria-pressed", if before == "true" { "false" } else { "true" }).await
}

async fn closed(browser: &Browser, name: &str) -> Result<()> {
    let open = format!("{}[open]", id(name));
    browser
        .until(&format!("{name} closed"), async || {
            browser.driver.find(By::Css(&open)).await.is_err().then_some(())
        })
        .await
}

/// Tab goes round in a dialog, and Escape leads out of it, back to where one was.
async fn no_dialog_keeps_the_focus(browser: &Browser) -> Result<()> {
    let way = format!("{}, .hints button", id("copy-link"));
    tab_to(browser, &way).await?;
    with_ctrl(browser, "k").await?;
    browser.find(&format!("{}[open]", id("palette"))).await?;
    for _ in 0..4 {
        press(browser, Key::Tab).await?;
    }
    press(browser, Key::Escape).await?;
    closed(browser, "palette").await?;
    let back = focus(browser, &way).await?.context("the focus is nowhere")?;
    ensure!(back.fits, "the focus went to {}", back.name);
    Ok(())
}
