//! Pretext tasks as values: what is asked, with which dials, and what is true.
//! It never holds pixels: `tasks` makes those from a strip and a [`SampleSpec`].

use crate::video::{FrameRef, STRIP_FRAMES, VideoId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

mod dials;
mod truth;
pub use dials::{DIALS, DialField, DialKind, Dials, Milli, TaskPreset};
pub use truth::{Shape, ShapeCounts, ShapeKind, Truth};

/// Declares an enum whose variants have one kebab-case name each, for serde, `Display`,
/// `FromStr` and lists in help texts.
macro_rules! named_enum {
    ($(#[$meta:meta])* $name:ident, $what:literal { $($(#[$vmeta:meta])* $variant:ident => $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vmeta])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value, in the order shown to people.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name used in files, commands and the page.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(format!(
                        "`{text}` is not a {}; use one of {}",
                        $what,
                        [$($text),+].join(", ")
                    )),
                }
            }
        }
    };
}
pub(crate) use named_enum;

named_enum! {
    /// The task families: the three of VideoSSR (arXiv 2511.06281, section 3), and three more
    /// whose answers are known by construction in the same way.
    TaskKind, "task" {
        /// When does the planted change happen?
        Grounding => "grounding",
        /// How many circles, squares and triangles appear?
        Counting => "counting",
        /// Which order did the shuffled clips have?
        Jigsaw => "jigsaw",
        /// Which order did the shuffled tiles of a picture have? (Visual Jigsaw)
        Spatial => "spatial",
        /// Which number does a drawn shape carry, and when is it shown? (after STVG-R1)
        Spotting => "spotting",
        /// How far is the shown moment between first and last? (after PRIMO)
        Progress => "progress",
    }
}

impl TaskKind {
    /// Every (task, dial) cell that the program names, in the order shown to people.
    pub fn cells(self) -> Vec<Task> {
        match self {
            Self::Grounding => {
                let of =
                    |perturbation: &Perturbation| Task::Grounding { perturbation: *perturbation };
                Perturbation::ALL.iter().map(of).collect()
            }
            Self::Counting => [Difficulty::Easy, Difficulty::Hard]
                .map(|difficulty| Task::Counting { difficulty })
                .to_vec(),
            Self::Jigsaw => [6, 8].map(|clips| Task::Jigsaw { clips }).to_vec(),
            Self::Spatial => [2, 3].map(|grid| Task::Spatial { grid }).to_vec(),
            Self::Spotting => vec![Task::Spotting],
            Self::Progress => vec![Task::Progress],
        }
    }
}

named_enum! {
    /// A change of the frames inside the planted span (VideoSSR release and arXiv 2511.06281,
    /// section 3.1).
    Perturbation, "perturbation" {
        /// Red and blue change places.
        ChannelSwap => "channel-swap",
        /// Left and right change places.
        Mirror => "mirror",
        /// Turned upside down.
        Rotate180 => "rotate180",
        /// Shrunk by 1.2 to 1.4, centred on black.
        ZoomOut => "zoom-out",
        /// Cropped by 1.3 to 1.5 around the centre and enlarged back.
        ZoomIn => "zoom-in",
        /// No colour.
        Grayscale => "grayscale",
        /// Every channel x becomes 255 - x.
        Invert => "invert",
        /// Turned a quarter clockwise.
        Rotate90 => "rotate90",
        /// Turned a quarter counter-clockwise.
        Rotate270 => "rotate270",
        /// Gaussian noise, sigma 35 to 70.
        Noise => "noise",
        /// Gaussian blur of radius 2.
        Blur => "blur",
        /// Colour doubled.
        Saturation => "saturation",
        /// The span's frames in another order.
        Shuffle => "shuffle",
        /// The same frames of another video.
        Swap => "swap",
        /// Few frames of the span, each held for a while.
        StutterHold => "stutter-hold",
        /// Half as fast as before and after.
        Slow => "slow",
        /// Twice as fast as before and after.
        Fast => "fast",
    }
}

named_enum! {
    /// How many shapes may appear (VideoSSR: frames per kind x instances per frame).
    Difficulty, "difficulty" {
        /// 3 frames x 3 instances: counts of 1 to 9; used for training.
        Easy => "easy",
        /// 4 frames x 4 instances: counts of 1 to 16.
        Hard => "hard",
    }
}

/// A task with its dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "kebab-case")]
pub enum Task {
    /// Anomaly Grounding with one kind of change.
    Grounding {
        /// The change planted.
        perturbation: Perturbation,
    },
    /// Object Counting.
    Counting {
        /// How many shapes may appear.
        difficulty: Difficulty,
    },
    /// Temporal Jigsaw.
    Jigsaw {
        /// Number of clips; divides the strip's frame count, 2 to 48.
        clips: u32,
    },
    /// Spatial Jigsaw of one frame.
    Spatial {
        /// Tiles along each side, 2 or 3.
        grid: u32,
    },
    /// Spotting a numbered shape.
    Spotting,
    /// Progress estimation.
    Progress,
}

/// Frames of the strip that changes of speed are made from: dense enough that a span at
/// double speed skips frames and one at half speed repeats none.
const DENSE_FRAMES: u32 = 128;

impl Task {
    /// The family.
    pub fn kind(&self) -> TaskKind {
        match self {
            Self::Grounding { .. } => TaskKind::Grounding,
            Self::Counting { .. } => TaskKind::Counting,
            Self::Jigsaw { .. } => TaskKind::Jigsaw,
            Self::Spatial { .. } => TaskKind::Spatial,
            Self::Spotting => TaskKind::Spotting,
            Self::Progress => TaskKind::Progress,
        }
    }

    /// The family's task as used for training (arXiv 2511.06281, section 4; mirror, easy,
    /// 6 clips, 2 x 2 tiles).
    pub fn usual(kind: TaskKind) -> Self {
        match kind {
            TaskKind::Grounding => Self::Grounding { perturbation: Perturbation::Mirror },
            TaskKind::Counting => Self::Counting { difficulty: Difficulty::Easy },
            TaskKind::Jigsaw => Self::Jigsaw { clips: 6 },
            TaskKind::Spatial => Self::Spatial { grid: 2 },
            TaskKind::Spotting => Self::Spotting,
            TaskKind::Progress => Self::Progress,
        }
    }

    /// Frames of the strip that a sample is made from: 48, or more for changes of speed. The
    /// sample itself never shows more than 48.
    pub fn source_frames(&self) -> u32 {
        match self {
            Self::Grounding { perturbation: Perturbation::Slow | Perturbation::Fast } => {
                DENSE_FRAMES
            }
            _ => STRIP_FRAMES,
        }
    }

    /// Whether a second video is needed.
    pub fn needs_other(&self) -> bool {
        matches!(self, Self::Grounding { perturbation: Perturbation::Swap })
    }

    /// The (task, dial) cell that curves and tables are split by, such as `mirror`,
    /// `counting easy` or `jigsaw 6`.
    pub fn cell(&self) -> String {
        match self {
            Self::Grounding { perturbation } => perturbation.name().to_owned(),
            Self::Counting { difficulty } => format!("counting {difficulty}"),
            Self::Jigsaw { clips } => format!("jigsaw {clips}"),
            Self::Spatial { grid } => format!("spatial {grid}"),
            Self::Spotting | Self::Progress => self.kind().name().to_owned(),
        }
    }
}

/// Everything a sample is made from: the same spec gives the same bytes on any machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SampleSpec {
    /// The source video.
    pub video: VideoId,
    /// The task and its dials.
    #[serde(flatten)]
    pub task: Task,
    /// The dials that differ from the published values.
    #[serde(flatten)]
    pub dials: Dials,
    /// The video that frames are borrowed from (swap).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<VideoId>,
    /// Chooses everything that is drawn by chance.
    pub seed: u64,
}

impl SampleSpec {
    /// With the published values of all dials.
    pub fn new(video: VideoId, task: Task, seed: u64) -> Self {
        Self { video, task, dials: Dials::default(), other: None, seed }
    }

    /// A stable key of the spec for caches: hex digits of the video, the cell, the seed, and
    /// what else was set.
    pub fn key(&self) -> String {
        let SampleSpec { video, task, dials, other, seed } = &self;
        let mut key = format!("{}-{}-{seed}", video.hex(), task.cell().replace(' ', "_"));
        if let Some(other) = other {
            key.push_str(&format!("-{}", other.hex()));
        }
        key.push_str(&dials.key());
        key
    }
}

/// What was drawn by chance for a sample, beside its truth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SampleParams {
    /// First changed slot (grounding).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_slot: Option<u32>,
    /// Number of changed slots (grounding).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// Zoom factor, constant within the span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// Noise strength, 0..255 units, constant within the span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma: Option<f64>,
    /// Blur radius, pixels of the canonical frame, or colour factor, where it was dialled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<f64>,
    /// Zoom factor or noise strength of each changed frame (per-frame draws).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strengths: Option<Vec<f64>>,
    /// Slot of the source strip that each changed frame shows (shuffle, swap, stutter-hold),
    /// or that each of all frames shows (slow, fast).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_slots: Option<Vec<u32>>,
    /// Original part (from 0) at each display position (jigsaw, spatial).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<Vec<u32>>,
    /// The shape that is asked for (spotting).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ShapeKind>,
}

/// A sample without its pixels: all that a page, a journal or a label needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleInfo {
    /// What it was made from.
    #[serde(flatten)]
    pub spec: SampleSpec,
    /// What chance chose.
    pub params: SampleParams,
    /// The question as asked.
    pub question: String,
    /// The answer that earns the full reward.
    pub answer: String,
    /// What is true.
    pub truth: Truth,
    /// Drawn shapes (counting).
    pub shapes: Option<Vec<Shape>>,
    /// Label clock: the label time of slot k is `k / sampling_fps`.
    pub sampling_fps: f64,
    /// Width that `shapes` refer to, pixels.
    pub width: u32,
    /// Height that `shapes` refer to, pixels.
    pub height: u32,
    /// The strip's frames in display order (jigsaw: clip after clip as shown).
    pub frames: Vec<FrameRef>,
}

impl SampleInfo {
    /// Label time of a slot boundary, seconds.
    pub fn label_secs(&self, slot: f64) -> f64 {
        slot / self.sampling_fps
    }

    /// The slot boundary at a label time.
    pub fn slot_at(&self, label_secs: f64) -> f64 {
        label_secs * self.sampling_fps
    }

    /// Number of clips the frames are shown in; all have the same length.
    pub fn clips(&self) -> u32 {
        match self.spec.task {
            Task::Jigsaw { clips } => clips,
            Task::Progress => 3,
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_reads_flat_json() {
        let text = format!(
            r#"{{"video":"blake3:{}","task":"grounding","perturbation":"zoom-out","seed":7}}"#,
            "0".repeat(64)
        );
        let spec: SampleSpec = serde_json::from_str(&text).expect("flat");
        assert_eq!(spec.task.cell(), "zoom-out");
        let again = serde_json::to_string(&spec).expect("json");
        assert_eq!(serde_json::from_str::<SampleSpec>(&again).expect("same"), spec);
    }

    #[test]
    fn names_round_trip_and_strangers_are_refused() {
        for p in Perturbation::ALL {
            assert_eq!(p.name().parse::<Perturbation>(), Ok(*p));
        }
        assert!("upside-down".parse::<Perturbation>().is_err());
    }
}
