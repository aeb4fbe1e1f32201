//! A studio and browsers to drive it: what the whole-program tests and the benchmark share.
//!
//! Everything is real: the built `videossr` program on a free port with a fresh data
//! directory, its worker process, and Chromium.

pub mod browser;
pub mod gallery;
pub mod picture;
pub mod studio;
pub mod synth;

use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long anything may take before a test gives up. Generous: machines are busy.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").into()
}

/// The folder in which Cargo put this very program: it holds `videossr` too.
pub fn built() -> PathBuf {
    let mut folder = std::env::current_exe().expect("this program has a path");
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    folder
}

/// Says loudly that something was not checked, or fails where `VIDEOSSR_REQUIRE_BROWSER`
/// asks for it.
pub fn skip(what: &str) {
    assert!(std::env::var_os("VIDEOSSR_REQUIRE_BROWSER").is_none(), "{what}");
    eprintln!("SKIPPED: {what}");
}

/// Plays a scenario with a fresh server and a browser of this size in pixels; `missed` says what was
/// not done where no browser is installed.
pub async fn driven(
    missed: &str,
    size: (u32, u32),
    scenario: impl AsyncFnOnce(&studio::Studio, &browser::Browser) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let Some(driver) = browser::Driver::start()? else {
        skip(&format!("no chromedriver here; {missed}"));
        return Ok(());
    };
    let studio = studio::Studio::start()?;
    let browser = driver.browser(size).await?;
    let outcome = scenario(&studio, &browser).await;
    browser.quit().await;
    outcome
}

/// Asks every half second until there is an answer, for at most ten minutes.
///
/// # Errors
/// No answer in that time.
pub async fn until_slow<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> anyhow::Result<T> {
    for _ in 0..1200 {
        if let Some(answer) = ask().await {
            return Ok(answer);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    anyhow::bail!("waited ten minutes in vain")
}
