//! Helpers that several test files share.
#![allow(dead_code, reason = "each test file uses a part")]

use shared::video::{FrameSize, SamplePlan};
use std::io::Write;
use std::path::PathBuf;

/// A real clip: one of the project's, or of the larger collection that may lie beside the
/// repository. Where it is neither, says so past the test harness, which swallows `eprintln!`
/// of tests that pass.
pub fn clip(name: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/clips");
    let found = [own_clip(name), beside.join(name)].into_iter().find(|path| path.is_file());
    if found.is_none() {
        let note = format!("SKIPPED: {name} is not among the clips of this machine\n");
        std::io::stderr().write_all(note.as_bytes()).expect("an open stderr");
    }
    found
}

/// A clip that is part of the project.
pub fn own_clip(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../static/clips").join(name)
}

/// 48 frames of 64 x 64.
pub fn small() -> SamplePlan {
    SamplePlan::strip(FrameSize::Exact(64, 64))
}

/// 48 frames for the viewer.
pub fn large() -> SamplePlan {
    SamplePlan::strip(FrameSize::ShortSide(256))
}

/// Frames `[count, height, width, 3]` with a moving bright square, for encoders.
pub fn moving_square(count: usize, width: usize, height: usize) -> Vec<u8> {
    let mut rgb = vec![40u8; count * width * height * 3];
    for (slot, frame) in rgb.chunks_exact_mut(width * height * 3).enumerate() {
        let left = slot * (width - width / 4) / count;
        for y in height / 4..height / 2 {
            for x in left..left + width / 4 {
                frame[(y * width + x) * 3..][..3].copy_from_slice(&[220, 60, 20]);
            }
        }
    }
    rgb
}

/// Mean absolute difference of two pixel buffers.
pub fn difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(x, y)| f64::from(x.abs_diff(*y))).sum::<f64>() / a.len() as f64
}
