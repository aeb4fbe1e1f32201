//! `videossr warmup`: supervised warm start of a fresh nano policy.

use super::config::Source;
use super::train::{cache_dir, videos};
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use shared::reward::RewardMode;
use std::path::PathBuf;
use train::warmup::{WarmupInputs, measure, warmup};

/// Trains a fresh nano policy on questions with their answers.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// Policy folder to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Go on from this policy instead of a fresh one
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Let the schedule fill this much wall time instead of warmup.steps
    #[arg(long)]
    minutes: Option<f64>,
    /// Do not train: print what the policy in --out scores by cell on seen and held-out videos
    #[arg(long)]
    measure: bool,
    /// Questions per cell of the last evaluation
    #[arg(long, default_value_t = 64)]
    questions: u32,
}

/// Trains, or measures.
pub fn run(args: Args) -> Result<()> {
    policy::tune_process();
    let config = args.source.read()?;
    let videos = videos(&config)?;
    let inputs = WarmupInputs {
        config,
        videos,
        cache_dir: cache_dir(),
        out: args.out,
        from: args.from,
        minutes: args.minutes,
        check_questions: 8,
        card_questions: args.questions,
        command: command_line(),
    };
    if args.measure {
        print!("{}", measure(&inputs, RewardMode::Smooth)?);
        return Ok(());
    }
    let bar = ProgressBar::new(1000);
    let style = ProgressStyle::with_template("{wide_bar} {percent} % {msg} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    warmup(&inputs, &mut |progress| {
        bar.set_position((1000.0 * progress.share) as u64);
        let line = format!("step {:>6}  {}", progress.step, progress.line);
        // Without a terminal the bar is hidden, and the log is what remains.
        if bar.is_hidden() { println!("{line}") } else { bar.println(line) }
    })?;
    bar.finish_and_clear();
    println!("{}", inputs.out.display());
    Ok(())
}

/// The command as typed, without the path of the program.
fn command_line() -> String {
    let quote =
        |arg: String| if arg.contains([' ', '"', '[', '{']) { format!("'{arg}'") } else { arg };
    std::iter::once("videossr".to_owned())
        .chain(std::env::args().skip(1).map(quote))
        .collect::<Vec<_>>()
        .join(" ")
}
