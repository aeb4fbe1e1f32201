//! A dataset as a value: its manifest, and its rows one group at a time. It changes nothing.

use crate::error::DatasetError;
use crate::manifest::{Manifest, ROWS};
use crate::rows::{Row, to_json};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Rows held in memory at a time.
const BATCH: usize = 256;

/// A whole dataset on disk, built or imported.
#[derive(Clone, Debug)]
pub struct Dataset {
    folder: PathBuf,
    /// What it holds.
    pub manifest: Manifest,
}

impl Dataset {
    /// Reads the manifest. Errors: there is none (an unfinished build has none), or it cannot
    /// be read.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, DatasetError> {
        let folder = folder.into();
        let manifest = Manifest::read(&folder)?;
        Ok(Self { folder, manifest })
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a frame or video that a row names lies.
    pub fn file(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// Every row, in order of the index. Errors: the rows' file cannot be read; a later item
    /// is an error where the file is damaged.
    pub fn rows(
        &self,
    ) -> Result<impl Iterator<Item = Result<Row, DatasetError>> + use<>, DatasetError> {
        let path = self.folder.join(ROWS);
        let batches = open_parquet(&path)?;
        Ok(batches.flat_map(move |batch| {
            let rows = batch.map_err(|error| error.to_string()).and_then(|batch| to_json(&batch));
            let rows: Vec<Result<Row, DatasetError>> = match rows {
                Ok(rows) => rows
                    .into_iter()
                    .map(|row| {
                        serde_json::from_value(row)
                            .map_err(|error| DatasetError::damaged(&path, error))
                    })
                    .collect(),
                Err(error) => vec![Err(DatasetError::damaged(&path, error))],
            };
            rows
        }))
    }
}

/// A Parquet file, batch by batch.
pub(crate) fn open_parquet(path: &Path) -> Result<ParquetRecordBatchReader, DatasetError> {
    let file = File::open(path).map_err(|cause| DatasetError::read(path, cause))?;
    ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|builder| builder.with_batch_size(BATCH).build())
        .map_err(|error| DatasetError::damaged(path, error))
}
