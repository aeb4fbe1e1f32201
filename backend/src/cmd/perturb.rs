//! `videossr perturb`: one change of one picture.

use crate::cli::Usage;
use anyhow::Result;
use shared::task::Perturbation;
use std::path::PathBuf;
use tasks::Strengths;

/// Arguments of `perturb`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The change, such as mirror, blur or zoom-in.
    pub kind: String,
    /// A strength as name=value: scale (zooms), sigma and seed (noise), radius (blur),
    /// factor (saturation).
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// The PNG to change; it is only read.
    pub input: PathBuf,
    /// Where the changed PNG goes.
    pub output: PathBuf,
}

/// Writes the changed picture. Errors: unknown changes and parameters, those of files.
pub fn run(args: Args) -> Result<()> {
    let (kind, strengths) = (kind(&args.kind)?, strengths(&args.params)?);
    let picture = media::read_png(&args.input)?;
    let changed = tasks::perturb(kind, &strengths, &picture)?;
    media::write_png(&args.output, &changed.rgb, changed.width, changed.height)?;
    Ok(())
}

fn kind(name: &str) -> Result<Perturbation, Usage> {
    let kind: Perturbation = name.parse().map_err(|message: String| Usage::new(message))?;
    if !kind.is_of_pixels() {
        return Err(Usage::new(format!(
            "`{name}` changes the order or choice of frames; it cannot be made on one picture"
        )));
    }
    Ok(kind)
}

fn strengths(params: &[String]) -> Result<Strengths, Usage> {
    let mut settings = Vec::new();
    for text in params {
        let pair = text.split_once('=');
        settings.push(
            pair.ok_or_else(|| {
                Usage::new(format!("`{text}` is not NAME=VALUE, such as scale=1.4"))
            })?,
        );
    }
    Strengths::from_settings(settings).map_err(Usage::new)
}
