//! Files that are no good end as one typed error with one sentence, in bounded time.

mod common;

use common::{moving_square, own_clip, small};
use media::{MediaError, StripCache, encode_clip, probe, strip};
use std::path::{Path, PathBuf};

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a test file");
    path
}

/// The error of making a strip; checks that it is one sentence that names the file.
fn refusal(path: &Path) -> MediaError {
    let error = strip(path, &small(), &StripCache::disabled()).expect_err("a bad file");
    let (text, name) = (error.to_string(), path.file_name().expect("a name").to_string_lossy());
    assert!(text.contains(&*name) && text.ends_with('.') && !text.contains('\n'), "{text}");
    assert!(!text.contains(&*path.parent().expect("a folder").to_string_lossy()), "{text}");
    error
}

#[test]
fn nothing_text_and_noise_are_not_videos() {
    let folder = tempfile::tempdir().expect("a folder");
    let noise: Vec<u8> =
        (0u64..100_000).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect();
    assert_eq!(refusal(&write(folder.path(), "empty.mp4", b"")).code(), "empty");
    assert_eq!(
        refusal(&write(folder.path(), "text.mp4", b"hello, this is no video\n")).code(),
        "not_a_video"
    );
    assert_eq!(refusal(&write(folder.path(), "noise.mkv", &noise)).code(), "not_a_video");
    assert_eq!(refusal(&folder.path().join("absent.mp4")).code(), "io");
    std::fs::create_dir(folder.path().join("folder.mp4")).expect("a folder");
    assert_eq!(refusal(&folder.path().join("folder.mp4")).code(), "io");
}

#[test]
fn playlists_do_not_open_other_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = own_clip("rabbit-animation.mp4");
    let list = format!("#EXTM3U\n#EXTINF:5,\n{}\n#EXT-X-ENDLIST\n", target.display());
    let concat = format!("ffconcat version 1.0\nfile '{}'\n", target.display());
    assert_eq!(refusal(&write(folder.path(), "list.mp4", list.as_bytes())).code(), "not_a_video");
    assert_eq!(
        refusal(&write(folder.path(), "concat.mp4", concat.as_bytes())).code(),
        "not_a_video"
    );
}

#[test]
fn cut_short_is_told_apart_from_no_video() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["rabbit-animation.mp4", "rocket-launch.webm", "city-night-mpeg4.avi"] {
        let whole = std::fs::read(own_clip(name)).expect("the clip");
        for share in [3, 50, 80] {
            let path = write(
                folder.path(),
                &format!("{share}-{name}"),
                &whole[..whole.len() * share / 100],
            );
            let code = refusal(&path).code();
            assert!(
                code == "corrupt" || (code == "too_short" && share == 3),
                "{name} {share} %: {code}"
            );
        }
    }
}

#[test]
fn damage_never_crashes_or_hangs() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = std::fs::read(own_clip("rabbit-animation.mp4")).expect("the clip");
    for round in 0..24u64 {
        let mut bytes = whole.clone();
        for i in 0..40u64 {
            let at = (round * 40 + i).wrapping_mul(0x9E37_79B9_7F4A_7C15) % bytes.len() as u64;
            bytes[at as usize] ^= (round + i) as u8 | 1;
        }
        let path = write(folder.path(), &format!("damaged{round}.mp4"), &bytes);
        match strip(&path, &small(), &StripCache::disabled()) {
            Ok(strip) => assert_eq!(strip.count(), 48),
            Err(error) => assert!(error.to_string().contains("damaged"), "{error}"),
        }
    }
}

#[test]
fn too_few_frames_says_how_many_are_needed() {
    let folder = tempfile::tempdir().expect("a folder");
    for count in [1usize, 20, 52] {
        let clip = encode_clip(&moving_square(count, 64, 48), 64, 48, 8).expect("encodes");
        let path = write(folder.path(), &format!("short{count}.webm"), &clip);
        assert_eq!(probe(&path).expect("facts").frames, count as u64);
        match refusal(&path) {
            MediaError::TooShort { frames, wanted, needed, .. } => {
                assert_eq!((frames, wanted, needed), (count as u64, 48, 53));
            }
            other => panic!("{other}"),
        }
    }
    let clip = encode_clip(&moving_square(53, 64, 48), 64, 48, 8).expect("encodes");
    let path = write(folder.path(), "enough.webm", &clip);
    assert_eq!(strip(&path, &small(), &StripCache::disabled()).expect("enough").count(), 48);
}

#[test]
fn sound_alone_has_no_video_track() {
    let folder = tempfile::tempdir().expect("a folder");
    // A WAV of half a second, 8 kHz, 8 bit, written by hand.
    let samples: Vec<u8> = (0..4000u32).map(|i| 128 + (i % 40) as u8).collect();
    let mut wav = Vec::new();
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + samples.len() as u32).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend_from_slice(&16u32.to_le_bytes());
    for half in [1u16, 1] {
        wav.extend_from_slice(&half.to_le_bytes());
    }
    wav.extend_from_slice(&8000u32.to_le_bytes());
    wav.extend_from_slice(&8000u32.to_le_bytes());
    for half in [1u16, 8] {
        wav.extend_from_slice(&half.to_le_bytes());
    }
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&(samples.len() as u32).to_le_bytes());
    wav.extend_from_slice(&samples);
    assert_eq!(refusal(&write(folder.path(), "sound.wav", &wav)).code(), "no_video_track");
}

#[test]
fn a_huge_picture_is_refused_before_it_is_decoded() {
    let folder = tempfile::tempdir().expect("a folder");
    // IVF with VP8 key frames that claim 16000 x 16000 pixels, and nothing behind the claim.
    let mut ivf = Vec::from(*b"DKIF\x00\x00\x20\x00VP80");
    for half in [16_000u16, 16_000] {
        ivf.extend_from_slice(&half.to_le_bytes());
    }
    for word in [25u32, 1, 60, 0] {
        ivf.extend_from_slice(&word.to_le_bytes());
    }
    for time in 0u64..60 {
        let mut frame = vec![0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A, 0x80, 0x3E, 0x80, 0x3E];
        frame.resize(64, 0);
        ivf.extend_from_slice(&(frame.len() as u32).to_le_bytes());
        ivf.extend_from_slice(&time.to_le_bytes());
        ivf.extend_from_slice(&frame);
    }
    match refusal(&write(folder.path(), "huge.ivf", &ivf)) {
        MediaError::TooLarge { width, height, .. } => assert_eq!((width, height), (16_000, 16_000)),
        other => panic!("{other}"),
    }
}

#[test]
fn names_with_protocols_are_only_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = std::fs::read(own_clip("rabbit-animation.mp4")).expect("the clip");
    for name in ["concat:a.mp4", "http:b.mp4", "-", "ü ß.mp4"] {
        let path = write(folder.path(), name, &bytes);
        assert_eq!(probe(&path).expect(name).frames, 132);
    }
}
