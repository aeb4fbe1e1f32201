//! `videossr perturb`: one change of one picture.

use anyhow::{Result, bail};
use shared::task::Perturbation;
use std::path::PathBuf;
use tasks::Dials;

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

/// Changes that need more than one frame, which a single picture cannot show.
const NEED_A_STRIP: [&str; 5] = ["shuffle", "swap", "stutter-hold", "slow", "fast"];

/// Writes the changed picture. Errors: unknown changes and parameters, those of files.
pub fn run(args: Args) -> Result<()> {
    if NEED_A_STRIP.contains(&args.kind.as_str()) {
        bail!(
            "`{}` changes the order or choice of frames; it cannot be made on one picture",
            args.kind
        );
    }
    let kind: Perturbation = args.kind.parse().map_err(anyhow::Error::msg)?;
    let mut settings = Vec::new();
    for text in &args.params {
        let Some(pair) = text.split_once('=') else {
            bail!("`{text}` is not NAME=VALUE, such as scale=1.4");
        };
        settings.push(pair);
    }
    let dials = Dials::from_settings(settings)?;
    let picture = media::read_png(&args.input)?;
    let changed = tasks::perturb(kind, &dials, &picture)?;
    media::write_png(&args.output, &changed.rgb, changed.width, changed.height)?;
    Ok(())
}
