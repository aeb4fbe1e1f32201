//! `videossr dataset`: rows and frames for training and measuring, made from videos or taken
//! over from others.

use super::config::assemble;
use crate::data::default_dir;
use anyhow::{Result, bail};
use clap::Subcommand;
use dataset::{BuildInputs, Dataset, Imported, Manifest, Progress, Stage, Summary};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use shared::config::Purpose;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Arguments of `dataset`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Make rows and frames from a folder of videos; goes on where it was broken off
    Build(Build),
    /// Take over rows of verl or VideoSSR (Parquet), or JSON lines {video, question, answer}
    Import(Import),
    /// Compare a dataset's files with its manifest
    Verify(Verify),
    /// Measure whether the generator is fair on some videos; exit code 1 where it is not
    Audit(super::audit::Args),
}

/// Makes a dataset.
#[derive(clap::Args, Debug)]
struct Build {
    /// Folder of videos; it is only read
    #[arg(long, value_name = "DIR")]
    videos: PathBuf,
    /// A TOML file with keys of the spec; keys it leaves out take the preset's values
    #[arg(long, value_name = "FILE.toml")]
    spec: Option<PathBuf>,
    /// Start from this preset: videossr-30k, viubench or smoke; the first if not given
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Set one key, such as samples=600; can be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Folder to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Videos worked on at a time; as many as there are cores if not given
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// A dataset, or its manifest, whose videos are refused; can be repeated
    #[arg(long, value_name = "DIR")]
    exclude: Vec<PathBuf>,
    /// Print the facts as one JSON object
    #[arg(long)]
    json: bool,
}

/// Takes rows over.
#[derive(clap::Args, Debug)]
struct Import {
    /// Parquet, JSON lines, or a JSON list; relative paths in it start in its folder
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Data directory; the dataset goes into its folder `datasets`
    #[arg(long, default_value_os_t = default_dir(), env = "VIDEOSSR_DATA")]
    data: PathBuf,
    /// Name of the dataset; the file's if not given
    #[arg(long)]
    name: Option<String>,
    /// Print the facts as one JSON object
    #[arg(long)]
    json: bool,
}

/// Checks a dataset.
#[derive(clap::Args, Debug)]
struct Verify {
    /// Folder of the dataset
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Print the facts as one JSON object
    #[arg(long)]
    json: bool,
}

/// Builds, imports, verifies or audits.
pub fn run(args: Args) -> Result<()> {
    match args.command {
        Command::Build(args) => build(args),
        Command::Import(args) => import(args),
        Command::Verify(args) => verify(args),
        Command::Audit(args) => super::audit::run(&args),
    }
}

fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

fn build(args: Build) -> Result<()> {
    let inputs = BuildInputs {
        spec: assemble(args.preset.as_deref(), args.spec.as_deref(), &args.sets)?,
        videos: args.videos,
        out: args.out,
        jobs: args.jobs.unwrap_or_else(cores),
        exclude: args.exclude,
    };
    let mut bar = Bar::new();
    let outcome = dataset::build(&inputs, &mut |progress| bar.show(progress));
    bar.clear();
    let summary = outcome?;
    if inputs.spec.purpose == Purpose::Bench && inputs.exclude.is_empty() {
        eprintln!(
            "videossr: no --exclude was given, so nothing shows that no policy was trained on these videos"
        );
    }
    if args.json {
        println!("{}", facts_of_build(&inputs, &summary));
    } else {
        println!("{}", line_of_build(&inputs, &summary));
    }
    Ok(())
}

/// A bar that begins anew with every stage; hides itself where there is no terminal.
struct Bar {
    bar: ProgressBar,
    stage: Option<Stage>,
}

impl Bar {
    fn new() -> Self {
        Self { bar: ProgressBar::hidden(), stage: None }
    }

    fn show(&mut self, progress: Progress) {
        if self.stage != Some(progress.stage) {
            self.clear();
            let what = match progress.stage {
                Stage::Scan => "files",
                Stage::Make => "samples",
                Stage::Write => "rows",
            };
            let template = format!("{{wide_bar}} {{pos}}/{{len}} {what} {{per_sec}} {{eta}}");
            let style = ProgressStyle::with_template(&template);
            self.bar = ProgressBar::new(progress.total);
            self.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            self.stage = Some(progress.stage);
        }
        self.bar.set_position(progress.done);
    }

    fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

fn facts_of_build(inputs: &BuildInputs, summary: &Summary) -> Value {
    json!({
        "dataset": inputs.out,
        "was_there": summary.was_there,
        "manifest": summary.manifest,
        "problems": summary.problems,
    })
}

fn line_of_build(inputs: &BuildInputs, summary: &Summary) -> String {
    let manifest = &summary.manifest;
    let there = if summary.was_there { " (was there already)" } else { "" };
    let refused = match manifest.refused {
        0 => String::new(),
        n => format!(", {n} of them refused because another dataset was made of them"),
    };
    format!(
        "{}{there}: {} from {} video(s), {} frame files of {:.1} MB; {} file(s) passed over{refused}{}",
        inputs.out.display(),
        samples(manifest),
        manifest.videos.len(),
        manifest.frames.files,
        manifest.frames.bytes as f64 / 1e6,
        manifest.problems,
        if manifest.problems == 0 { "" } else { ", see problems.jsonl" },
    )
}

/// How many samples, and of what.
fn samples(manifest: &Manifest) -> String {
    let cells: Vec<String> = manifest.cells.iter().map(|(cell, n)| format!("{cell} {n}")).collect();
    format!("{} sample(s) ({})", manifest.samples, cells.join(", "))
}

fn import(args: Import) -> Result<()> {
    let name = dataset::dataset_name(&args.file, args.name.as_deref())?;
    let out = dataset::datasets_folder(&args.data).join(name);
    let bar = ProgressBar::no_length();
    let style = ProgressStyle::with_template("{spinner} {pos} rows {per_sec}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let outcome = dataset::import(&args.file, &out, &mut |rows| bar.set_position(rows));
    bar.finish_and_clear();
    let Imported { manifest, problems } = outcome?;
    if args.json {
        println!("{}", json!({ "dataset": out, "manifest": manifest, "problems": problems }));
        return Ok(());
    }
    println!(
        "{}: {}; {} row(s) left out{}",
        out.display(),
        samples(&manifest),
        problems.len(),
        if problems.is_empty() { "" } else { ", see problems.jsonl" },
    );
    Ok(())
}

fn verify(args: Verify) -> Result<()> {
    let dataset = Dataset::open(&args.folder)?;
    let verdict = dataset::verify(&args.folder, cores())?;
    if args.json {
        println!("{}", serde_json::to_string(&verdict)?);
    } else if verdict.differences == 0 {
        let (rows, frames) = (verdict.rows, verdict.frames);
        println!(
            "{}: {rows} rows and {frames} frame files are as the manifest says",
            args.folder.display()
        );
    }
    match verdict.findings.first() {
        None => Ok(()),
        Some(first) => bail!(
            "{} differs from its manifest in {} place(s), the first: {first}",
            dataset.folder().display(),
            verdict.differences
        ),
    }
}
