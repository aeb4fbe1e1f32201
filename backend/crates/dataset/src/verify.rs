//! Whether a dataset is what its manifest says: every row, every frame, every hash. It changes
//! nothing.

use crate::error::DatasetError;
use crate::files::hash_of;
use crate::frames::{FRAMES, is_whole};
use crate::manifest::{Manifest, ROWS};
use crate::reader::Dataset;
use crate::{assemble, crew};
use serde::Serialize;
use shared::config::PathForm;
use std::num::NonZeroUsize;
use std::path::Path;

/// Findings listed at most; a dataset in another state fills a screen with the first ones.
const LISTED: usize = 20;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Rows read.
    pub rows: u64,
    /// Frame files hashed.
    pub frames: u64,
    /// Differences in all.
    pub differences: u64,
    /// The first of them, one sentence each.
    pub findings: Vec<String>,
}

impl Verdict {
    fn say(&mut self, finding: String) {
        self.differences += 1;
        if self.findings.len() < LISTED {
            self.findings.push(finding);
        }
    }

    fn compare<T: PartialEq + std::fmt::Display>(&mut self, what: &str, there: T, said: T) {
        if there != said {
            self.say(format!("{what}: {there}, but the manifest says {said}."));
        }
    }
}

/// Compares the files of a dataset with its manifest.
///
/// Errors: there is no manifest, or the rows cannot be read. Differences are no errors.
pub fn verify(folder: &Path, jobs: NonZeroUsize) -> Result<Verdict, DatasetError> {
    let dataset = Dataset::open(folder)?;
    let mut verdict = Verdict::default();
    let manifest = &dataset.manifest;
    verdict.compare("hash of the rows", &hash_of(&folder.join(ROWS))?, &manifest.rows.blake3);
    rows(&dataset, &mut verdict)?;
    if manifest.frames.files > 0 {
        let (files, bytes) = assemble::frame_files(&folder.join(FRAMES))?;
        verdict.compare("number of frame files", files, manifest.frames.files);
        verdict.compare("bytes of the frame files", bytes, manifest.frames.bytes);
        frames(folder, jobs, &mut verdict)?;
    }
    Ok(verdict)
}

/// Reads every row: the files it names are there, and their names add up to the hash.
fn rows(dataset: &Dataset, verdict: &mut Verdict) -> Result<(), DatasetError> {
    let mut hasher = blake3::Hasher::new();
    for row in dataset.rows()? {
        let row = row?;
        verdict.rows += 1;
        for path in row.videos.iter().flat_map(|clip| &clip.video) {
            hasher.update(inner(&dataset.manifest, path).as_bytes()).update(b"\n");
            if !dataset.file(path).is_file() {
                verdict.say(format!("row {} names `{path}`, which is gone.", row.extra_info.index));
            }
        }
    }
    let names = hasher.finalize().to_hex().to_string();
    verdict.compare("hash over the frames", names.as_str(), &dataset.manifest.frames.blake3);
    verdict.compare("number of rows", verdict.rows, dataset.manifest.samples);
    Ok(())
}

/// The path from the dataset's folder of a frame that is named from the root.
fn inner<'a>(manifest: &Manifest, path: &'a str) -> &'a str {
    let absolute = manifest.spec.as_ref().is_some_and(|spec| spec.paths == PathForm::Absolute);
    match path.rfind("/frames/") {
        Some(at) if absolute => &path[at + 1..],
        _ => path,
    }
}

/// Hashes every frame file.
fn frames(folder: &Path, jobs: NonZeroUsize, verdict: &mut Verdict) -> Result<(), DatasetError> {
    let prefixes: Vec<String> = (0..=255u8).map(|first| format!("{FRAMES}/{first:02x}")).collect();
    crew::each(
        jobs,
        &prefixes,
        |prefix| {
            let path = folder.join(prefix);
            let mut names = Vec::new();
            let entries =
                std::fs::read_dir(&path).map_err(|cause| DatasetError::read(&path, cause))?;
            for entry in entries {
                let entry = entry.map_err(|cause| DatasetError::read(&path, cause))?;
                names.push(format!("{prefix}/{}", entry.file_name().to_string_lossy()));
            }
            let count = names.len() as u64;
            names.retain(|name| !is_whole(folder, name));
            names.sort();
            Ok((count, names))
        },
        |_, (count, damaged)| {
            verdict.frames += count;
            for name in damaged {
                verdict.say(format!("`{name}` does not hold what its name says."));
            }
            Ok(())
        },
        || {},
    )
}
