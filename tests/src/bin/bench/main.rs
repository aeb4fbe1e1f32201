//! `make bench`: what it costs, measured in one run and printed. Nothing is asserted:
//! machines are noisy.

mod group;
mod large;
mod live;
mod load;

use anyhow::Result;
use tests::browser::Driver;
use tests::root;
use tests::studio::Studio;

#[tokio::main]
async fn main() -> Result<()> {
    training()?;
    let Some(driver) = Driver::start()? else {
        println!("page                not measured: no chromedriver here");
        return Ok(());
    };
    let studio = Studio::start()?;
    let mut api = studio.session(Studio::token(&studio.sign_in), "Bench")?;
    load::first_load(&studio, &mut api, &driver).await?;
    let run = live::event_to_pixel(&studio, &mut api, &driver).await?;
    group::cold(&studio, &api, &driver, &run).await?;
    group::keys_and_what_if(&studio, &api, &driver, &run).await?;
    live::an_hour(&studio, &mut api, &driver).await?;
    large::a_million(&driver).await
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
