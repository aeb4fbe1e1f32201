//! What the page shows: clips, atlases, thumbnails and PNG files.

mod common;

use common::{difference, moving_square};
use media::{
    StripCache, capabilities, encode_atlas, encode_clip, encode_film, probe, read_png, strip,
    thumbnail, write_png,
};
use shared::video::{FrameSize, SamplePlan};

#[test]
fn a_clip_shows_every_frame_at_its_time() {
    let folder = tempfile::tempdir().expect("a folder");
    for (width, height) in [(64usize, 48usize), (107, 61)] {
        let rgb = moving_square(60, width, height);
        let bytes = encode_clip(&rgb, width as u32, height as u32, 8).expect("encodes");
        assert_eq!(&bytes[..4], &[0x1A, 0x45, 0xDF, 0xA3], "WebM");
        let path = folder.path().join("clip.webm");
        std::fs::write(&path, &bytes).expect("written");
        let meta = probe(&path).expect("facts");
        assert_eq!((meta.frames, meta.variable_rate), (60, false));
        assert!((meta.duration_secs - 7.5).abs() < 0.002, "{}", meta.duration_secs);
        let even = (width.next_multiple_of(2) as u32, height.next_multiple_of(2) as u32);
        assert_eq!((meta.width, meta.height), even);
        let plan = SamplePlan { count: 48, size: FrameSize::Exact(even.0, even.1) };
        let back = strip(&path, &plan, &StripCache::disabled()).expect("decodes");
        for frame in &back.frames {
            assert!((frame.pts_secs - frame.source_index as f64 / 8.0).abs() < 0.002);
        }
        if even == (width as u32, height as u32) {
            let from = &rgb[3 * back.frame_bytes()..][..back.rgb.len()];
            assert!(difference(&back.rgb, from) < 8.0, "{}", difference(&back.rgb, from));
        }
    }
}

#[test]
fn an_atlas_has_every_frame_in_its_place() {
    let rgb = moving_square(48, 64, 48);
    for (columns, size) in [(8, (512, 288)), (48, (64 * 48, 48)), (7, (448, 336))] {
        let jpeg = encode_atlas(&rgb, 64, 48, columns).expect("encodes");
        let picture =
            image::load_from_memory_with_format(&jpeg, image::ImageFormat::Jpeg).expect("a JPEG");
        assert_eq!((picture.width(), picture.height()), size);
    }
    let jpeg = thumbnail(&moving_square(1, 1280, 720), 1280, 720).expect("encodes");
    let picture =
        image::load_from_memory_with_format(&jpeg, image::ImageFormat::Jpeg).expect("a JPEG");
    assert_eq!((picture.width(), picture.height()), (320, 180));
}

#[test]
fn a_film_has_small_frames_and_black_places() {
    // White, then black, in three places: at half size nothing of a place reaches into the next.
    let frames: Vec<u8> = [[255u8; 64 * 32 * 3], [0; 64 * 32 * 3]].concat();
    let jpeg = encode_film(&frames, (64, 32), (32, 16), 3).expect("encodes");
    let film = image::load_from_memory_with_format(&jpeg, image::ImageFormat::Jpeg)
        .expect("a JPEG")
        .to_rgb8();
    assert_eq!((film.width(), film.height()), (96, 16));
    let mean = |place: u32| {
        let pixels = (0..32 * 16).map(|at| film.get_pixel(place * 32 + at % 32, at / 32).0[0]);
        pixels.map(f64::from).sum::<f64>() / (32.0 * 16.0)
    };
    assert!(mean(0) > 250.0 && mean(1) < 5.0 && mean(2) < 5.0);
    assert!(encode_film(&frames[1..], (64, 32), (32, 16), 3).is_err());
}

#[test]
fn png_files_keep_every_pixel() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.png");
    let rgb = moving_square(1, 31, 17);
    write_png(&path, &rgb, 31, 17).expect("written");
    let back = read_png(&path).expect("read");
    assert_eq!((back.width, back.height, back.rgb), (31, 17, rgb));
    std::fs::write(&path, b"no picture").expect("spoiled");
    assert_eq!(read_png(&path).expect_err("refused").code(), "corrupt");
    assert_eq!(read_png(&folder.path().join("absent.png")).expect_err("refused").code(), "io");
}

#[test]
fn wrong_sizes_are_refused() {
    assert!(encode_clip(&[0; 10], 64, 48, 8).is_err());
    assert!(encode_clip(&moving_square(2, 8, 8), 8, 8, 0).is_err());
    assert!(encode_atlas(&[], 8, 8, 4).is_err());
    assert!(thumbnail(&[0; 12], 2, 1).is_err());
}

#[test]
fn doctor_is_told_what_is_there() {
    let found = capabilities();
    assert!(found.avcodec.contains('.') && !found.license.is_empty());
    assert!(!found.clip_encoders.is_empty(), "no encoder for clips in this FFmpeg");
}
