//! Warm start without the command line: `warmup OUT MINUTES [KEY=VALUE]... VIDEO...`.

use shared::config::RunConfig;
use std::path::PathBuf;
use train::warmup::{WarmupInputs, warmup};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    policy::tune_process();
    let mut args = std::env::args().skip(1);
    let out = PathBuf::from(args.next().ok_or("OUT is missing")?);
    let minutes: f64 = args.next().ok_or("MINUTES is missing")?.parse()?;
    let mut config = RunConfig::default();
    let mut videos = Vec::new();
    for arg in args {
        match arg.split_once('=') {
            Some((key, value)) => config = config.with(key, value).map_err(|p| format!("{p:?}"))?,
            None => videos.push(PathBuf::from(arg)),
        }
    }
    let inputs = WarmupInputs {
        config,
        videos,
        cache_dir: std::env::temp_dir().join("videossr-strips"),
        out,
        from: std::env::var_os("FROM").map(PathBuf::from),
        check_questions: std::env::var("CHECK").ok().and_then(|n| n.parse().ok()).unwrap_or(8),
        card_questions: std::env::var("CARD").ok().and_then(|n| n.parse().ok()).unwrap_or(64),
        minutes: (minutes > 0.0).then_some(minutes),
        command: std::env::args().collect::<Vec<_>>().join(" "),
    };
    let started = std::time::Instant::now();
    warmup(&inputs, &mut |progress| {
        let at = started.elapsed().as_secs_f64();
        println!(
            "{at:6.0}s step {:>5} {:>4.0} % {}",
            progress.step,
            100.0 * progress.share,
            progress.line
        );
    })?;
    Ok(())
}
