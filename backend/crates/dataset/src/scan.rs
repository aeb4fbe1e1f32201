//! Which videos of a folder can be used: every file is looked at, each content counts once, and
//! what cannot be used is a problem with one sentence. It decodes nothing.

use crate::crew;
use crate::error::DatasetError;
use media::{MediaError, hash_file};
use serde::{Deserialize, Serialize};
use shared::video::{SamplePlan, VideoId, VideoMeta};
use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// A video that samples can be made of.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// Path below the folder of videos.
    pub file: String,
    pub path: PathBuf,
    pub meta: VideoMeta,
}

/// A file that was passed over, as `problems.jsonl` lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VideoProblem {
    /// Path below the folder of videos.
    pub file: String,
    /// Content hash, where the file could be read that far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video: Option<VideoId>,
    /// One sentence.
    pub problem: String,
}

/// What a folder holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scan {
    /// Usable as far as can be told without decoding; by content hash.
    pub candidates: Vec<Candidate>,
    /// By file.
    pub problems: Vec<VideoProblem>,
    /// Files looked at.
    pub files: usize,
    /// Files that are refused because another dataset was made of them.
    pub refused: usize,
}

/// Looks at every file below a folder. `excluded` names the dataset that each of its videos
/// must not be shared with. `tick` is told (files done, files).
///
/// Errors: the folder itself cannot be read.
pub(crate) fn scan(
    folder: &Path,
    plan: &SamplePlan,
    excluded: &BTreeMap<VideoId, String>,
    jobs: NonZeroUsize,
    tick: &mut dyn FnMut(u64, u64),
) -> Result<Scan, DatasetError> {
    let mut scan = Scan::default();
    let files = files_below(folder, &mut scan.problems)?;
    scan.files = files.len();
    let (mut found, mut done) = (Vec::new(), 0);
    crew::each(
        jobs,
        &files,
        |(_, path)| Ok::<_, DatasetError>(look(path, plan)),
        |(file, path), outcome| {
            match outcome {
                Ok(meta) => found.push(Candidate { file: file.clone(), path: path.clone(), meta }),
                Err((video, error)) => scan.problems.push(VideoProblem {
                    file: file.clone(),
                    video,
                    problem: error.to_string(),
                }),
            }
            done += 1;
            tick(done, files.len() as u64);
            Ok(())
        },
        || {},
    )?;
    found.sort_by(|a, b| (&a.meta.id, &a.file).cmp(&(&b.meta.id, &b.file)));
    scan.choose(found, excluded);
    scan.problems.sort();
    Ok(scan)
}

/// The facts of one file, or its content hash as far as it goes and what is wrong.
fn look(path: &Path, plan: &SamplePlan) -> Result<VideoMeta, (Option<VideoId>, MediaError)> {
    let id = hash_file(path).map_err(|error| (None, error))?;
    let meta = media::facts(path, &id).map_err(|error| (Some(id), error))?;
    media::check_length(path, &meta, plan).map_err(|error| (Some(meta.id.clone()), error))?;
    Ok(meta)
}

impl Scan {
    /// Keeps one file of each content that is not excluded.
    fn choose(&mut self, found: Vec<Candidate>, excluded: &BTreeMap<VideoId, String>) {
        for candidate in found {
            let same = self.candidates.last().filter(|last| last.meta.id == candidate.meta.id);
            let problem = if let Some(name) = excluded.get(&candidate.meta.id) {
                self.refused += 1;
                format!("`{}` is refused: {name} was made of it.", candidate.file)
            } else if let Some(same) = same {
                let (file, other) = (&candidate.file, &same.file);
                format!("`{file}` has the same content as `{other}`, which counts once.")
            } else {
                self.candidates.push(candidate);
                continue;
            };
            let (file, video) = (candidate.file, Some(candidate.meta.id));
            self.problems.push(VideoProblem { file, video, problem });
        }
    }

    /// Hash over the content hashes of all candidates.
    pub fn identity(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for candidate in &self.candidates {
            hasher.update(candidate.meta.id.as_str().as_bytes()).update(b"\n");
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// Every file below a folder, by path. Hidden ones are left out, a folder is entered once
/// whatever links lead to it, and one inside that cannot be read is a problem.
fn files_below(
    root: &Path,
    problems: &mut Vec<VideoProblem>,
) -> Result<Vec<(String, PathBuf)>, DatasetError> {
    let (mut files, mut seen) = (Vec::new(), HashSet::new());
    let mut waiting = inside(root, &mut seen).map_err(|cause| DatasetError::read(root, cause))?;
    while let Some(path) = waiting.pop() {
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        if !path.is_dir() {
            files.push((name, path));
            continue;
        }
        match inside(&path, &mut seen) {
            Ok(more) => waiting.extend(more),
            Err(cause) => {
                let problem = format!("the folder `{name}` cannot be read: {cause}.");
                problems.push(VideoProblem { file: name, video: None, problem });
            }
        }
    }
    files.sort();
    Ok(files)
}

/// What a folder holds, or nothing if it was entered before.
fn inside(folder: &Path, seen: &mut HashSet<PathBuf>) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    if seen.insert(folder.canonicalize()?) {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                paths.push(entry.path());
            }
        }
    }
    Ok(paths)
}
