//! Videos, folders and specs that several test files share.
#![allow(dead_code, reason = "each test file uses a part")]

use dataset::{BuildInputs, DatasetError, Summary, build};
use shared::config::{DatasetSpec, MixtureItem};
use shared::task::{Difficulty, Perturbation, Task};
use std::collections::BTreeMap;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// A video of 64 x 48 in which every change shows; `kind` makes it another one.
pub fn video(frames: usize, kind: u8) -> Vec<u8> {
    pictures(frames, (64, 48), |frame, x, y| {
        let moved = (frame * (3 + kind as usize)) as u8;
        [moved, (x * 3) as u8 ^ kind.wrapping_mul(29), (y * 5) as u8]
    })
}

/// A video without colour: nobody can tell whether red and blue are swapped.
pub fn grey_video(frames: usize, kind: u8) -> Vec<u8> {
    pictures(frames, (64, 48), |frame, x, y| {
        let light = (frame * 4) as u8 ^ (x * 3 + y) as u8 ^ kind;
        [light; 3]
    })
}

/// A video of 192 x 144.
pub fn large_video(frames: usize) -> Vec<u8> {
    pictures(frames, (192, 144), |frame, x, y| [(frame * 4) as u8, x as u8, (y + x / 2) as u8])
}

fn pictures(
    frames: usize,
    (width, height): (usize, usize),
    pixel: impl Fn(usize, usize, usize) -> [u8; 3],
) -> Vec<u8> {
    let mut rgb = Vec::new();
    for frame in 0..frames {
        for at in 0..width * height {
            rgb.extend(pixel(frame, at % width, at / width));
        }
    }
    media::encode_clip(&rgb, width as u32, height as u32, 10).expect("an encoder")
}

/// A folder with so many videos, `a.webm`, `b.webm` and so on.
pub fn videos(dir: &Path, count: u8) -> PathBuf {
    let folder = dir.join("videos");
    std::fs::create_dir_all(&folder).expect("a folder");
    for n in 0..count {
        let name = format!("{}.webm", (b'a' + n) as char);
        std::fs::write(folder.join(name), video(56 + n as usize, n)).expect("a video");
    }
    folder
}

/// A small dataset: three grounding cells, counting and jigsaw.
pub fn spec(samples: u64) -> DatasetSpec {
    let grounding = [Perturbation::ChannelSwap, Perturbation::Mirror, Perturbation::ZoomOut];
    let mut mixture: Vec<MixtureItem> = grounding
        .map(|perturbation| MixtureItem::of(Task::Grounding { perturbation }, 1.0))
        .to_vec();
    mixture.push(MixtureItem::of(Task::Counting { difficulty: Difficulty::Easy }, 1.0));
    mixture.push(MixtureItem::of(Task::Jigsaw { clips: 6 }, 2.0));
    DatasetSpec { samples, mixture, short_side: 48, ..DatasetSpec::default() }
}

pub fn inputs(videos: &Path, out: &Path, spec: &DatasetSpec) -> BuildInputs {
    BuildInputs {
        videos: videos.to_owned(),
        out: out.to_owned(),
        spec: spec.clone(),
        jobs: NonZeroUsize::new(2).expect("two"),
        exclude: Vec::new(),
    }
}

pub fn made(videos: &Path, out: &Path, spec: &DatasetSpec) -> Summary {
    build(&inputs(videos, out, spec), &mut |_| {}).expect("a dataset")
}

/// The sentence of a build that is refused.
pub fn refused(inputs: &BuildInputs) -> String {
    let error: DatasetError = build(inputs, &mut |_| {}).expect_err("a refusal");
    let text = error.to_string();
    assert!(text.ends_with('.') && !text.contains('\n'), "{text}");
    text
}

/// Every file below a folder with what it holds, by path.
pub fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).expect("a folder");
            waiting.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else {
            let name = path.strip_prefix(folder).expect("below").display().to_string();
            files.insert(name, std::fs::read(&path).expect("a file"));
        }
    }
    files
}

/// Compares two trees without printing megabytes.
pub fn assert_same(a: &Path, b: &Path) {
    let (a, b) = (tree(a), tree(b));
    let names: Vec<&String> = a.keys().collect();
    assert_eq!(names, b.keys().collect::<Vec<_>>());
    let differing: Vec<&String> = a.keys().filter(|name| a[*name] != b[*name]).collect();
    assert!(differing.is_empty(), "{differing:?}");
}

/// Says so past the test harness, which swallows what passing tests print.
pub fn skipped(what: &str) {
    let note = format!("SKIPPED: {what}\n");
    std::io::stderr().write_all(note.as_bytes()).expect("an open stderr");
}

/// A clip of the project, or of the larger collection that may lie beside the repository.
pub fn clip(name: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let places = [root.join("static/clips"), root.join("../shared/clips")];
    let found = places.into_iter().map(|place| place.join(name)).find(|path| path.is_file());
    if found.is_none() {
        skipped(&format!("{name} is not among the clips of this machine"));
    }
    found
}
