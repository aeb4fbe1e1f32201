//! `make bench`: what it costs, measured in one run and printed. Nothing is asserted:
//! machines are noisy.
//!
//!     bench [PART]...

mod group;
mod large;
mod live;
mod load;

use anyhow::{Result, ensure};
use tests::browser::Driver;
use tests::root;
use tests::studio::Studio;

/// What can be asked for by name, in the order in which it runs; all of it without a name.
const PARTS: [&str; 7] = ["training", "load", "live", "group", "hour", "large", "runs"];

#[tokio::main]
async fn main() -> Result<()> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let known = asked.iter().all(|part| PARTS.contains(&part.as_str()));
    ensure!(known, "the parts of the benchmark are {}", PARTS.join(", "));
    let wanted = |part| asked.is_empty() || asked.iter().any(|name| name == part);
    if wanted("training") {
        training()?;
    }
    if PARTS[1..].iter().any(|part| wanted(part)) { page(wanted).await } else { Ok(()) }
}

/// The parts that are measured in a real browser.
async fn page(wanted: impl Fn(&'static str) -> bool) -> Result<()> {
    let Some(driver) = Driver::start()? else {
        println!("page                not measured: no chromedriver here");
        return Ok(());
    };
    let studio = Studio::start()?;
    let mut api = studio.session(Studio::token(&studio.sign_in), "Bench")?;
    if wanted("load") {
        load::first_load(&studio, &mut api, &driver).await?;
    }
    let clip = std::fs::read(root().join("static/clips/rabbit-animation.mp4"))?;
    api.upload("/api/v1/videos?name=rabbit-animation.mp4", &clip)?;
    // A group is one of the run that is watched.
    if wanted("live") || wanted("group") {
        let run = live::event_to_pixel(&studio, &mut api, &driver).await?;
        if wanted("group") {
            group::cold(&studio, &api, &driver, &run).await?;
            group::from_the_feed(&studio, &api, &driver, &run).await?;
            group::keys_and_what_if(&studio, &api, &driver, &run).await?;
        }
    }
    if wanted("hour") {
        live::an_hour(&studio, &mut api, &driver).await?;
    }
    if wanted("large") {
        large::a_million(&driver).await?;
    }
    if wanted("runs") {
        large::many_runs(&driver).await?;
    }
    Ok(())
}

fn training() -> Result<()> {
    let report = tokio::task::block_in_place(|| train::bench::report(&root().join("static")))?;
    println!("{report}");
    Ok(())
}

/// The value that so large a share lies below.
fn share_of(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(((sorted.len().max(1) - 1) as f64 * share).round() as usize).copied().unwrap_or(0.0)
}
