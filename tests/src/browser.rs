//! Real Chromium through chromedriver, and waiting for what a person would see.

use crate::{PATIENCE, root};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, ErrorKind};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use thirtyfour::prelude::*;

/// Without a screen, in a container, by root; no errands of the browser's own; videos may start
/// without a click; pictures and words are the same on every machine.
const FLAGS: &str = "headless=new disable-gpu
    no-sandbox disable-dev-shm-usage
    disable-background-networking disable-component-update disable-sync no-first-run
    autoplay-policy=no-user-gesture-required mute-audio
    force-color-profile=srgb lang=en-US";

/// A chromedriver process on a free port; killed when dropped.
pub struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    /// `None` where no chromedriver is installed.
    ///
    /// # Errors
    /// One that is there and does not start.
    pub fn start() -> Result<Option<Self>> {
        Self::of(&std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".into()))
    }

    fn of(program: &str) -> Result<Option<Self>> {
        let spawned = Command::new(program)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = match spawned {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            spawned => spawned.with_context(|| format!("{program} does not start"))?,
        };
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("successfully on port ")?;
            Some(port.trim().trim_end_matches('.').to_owned())
        });
        // Somebody has to read on, or a full pipe stops chromedriver.
        let reader = std::thread::Builder::new().name("chromedriver-stdout".into());
        reader.spawn(move || lines.for_each(drop))?;
        let Some(port) = port else {
            let _ = child.kill();
            bail!("{program} ended without a port: {}", child.wait()?);
        };
        Ok(Some(Self { url: format!("http://127.0.0.1:{port}"), child }))
    }

    /// A new browser with its own profile: its own person. `size` in pixels.
    pub async fn browser(&self, size: (u32, u32)) -> Result<Browser> {
        let mut caps = DesiredCapabilities::chrome();
        for flag in FLAGS.split_whitespace() {
            caps.add_arg(&format!("--{flag}"))?;
        }
        // Nothing but this machine resolves: a test that needs a network would fail everywhere.
        caps.add_arg("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")?;
        caps.add_arg(&format!("--window-size={},{}", size.0, size.1))?;
        caps.set_browser_log_level(thirtyfour::LoggingPrefsLogLevel::All)?;
        let driver =
            WebDriver::new(&self.url, caps).await.context("chromedriver gives no browser")?;
        Ok(Browser { driver })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One person's browser.
pub struct Browser {
    /// For what the helpers below do not cover.
    pub driver: WebDriver,
}

/// The CSS selector of a `data-testid`.
pub fn id(name: &str) -> String {
    format!("[data-testid=\"{name}\"]")
}

impl Browser {
    /// Opens an address.
    pub async fn open(&self, url: &str) -> Result<()> {
        Ok(self.driver.goto(url).await?)
    }

    /// Opens a sign-in link and gives the name where it is asked for; the page is there then.
    pub async fn sign_in(&self, link: &str, name: &str) -> Result<()> {
        self.open(link).await?;
        let field = self
            .until("the name field or the first page", async || {
                if self.text(&id("link-status")).await.is_some() {
                    return Some(None);
                }
                self.driver.find(By::Css(id("sign-in-name"))).await.ok().map(Some)
            })
            .await?;
        if let Some(field) = field {
            field.clear().await?;
            field.send_keys(name).await?;
            self.click(&id("sign-in-submit")).await?;
        }
        self.find(&id("link-status")).await.map(drop)
    }

    /// Waits until the selector matches something visible.
    pub async fn find(&self, css: &str) -> Result<WebElement> {
        self.until(css, async || {
            let found = self.driver.find(By::Css(css)).await.ok()?;
            found.is_displayed().await.ok()?.then_some(found)
        })
        .await
    }

    /// Text of the first match, if there is one now.
    pub async fn text(&self, css: &str) -> Option<String> {
        self.driver.find(By::Css(css)).await.ok()?.text().await.ok()
    }

    /// Attribute of the first match, if there is one now.
    pub async fn attr(&self, css: &str, name: &str) -> Option<String> {
        self.driver.find(By::Css(css)).await.ok()?.attr(name).await.ok()?
    }

    /// Property of the first match, if there is one now; unlike its text also of hidden ones.
    pub async fn prop(&self, css: &str, name: &str) -> Option<String> {
        self.driver.find(By::Css(css)).await.ok()?.prop(name).await.ok()?
    }

    /// Waits for a click target and clicks it.
    pub async fn click(&self, css: &str) -> Result<()> {
        self.until(&format!("click {css}"), async || {
            self.driver.find(By::Css(css)).await.ok()?.click().await.ok()
        })
        .await
    }

    /// Types keys into the page as a whole.
    pub async fn keys(&self, keys: &str) -> Result<()> {
        Ok(self.driver.action_chain().send_keys(keys).perform().await?)
    }

    /// Asks again and again until there is an answer; fails with the console's words.
    pub async fn until<T, F: AsyncFnMut() -> Option<T>>(
        &self,
        what: &str,
        mut ask: F,
    ) -> Result<T> {
        let start = Instant::now();
        loop {
            if let Some(answer) = ask().await {
                return Ok(answer);
            }
            if start.elapsed() > PATIENCE {
                let shot = root().join("target/browser-failure.png");
                let _ = self.driver.screenshot(&shot).await;
                bail!(
                    "waited in vain for {what}; see {}; console: {:#?}",
                    shot.display(),
                    self.console().await.unwrap_or_default()
                );
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Errors of the page's console since the last call, content security included.
    pub async fn console(&self) -> Result<Vec<String>> {
        let log = self.driver.browser_log().await?;
        let severe = log
            .into_iter()
            .filter(|entry| entry.level == "SEVERE" || entry.message.contains("Security Policy"));
        Ok(severe.map(|entry| entry.message).collect())
    }

    /// Runs a function's body in the page and gives what it returns.
    pub async fn script(&self, body: &str, arguments: Vec<Value>) -> Result<Value> {
        Ok(self.driver.execute(body, arguments).await?.json().clone())
    }

    /// Sends a command of Chromium's DevTools.
    pub async fn devtools(&self, method: &str, parameters: Value) -> Result<Value> {
        Ok(self.driver.cdp().send_raw(method, parameters).await?)
    }

    /// Gives the page this many pixels, whatever the window has.
    pub async fn resize(&self, (width, height): (u32, u32)) -> Result<()> {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await.map(drop)
    }

    /// Brings the page into a theme as a press of its button does.
    pub async fn theme(&self, name: &str) -> Result<()> {
        const SWITCH: &str = "if (document.documentElement.dataset.theme !== arguments[0])
            document.querySelector('[data-testid=theme-toggle]').click();";
        self.script(SWITCH, vec![name.into()]).await?;
        self.until(&format!("the {name} theme"), async || {
            (self.attr("html", "data-theme").await? == name).then_some(())
        })
        .await
    }

    /// Closes the browser; without it Chromium stays behind.
    pub async fn quit(self) {
        let _ = self.driver.quit().await;
    }
}

#[cfg(test)]
mod tests {
    use super::Driver;

    #[test]
    fn only_a_driver_that_is_not_there_is_passed_over() {
        assert!(matches!(Driver::of("/no/such/chromedriver"), Ok(None)));
        assert!(Driver::of("false").is_err(), "it is there and ends at once");
    }
}
