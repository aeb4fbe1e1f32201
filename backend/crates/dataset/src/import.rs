//! Rows of others as a dataset: verl and VideoSSR rows, and plain questions. Files are checked
//! and named where they are, never copied; a row that cannot be used is listed and left out.

mod reading;

use crate::assemble::{card, json_lines};
use crate::error::DatasetError;
use crate::files::{hash_of, make_folder, remove_folder, rename, sync_all_under};
use crate::manifest::{
    FORMAT, FrameFacts, MANIFEST, Manifest, PROBLEMS, ROWS, RowFacts, VideoFacts,
};
use crate::rows::{Row, RowWriter};
use reading::Reading;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::video::VideoId;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// A row that was left out, as `problems.jsonl` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowProblem {
    /// Position in the file, from 1.
    pub row: u64,
    /// One sentence.
    pub problem: String,
}

/// What an import did.
#[derive(Clone, Debug)]
pub struct Imported {
    /// What the dataset holds.
    pub manifest: Manifest,
    /// Rows that were left out.
    pub problems: Vec<RowProblem>,
}

/// Takes the rows of a Parquet or JSON file over into a new folder. `tick` is told the rows
/// read so far.
///
/// Errors: the file cannot be read or none of its rows can be used; the folder is there
/// already or cannot be written.
pub fn import(
    file: &Path,
    out: &Path,
    tick: &mut dyn FnMut(u64),
) -> Result<Imported, DatasetError> {
    if out.exists() {
        let what = "is there already".into();
        return Err(DatasetError::Taken { folder: out.to_owned(), what });
    }
    let mut name = out.file_name().unwrap_or_default().to_os_string();
    name.push(".partial");
    let aside = out.with_file_name(name);
    remove_folder(&aside)?;
    make_folder(&aside)?;
    let outcome = take_over(file, &aside, tick).and_then(|imported| {
        sync_all_under(&aside)?;
        rename(&aside, out)?;
        Ok(imported)
    });
    if outcome.is_err() {
        // The error itself is what matters.
        let _ = remove_folder(&aside);
    }
    outcome
}

fn take_over(
    file: &Path,
    aside: &Path,
    tick: &mut dyn FnMut(u64),
) -> Result<Imported, DatasetError> {
    let mut import = Import::new(file, aside)?;
    let mut read = 0;
    each_value(file, &mut |value| {
        read += 1;
        tick(read);
        import.take(read, value)
    })?;
    import.finish(file, aside)
}

/// An import under way.
struct Import {
    reading: Reading,
    writer: RowWriter,
    counts: Counts,
    problems: Vec<RowProblem>,
}

#[derive(Default)]
struct Counts {
    samples: u64,
    cells: BTreeMap<String, u64>,
    splits: BTreeMap<String, u64>,
    videos: BTreeMap<VideoId, VideoFacts>,
    frames: blake3::Hasher,
}

impl Import {
    fn new(file: &Path, aside: &Path) -> Result<Self, DatasetError> {
        let file = std::path::absolute(file).map_err(|cause| DatasetError::read(file, cause))?;
        let base = file.parent().unwrap_or(Path::new("/")).to_owned();
        let writer = RowWriter::create(&aside.join(ROWS))?;
        let (counts, problems) = (Counts::default(), Vec::new());
        Ok(Self { reading: Reading::new(base), writer, counts, problems })
    }

    fn take(&mut self, row: u64, value: Result<Value, String>) -> Result<(), DatasetError> {
        let index = self.counts.samples;
        match value.and_then(|value| self.reading.row(&value, index)) {
            Ok(read) => {
                self.counts.add(&read, self.reading.facts(&read));
                self.writer.add(read)
            }
            Err(problem) => {
                self.problems.push(RowProblem { row, problem });
                Ok(())
            }
        }
    }

    fn finish(self, file: &Path, aside: &Path) -> Result<Imported, DatasetError> {
        if self.counts.samples == 0 {
            let first = self.problems.first().map(|p| format!(" Row {}: {}", p.row, p.problem));
            let first = first.unwrap_or_else(|| " It holds no row.".into());
            let first = first.trim_end_matches('.');
            let file = file.display();
            return Err(DatasetError::BadInput(format!("no row of `{file}` can be used.{first}")));
        }
        self.writer.finish()?;
        let rows = aside.join(ROWS);
        let facts = rows.metadata().map_err(|cause| DatasetError::read(&rows, cause))?;
        let names = self.counts.frames.finalize().to_hex().to_string();
        let manifest = Manifest {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").into(),
            spec: None,
            videos_hash: None,
            samples: self.counts.samples,
            cells: self.counts.cells,
            splits: self.counts.splits,
            rows: RowFacts { bytes: facts.len(), blake3: hash_of(&rows)? },
            frames: FrameFacts { files: 0, bytes: 0, blake3: names },
            problems: self.problems.len() as u64,
            refused: 0,
            videos: self.counts.videos,
        };
        put(&aside.join(PROBLEMS), &json_lines(&self.problems))?;
        put(&aside.join("README.md"), card(&manifest).as_bytes())?;
        put(&aside.join(MANIFEST), &manifest.to_bytes())?;
        Ok(Imported { manifest, problems: self.problems })
    }
}

/// The folder is aside as a whole: its files need no other name while they are written.
fn put(path: &Path, bytes: &[u8]) -> Result<(), DatasetError> {
    std::fs::write(path, bytes).map_err(|cause| DatasetError::write(path, cause))
}

impl Counts {
    fn add(&mut self, row: &Row, facts: Option<(VideoId, VideoFacts)>) {
        let extra = &row.extra_info;
        let cell = extra.cell.clone().unwrap_or_else(|| row.data_source.clone());
        self.samples += 1;
        *self.cells.entry(cell).or_default() += 1;
        *self.splits.entry(extra.split.clone()).or_default() += 1;
        if let Some((id, facts)) = facts {
            self.videos.entry(id).or_insert(facts).samples += 1;
        }
        for path in row.videos.iter().flat_map(|clip| &clip.video) {
            self.frames.update(path.as_bytes()).update(b"\n");
        }
    }
}

/// Hands out every row of a file as JSON, or why it is none.
fn each_value(
    path: &Path,
    take: &mut dyn FnMut(Result<Value, String>) -> Result<(), DatasetError>,
) -> Result<(), DatasetError> {
    let unread = |cause| DatasetError::read(path, cause);
    let mut file = BufReader::new(File::open(path).map_err(unread)?);
    let head = file.fill_buf().map_err(unread)?;
    if head.starts_with(b"PAR1") {
        return each_of_parquet(path, take);
    }
    if head.trim_ascii_start().starts_with(b"[") {
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(unread)?;
        let values: Vec<Value> =
            serde_json::from_str(&text).map_err(|error| DatasetError::damaged(path, error))?;
        return values.into_iter().try_for_each(|value| take(Ok(value)));
    }
    // Bytes, so that a line that is no text is a problem of that line.
    for line in file.split(b'\n') {
        let line = line.map_err(unread)?;
        if !line.trim_ascii().is_empty() {
            let value = serde_json::from_slice(&line);
            take(value.map_err(|error| format!("the line is no JSON: {error}.")))?;
        }
    }
    Ok(())
}

fn each_of_parquet(
    path: &Path,
    take: &mut dyn FnMut(Result<Value, String>) -> Result<(), DatasetError>,
) -> Result<(), DatasetError> {
    for batch in crate::reader::open_parquet(path)? {
        let batch = batch.map_err(|error| DatasetError::damaged(path, error))?;
        let rows = crate::rows::to_json(&batch).map_err(|e| DatasetError::damaged(path, e))?;
        rows.into_iter().try_for_each(|row| take(Ok(row)))?;
    }
    Ok(())
}

/// The name of a dataset made from a file, unless another is given: its stem, where that can
/// be a folder's name. Errors: a name that cannot.
pub fn dataset_name(file: &Path, given: Option<&str>) -> Result<String, DatasetError> {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = given.map(str::to_owned).or(stem).unwrap_or_default();
    let plain = |c: char| c.is_alphanumeric() || "._-".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(DatasetError::BadInput(format!(
            "`{name}` cannot be the name of a dataset; use letters, digits, `-` and `_`"
        )));
    }
    Ok(name)
}

/// Folder of the datasets in a data directory.
pub fn datasets_folder(data: &Path) -> PathBuf {
    data.join("datasets")
}
