//! One row of somebody else's as a row of ours: where its parts stand, whether its files are
//! there, whether its answer can be read.

use crate::manifest::VideoFacts;
use crate::rows::{ExtraInfo, Message, RewardModel, Row, VideoRef, marked};
use serde_json::Value;
use shared::reward::{RewardMode, score_text};
use shared::task::TaskKind;
use shared::video::{FrameSize, SamplePlan, VideoId, VideoMeta};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Pixels of a frame where a row does not say (VideoSSR release).
const PIXELS: (i64, i64) = (256 * 256, 128 * 128);
/// Task of rows whose answers are not ours to judge.
const PLAIN: &str = "plain";

/// Reads rows; remembers the videos it has looked at.
pub(super) struct Reading {
    /// Where relative paths start.
    base: PathBuf,
    videos: HashMap<PathBuf, Result<VideoMeta, String>>,
}

impl Reading {
    pub fn new(base: PathBuf) -> Self {
        Self { base, videos: HashMap::new() }
    }

    /// A row in our form. Errors: one sentence that says what is missing or wrong.
    pub fn row(&mut self, value: &Value, index: u64) -> Result<Row, String> {
        if !value.is_object() {
            return Err("the row is no object with named fields.".into());
        }
        let source = source_of(value);
        let answer = answer_of(value)?;
        check_answer(&source, &answer)?;
        let clips = self.clips(value)?;
        let prompt = prompt_of(value, clips.len())?;
        let mut extra = extra_of(value);
        extra.index = index as i64;
        extra.answer.clone_from(&answer);
        extra.sampling_fps = clips[0].sample_fps;
        if extra.question.is_empty() {
            extra.question = question_in(&prompt);
        }
        if source == PLAIN {
            extra.cell = text(value, "data_source").or_else(|| text(value, "task"));
        }
        if let Some(Ok(meta)) = self.videos.get(Path::new(&clips[0].video[0])) {
            extra.video_id = meta.id.to_string();
        }
        Ok(Row {
            data_source: source,
            prompt,
            videos: clips,
            ability: text(value, "ability").unwrap_or_else(|| "video_understanding".into()),
            reward_model: RewardModel { style: "rule".into(), ground_truth: answer },
            extra_info: extra,
        })
    }

    /// The video of a row, where its content is known.
    pub fn facts(&self, row: &Row) -> Option<(VideoId, VideoFacts)> {
        let id = VideoId::try_from(row.extra_info.video_id.clone()).ok()?;
        let path = row.videos.first()?.video.first()?;
        let facts = match self.videos.get(Path::new(path)) {
            Some(Ok(meta)) => VideoFacts {
                file: path.clone(),
                samples: 0,
                duration_secs: meta.duration_secs,
                frames: meta.frames,
                width: meta.width,
                height: meta.height,
            },
            _ => VideoFacts::default(),
        };
        Some((id, facts))
    }

    /// Every clip of a row, its files checked.
    fn clips(&mut self, value: &Value) -> Result<Vec<VideoRef>, String> {
        let given = value.get("videos").or_else(|| value.get("video"));
        let entries: Vec<&Value> = match given {
            Some(Value::Array(items)) if items.iter().any(Value::is_object) => {
                items.iter().collect()
            }
            Some(Value::Array(items)) if items.is_empty() => Vec::new(),
            Some(Value::Null) | None => Vec::new(),
            Some(one) => vec![one],
        };
        if entries.is_empty() {
            return Err("the row names no video.".into());
        }
        entries.into_iter().map(|entry| self.clip(entry)).collect()
    }

    /// One clip: an object with `video`, a list of frames, or the path of a video.
    fn clip(&mut self, entry: &Value) -> Result<VideoRef, String> {
        let paths = entry.get("video").unwrap_or(entry);
        let paths: Vec<&str> = match paths {
            Value::String(path) => vec![path],
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if paths.is_empty() {
            return Err("the row names no video.".into());
        }
        let files: Vec<PathBuf> = paths.iter().map(|path| self.resolve(path)).collect();
        if let Some(missing) = files.iter().position(|file| !file.is_file()) {
            return Err(format!("`{}` is not there.", paths[missing]));
        }
        let said = entry.get("sample_fps").and_then(Value::as_f64).filter(|fps| *fps > 0.0);
        let sample_fps = match (said, files.as_slice()) {
            (said, [video]) if !is_picture(video) => {
                let usual = self.probe(video)?;
                said.unwrap_or(usual)
            }
            (Some(said), _) => said,
            (None, _) => return Err("frames without `sample_fps` have no time.".into()),
        };
        let whole = |name, usual| entry.get(name).and_then(Value::as_i64).unwrap_or(usual);
        Ok(VideoRef {
            video: files.iter().map(|file| file.to_string_lossy().into_owned()).collect(),
            sample_fps,
            max_pixels: whole("max_pixels", PIXELS.0),
            min_pixels: whole("min_pixels", PIXELS.1),
        })
    }

    fn resolve(&self, path: &str) -> PathBuf {
        self.base.join(path.strip_prefix("file://").unwrap_or(path))
    }

    /// The label clock of a video's strip. Errors: it is no video, as a sentence.
    fn probe(&mut self, video: &Path) -> Result<f64, String> {
        let found = self
            .videos
            .entry(video.to_owned())
            .or_insert_with(|| media::probe(video).map_err(|error| error.to_string()));
        let plan = SamplePlan::strip(FrameSize::ShortSide(256));
        found.as_ref().map(|meta| plan.sampling_fps(meta.duration_secs)).map_err(Clone::clone)
    }
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ["jpg", "jpeg", "png", "webp", "bmp"].contains(&ending.as_str()))
}

/// The task by the name that rewards are chosen by. The released code calls jigsaws "shuffled".
fn source_of(value: &Value) -> String {
    let name = text(value, "data_source").or_else(|| text(value, "task")).unwrap_or_default();
    match name.as_str() {
        "shuffled" => TaskKind::Jigsaw.name().into(),
        known if known.parse::<TaskKind>().is_ok() => name,
        _ => PLAIN.into(),
    }
}

fn answer_of(value: &Value) -> Result<String, String> {
    let places = [
        value.pointer("/reward_model/ground_truth"),
        value.get("answer"),
        value.pointer("/extra_info/answer"),
    ];
    let found = places.into_iter().flatten().find_map(|place| match place {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    found.ok_or_else(|| "the row has no answer.".into())
}

/// An answer that does not earn its own reward cannot be given by anyone.
fn check_answer(source: &str, answer: &str) -> Result<(), String> {
    let Ok(kind) = source.parse::<TaskKind>() else { return Ok(()) };
    let own = score_text(RewardMode::Strict, kind, answer, answer);
    if own.total == 1.0 { Ok(()) } else { Err(format!("`{answer}` is no answer of {kind}.")) }
}

/// The prompt as given, or one around the question.
fn prompt_of(value: &Value, clips: usize) -> Result<Vec<Message>, String> {
    let message =
        |item: &Value| Some(Message { role: text(item, "role")?, content: text(item, "content")? });
    let given = value.get("prompt").and_then(Value::as_array);
    let prompt: Vec<Message> = given.into_iter().flatten().filter_map(message).collect();
    if prompt.is_empty() {
        let places = [value.get("question"), value.pointer("/extra_info/question")];
        let question = places.into_iter().flatten().find_map(Value::as_str);
        let question = question.filter(|text| !text.trim().is_empty());
        let question = question.ok_or("the row has no question.")?;
        return Ok(vec![Message { role: "user".into(), content: marked(question, clips) }]);
    }
    let marks: usize = prompt.iter().map(|m| m.content.matches("<video>").count()).sum();
    if marks != clips {
        return Err(format!("the prompt has {marks} `<video>` marks for {clips} video(s)."));
    }
    Ok(prompt)
}

/// The last message of a user without the marks of its clips.
fn question_in(prompt: &[Message]) -> String {
    let last = prompt.iter().rfind(|message| message.role == "user");
    last.map(|message| message.content.replace("<video>", "").trim().to_owned()).unwrap_or_default()
}

/// What a row says of itself, as far as it has our names.
fn extra_of(value: &Value) -> ExtraInfo {
    let empty = Value::Null;
    let extra = value.get("extra_info").unwrap_or(&empty);
    let whole = |name: &str| extra.get(name).and_then(Value::as_i64);
    ExtraInfo {
        split: text(extra, "split").unwrap_or_else(|| "train".into()),
        question: text(extra, "question").or_else(|| text(value, "question")).unwrap_or_default(),
        video_id: text(extra, "video_id").unwrap_or_default(),
        seed: whole("seed").unwrap_or_default(),
        perturbation_type: text(extra, "perturbation_type"),
        perturbed_frames_count: whole("perturbed_frames_count"),
        start_frame_index: whole("start_frame_index"),
        cell: text(extra, "cell"),
        spec: text(extra, "spec"),
        truth: text(extra, "truth"),
        ..ExtraInfo::default()
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}
