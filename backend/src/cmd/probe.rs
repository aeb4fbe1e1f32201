//! `videossr probe`: facts of a video file.

use super::progress::Shown;
use anyhow::Result;
use shared::video::VideoMeta;
use std::path::PathBuf;

/// Arguments of `probe`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The video file; it is only read.
    pub video: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Prints the facts on stdout. Errors: every [`media::MediaError`] about files.
pub fn run(args: Args) -> Result<()> {
    let shown = Shown::spinner(format_args!("reading {}", args.video.display()));
    let meta = media::probe(&args.video)?;
    drop(shown);
    if args.json {
        println!("{}", serde_json::to_string(&meta)?);
    } else {
        print!("{}", for_people(&meta));
    }
    Ok(())
}

fn for_people(meta: &VideoMeta) -> String {
    let rate = if meta.variable_rate { "variable, on average " } else { "" };
    let rotation = if meta.rotation == 0 {
        String::new()
    } else {
        format!(", turned by {} degrees", meta.rotation)
    };
    format!(
        "id        {}\nduration  {:.3} s\nframes    {}\nsize      {} x {}{rotation}\nrate      {rate}{:.3} frames/s\ncodec     {}\n",
        meta.id, meta.duration_secs, meta.frames, meta.width, meta.height, meta.fps_avg, meta.codec
    )
}
