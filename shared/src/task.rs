//! Pretext tasks as values: what is asked, with which dials, and what is true.
//! It never holds pixels: `tasks` makes those from a strip and a [`SampleSpec`].

use crate::time::Span;
use crate::video::{FrameRef, VideoId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The three task families of VideoSSR (arXiv 2511.06281, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskKind {
    /// When does the planted change happen?
    Grounding,
    /// How many circles, squares and triangles appear?
    Counting,
    /// Which order did the shuffled clips have?
    Jigsaw,
}

impl TaskKind {
    /// Every kind, in the order shown to people.
    pub const ALL: [Self; 3] = [Self::Grounding, Self::Counting, Self::Jigsaw];

    /// The name used in files, commands and the page.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grounding => "grounding",
            Self::Counting => "counting",
            Self::Jigsaw => "jigsaw",
        }
    }
}

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

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TaskKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| {
            format!("`{text}` is not a task; use one of grounding, counting, jigsaw")
        })
    }
}

named_enum! {
    /// A change of every frame inside the planted span (VideoSSR release, grounding).
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

named_enum! {
    /// The shapes drawn for counting, in the order of the answer.
    ShapeKind, "shape" {
        /// Disc.
        Circle => "circle",
        /// Square.
        Square => "square",
        /// Equilateral triangle.
        Triangle => "triangle",
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
        /// Number of clips; divides the strip's frame count, 2 to 9.
        clips: u32,
    },
}

impl Task {
    /// The family.
    pub fn kind(&self) -> TaskKind {
        match self {
            Self::Grounding { .. } => TaskKind::Grounding,
            Self::Counting { .. } => TaskKind::Counting,
            Self::Jigsaw { .. } => TaskKind::Jigsaw,
        }
    }

    /// The (task, dial) cell that curves and tables are split by, such as `mirror`,
    /// `counting easy` or `jigsaw 6`.
    pub fn cell(&self) -> String {
        match self {
            Self::Grounding { perturbation } => perturbation.name().to_owned(),
            Self::Counting { difficulty } => format!("counting {difficulty}"),
            Self::Jigsaw { clips } => format!("jigsaw {clips}"),
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
    /// Chooses everything that is drawn by chance.
    pub seed: u64,
}

/// What is true of a sample, by construction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Truth {
    /// Where the change was planted.
    Grounding {
        /// On the label clock, seconds with one decimal, as the answer states it.
        span_secs: [f64; 2],
        /// In slots, half-open.
        span_slots: [u32; 2],
        /// On the source's clock, seconds: from the first changed frame to the first
        /// unchanged one after it (or the end of the last).
        source_span_secs: [f64; 2],
    },
    /// How many shapes were drawn.
    Counting {
        /// Discs.
        circles: u32,
        /// Squares.
        squares: u32,
        /// Triangles.
        triangles: u32,
    },
    /// How the clips were shuffled.
    Jigsaw {
        /// Digit k is the display position, from 1, of original part k.
        order: String,
    },
}

impl Truth {
    /// The family it belongs to.
    pub fn kind(&self) -> TaskKind {
        match self {
            Self::Grounding { .. } => TaskKind::Grounding,
            Self::Counting { .. } => TaskKind::Counting,
            Self::Jigsaw { .. } => TaskKind::Jigsaw,
        }
    }

    /// The answer that earns the full reward, in the paper's format.
    pub fn answer(&self) -> String {
        match self {
            Self::Grounding { span_secs: [start, end], .. } => format!("{start:.1}-{end:.1}"),
            Self::Counting { circles, squares, triangles } => {
                format!("{circles},{squares},{triangles}")
            }
            Self::Jigsaw { order } => order.clone(),
        }
    }

    /// The planted span in slots, if the task has one.
    pub fn span_slots(&self) -> Option<Span> {
        match self {
            Self::Grounding { span_slots: [a, b], .. } => {
                Span::new(f64::from(*a), f64::from(*b)).ok()
            }
            _ => None,
        }
    }
}

/// One drawn shape, in pixels of a frame of `SampleInfo::width` x `SampleInfo::height`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// The frame it is drawn on.
    pub slot: u32,
    /// What it is.
    pub kind: ShapeKind,
    /// Centre, x to the right and y down.
    pub center_px: [f64; 2],
    /// Diameter of a circle, side of a square or triangle.
    pub size_px: f64,
    /// Clockwise turn; 0 for circles.
    pub angle_deg: f64,
    /// Red, green, blue.
    pub color: [u8; 3],
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
    /// Original part (from 0) at each display position (jigsaw).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<Vec<u32>>,
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

    /// A stable key of the spec for URLs and caches: hex digits of the video, then the
    /// cell and the seed.
    pub fn key(&self) -> String {
        format!(
            "{}-{}-{}",
            self.spec.video.hex(),
            self.spec.task.cell().replace(' ', "_"),
            self.spec.seed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_the_papers_form() {
        let grounding = Truth::Grounding {
            span_secs: [24.5, 42.9],
            span_slots: [12, 21],
            source_span_secs: [26.1, 43.0],
        };
        assert_eq!(grounding.answer(), "24.5-42.9");
        assert_eq!(Truth::Counting { circles: 3, squares: 1, triangles: 4 }.answer(), "3,1,4");
    }

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

    #[test]
    fn truths_of_all_tasks_survive_json() {
        for truth in [
            Truth::Grounding {
                span_secs: [1.0, 2.0],
                span_slots: [3, 9],
                source_span_secs: [1.1, 2.2],
            },
            Truth::Counting { circles: 1, squares: 2, triangles: 3 },
            Truth::Jigsaw { order: "341562".into() },
        ] {
            let text = serde_json::to_string(&truth).expect("json");
            assert_eq!(serde_json::from_str::<Truth>(&text).expect("same"), truth);
        }
    }
}
