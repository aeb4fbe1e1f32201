//! `videossr frames`: the evenly spaced frames of a video as PNG files.

use super::progress::Shown;
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
    refuse_beside(&args.out, &[], std::slice::from_ref(&args.video))?;
    let shown = Shown::spinner(format_args!("decoding {}", args.video.display()));
    let strip = media::strip(&args.video, &plan, &StripCache::disabled())?;
    drop(shown);
    make_folder(&args.out)?;
    clear_folder(&args.out)?;
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

/// Creates an output folder.
pub(crate) fn make_folder(out: &Path) -> Result<()> {
    std::fs::create_dir_all(out)
        .with_context(|| format!("cannot create the folder {}", out.display()))
}

/// Refuses a folder to write to that holds one of the videos (files, or folders of them), or
/// has one anywhere in its folders `below`: nothing is written beside a video.
pub(crate) fn refuse_beside(out: &Path, below: &[&str], videos: &[PathBuf]) -> Result<()> {
    // What is not there yet holds no video.
    let Ok(out) = out.canonicalize() else { return Ok(()) };
    for video in train::library::video_files(videos)? {
        let beside = |place: &PathBuf| {
            place.parent() == Some(&out)
                || below.iter().any(|name| place.starts_with(out.join(name)))
        };
        if places_of(&video).iter().any(beside) {
            anyhow::bail!(
                "{} holds the source video {}; write to another folder",
                out.display(),
                video.display()
            );
        }
    }
    Ok(())
}

/// Where a video lies; for a link both ends.
fn places_of(video: &Path) -> Vec<PathBuf> {
    let folder = match video.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let link = folder.canonicalize().ok().zip(video.file_name()).map(|(dir, name)| dir.join(name));
    video.canonicalize().ok().into_iter().chain(link).collect()
}

/// Where `sample` writes the clips of a jigsaw.
pub(crate) const CLIP_FOLDERS: [&str; 9] =
    ["clip1", "clip2", "clip3", "clip4", "clip5", "clip6", "clip7", "clip8", "clip9"];

/// The lists that say what an earlier call wrote.
const LISTS: [&str; 2] = ["strip.json", "sample.json"];

/// Removes what an earlier call of `frames` or `sample` left in a folder, so that its pictures
/// are not taken for those of this one. Refuses a folder with pictures of the same names that
/// no such call wrote: they are somebody's own.
pub(crate) fn clear_folder(out: &Path) -> Result<()> {
    let own = own_files(out).with_context(|| format!("cannot read {}", out.display()))?;
    let lists: Vec<_> = LISTS.iter().map(|name| out.join(name)).filter(|p| p.is_file()).collect();
    if lists.is_empty() && !own.is_empty() {
        anyhow::bail!(
            "{} holds pictures that no earlier call wrote; choose another folder for --out",
            out.display()
        );
    }
    for file in own.iter().chain(&lists) {
        std::fs::remove_file(file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    Ok(())
}

/// Files that are named as ours are: `NUMBER.png`, also in `clip1` to `clip9`.
fn own_files(out: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in std::iter::once(out.to_owned()).chain(CLIP_FOLDERS.map(|name| out.join(name))) {
        if !folder.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let slot = name.to_str().and_then(|name| name.strip_suffix(".png")?.parse().ok());
            let own = slot.is_some_and(|slot| name.to_str() == Some(&media::frame_name(slot)));
            if own && entry.file_type()?.is_file() {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}

/// Writes a value as indented JSON.
pub(crate) fn write_json(path: &Path, value: &serde_json::Value) -> Result<()> {
    let text = serde_json::to_string_pretty(value)? + "\n";
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_an_earlier_call_go_and_others_stay() {
        let dir = tempfile::tempdir().expect("a folder");
        let put = |name: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, "x").expect("a file");
        };
        let there = |name: &str| dir.path().join(name).exists();
        for name in ["007.png", "clip2/000.png", "7.png", "cat.png", "notes.txt", "clip2/x.png"] {
            put(name);
        }
        let refused = clear_folder(dir.path()).expect_err("no list");
        assert!(refused.to_string().contains("choose another folder"), "{refused}");
        assert!(there("007.png"));
        put("sample.json");
        clear_folder(dir.path()).expect("an earlier call");
        for name in ["007.png", "clip2/000.png", "sample.json"] {
            assert!(!there(name), "{name}");
        }
        for name in ["7.png", "cat.png", "notes.txt", "clip2/x.png"] {
            assert!(there(name), "{name}");
        }
        clear_folder(dir.path()).expect("nothing of ours is left");
    }
}
