//! `videossr frames`: the evenly spaced frames of a video as PNG files.

use anyhow::{Context, Result};
use media::{FrameStrip, StripCache};
use shared::video::{FrameSize, SamplePlan};
use std::path::{Path, PathBuf};

/// Arguments of `frames`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The video file; it is only read.
    pub video: PathBuf,
    /// Number of frames.
    #[arg(long, default_value_t = shared::video::STRIP_FRAMES, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub count: u32,
    /// Pixels of the shorter side; smaller videos are not enlarged.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(2..=4096))]
    pub short_side: u32,
    /// Folder for `000.png`... and `strip.json`; it is created.
    #[arg(long)]
    pub out: PathBuf,
}

/// Writes the frames and `strip.json`. Errors: those of decoding and of writing files.
pub fn run(args: Args) -> Result<()> {
    let plan = SamplePlan { count: args.count, size: FrameSize::ShortSide(args.short_side) };
    let strip = media::strip(&args.video, &plan, &StripCache::disabled())?;
    make_folder(&args.out, &args.video)?;
    media::write_frames(&args.out, &strip.rgb, strip.width, strip.height)?;
    let facts = describe(&strip);
    write_json(&args.out.join("strip.json"), &facts)
}

fn describe(strip: &FrameStrip) -> serde_json::Value {
    serde_json::json!({
        "video": strip.video,
        "sampling_fps": strip.sampling_fps,
        "width": strip.width,
        "height": strip.height,
        "frames": strip.frames,
    })
}

/// Creates an output folder. Refuses the folder of the source: nothing is written beside a
/// video.
pub(crate) fn make_folder(out: &Path, video: &Path) -> Result<()> {
    std::fs::create_dir_all(out)
        .with_context(|| format!("cannot create the folder {}", out.display()))?;
    let beside = video.canonicalize().ok().and_then(|v| v.parent().map(Path::to_path_buf));
    if beside.is_some() && out.canonicalize().ok() == beside {
        anyhow::bail!("{} holds the source video; choose another folder for --out", out.display());
    }
    Ok(())
}

/// Writes a value as indented JSON.
pub(crate) fn write_json(path: &Path, value: &serde_json::Value) -> Result<()> {
    let text = serde_json::to_string_pretty(value)? + "\n";
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
