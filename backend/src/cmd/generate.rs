//! `videossr generate`: new tokens for given inputs.

use super::progress::Shown;
use anyhow::Result;
use std::path::PathBuf;

/// Generates from an input file and prints the new token ids as a JSON array.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Policy folder
    #[arg(long)]
    policy: PathBuf,
    /// Safetensors file with `input_ids`, `pixel_values_videos`, `video_grid_thw`
    #[arg(long)]
    input: PathBuf,
    /// Most new tokens
    #[arg(long)]
    max_new: usize,
    /// Always take the likeliest token; else draw with seed 0
    #[arg(long)]
    greedy: bool,
    /// cpu or cuda:0
    #[arg(long, default_value = "cpu")]
    device: String,
}

/// Prints the ids.
pub fn run(args: Args) -> Result<()> {
    policy::tune_process();
    let shown = Shown::spinner("generating");
    let device = policy::pick(&args.device)?;
    let ids = policy::generate_file(&args.policy, &args.input, args.max_new, args.greedy, &device)?;
    drop(shown);
    println!("{}", serde_json::to_string(&ids)?);
    Ok(())
}
