//! `videossr logits`: the network's outputs for given inputs, to compare with others.

use super::progress::Shown;
use anyhow::Result;
use std::path::PathBuf;

/// Runs a policy over an input file.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Policy folder
    #[arg(long)]
    policy: PathBuf,
    /// Safetensors file with `input_ids`, `pixel_values_videos`, `video_grid_thw`
    #[arg(long)]
    input: PathBuf,
    /// File to write: `logits`, `position_ids`, `vision_merged`, `continuation_logprobs`
    #[arg(long)]
    out: PathBuf,
    /// cpu or cuda:0
    #[arg(long, default_value = "cpu")]
    device: String,
}

/// Writes the output file.
pub fn run(args: Args) -> Result<()> {
    policy::tune_process();
    let _shown = Shown::spinner("computing logits");
    let device = policy::pick(&args.device)?;
    Ok(policy::logits_file(&args.policy, &args.input, &args.out, &device)?)
}
