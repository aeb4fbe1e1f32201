//! `videossr dataset audit`: is the generator fair on these videos? It writes nothing.

use super::progress::{Shown, note};
use crate::cli::Usage;
use anyhow::{Result, bail};
use audit::AuditConfig;
use media::StripCache;
use shared::config::MixtureItem;
use shared::task::{Task, TaskKind};
use shared::video::{FrameSize, SamplePlan};
use std::path::PathBuf;
use train::library::{Library, video_files};

/// Measures the generator: proofs of the truth, shortcuts, floors, balance, duplicates.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Video files or folders; they are only read
    #[arg(long, value_name = "PATH", required = true)]
    videos: Vec<PathBuf>,
    /// Audit this cell only, such as mirror, `counting easy` or `jigsaw 6`; can be repeated
    #[arg(long = "cell", value_name = "CELL")]
    cells: Vec<String>,
    /// Samples of each cell
    #[arg(long, default_value_t = 200)]
    samples: u32,
    /// Chooses the samples
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Pixels of the shorter side; smaller videos are not enlarged
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u32).range(16..=1024))]
    short_side: u32,
    /// Videos looked at, spread over those given; their strips are held in memory
    #[arg(long, value_name = "N", default_value_t = 48, value_parser = clap::value_parser!(u32).range(1..))]
    at_most: u32,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints the table. Errors: no usable video, unknown cells, and a generator that is not fair.
pub fn run(args: &Args) -> Result<()> {
    let tasks = cells(&args.cells)?;
    let files = spread(video_files(&args.videos)?, args.at_most as usize);
    let plan = SamplePlan::strip(FrameSize::ShortSide(args.short_side));
    let shown = Shown::bar(files.len() as u64, "{wide_bar} {pos}/{len} {msg}");
    let mut seen = 0;
    let cache = StripCache::disabled();
    let mut library = Library::load(&files, &plan, &cache, |file| {
        shown.at(seen, file.display());
        seen += 1;
    })?;
    let items: Vec<MixtureItem> = tasks.iter().map(|task| MixtureItem::of(*task, 1.0)).collect();
    library.densify(&items, &plan, &cache);
    drop(shown);
    library.problems.iter().for_each(|problem| note(format_args!("passed over: {problem}")));
    let config = AuditConfig { tasks, samples: args.samples, seed: args.seed };
    let total = u64::from(config.samples) * config.tasks.len() as u64;
    let shown = Shown::bar(total, "{wide_bar} {pos}/{len} samples {eta}");
    let report = audit::run(&library.shelf(), &config, |done, _| shown.at(done as u64, ""))
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    drop(shown);
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{}", report.table());
    }
    let unfair: Vec<&str> =
        report.cells.iter().filter(|c| !c.is_fair()).map(|c| c.cell.as_str()).collect();
    if !unfair.is_empty() {
        bail!(
            "{} of {} cells are not fair: {}",
            unfair.len(),
            report.cells.len(),
            unfair.join(", ")
        );
    }
    Ok(())
}

/// The tasks of the cells named, all where none is.
fn cells(names: &[String]) -> Result<Vec<Task>, Usage> {
    let all: Vec<Task> = TaskKind::ALL.iter().flat_map(|kind| kind.cells()).collect();
    if names.is_empty() {
        return Ok(all);
    }
    let of = |name: &String| {
        let found = all.iter().find(|task| task.cell() == *name).copied();
        found.ok_or_else(|| {
            let known: Vec<String> = all.iter().map(Task::cell).collect();
            Usage::new(format!("`{name}` is not a cell; use one of {}", known.join(", ")))
        })
    };
    names.iter().map(of).collect()
}

/// At most `count` of the files, evenly spread over them.
fn spread(files: Vec<PathBuf>, count: usize) -> Vec<PathBuf> {
    let all = files.len();
    let chosen = count.min(all);
    (0..chosen).map(|k| files[k * all / chosen].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_by_name() {
        let named = |names: &[&str]| {
            cells(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(named(&["jigsaw 8"]).expect("known"), [Task::Jigsaw { clips: 8 }]);
        assert!(named(&[]).expect("all").len() > 20);
        let refused = named(&["jigsaw"]).expect_err("not a cell").to_string();
        assert!(refused.contains("jigsaw 6"), "{refused}");
    }

    #[test]
    fn files_are_spread_evenly() {
        let files: Vec<PathBuf> = (0..10).map(|k| PathBuf::from(k.to_string())).collect();
        let names = |chosen: Vec<PathBuf>| {
            chosen.iter().map(|f| f.display().to_string()).collect::<String>()
        };
        assert_eq!(names(spread(files.clone(), 5)), "02468");
        assert_eq!(names(spread(files, 99)), "0123456789");
        assert!(spread(Vec::new(), 3).is_empty());
    }
}
