//! `rollouts/`: every rollout of a run in columns, one Parquet file for every ten steps.
//! A file is written whole; the same groups give the same bytes.

use crate::checkpoint::write_whole;
use crate::error::TrainError;
use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Float32Builder, Float64Array, ListBuilder, RecordBatch,
    StringArray, StringBuilder, UInt32Array, UInt32Builder, UInt64Array,
};
use arrow::datatypes::{Float32Type, Float64Type, UInt32Type, UInt64Type};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::reward::RewardBreakdown;
use shared::rollout::{Group, Rollout};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Steps in one file.
pub const STEPS_PER_FILE: u64 = 10;

/// Collects groups and writes them file by file.
pub struct Records {
    dir: PathBuf,
    first_step: u64,
    groups: Vec<Group>,
}

impl Records {
    /// Goes on after `step` made steps: groups up to it in a file that was cut short are
    /// taken over, those after it are dropped.
    ///
    /// # Errors
    /// A damaged file.
    pub fn open(run_dir: &Path, step: u64) -> Result<Self, TrainError> {
        let dir = run_dir.join("rollouts");
        std::fs::create_dir_all(&dir).map_err(|error| TrainError::io(&dir, error))?;
        let first_step = step / STEPS_PER_FILE * STEPS_PER_FILE + 1;
        for path in files(&dir)? {
            // Files of steps that the resumed run makes again.
            if first_of(&path).is_some_and(|first| first > step) {
                std::fs::remove_file(&path).map_err(|error| TrainError::io(&path, error))?;
            }
        }
        let current = dir.join(file_name(first_step));
        let mut groups = if current.exists() { read_file(&current)? } else { Vec::new() };
        groups.retain(|group| group.step <= step);
        Ok(Self { dir, first_step, groups })
    }

    /// Adds the groups of one step; writes the file when its last step is in.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn add(&mut self, step: u64, groups: Vec<Group>) -> Result<(), TrainError> {
        self.groups.extend(groups);
        if step.is_multiple_of(STEPS_PER_FILE) {
            self.flush()?;
            self.groups.clear();
            self.first_step = step + 1;
        }
        Ok(())
    }

    /// Writes what is collected so far; the file is replaced when more comes.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn flush(&self) -> Result<(), TrainError> {
        if self.groups.is_empty() {
            return Ok(());
        }
        write_whole(&self.dir.join(file_name(self.first_step)), &encode(&self.groups)?)
    }
}

/// All groups of a run folder, in order.
///
/// # Errors
/// A damaged file.
pub fn read(run_dir: &Path) -> Result<Vec<Group>, TrainError> {
    let dir = run_dir.join("rollouts");
    let mut groups = Vec::new();
    for path in files(&dir)? {
        groups.extend(read_file(&path)?);
    }
    Ok(groups)
}

fn file_name(first_step: u64) -> String {
    format!("{:08}-{:08}.parquet", first_step, first_step + STEPS_PER_FILE - 1)
}

fn first_of(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.split('-').next()?.parse().ok()
}

fn files(dir: &Path) -> Result<Vec<PathBuf>, TrainError> {
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(|error| TrainError::io(dir, error))? {
        let path = entry.map_err(|error| TrainError::io(dir, error))?.path();
        if path.extension().is_some_and(|ending| ending == "parquet") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// One row a rollout; what belongs to its group stands in every row.
fn encode(groups: &[Group]) -> Result<Vec<u8>, TrainError> {
    let rows: Vec<(&Group, &Rollout)> = groups
        .iter()
        .flat_map(|group| group.rollouts.iter().map(move |rollout| (group, rollout)))
        .collect();
    let whole = |f: &dyn Fn(&(&Group, &Rollout)) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(rows.iter().map(f)))
    };
    let small = |f: &dyn Fn(&(&Group, &Rollout)) -> u32| -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(rows.iter().map(f)))
    };
    let real = |f: &dyn Fn(&(&Group, &Rollout)) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(rows.iter().map(f)))
    };
    let text = |f: &dyn Fn(&(&Group, &Rollout)) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(f)))
    };
    let flag = |f: &dyn Fn(&(&Group, &Rollout)) -> bool| -> ArrayRef {
        Arc::new(BooleanArray::from_iter(rows.iter().map(|row| Some(f(row)))))
    };
    let batch = RecordBatch::try_from_iter([
        ("step", whole(&|(g, _)| g.step)),
        ("group", small(&|(g, _)| g.index)),
        ("rollout", small(&|(_, r)| r.index)),
        ("policy_version", whole(&|(g, _)| g.policy_version)),
        ("seed", whole(&|(_, r)| r.seed)),
        ("task", text(&|(g, _)| g.sample.spec.task.kind().name().into())),
        ("cell", text(&|(g, _)| g.sample.spec.task.cell())),
        ("sample", text(&|(g, _)| json(&g.sample))),
        ("tokens", lists_u32(&rows)),
        ("pieces", lists_text(&rows)),
        ("logprobs", lists_f32(&rows, |r| &r.logprobs)),
        ("entropies", lists_f32(&rows, |r| &r.entropies)),
        ("text", text(&|(_, r)| r.text.clone())),
        ("finish", text(&|(_, r)| json(&r.finish))),
        ("parsed", flag(&|(_, r)| r.reward.parsed)),
        ("reading", text(&|(_, r)| json(&r.reward.reading))),
        ("reward", real(&|(_, r)| r.reward.total)),
        ("reward_parts", text(&|(_, r)| json(&r.reward.parts))),
        ("bonus", real(&|(_, r)| r.bonus)),
        ("visual", lists_f32(&rows, |r| &r.visual)),
        ("advantage", real(&|(_, r)| r.advantage)),
        ("group_reward_mean", real(&|(g, _)| g.reward_mean)),
        ("group_reward_std", real(&|(g, _)| g.reward_std)),
        ("degenerate", flag(&|(g, _)| g.degenerate)),
    ])
    .map_err(damaged)?;
    let level = ZstdLevel::try_new(3).map_err(damaged)?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
    let mut writer =
        ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).map_err(damaged)?;
    writer.write(&batch).map_err(damaged)?;
    writer.into_inner().map_err(damaged)
}

fn lists_u32(rows: &[(&Group, &Rollout)]) -> ArrayRef {
    let mut lists = ListBuilder::new(UInt32Builder::new());
    for (_, rollout) in rows {
        lists.values().append_slice(&rollout.ids);
        lists.append(true);
    }
    Arc::new(lists.finish())
}

fn lists_f32(rows: &[(&Group, &Rollout)], of: impl Fn(&Rollout) -> &Vec<f32>) -> ArrayRef {
    let mut lists = ListBuilder::new(Float32Builder::new());
    for (_, rollout) in rows {
        lists.values().append_slice(of(rollout));
        lists.append(true);
    }
    Arc::new(lists.finish())
}

fn lists_text(rows: &[(&Group, &Rollout)]) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for (_, rollout) in rows {
        rollout.pieces.iter().for_each(|piece| lists.values().append_value(piece));
        lists.append(true);
    }
    Arc::new(lists.finish())
}

fn read_file(path: &Path) -> Result<Vec<Group>, TrainError> {
    let file = File::open(path).map_err(|error| TrainError::io(path, error))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(ParquetRecordBatchReaderBuilder::build);
    let mut groups = Vec::new();
    for batch in reader.map_err(damaged)? {
        let batch = batch.map_err(damaged)?;
        for row in 0..batch.num_rows() {
            Row { batch: &batch, row }.join(&mut groups)?;
        }
    }
    Ok(groups)
}

/// One rollout as stored.
struct Row<'a> {
    batch: &'a RecordBatch,
    row: usize,
}

impl Row<'_> {
    fn column(&self, name: &str) -> Result<&ArrayRef, TrainError> {
        self.batch.column_by_name(name).ok_or_else(|| damaged(format!("no column {name}")))
    }

    fn whole(&self, name: &str) -> Result<u64, TrainError> {
        Ok(self.column(name)?.as_primitive::<UInt64Type>().value(self.row))
    }

    fn small(&self, name: &str) -> Result<u32, TrainError> {
        Ok(self.column(name)?.as_primitive::<UInt32Type>().value(self.row))
    }

    fn real(&self, name: &str) -> Result<f64, TrainError> {
        Ok(self.column(name)?.as_primitive::<Float64Type>().value(self.row))
    }

    fn flag(&self, name: &str) -> Result<bool, TrainError> {
        Ok(self.column(name)?.as_boolean().value(self.row))
    }

    fn text(&self, name: &str) -> Result<&str, TrainError> {
        Ok(self.column(name)?.as_string::<i32>().value(self.row))
    }

    fn list(&self, name: &str) -> Result<ArrayRef, TrainError> {
        Ok(self.column(name)?.as_list::<i32>().value(self.row))
    }

    fn floats(&self, name: &str) -> Result<Vec<f32>, TrainError> {
        Ok(self.list(name)?.as_primitive::<Float32Type>().values().to_vec())
    }

    /// Adds the rollout to its group, which begins with its first row.
    fn join(&self, groups: &mut Vec<Group>) -> Result<(), TrainError> {
        let place = (self.whole("step")?, self.small("group")?);
        match groups.last_mut().filter(|group| (group.step, group.index) == place) {
            Some(group) => group.rollouts.push(self.rollout()?),
            None => groups.push(self.group(place)?),
        }
        Ok(())
    }

    fn group(&self, (step, index): (u64, u32)) -> Result<Group, TrainError> {
        Ok(Group {
            step,
            index,
            policy_version: self.whole("policy_version")?,
            sample: from_json(self.text("sample")?)?,
            rollouts: vec![self.rollout()?],
            reward_mean: self.real("group_reward_mean")?,
            reward_std: self.real("group_reward_std")?,
            degenerate: self.flag("degenerate")?,
        })
    }

    fn rollout(&self) -> Result<Rollout, TrainError> {
        let pieces = self.list("pieces")?;
        let pieces = pieces.as_string::<i32>().iter();
        Ok(Rollout {
            index: self.small("rollout")?,
            seed: self.whole("seed")?,
            ids: self.list("tokens")?.as_primitive::<UInt32Type>().values().to_vec(),
            pieces: pieces.map(|piece| piece.unwrap_or_default().to_owned()).collect(),
            logprobs: self.floats("logprobs")?,
            entropies: self.floats("entropies")?,
            text: self.text("text")?.to_owned(),
            finish: from_json(self.text("finish")?)?,
            reward: RewardBreakdown {
                total: self.real("reward")?,
                parsed: self.flag("parsed")?,
                reading: from_json(self.text("reading")?)?,
                parts: from_json(self.text("reward_parts")?)?,
            },
            bonus: self.real("bonus")?,
            visual: self.floats("visual")?,
            advantage: self.real("advantage")?,
        })
    }
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data becomes JSON")
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, TrainError> {
    serde_json::from_str(text).map_err(damaged)
}

fn damaged(error: impl std::fmt::Display) -> TrainError {
    TrainError::Run(format!("rollouts: {error}"))
}
