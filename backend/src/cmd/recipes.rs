//! `videossr recipes`: what each recipe changes, and runs of several beside each other.

use super::config::Source;
use super::frames::refuse_beside;
use super::progress::Shown;
use super::serve::say;
use super::train::inputs;
use crate::cli::Usage;
use anyhow::Result;
use shared::event::{EventBody, RunEvent};
use shared::recipe::Recipe;
use std::path::PathBuf;
use train::compare::{self, VARIANTS, Variant};
use train::{Sink, TrainError};

/// Lists the recipes, or compares some.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Train every variant with several seeds and print the table of RECIPES.md
    Compare(CompareArgs),
}

#[derive(clap::Args, Debug)]
struct CompareArgs {
    #[command(flatten)]
    source: Source,
    /// Folder for the runs; finished ones in it are taken as they are
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Seeds of each variant
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Variants, separated by commas; all of them where none is named
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    only: Vec<String>,
}

/// Prints the list or the table.
pub fn run(args: Args) -> Result<()> {
    match args.what {
        None => list(),
        Some(What::Compare(args)) => compare(args)?,
    }
    Ok(())
}

fn list() {
    for recipe in Recipe::ALL {
        let changes: Vec<String> =
            recipe.settings().iter().map(|(key, value)| format!("{key}={value}")).collect();
        say(format_args!("{:22} {}", recipe.name(), changes.join(" ")));
    }
}

fn compare(args: CompareArgs) -> Result<()> {
    policy::tune_process();
    let variants = chosen(&args.only)?;
    let inputs = inputs(args.source.read()?, args.out.clone())?;
    refuse_beside(&args.out, &[], &inputs.videos)?;
    compare::make_folder(&args.out)?;
    let seeds: Vec<u64> = (1..=args.seeds.max(1)).collect();
    let total = inputs.config.steps * (variants.len() * seeds.len()) as u64;
    let mut progress = Progress(Shown::bar(total, "{wide_bar} step {pos}/{len} {eta}"), 0);
    let rows = compare::compare(&inputs, &variants, &seeds, &mut progress)?;
    drop(progress);
    say(compare::table(&rows, &variants).trim_end());
    Ok(())
}

fn chosen(names: &[String]) -> Result<Vec<Variant>> {
    let find = |name: &String| {
        let known: Vec<&str> = VARIANTS.iter().map(|variant| variant.name).collect();
        let found = VARIANTS.iter().find(|variant| variant.name == name);
        found.copied().ok_or_else(|| {
            Usage::new(format!("`{name}` is no variant; use some of {}", known.join(", "))).into()
        })
    };
    if names.is_empty() { Ok(VARIANTS.to_vec()) } else { names.iter().map(find).collect() }
}

/// Steps over all runs, on standard error.
struct Progress(Shown, u64);

impl Sink for Progress {
    fn emit(&mut self, event: &RunEvent) -> Result<(), TrainError> {
        if matches!(event.body, EventBody::Step(_)) {
            self.1 += 1;
            self.0.at(self.1, "");
        }
        Ok(())
    }
}
