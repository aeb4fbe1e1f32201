//! Videos and a policy, made here.

use policy::{Policy, PolicyConfig, PolicyTokenizer, Processor};
use std::path::Path;
use std::sync::LazyLock;

/// A video of so many frames, each of its own colour. It has a left and a right, a top and a
/// bottom, so that every change of it shows.
pub fn small_video(frames: usize) -> Vec<u8> {
    let (width, height) = (64, 48);
    let mut rgb = Vec::new();
    for frame in 0..frames {
        for at in 0..width * height {
            let (x, y) = (at % width, at / width);
            rgb.extend([(frame * 4) as u8, (x * 4) as u8, (y * 5) as u8]);
        }
    }
    media::encode_clip(&rgb, width as u32, height as u32, 10).unwrap()
}

/// Every file under a folder.
pub fn files_under(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_under(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// Files of a policy that knows nothing, small enough to train in seconds.
static POLICY: LazyLock<Vec<(std::ffi::OsString, Vec<u8>)>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let corpus: Vec<String> = (0..100).map(|n| format!("{n}.5-{}.0 When is it?", n + 1)).collect();
    let tokenizer = PolicyTokenizer::train(&corpus, 300).unwrap();
    let config = PolicyConfig::nano(tokenizer.vocab_size());
    let device = policy::pick("cpu").unwrap();
    let policy = Policy::fresh(config, tokenizer, Processor::nano(), 1, &device);
    policy.save(dir.path()).unwrap();
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        (entry.file_name(), std::fs::read(entry.path()).unwrap())
    };
    std::fs::read_dir(dir.path()).unwrap().map(read).collect()
});

/// Writes a policy that knows nothing.
pub fn tiny_policy(dir: &Path) {
    std::fs::create_dir_all(dir).unwrap();
    for (name, bytes) in POLICY.iter() {
        std::fs::write(dir.join(name), bytes).unwrap();
    }
}
