//! The strip cache returns what was put in, and heals itself.

mod common;

use common::{large, own_clip, small};
use media::{StripCache, strip, strips};
use shared::video::{FrameSize, SamplePlan};
use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

fn entries(folder: &tempfile::TempDir) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder.path())
        .expect("listing")
        .map(|e| e.expect("entry").path())
        .collect();
    all.sort();
    all
}

#[test]
fn a_second_cache_on_the_same_folder_reads_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = own_clip("race-car-1906.ogv");
    let made = strips(&path, &[small(), large()], &StripCache::open(folder.path()).expect("opens"))
        .expect("decodes");
    assert_eq!(entries(&folder).len(), 2);
    let read = strips(&path, &[small(), large()], &StripCache::open(folder.path()).expect("opens"))
        .expect("reads");
    for (made, read) in made.iter().zip(&read) {
        assert_eq!(**made, **read);
        assert_eq!(made.sampling_fps.to_bits(), read.sampling_fps.to_bits());
    }
}

#[test]
fn strips_in_use_are_shared() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = StripCache::open(folder.path()).expect("opens");
    let path = own_clip("race-car-1906.ogv");
    let one = strip(&path, &small(), &cache).expect("decodes");
    let two = strip(&path, &small(), &cache).expect("reads");
    assert!(std::sync::Arc::ptr_eq(&one, &two));
    assert_eq!(cache.problem(), None);
}

#[test]
fn a_damaged_entry_is_made_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = own_clip("race-car-1906.ogv");
    let open = || StripCache::open(folder.path()).expect("opens");
    let first = strip(&path, &small(), &open()).expect("decodes");
    let entry = entries(&folder).remove(0);
    let whole = std::fs::read(&entry).expect("bytes");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for bad in [&flipped[..], &whole[..whole.len() / 2], &whole[..10], b""] {
        std::fs::write(&entry, bad).expect("spoiled");
        assert_eq!(*strip(&path, &small(), &open()).expect("decodes again"), *first);
        assert_eq!(std::fs::read(&entry).expect("bytes"), whole, "the entry is whole again");
    }
    assert_eq!(entries(&folder).len(), 1, "nothing is left aside");
}

#[test]
fn trimming_removes_the_oldest_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = StripCache::open(folder.path()).expect("opens");
    let path = own_clip("race-car-1906.ogv");
    strips(&path, &[small(), large()], &cache).expect("decodes");
    let total: u64 = entries(&folder).iter().map(|e| e.metadata().expect("facts").len()).sum();
    assert_eq!(cache.trim_to(total).expect("trims"), 0);
    assert!(cache.trim_to(total - 1).expect("trims") > 0);
    assert_eq!(entries(&folder).len(), 1);
    cache.trim_to(0).expect("trims");
    assert!(entries(&folder).is_empty());
}

#[test]
fn a_full_folder_loses_what_was_used_longest_ago() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = own_clip("race-car-1906.ogv");
    let plan = |width| SamplePlan::strip(FrameSize::Exact(width, 16));
    let make = |width, cache: &StripCache| {
        let before = entries(&folder);
        strip(&path, &plan(width), cache).expect("decodes");
        entries(&folder).into_iter().find(|entry| !before.contains(entry))
    };
    let used = |entry: &PathBuf, secs_ago| {
        let time = SystemTime::now() - Duration::from_secs(secs_ago);
        let file = File::options().append(true).open(entry).expect("opens");
        file.set_modified(time).expect("a new time");
    };
    let roomy = StripCache::open(folder.path()).expect("opens");
    let (first, second) = (make(16, &roomy).expect("new"), make(17, &roomy).expect("new"));
    let size = first.metadata().expect("facts").len();
    used(&first, 200);
    used(&second, 100);
    for (name, secs_ago) in [("a.part-1-0", 7200), ("b.part-2-0", 10), ("notes.txt", 7200)] {
        std::fs::write(folder.path().join(name), [0; 9]).expect("written");
        used(&folder.path().join(name), secs_ago);
    }
    let tight = StripCache::open_within(folder.path(), size * 5 / 2).expect("opens");
    assert_eq!(make(16, &tight), None, "reading the first makes it the newest");
    let third = make(18, &tight).expect("new");
    assert_eq!(tight.problem(), None);
    let mut left = vec![first, third];
    left.extend(["b.part-2-0", "notes.txt"].map(|name| folder.path().join(name)));
    left.sort();
    assert_eq!(entries(&folder), left);
}
