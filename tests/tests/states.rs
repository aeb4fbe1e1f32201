//! Every screen empty, waiting, broken, offline and full: nothing reaches over the page's edge on
//! a desk or a phone, the console is silent, and whoever reads it can always go on.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use shared::event::EventBody;
use tests::browser::{Browser, Driver, id};
use tests::gallery::{Gallery, Names, Report, SIZES, Screen};
use tests::skip;
use tests::studio::Studio;
use tests::synth::{Bodies, End, Folder, Plan, Trainer};
use thirtyfour::By;

/// Stands between the page and its requests: holds them back, or answers for the server.
const BETWEEN: &str = "
    const real = window.fetch.bind(window), held = [];
    let mode = '';
    try { mode = sessionStorage.getItem('between') ?? ''; } catch {}
    const made = (status, body) => new Response(body, {status, headers: {'content-type': 'application/json'}});
    window.between = {
      end() { mode = ''; sessionStorage.removeItem('between'); held.splice(0).forEach((go) => go()); },
    };
    window.fetch = async (wanted, how) => {
      const path = new URL(wanted.url ?? wanted, location.href).pathname;
      if (!path.startsWith('/api/') || path === '/api/v1/session' || !mode) return real(wanted, how);
      if (mode === 'hold') await new Promise((go) => held.push(go));
      else if (mode === 'refuse') return made(500, '{\"error\":{\"code\":\"internal\",\"message\":\"the disk is full\",\"field\":null}}');
      else return made(200, '{\"half\":');
      return real(wanted, how);
    };";

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_holds_in_every_state() -> Result<()> {
    let Some(driver) = Driver::start()? else {
        skip("no chromedriver here; the states of the screens were not seen");
        return Ok(());
    };
    let browser = driver.browser(SIZES[0]).await?;
    let outcome = scenario(&browser).await;
    browser.quit().await;
    outcome
}

async fn scenario(browser: &Browser) -> Result<()> {
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": BETWEEN })).await?;
    let mut report = Report::default();
    let outcome = visited(browser, &mut report).await;
    // What was noted on the way is told also where the way ended early.
    match (outcome, report.told()) {
        (Err(end), Err(notes)) => Err(end.context(notes)),
        (outcome, told) => outcome.and(told),
    }
}

async fn visited(browser: &Browser, report: &mut Report) -> Result<()> {
    empty(browser, report).await?;
    let data = tempfile::tempdir()?;
    let gallery = Gallery::fill(data.path(), Names::Long)?;
    let rare = Rare::add(&gallery.folder)?;
    let mut studio = Studio::on(data)?;
    browser.sign_in(&studio.sign_in, "Ada").await?;
    report.silent(browser, "sign-in", |_| false).await?;
    for screen in gallery.screens() {
        let mut look = Look { browser, studio: &studio, screen: &screen, report };
        look.full().await?;
        look.waiting().await?;
        look.broken().await?;
    }
    rare.seen(browser, &studio, report).await?;
    offline(browser, &mut studio, &gallery.folder, report).await
}

/// Nothing was ever added: each screen says what will be here.
async fn empty(browser: &Browser, report: &mut Report) -> Result<()> {
    let data = tempfile::tempdir()?;
    let folder = Folder::create(data.path())?;
    let queued = folder.add_run(Plan { end: End::Queued, ..Plan::new("Waits", 9, 1, 2) })?;
    drop(folder);
    let studio = Studio::on(data)?;
    browser.sign_in(&studio.sign_in, "Ada").await?;
    for (path, sign) in [
        ("/runs/new".to_owned(), id("start-run")),
        ("/runs".to_owned(), id("run-row")),
        (format!("/runs/{queued}"), id("run-state")),
        ("/runs/no-such-run".to_owned(), id("fault")),
        (format!("/runs/{queued}/steps/1/groups/0"), id("fault")),
        ("/compare".to_owned(), id("empty")),
        ("/videos".to_owned(), id("empty")),
        ("/studio".to_owned(), id("empty")),
        ("/failures".to_owned(), id("empty")),
        ("/review".to_owned(), id("empty")),
        ("/team".to_owned(), id("invite-create")),
        ("/health".to_owned(), id("storage-row")),
        ("/no/such/page".to_owned(), "main".to_owned()),
    ] {
        browser.open(&format!("{}{path}", studio.base)).await?;
        let what = format!("{path} without anything");
        browser.find(&sign).await.with_context(|| what.clone())?;
        report.fits(browser, &what).await?;
        // What is not there is refused, which the browser notes.
        let refused = |line: &str| sign == id("fault") && line.contains("404");
        report.silent(browser, &what, refused).await?;
    }
    // No page outlives its server here: it would go on asking for it.
    browser.open("about:blank").await
}

/// A screen that is looked at.
struct Look<'a> {
    browser: &'a Browser,
    studio: &'a Studio,
    screen: &'a Screen,
    report: &'a mut Report,
}

impl Look<'_> {
    async fn open(&self, mode: &str) -> Result<()> {
        const SET: &str = "sessionStorage.setItem('between', arguments[0])";
        self.browser.script(SET, vec![mode.into()]).await?;
        self.browser.open(&format!("{}{}", self.studio.base, self.screen.path)).await
    }

    /// Waits for a sign, and checks the layout while it is there.
    async fn shows(&mut self, sign: &str, what: &str) -> Result<()> {
        self.browser.find(sign).await.with_context(|| what.to_owned())?;
        self.report.fits(self.browser, what).await?;
        self.report.silent(self.browser, what, |_| false).await
    }

    /// With long names everywhere.
    async fn full(&mut self) -> Result<()> {
        self.open("").await?;
        let what = format!("{} with long names", self.screen.name);
        self.shows(&self.screen.ready, &what).await
    }

    /// While the server thinks: grey rows in the place of what comes, and then what comes.
    async fn waiting(&mut self) -> Result<()> {
        self.open("hold").await?;
        let what = format!("{} while the server thinks", self.screen.name);
        self.shows(&signs(self.screen).0, &what).await?;
        self.browser.script("window.between.end()", vec![]).await?;
        let ready = self.browser.find(&self.screen.ready).await;
        ready.map(drop).with_context(|| format!("{what}, then answers"))
    }

    /// Refused, or answered with half a text: the page says so, and a press on the button mends it.
    async fn broken(&mut self) -> Result<()> {
        let sign = signs(self.screen).1;
        for (mode, words) in [("refuse", "The disk is full."), ("garble", "could not be read")] {
            self.open(mode).await?;
            let what = format!("{} after an answer that is no good ({mode})", self.screen.name);
            self.shows(&sign, &what).await?;
            let said = self.browser.text(&sign).await.unwrap_or_default();
            if !said.contains(words) {
                self.report.note(format!("{what}: it says {said:?}"));
            }
            self.browser.script("window.between.end()", vec![]).await?;
            retried(self.browser, &sign, &self.screen.ready).await.context(what)?;
        }
        Ok(())
    }
}

/// Presses every button of a fault box until what was wanted is there: each part of a screen that is
/// fetched by itself has its own.
async fn retried(browser: &Browser, fault: &str, ready: &str) -> Result<()> {
    const PRESS: &str =
        "document.querySelectorAll(arguments[0]).forEach((button) => button.click())";
    browser
        .until(&format!("{ready} after a retry"), async || {
            let buttons = Value::String(format!("{fault} button"));
            browser.script(PRESS, vec![buttons]).await.ok()?;
            let found = browser.driver.find(By::Css(ready)).await.ok()?;
            found.is_displayed().await.ok()?.then_some(())
        })
        .await
}

/// What a screen shows while it waits, and what when it got nothing.
fn signs(screen: &Screen) -> (String, String) {
    match screen.name {
        // The form is there at once; what the server thinks of it comes later.
        "new-run" => (id("start-run"), id("estimate-fault")),
        _ => (id("skeleton"), id("fault")),
    }
}

/// How many answers have a lane that is high enough to be seen.
const LANES: &str = "return [...document.querySelectorAll('[data-testid^=lane-rollout-]')]
    .filter((lane) => lane.getBoundingClientRect().height >= 3).length";

/// Runs that strain a screen.
struct Rare {
    /// 64 answers to a question.
    crowded: String,
    /// All answers the same.
    alike: String,
    /// 50 000 steps.
    endless: String,
}

impl Rare {
    fn add(folder: &Folder) -> Result<Self> {
        let mut endless = Plan::new("Fifty thousand steps", 50_000, 1, 2);
        endless.bodies = Bodies::Bare;
        endless.groups_every = 100;
        Ok(Self {
            crowded: folder.add_run(Plan { alike: 0.0, ..Plan::new("Crowded", 3, 7, 64) })?,
            alike: folder.add_run(Plan { alike: 1.0, ..Plan::new("All alike", 3, 7, 8) })?,
            endless: folder.add_run(endless)?,
        })
    }

    async fn seen(&self, browser: &Browser, studio: &Studio, report: &mut Report) -> Result<()> {
        for (run, many, name) in [(&self.crowded, 64, "64 answers"), (&self.alike, 8, "one answer")]
        {
            for group in 0..3 {
                browser.open(&format!("{}/runs/{run}/steps/2/groups/{group}", studio.base)).await?;
                let what = format!("group {group} with {name}");
                browser.find(&id("clip")).await.with_context(|| what.clone())?;
                let lanes = browser.script(LANES, vec![]).await?;
                if lanes != json!(many) {
                    report.note(format!("{what}: {lanes} lanes can be seen"));
                }
                report.fits(browser, &what).await?;
                report.silent(browser, &what, |_| false).await?;
            }
        }
        self.endless(browser, studio, report).await
    }

    /// Every chart holds the whole run, and the newest group is listed.
    async fn endless(&self, browser: &Browser, studio: &Studio, report: &mut Report) -> Result<()> {
        browser.open(&format!("{}/runs/{}", studio.base, self.endless)).await?;
        let plot = format!("{} .plot", id("chart-kl"));
        browser
            .until("50 000 steps on a chart", async || {
                let points: u64 = browser.attr(&plot, "data-points").await?.parse().ok()?;
                (points >= 50_000).then_some(())
            })
            .await?;
        browser.find(&format!("{}[data-step=\"50000\"]", id("feed-item"))).await?;
        report.fits(browser, "a run of 50 000 steps").await?;
        report.silent(browser, "a run of 50 000 steps", |_| false).await
    }
}

/// The server dies under a run's page and comes back: the page says so, can be used meanwhile, and
/// misses nothing of what went on.
async fn offline(
    browser: &Browser,
    studio: &mut Studio,
    folder: &Folder,
    report: &mut Report,
) -> Result<()> {
    let mut trainer = folder.begin(Plan { end: End::Open(3), ..Plan::new("Goes on", 40, 2, 4) })?;
    trainer.make(3)?;
    browser.open(&format!("{}/runs/{}", studio.base, trainer.id())).await?;
    browser.until("step 3", async || (step(browser).await? == 3).then_some(())).await?;
    studio.halt()?;
    let link = |state: &str| format!("{}[data-status=\"{state}\"]", id("link-status"));
    browser.find(&link("waiting")).await.context("the page says that it is offline")?;
    report.fits(browser, "a run's page that is offline").await?;
    scrubbed(browser, 2).await.context("charts and lists can be used")?;
    browser.click(".rail a[href=\"/runs\"]").await?;
    browser.find(&id("run-row")).await.context("other screens show what they have")?;
    browser.driver.back().await?;

    trainer.make(4)?;
    studio.revive()?;
    browser.click(&id("link-status")).await?;
    browser.find(&link("open")).await.context("the link is open again")?;
    caught_up(browser, &trainer).await?;
    let expected = |line: &str| line.contains("ERR_") || line.contains("WebSocket");
    report.silent(browser, "offline", expected).await
}

/// Every step that was made meanwhile is there, one by one.
async fn caught_up(browser: &Browser, trainer: &Trainer) -> Result<()> {
    let last = trainer.step();
    browser.until("the last step", async || (step(browser).await? == last).then_some(())).await?;
    let events = trainer.journal()?;
    for made in 1..last {
        let figures = events.iter().find_map(|event| match &event.body {
            EventBody::Step(figures) if event.step == made => Some(figures),
            _ => None,
        });
        ensure!(figures.is_some(), "the journal lacks step {made}");
        scrubbed(browser, made).await.with_context(|| format!("step {made} is there"))?;
    }
    Ok(())
}

async fn step(browser: &Browser) -> Option<u64> {
    browser.prop(&id("run-step"), "textContent").await?.trim().parse().ok()
}

/// Moves the slider; the panels follow.
async fn scrubbed(browser: &Browser, to: u64) -> Result<()> {
    const SLIDE: &str = "const slider = document.querySelector(arguments[0]); slider.value = arguments[1]; \
        slider.dispatchEvent(new Event('input', { bubbles: true }));";
    browser.script(SLIDE, vec![Value::String(id("scrub")), json!(to)]).await?;
    browser
        .until(&format!("step {to}"), async || {
            let parts = browser.text(&format!("{} h2", id("anatomy"))).await?;
            parts.starts_with(&format!("Step {to}")).then_some(())
        })
        .await
}
