//! The typed spec of a dataset: what is asked, how often, and how its frames are kept. It says
//! nothing about which videos are used.

use super::FieldKind::{Choice, Mixture, Whole};
use super::fields::{field, more};
use super::presets::paper_mixture;
use super::{Field, MixtureItem, Preset, Problem, Settings, mixture_problems};
use crate::task::{Difficulty, Task, TaskKind, named_enum};
use crate::video::STRIP_FRAMES;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

named_enum! {
    /// How frames are kept.
    ImageForm, "image form" {
        /// Small; `quality` says how small.
        Jpeg => "jpeg",
        /// Exact.
        Png => "png",
    }
}

named_enum! {
    /// How rows name frame files.
    PathForm, "path form" {
        /// From the dataset's folder: the folder can be moved, readers start in it.
        Relative => "relative",
        /// From the root of the file system: readers start anywhere, the folder stays.
        Absolute => "absolute",
    }
}

named_enum! {
    /// What a dataset is for.
    Purpose, "purpose" {
        /// All rows are of the split `train`; the same build may be started again.
        Train => "train",
        /// Rows are of the splits `easy`, `hard` and `transfer`; once built it is frozen.
        Bench => "bench",
    }
}

/// Everything but the videos that determines a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatasetSpec {
    /// Number of rows.
    pub samples: u64,
    /// Chooses everything that is drawn by chance.
    pub seed: u64,
    /// What is asked, and how often.
    pub mixture: Vec<MixtureItem>,
    /// Frames of a video.
    pub frames: u32,
    /// Shorter side of a frame, pixels.
    pub short_side: u32,
    /// How frames are kept.
    pub images: ImageForm,
    /// Quality of JPEG frames.
    pub quality: u32,
    /// Most pixels of a frame that a policy is to look at.
    pub max_pixels: u64,
    /// Fewest pixels of a frame that a policy is to look at.
    pub min_pixels: u64,
    /// How rows name frame files.
    pub paths: PathForm,
    /// What it is for.
    pub purpose: Purpose,
}

impl Default for DatasetSpec {
    fn default() -> Self {
        videossr_30k()
    }
}

/// Every field, in the order of the file.
const FIELDS: &[Field] = &[
    field("samples", "Dataset", "Samples", "Number of rows.", "samples", Whole(1, 10_000_000)),
    field(
        "seed",
        "Dataset",
        "Seed",
        "Chooses everything that is drawn by chance; the same seed and videos give the same rows.",
        "",
        Whole(0, (1 << 53) - 1),
    ),
    field(
        "mixture",
        "Dataset",
        "Tasks",
        "What is asked, with weights; shares are exact to one sample.",
        "",
        Mixture,
    ),
    field(
        "frames",
        "Frames",
        "Frames",
        "Evenly spaced frames of a video.",
        "frames",
        Whole(16, 1024),
    ),
    field(
        "short_side",
        "Frames",
        "Short side",
        "Shorter side of a frame; smaller videos are not enlarged.",
        "pixels",
        Whole(16, 2048),
    ),
    more(field(
        "images",
        "Frames",
        "Images",
        "How frames are kept: jpeg is small, png exact.",
        "",
        Choice(&["jpeg", "png"]),
    )),
    more(field("quality", "Frames", "Quality", "Quality of JPEG frames.", "", Whole(1, 100))),
    more(field(
        "max_pixels",
        "Frames",
        "Most pixels",
        "Most pixels of a frame that a policy is to look at; larger frames are shrunk by it.",
        "pixels",
        Whole(256, 1 << 24),
    )),
    more(field(
        "min_pixels",
        "Frames",
        "Fewest pixels",
        "Fewest pixels of a frame that a policy is to look at; smaller frames are enlarged by it.",
        "pixels",
        Whole(256, 1 << 24),
    )),
    more(field(
        "paths",
        "Frames",
        "Paths",
        "How rows name frame files: relative to the dataset's folder, or absolute.",
        "",
        Choice(&["relative", "absolute"]),
    )),
    more(field(
        "purpose",
        "Dataset",
        "Purpose",
        "train: one split, may be built again; bench: splits easy, hard and transfer, and frozen.",
        "",
        Choice(&["train", "bench"]),
    )),
];

impl Settings for DatasetSpec {
    const FIELDS: &'static [Field] = FIELDS;
    const PRESETS: &'static [Preset<Self>] = &[
        Preset {
            name: "videossr-30k",
            about: "The paper's training mixture: 12,000 grounding, 12,000 jigsaw, 6,000 counting.",
            config: videossr_30k,
        },
        Preset {
            name: "viubench",
            about: "The paper's benchmark: nine sub-tasks with 300 questions each, frozen.",
            config: viubench,
        },
        Preset {
            name: "smoke",
            about: "600 samples in the shares of videossr-30k, to try things out.",
            config: smoke,
        },
    ];

    fn more_problems(&self, problems: &mut Vec<Problem>) {
        mixture_problems(&self.mixture, problems);
        let mut say = |field: String, message| problems.push(Problem { field, message });
        for (i, item) in self.mixture.iter().enumerate() {
            if let Task::Jigsaw { clips } = item.task()
                && clips != 0
                && !self.frames.is_multiple_of(clips)
            {
                let message = format!("{clips} does not divide the {} frames", self.frames);
                say(format!("mixture[{i}].clips"), message);
            }
            let dense = |task: &Task| task.source_frames() != STRIP_FRAMES;
            if self.frames != STRIP_FRAMES
                && let Some(task) = item.tasks().iter().find(|task| dense(task))
            {
                let message = format!("{} always has {STRIP_FRAMES} frames", task.cell());
                say(format!("mixture[{i}].perturbation"), message);
            }
        }
        if self.min_pixels > self.max_pixels {
            let message = format!("{} is above max_pixels, {}", self.min_pixels, self.max_pixels);
            say("min_pixels".into(), message);
        }
    }
}

/// VideoSSR-30K (index ranges in the code released with arXiv 2511.06281): four kinds of change
/// with 3,000 questions each, counting easy 6,000, jigsaw of six clips 12,000.
fn videossr_30k() -> DatasetSpec {
    DatasetSpec {
        samples: 30_000,
        seed: 1,
        mixture: paper_mixture(),
        frames: STRIP_FRAMES,
        short_side: 256,
        images: ImageForm::Jpeg,
        quality: 90,
        max_pixels: 256 * 256,
        min_pixels: 128 * 128,
        paths: PathForm::Relative,
        purpose: Purpose::Train,
    }
}

/// The same shares, small.
fn smoke() -> DatasetSpec {
    DatasetSpec { samples: 600, ..videossr_30k() }
}

/// VIUBench (arXiv 2511.06281, section 4): nine sub-tasks of 300 questions, at most 512 x 512
/// pixels a frame; a short side of 384 gives just that at 16:9.
fn viubench() -> DatasetSpec {
    DatasetSpec {
        samples: 2_700,
        mixture: MixtureItem::viubench(),
        short_side: 384,
        max_pixels: 512 * 512,
        purpose: Purpose::Bench,
        ..videossr_30k()
    }
}

impl DatasetSpec {
    /// The split of a row. A benchmark has three: `hard` is the harder level of counting (hard)
    /// and of jigsaw (more than six clips), `transfer` are changes that [VideoSSR-30K's
    /// mixture](DatasetSpec::default) does not train, `easy` is the rest.
    pub fn split(&self, task: &Task) -> &'static str {
        if self.purpose == Purpose::Train {
            return "train";
        }
        let trained = || paper_mixture().iter().any(|item| item.task() == *task);
        match task {
            Task::Counting { difficulty: Difficulty::Hard } => "hard",
            Task::Jigsaw { clips } if *clips > 6 => "hard",
            _ if task.kind() == TaskKind::Grounding && !trained() => "transfer",
            _ => "easy",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn presets_are_valid_and_described() {
        for preset in DatasetSpec::PRESETS {
            assert_eq!((preset.config)().problems(), [], "{}", preset.name);
        }
        let whole = serde_json::to_value(DatasetSpec::default()).expect("json");
        let mut have: Vec<&String> = whole.as_object().expect("a table").keys().collect();
        let mut described: Vec<&str> = FIELDS.iter().map(|field| field.key).collect();
        have.sort();
        described.sort_unstable();
        assert_eq!(have, described);
    }

    #[test]
    fn strangers_and_bad_values_are_refused_with_what_is_near() {
        for (value, said) in [
            (json!({"sample": 5}), "sample: is not a known key; did you mean `samples`?"),
            (json!({"samples": 0}), "samples: 0 is below 1; a whole number from 1 to 10000000"),
            (json!({"images": "gif"}), "images: \"gif\" does not fit; one of jpeg, png"),
            (
                json!({"frames": 40, "mixture": [{"task": "jigsaw"}]}),
                "mixture[0].clips: 6 does not divide the 40 frames",
            ),
            (
                json!({"frames": 96, "mixture": [{"task": "grounding", "perturbation": "slow"}]}),
                "mixture[0].perturbation: slow always has 48 frames",
            ),
            (json!({"min_pixels": 70_000}), "min_pixels: 70000 is above max_pixels, 65536"),
            (
                json!({"mixture": [{"task": "jigsaw", "wait": 1}]}),
                "mixture[0].wait: is not a known key; did you mean `weight`?",
            ),
        ] {
            let problems = DatasetSpec::from_value(&DatasetSpec::default(), &value);
            let problems = problems.expect_err("a misfit");
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            assert_eq!(told, [said], "{value}");
        }
    }

    #[test]
    fn a_benchmark_has_three_columns() {
        let bench = viubench();
        let splits: Vec<&str> =
            bench.mixture.iter().map(|item| bench.split(&item.task())).collect();
        let wanted = ["easy", "hard", "easy", "easy", "easy", "easy", "transfer", "easy", "hard"];
        assert_eq!(splits, wanted);
        assert_eq!(smoke().split(&Task::Jigsaw { clips: 8 }), "train");
    }
}
