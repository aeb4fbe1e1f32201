//! Rows in the form that verl and Hugging Face `datasets` read: what a sample becomes, and
//! Parquet in both directions. Field names are fixed; see [`Row`].

use crate::error::DatasetError;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use arrow::json::reader::{Decoder, ReaderBuilder};
use arrow::json::writer::{JsonArray, WriterBuilder};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};
use shared::config::DatasetSpec;
use shared::task::{SampleInfo, SampleSpec, Task, Truth};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows in one group of a file: what is held in memory at a time.
pub(crate) const GROUP: usize = 1000;

/// What a policy is told before the question.
const SYSTEM: &str = "You look at a video and answer one question about it. Give the answer alone, in the form the question asks for: no reasoning, no other words, no tags.";

/// One question with its video and its true answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Task family, by which the reward is chosen, such as `grounding`.
    pub data_source: String,
    /// System and user message; the user's holds one `<video>` for each entry of `videos`.
    pub prompt: Vec<Message>,
    /// What is shown, clip by clip.
    pub videos: Vec<VideoRef>,
    /// Always `video_understanding` for rows made here.
    pub ability: String,
    /// How the answer is judged.
    pub reward_model: RewardModel,
    /// Everything else that is known.
    pub extra_info: ExtraInfo,
}

/// One message of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// Its text.
    pub content: String,
}

/// One clip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoRef {
    /// Frame files in order; relative paths start at the dataset's folder. Imported rows may
    /// name one video file instead.
    pub video: Vec<String>,
    /// Label clock, frames per second.
    pub sample_fps: f64,
    /// Most pixels of a frame that a policy is to look at.
    pub max_pixels: i64,
    /// Fewest pixels of a frame that a policy is to look at.
    pub min_pixels: i64,
}

/// How the answer is judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RewardModel {
    /// Always `rule`.
    pub style: String,
    /// The answer that earns the full reward.
    pub ground_truth: String,
}

/// What is known of a row beside what a policy is told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExtraInfo {
    /// `train`, or a benchmark's `easy`, `hard` or `transfer`.
    pub split: String,
    /// Position in the dataset.
    pub index: i64,
    /// The answer that earns the full reward.
    pub answer: String,
    /// The question without the marks of the clips.
    pub question: String,
    /// Content hash of the source video.
    pub video_id: String,
    /// Label clock, frames per second.
    pub sampling_fps: f64,
    /// Chose everything that was drawn by chance.
    pub seed: i64,
    /// The change that was planted (grounding).
    pub perturbation_type: Option<String>,
    /// How many frames were changed (grounding).
    pub perturbed_frames_count: Option<i64>,
    /// The first changed frame (grounding).
    pub start_frame_index: Option<i64>,
    /// The (task, dial) cell, such as `mirror` or `jigsaw 6`.
    pub cell: Option<String>,
    /// The whole sample spec as JSON: with the video it makes the row again.
    pub spec: Option<String>,
    /// The whole truth as JSON.
    pub truth: Option<String>,
}

impl Row {
    /// What the row was made from; none for rows that were not made here.
    pub fn sample_spec(&self) -> Option<SampleSpec> {
        serde_json::from_str(self.extra_info.spec.as_ref()?).ok()
    }

    /// What is true; none for rows that were not made here.
    pub fn truth(&self) -> Option<Truth> {
        serde_json::from_str(self.extra_info.truth.as_ref()?).ok()
    }

    /// The row of a sample whose clips are in these files.
    pub(crate) fn of(
        spec: &DatasetSpec,
        index: u64,
        info: &SampleInfo,
        clips: Vec<Vec<String>>,
    ) -> Self {
        let text = |role: &str, content| Message { role: role.into(), content };
        let clip = |video| VideoRef {
            video,
            sample_fps: info.sampling_fps,
            max_pixels: spec.max_pixels as i64,
            min_pixels: spec.min_pixels as i64,
        };
        Self {
            data_source: info.spec.task.kind().name().into(),
            prompt: vec![
                text("system", SYSTEM.into()),
                text("user", marked(&info.question, clips.len())),
            ],
            videos: clips.into_iter().map(clip).collect(),
            ability: "video_understanding".into(),
            reward_model: RewardModel { style: "rule".into(), ground_truth: info.answer.clone() },
            extra_info: ExtraInfo::of(spec, index, info),
        }
    }
}

/// A question behind the marks of its clips.
pub(crate) fn marked(question: &str, clips: usize) -> String {
    if clips == 1 {
        return format!("<video>\n{question}");
    }
    let marks: String = (1..=clips).map(|n| format!("Clip {n}: <video>\n")).collect();
    marks + question
}

impl ExtraInfo {
    fn of(spec: &DatasetSpec, index: u64, info: &SampleInfo) -> Self {
        let json = |value: serde_json::Result<String>| value.ok();
        let change = match info.spec.task {
            Task::Grounding { perturbation } => Some(perturbation.name().to_owned()),
            _ => None,
        };
        Self {
            split: spec.split(&info.spec.task).into(),
            index: index as i64,
            answer: info.answer.clone(),
            question: info.question.clone(),
            video_id: info.spec.video.to_string(),
            sampling_fps: info.sampling_fps,
            seed: info.spec.seed as i64,
            perturbed_frames_count: change.as_ref().and(info.params.length).map(i64::from),
            start_frame_index: change.as_ref().and(info.params.start_slot).map(i64::from),
            perturbation_type: change,
            cell: Some(info.spec.task.cell()),
            spec: json(serde_json::to_string(&info.spec)),
            truth: json(serde_json::to_string(&info.truth)),
        }
    }
}

/// The columns of a file of rows.
pub(crate) fn schema() -> SchemaRef {
    let field = |name: &str, kind| Field::new(name, kind, true);
    let text = |name: &str| field(name, DataType::Utf8);
    let whole = |name: &str| field(name, DataType::Int64);
    let real = |name: &str| field(name, DataType::Float64);
    let group = |fields: Vec<Field>| DataType::Struct(Fields::from(fields));
    let list = |kind| DataType::List(Arc::new(Field::new("item", kind, true)));
    Arc::new(Schema::new(vec![
        text("data_source"),
        field("prompt", list(group(vec![text("role"), text("content")]))),
        field(
            "videos",
            list(group(vec![
                field("video", list(DataType::Utf8)),
                real("sample_fps"),
                whole("max_pixels"),
                whole("min_pixels"),
            ])),
        ),
        text("ability"),
        field("reward_model", group(vec![text("style"), text("ground_truth")])),
        field(
            "extra_info",
            group(vec![
                text("split"),
                whole("index"),
                text("answer"),
                text("question"),
                text("video_id"),
                real("sampling_fps"),
                whole("seed"),
                text("perturbation_type"),
                whole("perturbed_frames_count"),
                whole("start_frame_index"),
                text("cell"),
                text("spec"),
                text("truth"),
            ]),
        ),
    ]))
}

/// Writes rows group by group; the same rows give the same bytes.
pub(crate) struct RowWriter {
    path: PathBuf,
    writer: ArrowWriter<File>,
    decoder: Decoder,
    waiting: Vec<Row>,
}

impl RowWriter {
    /// Into a new file.
    pub fn create(path: &Path) -> Result<Self, DatasetError> {
        let file = File::create(path).map_err(|cause| DatasetError::write(path, cause))?;
        let failed = |error: String| DatasetError::damaged(path, error);
        let level = ZstdLevel::try_new(3).map_err(|error| failed(error.to_string()))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(GROUP))
            .build();
        let writer = ArrowWriter::try_new(file, schema(), Some(properties))
            .map_err(|error| failed(error.to_string()))?;
        let decoder = ReaderBuilder::new(schema())
            .build_decoder()
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self { path: path.to_owned(), writer, decoder, waiting: Vec::with_capacity(GROUP) })
    }

    /// Adds a row.
    pub fn add(&mut self, row: Row) -> Result<(), DatasetError> {
        self.waiting.push(row);
        if self.waiting.len() == GROUP { self.flush() } else { Ok(()) }
    }

    /// Writes the last group and the footer, and waits until the file is on the disk.
    pub fn finish(mut self) -> Result<(), DatasetError> {
        self.flush()?;
        let file = self.writer.into_inner().map_err(|error| failed(&self.path, error.into()))?;
        file.sync_all().map_err(|cause| DatasetError::write(&self.path, cause))
    }

    fn flush(&mut self) -> Result<(), DatasetError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let batch = self.decoder.serialize(&self.waiting).and_then(|()| self.decoder.flush());
        let batch = batch.map_err(|error| failed(&self.path, Box::new(error)))?;
        self.waiting.clear();
        let Some(batch) = batch else { return Ok(()) };
        let written = self.writer.write(&batch).and_then(|()| self.writer.flush());
        written.map_err(|error| failed(&self.path, Box::new(error)))
    }
}

/// The error of a Parquet library as ours: a full disk is to be told as one.
fn failed(path: &Path, error: Box<dyn std::error::Error + Send + Sync>) -> DatasetError {
    let mut at: Option<&(dyn std::error::Error + 'static)> = Some(&*error);
    while let Some(cause) = at {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return DatasetError::write(path, std::io::Error::new(io.kind(), io.to_string()));
        }
        at = cause.source();
    }
    DatasetError::damaged(path, error)
}

/// The rows of a batch as JSON objects, whatever its columns.
pub(crate) fn to_json(batch: &RecordBatch) -> Result<Vec<serde_json::Value>, String> {
    let mut writer =
        WriterBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(Vec::new());
    writer.write(batch).and_then(|()| writer.finish()).map_err(|error| error.to_string())?;
    serde_json::from_slice(&writer.into_inner()).map_err(|error| error.to_string())
}
