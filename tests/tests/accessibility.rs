//! Barriers for people who read the page with other eyes, or none: axe-core looks at every screen
//! and dialog, in both themes, on a desk and on a phone.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::path::PathBuf;
use tests::browser::{Browser, Driver, id};
use tests::gallery::{Gallery, Names, SIZES};
use tests::studio::Studio;
use tests::synth::{End, Plan};
use tests::{root, skip};

/// Colours are looked at as they are in the end, not on their way from the other theme's.
const STAND_STILL: &str = "const sheet = new CSSStyleSheet();
    sheet.replaceSync('*, *::before, *::after { transition: none !important; animation: none !important }');
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];";

/// Looks and says what it found; where only colours changed since the last look, at those alone.
const LOOK: &str = "
    const [colours, done] = arguments;
    const how = {resultTypes: ['violations']};
    if (colours) how.runOnly = {type: 'rule', values: ['color-contrast', 'link-in-text-block']};
    axe.run(document, how).then(({violations}) => done(violations.flatMap(({id, impact, help, nodes}) =>
      nodes.map((node) => ({
        rule: id, impact: impact ?? 'minor', help, selector: node.target.flat().join(' '),
        why: node.failureSummary ?? '',
      })))), (error) => done(String(error)));";

/// Something that somebody cannot use.
#[derive(Debug, Deserialize)]
struct Barrier {
    rule: String,
    impact: String,
    help: String,
    selector: String,
    why: String,
}

impl Barrier {
    fn is_bad(&self) -> bool {
        matches!(self.impact.as_str(), "serious" | "critical")
    }

    /// Prints it.
    fn tell(&self, place: &str) {
        let Self { rule, impact, help, selector, why } = self;
        let why = why.replace('\n', " ");
        println!("{impact} {rule} at {place}: {help}\n    {selector}\n    {why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_screen_holds_a_serious_barrier() -> Result<()> {
    let Some(axe) = axe()? else {
        skip("axe-core is not here (scripts/setup.sh --tests); nobody looked for barriers");
        return Ok(());
    };
    let Some(driver) = Driver::start()? else {
        skip("no chromedriver here; nobody looked for barriers");
        return Ok(());
    };
    let browser = driver.browser(SIZES[0]).await?;
    let outcome = scenario(&browser, &axe).await;
    browser.quit().await;
    outcome
}

/// The source of axe-core as `scripts/setup.sh --tests` left it, of the version named there.
fn axe() -> Result<Option<String>> {
    let script = std::fs::read_to_string(root().join("scripts/lib.sh"))?;
    let version = script.lines().find_map(|line| line.strip_prefix("axe_version="));
    let version = version.context("scripts/lib.sh names no version of axe-core")?;
    let at = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = || at("XDG_CACHE_HOME").or_else(|| Some(at("HOME")?.join(".cache")));
    let tools = at("VIDEOSSR_TOOLS").or_else(|| Some(cache()?.join("videossr-studio")));
    let file = tools.context("no home")?.join(format!("axe-core-{version}/axe.min.js"));
    match std::fs::read_to_string(&file) {
        Ok(source) => Ok(Some(source)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => bail!("{}: {error}", file.display()),
    }
}

async fn scenario(browser: &Browser, axe: &str) -> Result<()> {
    let data = tempfile::tempdir()?;
    let gallery = Gallery::fill(data.path(), Names::Usual)?;
    let open = Plan { end: End::Open(5), ..Plan::new("Goes on", 40, 2, 4) };
    let mut trainer = gallery.folder.begin(open)?;
    trainer.make(5)?;
    let studio = Studio::on(data)?;
    let mut bad = 0;

    browser.open(&format!("{}/runs", studio.base)).await?;
    browser.find(".sign-in-card").await?;
    looked(browser, axe, "sign-in", &mut bad).await?;
    browser.resize(SIZES[0]).await?;
    browser.sign_in(&studio.sign_in, "Ada").await?;
    // First, before the server stops waiting for the worker.
    browser.open(&format!("{}/runs/{}", studio.base, trainer.id())).await?;
    browser.click(&id("edit-open")).await?;
    browser.find(&id("edit-dialog")).await?;
    looked(browser, axe, "edit dialog", &mut bad).await?;
    for screen in gallery.screens() {
        browser.resize(SIZES[0]).await?;
        browser.open(&format!("{}{}", studio.base, screen.path)).await?;
        browser.find(&screen.ready).await.with_context(|| screen.name.to_owned())?;
        looked(browser, axe, screen.name, &mut bad).await?;
    }
    for (name, keys, sign) in [("key sheet", "?", "key-sheet"), ("palette", "k", "palette")] {
        browser.resize(SIZES[0]).await?;
        browser.open(&format!("{}/runs", studio.base)).await?;
        browser.find(&id("run-row")).await?;
        pressed(browser, keys).await?;
        browser.find(&id(sign)).await.with_context(|| name.to_owned())?;
        looked(browser, axe, name, &mut bad).await?;
    }
    ensure!(bad == 0, "{bad} serious or critical barriers, see above");
    Ok(())
}

/// Presses a key, the palette's with Ctrl.
async fn pressed(browser: &Browser, key: &str) -> Result<()> {
    const PRESS: &str = "window.dispatchEvent(new KeyboardEvent('keydown',
        {key: arguments[0], ctrlKey: arguments[0] === 'k', bubbles: true}))";
    browser.script(PRESS, vec![key.into()]).await.map(drop)
}

/// Looks at what the browser shows, at both sizes and in both themes.
async fn looked(browser: &Browser, axe: &str, what: &str, bad: &mut usize) -> Result<()> {
    browser.script(axe, vec![]).await?;
    browser.script(STAND_STILL, vec![]).await?;
    for size in SIZES {
        browser.resize(size).await?;
        for (theme, colours) in [("dark", false), ("light", true)] {
            // Nothing else sets it before somebody has signed in.
            const SET: &str = "document.documentElement.dataset.theme = arguments[0]";
            browser.script(SET, vec![theme.into()]).await?;
            let seen = browser.driver.execute_async(LOOK, vec![colours.into()]).await?;
            let barriers: Vec<Barrier> = serde_json::from_value(seen.json().clone())
                .with_context(|| format!("axe on {what}: {}", seen.json()))?;
            let place = format!("{what}, {} px, {theme}", size.0);
            *bad += barriers.iter().filter(|barrier| barrier.is_bad()).count();
            barriers.iter().for_each(|barrier| barrier.tell(&place));
        }
    }
    Ok(())
}
