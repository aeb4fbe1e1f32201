//! Files that are no good: each is one clear line, the rest goes on, no source is touched.

mod common;

use common::{clip, inputs, made, refused, skipped, spec, tree, video, videos};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A WAV of half a second, 8 kHz, 8 bit.
fn sound() -> Vec<u8> {
    let samples: Vec<u8> = (0..4000u32).map(|i| 128 + (i % 40) as u8).collect();
    let mut wav = Vec::from(*b"RIFF");
    wav.extend((36 + samples.len() as u32).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16u32.to_le_bytes());
    for half in [1u16, 1] {
        wav.extend(half.to_le_bytes());
    }
    for word in [8000u32, 8000] {
        wav.extend(word.to_le_bytes());
    }
    for half in [1u16, 8] {
        wav.extend(half.to_le_bytes());
    }
    wav.extend(b"data");
    wav.extend((samples.len() as u32).to_le_bytes());
    wav.extend(samples);
    wav
}

/// An AVI of JPEG pictures that are each shown for so many seconds.
fn slides(pictures: &[Vec<u8>], width: u32, height: u32, secs_each: u32) -> Vec<u8> {
    let chunk = |name: &[u8; 4], body: &[u8]| {
        let mut bytes = Vec::from(*name);
        bytes.extend((body.len() as u32).to_le_bytes());
        bytes.extend(body);
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        bytes
    };
    let list = |name: &[u8; 4], parts: &[Vec<u8>]| {
        let mut body = Vec::from(*name);
        parts.iter().for_each(|part| body.extend(part));
        chunk(b"LIST", &body)
    };
    let words =
        |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let count = pictures.len() as u32;
    let main = words(&[0, 0, 0, 0x10, count, 0, 1, 0, width, height, 0, 0, 0, 0]);
    let mut stream = Vec::from(*b"vidsMJPG");
    stream.extend(words(&[0, 0, 0, secs_each, 1, 0, count, 0, u32::MAX, 0, 0, 0]));
    let mut format = words(&[40, width, height, 1 | (24 << 16)]);
    format.extend(b"MJPG");
    format.extend(words(&[width * height * 3, 0, 0, 0, 0]));
    let header = list(
        b"hdrl",
        &[
            chunk(b"avih", &main),
            list(b"strl", &[chunk(b"strh", &stream), chunk(b"strf", &format)]),
        ],
    );
    let frames: Vec<Vec<u8>> = pictures.iter().map(|jpeg| chunk(b"00dc", jpeg)).collect();
    let mut index = Vec::new();
    let mut at = 4u32;
    for frame in &frames {
        index.extend(b"00dc");
        index.extend(words(&[0x10, at, frame.len() as u32 - 8]));
        at += frame.len() as u32;
    }
    let mut body = Vec::from(*b"AVI ");
    for part in [header, list(b"movi", &frames), chunk(b"idx1", &index)] {
        body.extend(part);
    }
    chunk(b"RIFF", &body)
}

/// So many JPEG pictures of which each is another.
fn jpegs(count: usize, width: u32, height: u32) -> Vec<Vec<u8>> {
    let picture = |n: usize| {
        let pixel = |at: usize| {
            let (x, y) = (at % width as usize, at / width as usize);
            [(n * 4) as u8, (x * 3) as u8, (y * 11) as u8]
        };
        let rgb: Vec<u8> = (0..(width * height) as usize).flat_map(pixel).collect();
        media::encode_jpeg(&rgb, width, height).expect("a JPEG")
    };
    (0..count).map(picture).collect()
}

/// VP8 that claims 16,383 x 8,192 pixels and has nothing behind the claim.
fn claim() -> Vec<u8> {
    let mut ivf = Vec::from(*b"DKIF\x00\x00\x20\x00VP80");
    for half in [16_383u16, 8_192] {
        ivf.extend(half.to_le_bytes());
    }
    for word in [25u32, 1, 60, 0] {
        ivf.extend(word.to_le_bytes());
    }
    for time in 0u64..60 {
        let mut frame = vec![0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A, 0xFF, 0x3F, 0x00, 0x20];
        frame.resize(64, 0);
        ivf.extend((frame.len() as u32).to_le_bytes());
        ivf.extend(time.to_le_bytes());
        ivf.extend(frame);
    }
    ivf
}

/// The middle of a file overwritten: its head and its index stay good.
fn holed(mut bytes: Vec<u8>) -> Vec<u8> {
    let (from, to) = (bytes.len() * 2 / 5, bytes.len() * 3 / 5);
    bytes[from..to].fill(0x55);
    bytes
}

/// Every kind of bad file with a word of the sentence it should get.
fn bad_files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let whole =
        std::fs::read(clip("rabbit-animation.mp4").expect("the project's own")).expect("read");
    vec![
        ("corrupt.mp4", holed(whole.clone()), "damaged"),
        ("truncated.mp4", whole[..whole.len() / 2].to_vec(), "damaged or cut short"),
        ("zero-byte.mp4", Vec::new(), "is empty"),
        ("sound.wav", sound(), "no video track"),
        ("one-frame.webm", video(1, 3), "too short"),
        ("text.mp4", b"this is a letter, not a film\n".to_vec(), "not a video"),
        ("thirty-hours.avi", slides(&jpegs(60, 64, 48), 64, 48, 1800), "too long"),
        ("wide-and-high.ivf", claim(), "the limit is"),
    ]
}

/// Files that look odd and are good.
fn odd_files() -> Vec<(&'static str, Vec<u8>)> {
    let whole =
        std::fs::read(clip("rabbit-animation.mp4").expect("the project's own")).expect("read");
    let mut files = vec![
        ("video.txt", whole),
        ("ten-hours.avi", slides(&jpegs(60, 64, 48), 64, 48, 600)),
        ("banner-16384.avi", slides(&jpegs(54, 16_384, 16), 16_384, 16, 1)),
    ];
    for (name, source) in [
        ("variable-rate.mkv", "car-lot-vfr.mkv"),
        ("rotated.mp4", "frog-toy-rotated.mp4"),
        ("odd-pixel-format.mp4", "cockatoo-yuv444.mp4"),
    ] {
        if let Some(path) = clip(source) {
            files.push((name, std::fs::read(path).expect("a clip")));
        }
    }
    files
}

/// What a folder of sources holds, with the times of its files.
fn state(folder: &Path) -> (BTreeMap<String, Vec<u8>>, Vec<SystemTime>) {
    let files = tree(folder);
    let time = |name: &String| {
        let facts = std::fs::metadata(folder.join(name)).expect("a file");
        facts.modified().expect("a time")
    };
    let times = files.keys().map(time).collect();
    (files, times)
}

#[test]
fn each_bad_file_is_one_line_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = videos(dir.path(), 2);
    let (bad, odd) = (bad_files(), odd_files());
    for (name, bytes, _) in &bad {
        std::fs::write(folder.join(name), bytes).expect("a file");
    }
    for (name, bytes) in &odd {
        std::fs::write(folder.join(name), bytes).expect("a file");
    }
    let before = state(&folder);
    let out = dir.path().join("out");
    let summary = made(&folder, &out, &spec(60));
    assert!(before == state(&folder), "sources were touched");
    let text = std::fs::read_to_string(out.join("problems.jsonl")).expect("problems");
    assert_eq!(text.lines().count(), bad.len(), "{text}");
    for (name, _, word) in &bad {
        let lines: Vec<&str> = text.lines().filter(|line| line.contains(name)).collect();
        assert!(lines.len() == 1 && lines[0].contains(word), "{name}: {lines:?}");
    }
    let used: Vec<&str> = summary.manifest.videos.values().map(|v| v.file.as_str()).collect();
    assert_eq!(used.len(), 2 + odd.len(), "{used:?}");
    for (name, _) in &odd {
        assert!(used.contains(name), "{name}: {used:?}");
    }
    assert_eq!(summary.manifest.samples, 60);
    assert_eq!(summary.manifest.videos.values().map(|v| v.samples).sum::<u64>(), 60);
}

#[test]
fn nothing_but_bad_files_is_one_sentence() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("videos");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("a.mp4"), b"no video").expect("a file");
    let text = refused(&inputs(&folder, &dir.path().join("out"), &spec(6)));
    assert!(
        text.contains("none of the 1 file(s)") && text.contains("`a.mp4` is not a video"),
        "{text}"
    );
}

#[test]
fn a_folder_that_cannot_be_read_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = videos(dir.path(), 2);
    let file = folder.join("a.webm");
    let text = refused(&inputs(&file, &dir.path().join("out"), &spec(6)));
    assert!(text.contains("a.webm` cannot be read"), "{text}");
    let closed = closed_folder(&folder);
    if std::fs::read_dir(&closed).is_ok() {
        skipped("this user may read folders that are closed to everybody");
    } else {
        let summary = made(&folder, &dir.path().join("out"), &spec(6));
        let told: Vec<&str> = summary.problems.iter().map(|p| p.problem.as_str()).collect();
        assert!(told.len() == 1 && told[0].contains("folder `closed` cannot be read"), "{told:?}");
        assert_eq!(summary.manifest.samples, 6);
    }
    open_again(&closed);
}

fn closed_folder(parent: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let closed = parent.join("closed");
    std::fs::create_dir(&closed).expect("a folder");
    std::fs::set_permissions(&closed, PermissionsExt::from_mode(0o000)).expect("closed");
    closed
}

fn open_again(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o700)).expect("opened");
}

#[test]
fn links_in_a_circle_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = videos(dir.path(), 2);
    std::fs::create_dir(folder.join("more")).expect("a folder");
    std::os::unix::fs::symlink(&folder, folder.join("more/back")).expect("a link");
    std::os::unix::fs::symlink("/no/such/video.mp4", folder.join("gone.mp4")).expect("a link");
    let summary = made(&folder, &dir.path().join("out"), &spec(6));
    let told: Vec<&str> = summary.problems.iter().map(|p| p.file.as_str()).collect();
    assert_eq!(told, ["gone.mp4"]);
}
