//! The last step of a build: rows in the order of their indices, the list of problems, a card
//! for readers, and the manifest, whose rename makes the dataset. Rows pass through one group
//! at a time.

use crate::error::DatasetError;
use crate::files::{hash_of, read, rename, sync_all_under};
use crate::frames::FRAMES;
use crate::make::Workshop;
use crate::manifest::{
    FORMAT, FrameFacts, MANIFEST, Manifest, PROBLEMS, ROWS, RowFacts, VideoFacts,
};
use crate::part;
use crate::rows::RowWriter;
use crate::scan::{Scan, VideoProblem};
use crate::shares::VideoAt;
use shared::config::{PathForm, Purpose};
use std::collections::BTreeMap;
use std::path::Path;

/// File name of the card.
const CARD: &str = "README.md";

/// Where a row lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub round: u32,
    pub video: VideoAt,
    /// Position of its line in the part.
    pub position: u64,
}

/// All that the rounds made.
pub(crate) struct Made<'a> {
    pub workshop: &'a Workshop<'a>,
    pub scan: &'a Scan,
    pub places: Vec<Option<Place>>,
    pub bad: BTreeMap<VideoAt, String>,
}

/// What is counted while rows pass by.
#[derive(Default)]
struct Counts {
    cells: BTreeMap<String, u64>,
    splits: BTreeMap<String, u64>,
    videos: BTreeMap<VideoAt, u64>,
    frames: blake3::Hasher,
}

impl Made<'_> {
    /// Writes everything into `work`, waits until it is on the disk, and renames it into place.
    pub fn assemble(
        self,
        videos_hash: &str,
        work: &Path,
        tick: &mut dyn FnMut(u64, u64),
    ) -> Result<(Manifest, Vec<VideoProblem>), DatasetError> {
        let counts = self.write_rows(&work.join(ROWS), tick)?;
        let problems = self.problems();
        let manifest = self.manifest(videos_hash, work, counts, problems.len())?;
        let (aside, root) = (self.workshop.aside, self.workshop.root);
        aside.put(&work.join(PROBLEMS), &json_lines(&problems))?;
        aside.put(&work.join(CARD), card(&manifest).as_bytes())?;
        aside.put(&work.join(MANIFEST), &manifest.to_bytes())?;
        sync_all_under(root)?;
        for name in [ROWS, PROBLEMS, CARD, MANIFEST] {
            rename(&work.join(name), &root.join(name))?;
        }
        sync_all_under(root)?;
        Ok((manifest, problems))
    }

    fn write_rows(
        &self,
        path: &Path,
        tick: &mut dyn FnMut(u64, u64),
    ) -> Result<Counts, DatasetError> {
        let (mut counts, mut writer) = (Counts::default(), RowWriter::create(path)?);
        let total = self.places.len() as u64;
        for (index, place) in (1..).zip(&self.places) {
            let Some(place) = place else {
                return Err(DatasetError::damaged(path, "a row is missing"));
            };
            let video = &self.scan.candidates[place.video as usize].meta.id;
            let part = part::path_of(&self.workshop.parts, place.round, video);
            let mut row = part::row_at(&part, place.position)?;
            self.count(&mut counts, place, &row);
            self.name_paths(&mut row)?;
            writer.add(row)?;
            if index % 100 == 0 || index == total {
                tick(index, total);
            }
        }
        writer.finish()?;
        Ok(counts)
    }

    fn count(&self, counts: &mut Counts, place: &Place, row: &crate::rows::Row) {
        let extra = &row.extra_info;
        *counts.cells.entry(extra.cell.clone().unwrap_or_default()).or_default() += 1;
        *counts.splits.entry(extra.split.clone()).or_default() += 1;
        *counts.videos.entry(place.video).or_default() += 1;
        for path in row.videos.iter().flat_map(|clip| &clip.video) {
            counts.frames.update(path.as_bytes()).update(b"\n");
        }
    }

    /// Turns paths into the form that the spec asks for.
    fn name_paths(&self, row: &mut crate::rows::Row) -> Result<(), DatasetError> {
        if self.workshop.spec.paths == PathForm::Relative {
            return Ok(());
        }
        let root = self.workshop.root;
        let root = root.canonicalize().map_err(|cause| DatasetError::read(root, cause))?;
        for path in row.videos.iter_mut().flat_map(|clip| &mut clip.video) {
            *path = root.join(&*path).to_string_lossy().into_owned();
        }
        Ok(())
    }

    /// What was passed over at first sight, and the videos that could not be decoded.
    fn problems(&self) -> Vec<VideoProblem> {
        let bad = self.bad.iter().map(|(at, why)| {
            let candidate = &self.scan.candidates[*at as usize];
            VideoProblem {
                file: candidate.file.clone(),
                video: Some(candidate.meta.id.clone()),
                problem: why.clone(),
            }
        });
        let mut all: Vec<VideoProblem> = self.scan.problems.iter().cloned().chain(bad).collect();
        all.sort();
        all
    }

    fn manifest(
        &self,
        videos_hash: &str,
        work: &Path,
        counts: Counts,
        problems: usize,
    ) -> Result<Manifest, DatasetError> {
        let rows = work.join(ROWS);
        let facts = rows.metadata().map_err(|cause| DatasetError::read(&rows, cause))?;
        let (files, bytes) = frame_files(&self.workshop.root.join(FRAMES))?;
        let good = |at: &VideoAt| !self.bad.contains_key(at);
        let video = |at: VideoAt| {
            let candidate = &self.scan.candidates[at as usize];
            let meta = &candidate.meta;
            let samples = counts.videos.get(&at).copied().unwrap_or_default();
            let facts = VideoFacts {
                file: candidate.file.clone(),
                samples,
                duration_secs: meta.duration_secs,
                frames: meta.frames,
                width: meta.width,
                height: meta.height,
            };
            (meta.id.clone(), facts)
        };
        let all = 0..self.scan.candidates.len() as VideoAt;
        Ok(Manifest {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").into(),
            spec: Some(self.workshop.spec.clone()),
            videos_hash: Some(videos_hash.to_owned()),
            samples: self.places.len() as u64,
            videos: all.filter(good).map(video).collect(),
            cells: counts.cells,
            splits: counts.splits,
            rows: RowFacts { bytes: facts.len(), blake3: hash_of(&rows)? },
            frames: FrameFacts {
                files,
                bytes,
                blake3: counts.frames.finalize().to_hex().to_string(),
            },
            problems: problems as u64,
            refused: self.scan.refused as u64,
        })
    }
}

/// Number and bytes of the files in the subfolders of a folder.
pub(crate) fn frame_files(frames: &Path) -> Result<(u64, u64), DatasetError> {
    let (mut files, mut bytes) = (0, 0);
    let unread = |cause| DatasetError::read(frames, cause);
    for folder in std::fs::read_dir(frames).map_err(unread)? {
        for file in std::fs::read_dir(folder.map_err(unread)?.path()).map_err(unread)? {
            files += 1;
            bytes += file.and_then(|file| file.metadata()).map_err(unread)?.len();
        }
    }
    Ok((files, bytes))
}

/// The list of problems of a dataset.
pub(crate) fn read_problems(root: &Path) -> Result<Vec<VideoProblem>, DatasetError> {
    let path = root.join(PROBLEMS);
    let bytes = read(&path)?;
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            serde_json::from_slice(line).map_err(|error| DatasetError::damaged(&path, error))
        })
        .collect()
}

pub(crate) fn json_lines<T: serde::Serialize>(items: &[T]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for item in items {
        bytes.extend(serde_json::to_vec(item).unwrap_or_default());
        bytes.push(b'\n');
    }
    bytes
}

/// What people and `datasets.load_dataset(FOLDER)` are told: the head names the rows' file,
/// without which the loader would take the frames for the dataset.
pub(crate) fn card(manifest: &Manifest) -> String {
    let bench = manifest.spec.as_ref().is_some_and(|spec| spec.purpose == Purpose::Bench);
    let split = if bench { "test" } else { "train" };
    let cells = manifest.cells.iter().map(|(cell, n)| format!("| {cell} | {n} |\n"));
    format!(
        "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: {split}\n    path: {ROWS}\n---\n\
         # {} questions about {} videos\n\n| cell | rows |\n|---|---|\n{}\n\
         Written by videossr {}. `{ROWS}` holds the rows; relative paths in them start in this folder. \
         `{MANIFEST}` says what was made of what, `{PROBLEMS}` which files were passed over and why. \
         `videossr dataset verify` compares the files with the manifest.\n",
        manifest.samples,
        manifest.videos.len(),
        cells.collect::<String>(),
        manifest.version,
    )
}
