//! Every real clip decodes to 48 right frames; each known trap has its own test.

mod common;

use common::{clip, difference, large, own_clip, small};
use media::{FrameStrip, StripCache, probe, strip, strips};
use shared::video::{FrameSize, SamplePlan};
use std::sync::Arc;

/// Name, frames, duration in seconds, width, height as shown, variable rate, codec.
const FACTS: [(&str, u64, f64, u32, u32, bool, &str); 16] = [
    ("bird-animation-60fps.mp4", 425, 7.083, 1920, 1080, false, "h264"),
    ("bottles-hand.mp4", 1189, 39.85, 640, 360, false, "h264"),
    ("car-lot-vfr.mkv", 109, 14.0, 768, 432, true, "h264"),
    ("cat-portrait.mp4", 87, 4.35, 368, 480, false, "h264"),
    ("city-night-mpeg4.avi", 190, 7.917, 640, 360, false, "mpeg4"),
    ("cockatoo-yuv444.mp4", 280, 14.0, 1280, 720, false, "h264"),
    ("cup-shuffle.mp4", 300, 10.01, 1280, 720, false, "h264"),
    ("desktop-displays.webm", 557, 37.13, 1024, 768, false, "vp8"),
    ("flower-opening.mp4", 150, 5.005, 960, 540, false, "h264"),
    ("frog-toy-rotated.mp4", 248, 8.267, 360, 480, false, "h264"),
    ("marathon-street-hevc.mp4", 138, 4.638, 960, 540, false, "hevc"),
    ("rabbit-animation.mp4", 132, 5.28, 1280, 720, false, "h264"),
    ("race-car-1906.ogv", 288, 19.2, 214, 160, false, "theora"),
    ("rocket-launch.webm", 194, 8.083, 640, 360, false, "vp8"),
    ("telescope-two-tracks.mp4", 390, 13.013, 480, 270, false, "h264"),
    ("tractor-field.webm", 248, 9.92, 512, 288, false, "vp9"),
];

fn decoded(name: &str) -> Option<Arc<FrameStrip>> {
    Some(strip(&clip(name)?, &large(), &StripCache::disabled()).expect("a good clip"))
}

#[test]
fn facts_of_every_clip() {
    for (name, frames, secs, width, height, variable, codec) in FACTS {
        let Some(path) = clip(name) else { continue };
        let meta = probe(&path).expect(name);
        assert_eq!((meta.frames, meta.width, meta.height), (frames, width, height), "{name}");
        assert!((meta.duration_secs - secs).abs() < 0.04, "{name}: {} s", meta.duration_secs);
        assert_eq!((meta.variable_rate, meta.codec.as_str()), (variable, codec), "{name}");
        assert!((meta.fps_avg - meta.frames as f64 / meta.duration_secs).abs() < 1e-9, "{name}");
    }
}

#[test]
fn every_clip_gives_48_frames_at_both_sizes() {
    for (name, frames, ..) in FACTS {
        let Some(path) = clip(name) else { continue };
        let made = strips(&path, &[small(), large()], &StripCache::disabled()).expect(name);
        let wanted = large().indices(frames).expect("long enough");
        for strip in &made {
            assert_eq!(strip.count(), 48, "{name}");
            assert_eq!(strip.rgb.len(), 48 * strip.frame_bytes(), "{name}");
            assert!(
                strip.frames.windows(2).all(|f| f[0].pts_secs < f[1].pts_secs),
                "{name}: times must rise"
            );
            assert!(
                strip.frames.iter().map(|f| f.source_index).eq(wanted.iter().copied()),
                "{name}"
            );
            assert!((strip.sampling_fps - 48.0 / strip.meta.duration_secs).abs() < 1e-12, "{name}");
        }
        assert_eq!((made[0].width, made[0].height), (64, 64));
        assert_eq!(made[1].canonical_size(), (made[1].width, made[1].height), "{name}");
        let spread = made[1].rgb.iter().max().zip(made[1].rgb.iter().min()).map(|(a, b)| a - b);
        assert!(spread > Some(100), "{name}: a real picture has dark and bright places");
    }
}

#[test]
fn the_cockatoo_has_no_garbage_after_its_first_key_frame() {
    let Some(strip) = decoded("cockatoo-yuv444.mp4") else { return };
    for slot in 0..strip.count() {
        let frame = strip.frame(slot);
        let mean = |c: usize| {
            frame.iter().skip(c).step_by(3).map(|v| f64::from(*v)).sum::<f64>()
                / (frame.len() / 3) as f64
        };
        let (red, green) = (mean(0), mean(1));
        // Garbage after a seek is green or an even grey; the bird and the room are neither.
        assert!(green < red + 12.0, "slot {slot} is green: {red} {green}");
        let spread =
            frame.iter().map(|v| (f64::from(*v) - green).abs()).sum::<f64>() / frame.len() as f64;
        assert!(spread > 25.0, "slot {slot} is flat: {spread}");
    }
    // Key frames at 12.5 s and after are beyond the second one: the picture is a bird on beige.
    let change =
        (36..48).map(|s| difference(strip.frame(s - 1), strip.frame(s))).fold(0.0, f64::max);
    assert!(change < 40.0, "the calm end of the clip jumps by {change}");
}

#[test]
fn a_variable_rate_keeps_its_own_times() {
    let Some(strip) = decoded("car-lot-vfr.mkv") else { return };
    assert!(strip.meta.variable_rate);
    let gaps: Vec<f64> = strip.frames.windows(2).map(|f| f[1].pts_secs - f[0].pts_secs).collect();
    // Every second frame is taken: 2 / 12.5 s first, 2 / 4.17 s later.
    assert!((gaps[0] - 0.16).abs() < 0.01 && (gaps[46] - 0.48).abs() < 0.02, "{gaps:?}");
}

#[test]
fn times_count_from_the_first_frame() {
    let Some(strip) = decoded("marathon-street-hevc.mp4") else { return };
    let first = strip.frames[0];
    assert_eq!(first.source_index, 6);
    assert!((first.pts_secs - 6.0 * 1001.0 / 30000.0).abs() < 1e-3, "{}", first.pts_secs);
}

#[test]
fn the_frog_stands_upright() {
    let Some(strip) = decoded("frog-toy-rotated.mp4") else { return };
    assert_eq!((strip.width, strip.height), (256, 342));
    assert_eq!(strip.display, (360, 480));
    assert_eq!(strip.meta.rotation, 90);
}

#[test]
fn jumps_over_unwanted_stretches_change_no_pixel() {
    let Some(path) = clip("bottles-hand.mp4") else { return };
    let size = FrameSize::Exact(64, 36);
    // Four frames lie 267 apart, far enough to jump; 356 frames lie 3 apart, and every 89th
    // of them is one of the four.
    let few =
        strip(&path, &SamplePlan { count: 4, size }, &StripCache::disabled()).expect("decodes");
    let many =
        strip(&path, &SamplePlan { count: 356, size }, &StripCache::disabled()).expect("decodes");
    for (slot, frame) in few.frames.iter().enumerate() {
        assert_eq!(frame.source_index, many.frames[slot * 89].source_index);
        assert_eq!(frame.pts_secs, many.frames[slot * 89].pts_secs);
        assert!(few.frame(slot) == many.frame(slot * 89), "slot {slot} differs");
    }
}

#[test]
fn decoding_twice_gives_the_same_bytes() {
    let path = own_clip("rabbit-animation.mp4");
    let cache = StripCache::disabled();
    let alone = strip(&path, &small(), &cache).expect("decodes");
    let beside = strips(&path, &[large(), small()], &cache).expect("decodes");
    assert_eq!(*alone, *beside[1]);
}

#[test]
fn the_source_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("clip.avi");
    std::fs::copy(own_clip("city-night-mpeg4.avi"), &path).expect("a copy");
    let before = std::fs::read(&path).expect("bytes");
    strip(&path, &small(), &StripCache::disabled()).expect("decodes");
    assert_eq!(std::fs::read(&path).expect("bytes"), before);
    assert_eq!(std::fs::read_dir(folder.path()).expect("listing").count(), 1);
}
