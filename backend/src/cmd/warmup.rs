//! `videossr warmup`: supervised warm start of a fresh nano policy.

use super::config::Source;
use super::frames::refuse_beside;
use super::progress::Shown;
use super::serve::say;
use super::train::{cache_dir, videos};
use anyhow::Result;
use shared::reward::RewardMode;
use std::path::PathBuf;
use train::warmup::{WarmupInputs, measure, warmup};

/// Trains a fresh nano policy on questions with their answers.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// Video files or folders; short for --set videos=[...]
    #[arg(value_name = "VIDEO")]
    videos: Vec<String>,
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
    let mut config = args.source.read()?;
    if !args.videos.is_empty() {
        config.videos = args.videos;
    }
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
    refuse_beside(&inputs.cache_dir, &[], &inputs.videos)?;
    if args.measure {
        let shown = Shown::spinner("asking the policy");
        let tables = measure(&inputs, RewardMode::Smooth, &mut |line| shown.line(line))?;
        drop(shown);
        say(tables.trim_end());
        return Ok(());
    }
    refuse_beside(&inputs.out, &[], &inputs.videos)?;
    let shown = Shown::bar(1000, "{wide_bar} {percent} % {msg} {eta}");
    warmup(&inputs, &mut |progress| {
        shown.at((1000.0 * progress.share) as u64, "");
        shown.line(format_args!("step {:>6}  {}", progress.step, progress.line));
    })?;
    drop(shown);
    say(inputs.out.display());
    Ok(())
}

/// The command as typed, as far as it means something on another machine.
fn command_line() -> String {
    let args = std::env::args().skip(1).map(|arg| portable(&arg));
    std::iter::once("videossr".to_owned()).chain(args).collect::<Vec<_>>().join(" ")
}

/// An argument without the folders above what its absolute paths name, quoted for a shell.
fn portable(arg: &str) -> String {
    let ends = |c: char| "\"'=,[]{}".contains(c);
    let last = |piece: &str| {
        let (path, end) = piece.split_at(piece.trim_end_matches(ends).len());
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if path.starts_with('/') { format!("{name}{end}") } else { piece.to_owned() }
    };
    let arg: String = arg.split_inclusive(ends).map(last).collect();
    if arg.contains([' ', '"', '[', '{']) { format!("'{arg}'") } else { arg }
}

#[cfg(test)]
mod tests {
    use super::portable;

    #[test]
    fn a_card_tells_names_and_no_folders_of_the_machine() {
        for (given, told) in [
            ("--preset", "--preset"),
            ("static/clips", "static/clips"),
            ("../clips", "../clips"),
            ("/home/ada/videos/", "videos"),
            ("--out=/srv/policies/nano", "--out=nano"),
            (
                r#"videos=["/home/ada l/a b.mp4", "/srv/cat.mp4"]"#,
                r#"'videos=["a b.mp4", "cat.mp4"]'"#,
            ),
            ("warmup.steps=10", "warmup.steps=10"),
        ] {
            assert_eq!(portable(given), told);
        }
    }
}
