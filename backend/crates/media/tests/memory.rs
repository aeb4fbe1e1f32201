//! What stays in memory of files that were read. Alone in its program: the system tells the
//! memory of a process, not of a test.

mod common;

use common::{own_clip, small};
use media::{StripCache, probe, strip};
use std::io::Write;

#[test]
fn nothing_stays_of_a_file_that_was_read() {
    let clip = own_clip("rabbit-animation.mp4");
    let read = || {
        probe(&clip).expect("facts");
        strip(&clip, &small(), &StripCache::disabled()).expect("a strip");
    };
    // What is set up once.
    (0..3).for_each(|_| read());
    let Some(before) = resident() else {
        let note = "SKIPPED: this system does not tell memory in /proc/self/status\n";
        std::io::stderr().write_all(note.as_bytes()).expect("an open stderr");
        return;
    };
    (0..30).for_each(|_| read());
    // The clip is 1 MB, read three times in each turn.
    let grown = resident().expect("as before") - before;
    assert!(grown < 30_000, "{grown} KiB more than before");
}

/// Memory of this process that no file stands behind, KiB.
fn resident() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.split_whitespace().next()?.parse().ok()
}
