//! Memory of a build. Alone in its program: the system tells the peak of a process, not of a
//! test.

mod common;

use common::{large_video, made, skipped, spec};
use shared::config::DatasetSpec;

#[test]
fn memory_does_not_grow_with_the_number_of_videos() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("videos");
    std::fs::create_dir(&folder).expect("a folder");
    // An empty element at the end of a WebM gives the same pictures another content.
    let plain = large_video(56);
    for n in 0..150u32 {
        let mut bytes = plain.clone();
        bytes.extend([0xEC, 0x84]);
        bytes.extend(n.to_le_bytes());
        std::fs::write(folder.join(format!("{n}.webm")), bytes).expect("a video");
    }
    let Ok(before) = peak() else {
        return skipped("this system does not tell the peak of memory in /proc/self/status");
    };
    let spec = DatasetSpec { short_side: 144, ..spec(300) };
    let summary = made(&folder, &dir.path().join("out"), &spec);
    assert_eq!(summary.manifest.videos.len(), 150);
    // One strip is 48 x 192 x 144 x 3 bytes, 4 MB; all of them together 600 MB.
    let grown = peak().expect("as before") - before;
    assert!(grown < 200_000, "{grown} KiB more than before");
}

/// The most memory this process ever had, KiB.
fn peak() -> Result<i64, std::io::Error> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| std::io::Error::other("no VmHWM"))
}
