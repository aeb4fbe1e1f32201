//! The difficulty dials: every knob of the tasks as a typed, documented, ranged value.
//! A dial left out takes the value that VideoSSR was published with.

use super::{Difficulty, Perturbation, Task, TaskKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A decimal number kept in whole thousandths: exact to compare, to hash and in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "f64", into = "f64")]
pub struct Milli(pub u32);

impl From<f64> for Milli {
    /// Rounds to thousandths; what is below 0 becomes 0.
    fn from(value: f64) -> Self {
        Self((value * 1000.0).round().clamp(0.0, f64::from(u32::MAX)) as u32)
    }
}

impl From<Milli> for f64 {
    fn from(value: Milli) -> Self {
        f64::from(value.0) / 1000.0
    }
}

/// The dials of a sample beside its task's main one. Ranges are `[low, high]`, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dials {
    /// Changed frames, shortest and longest (grounding); frames a number shows (spotting).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<[u32; 2]>,
    /// Strength of the change, weakest and strongest, in the change's own unit (grounding).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<[Milli; 2]>,
    /// Draws the strength for each frame anew, as the released code does (grounding: zoom-in,
    /// zoom-out, noise).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper_exact: Option<bool>,
    /// Frames per kind of shape at most (counting).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames_per_kind: Option<u32>,
    /// Shapes of a kind on one frame at most (counting).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_frame: Option<u32>,
    /// Kinds of shapes (counting).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<u32>,
    /// Lets different kinds share a frame (counting).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mixed: Option<bool>,
    /// Size of a shape as a share of the frame's shorter side (counting).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<[Milli; 2]>,
    /// Frames of one kind lie more than this many slots apart (counting).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<u32>,
    /// Frames cut off at both ends of every clip, so that neighbours do not continue each
    /// other (jigsaw).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trim: Option<u32>,
    /// Numbered shapes in the video (spotting).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<u32>,
    /// Frames shown of each moment (progress).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<u32>,
}

/// What values a dial takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DialKind {
    /// A whole number, both ends included.
    Whole(u32, u32),
    /// Two whole numbers, the first not above the second, both ends included.
    WholeRange(u32, u32),
    /// Two decimal numbers, the first not above the second, both ends included.
    RealRange(f64, f64),
    /// On or off.
    Switch,
}

/// One dial, for forms, documentation and checks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DialField {
    /// Name in files and commands.
    pub key: &'static str,
    /// Name for people.
    pub label: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// Unit, empty for none.
    pub unit: &'static str,
}

const fn field(
    key: &'static str,
    label: &'static str,
    unit: &'static str,
    help: &'static str,
) -> DialField {
    DialField { key, label, help, unit }
}

/// Every dial beside the tasks' main ones, in the order shown to people.
pub const DIALS: &[DialField] = &[
    field("length", "Length", "frames", "How many frames are changed, shortest and longest."),
    field("strength", "Strength", "", "How strong the change is, weakest and strongest."),
    field(
        "paper_exact",
        "Per-frame draws",
        "",
        "Draws the strength anew for each frame, as the released code does, instead of once per span.",
    ),
    field(
        "frames_per_kind",
        "Frames per kind",
        "frames",
        "On how many frames each kind of shape appears at most.",
    ),
    field(
        "per_frame",
        "Shapes per frame",
        "",
        "How many shapes of a kind one frame shows at most.",
    ),
    field("kinds", "Kinds", "", "How many kinds of shapes are counted."),
    field("mixed", "Mixed kinds", "", "Lets shapes of different kinds share a frame."),
    field(
        "size",
        "Size",
        "of the short side",
        "Smallest and largest shape, as a share of the frame's shorter side.",
    ),
    field("gap", "Gap", "frames", "Frames of one kind lie more than this far apart."),
    field(
        "trim",
        "Trim",
        "frames",
        "Cuts frames off both ends of every clip, so that neighbours do not continue each other.",
    ),
    field(
        "objects",
        "Objects",
        "",
        "How many numbered shapes appear in the video; one is asked for.",
    ),
    field("window", "Window", "frames", "How many frames are shown of each moment."),
];

impl Task {
    /// What a dial takes for this task and what it is when left out; `None` where the task
    /// has no such dial.
    pub fn dial(&self, key: &str) -> Option<(DialKind, Value)> {
        use DialKind::{RealRange, Switch, Whole, WholeRange};
        let real = |low: f64, high: f64| Value::from(vec![low, high]);
        match (self, key) {
            (Self::Grounding { .. }, "length") => {
                Some((WholeRange(2, 40), Value::from(vec![8, 16])))
            }
            (Self::Grounding { perturbation }, "strength") => {
                let (range, [low, high]) = perturbation.strength()?;
                Some((RealRange(range[0], range[1]), real(low, high)))
            }
            (Self::Grounding { perturbation }, "paper_exact") => {
                perturbation.varies_by_frame().then_some((Switch, Value::from(false)))
            }
            (Self::Counting { difficulty }, "frames_per_kind" | "per_frame") => {
                Some((Whole(1, 12), Value::from(difficulty.limit())))
            }
            (Self::Counting { .. }, "kinds") => Some((Whole(1, 6), Value::from(3))),
            (Self::Counting { .. }, "mixed") => Some((Switch, Value::from(false))),
            (Self::Counting { .. }, "size") => Some((RealRange(0.03, 0.6), real(0.2, 0.4))),
            (Self::Counting { .. }, "gap") => Some((Whole(0, 23), Value::from(8))),
            (Self::Jigsaw { .. }, "trim") => Some((Whole(0, 11), Value::from(0))),
            (Self::Spotting, "length") => Some((WholeRange(2, 40), Value::from(vec![8, 16]))),
            (Self::Spotting, "objects") => Some((Whole(1, 6), Value::from(3))),
            (Self::Progress, "window") => Some((Whole(1, 8), Value::from(4))),
            _ => None,
        }
    }

    /// The dials of this task, in the order shown to people.
    pub fn dials(&self) -> impl Iterator<Item = &'static DialField> + use<> {
        let task = *self;
        DIALS.iter().filter(move |field| task.dial(field.key).is_some())
    }

    /// The dial's value: as set, else as published. `None` where the task has no such dial.
    pub fn dial_value(&self, dials: &Dials, key: &str) -> Option<Value> {
        let (_, published) = self.dial(key)?;
        Some(dials.get(key).unwrap_or(published))
    }

    /// Every dial that is out of its range or belongs to another task: key and sentence.
    pub fn dial_problems(&self, dials: &Dials) -> Vec<(&'static str, String)> {
        let problem = |field: &DialField| {
            let value = dials.get(field.key)?;
            match self.dial(field.key) {
                None => Some((field.key, format!("is not a dial of {}", self.cell()))),
                Some((kind, _)) => Some((field.key, kind.problem(&value)?)),
            }
        };
        DIALS.iter().filter_map(problem).collect()
    }
}

impl DialKind {
    /// The range in words.
    pub fn describe(&self) -> String {
        match self {
            Self::Whole(low, high) => format!("a whole number from {low} to {high}"),
            Self::WholeRange(low, high) => {
                format!("two whole numbers from {low} to {high}, the smaller first")
            }
            Self::RealRange(low, high) => {
                format!("two numbers from {low} to {high}, the smaller first")
            }
            Self::Switch => "true or false".into(),
        }
    }

    fn problem(&self, value: &Value) -> Option<String> {
        let pair = || {
            let two = value.as_array().filter(|two| two.len() == 2)?;
            Some([two[0].as_f64()?, two[1].as_f64()?])
        };
        let within = |[a, b]: [f64; 2], low: f64, high: f64| low <= a && a <= b && b <= high;
        let fits = match *self {
            Self::Whole(low, high) => {
                value.as_u64().is_some_and(|n| (u64::from(low)..=u64::from(high)).contains(&n))
            }
            Self::WholeRange(low, high) => {
                pair().is_some_and(|two| within(two, f64::from(low), f64::from(high)))
            }
            Self::RealRange(low, high) => pair().is_some_and(|two| within(two, low, high)),
            Self::Switch => value.is_boolean(),
        };
        (!fits).then(|| format!("{value} does not fit; {}", self.describe()))
    }
}

impl Dials {
    /// The names of all dials.
    pub fn keys() -> impl Iterator<Item = &'static str> {
        DIALS.iter().map(|field| field.key)
    }

    /// The value a dial was set to.
    pub fn get(&self, key: &str) -> Option<Value> {
        serde_json::to_value(self).ok()?.get_mut(key).map(Value::take)
    }

    /// These dials with one of them set, or left out with `Null`. Errors: a value of another
    /// type, or a name that is no dial, in one sentence.
    pub fn with(&self, key: &str, value: Value) -> Result<Self, String> {
        if !Self::keys().any(|known| known == key) {
            let known: Vec<_> = Self::keys().collect();
            return Err(format!("`{key}` is not a dial; use one of {}", known.join(", ")));
        }
        let mut all = serde_json::to_value(self).map_err(|e| e.to_string())?;
        if let Value::Object(map) = &mut all {
            map.insert(key.to_owned(), value.clone());
        }
        serde_json::from_value(all).map_err(|_| format!("{value} does not fit the dial `{key}`"))
    }

    /// A stable text of the dials that are set, empty where none is.
    pub fn key(&self) -> String {
        let set = |name: &'static str| Some((name, self.get(name)?));
        Self::keys().filter_map(set).map(|(name, value)| format!("-{name}={value}")).collect()
    }
}

impl Perturbation {
    /// Range of the strength, and the published `[weakest, strongest]`: zoom factors, standard
    /// deviations of noise (0..=255 units), blur radius (pixels of a frame with a short side
    /// of 256), colour factor, or frames that stutter-hold keeps. `None` without a strength.
    pub fn strength(self) -> Option<([f64; 2], [f64; 2])> {
        match self {
            Self::ZoomIn => Some(([1.01, 8.0], [1.3, 1.5])),
            Self::ZoomOut => Some(([1.01, 8.0], [1.2, 1.4])),
            Self::Noise => Some(([1.0, 255.0], [35.0, 70.0])),
            Self::Blur => Some(([0.2, 20.0], [2.0, 2.0])),
            Self::Saturation => Some(([0.0, 8.0], [2.0, 2.0])),
            Self::StutterHold => Some(([2.0, 8.0], [2.0, 5.0])),
            _ => None,
        }
    }

    /// Whether it changes pixels of a frame, rather than which frames are shown when.
    pub fn is_of_pixels(self) -> bool {
        !matches!(self, Self::Shuffle | Self::Swap | Self::StutterHold | Self::Slow | Self::Fast)
    }

    /// Whether the released code draws the strength for each frame anew.
    pub fn varies_by_frame(self) -> bool {
        matches!(self, Self::ZoomIn | Self::ZoomOut | Self::Noise)
    }
}

impl Difficulty {
    /// Frames per kind, and shapes per frame, at most.
    pub fn limit(self) -> u32 {
        match self {
            Self::Easy => 3,
            Self::Hard => 4,
        }
    }
}

/// A named setting of a task's dials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskPreset {
    /// `train`, `easy` or `hard`.
    pub name: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// What is set.
    pub task: Task,
}

impl TaskKind {
    /// The published settings (arXiv 2511.06281, sections 3 and 4: training and VIUBench).
    pub fn presets(self) -> Vec<TaskPreset> {
        let preset = |name, help, task| TaskPreset { name, help, task };
        match self {
            Self::Counting => {
                let of = |difficulty| Task::Counting { difficulty };
                vec![
                    preset("train", "3 frames by 3 shapes, as in training.", of(Difficulty::Easy)),
                    preset("easy", "3 frames by 3 shapes, as in VIUBench.", of(Difficulty::Easy)),
                    preset("hard", "4 frames by 4 shapes, as in VIUBench.", of(Difficulty::Hard)),
                ]
            }
            Self::Jigsaw => {
                let of = |clips| Task::Jigsaw { clips };
                vec![
                    preset("train", "6 clips of 8 frames, as in training.", of(6)),
                    preset("easy", "6 clips of 8 frames, as in VIUBench.", of(6)),
                    preset("hard", "8 clips of 6 frames, as in VIUBench.", of(8)),
                ]
            }
            _ => vec![preset("train", "As published.", Task::usual(self))],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_dial_is_described_once_and_belongs_to_a_task() {
        let all = Dials {
            length: Some([8, 16]),
            strength: Some([Milli(1300), Milli(1500)]),
            paper_exact: Some(true),
            frames_per_kind: Some(3),
            per_frame: Some(3),
            kinds: Some(3),
            mixed: Some(true),
            size: Some([Milli(200), Milli(400)]),
            gap: Some(8),
            trim: Some(1),
            objects: Some(3),
            window: Some(4),
        };
        let json = serde_json::to_value(all).expect("json");
        let mut have: Vec<&str> =
            json.as_object().expect("a map").keys().map(String::as_str).collect();
        let mut described: Vec<&str> = Dials::keys().collect();
        have.sort_unstable();
        described.sort_unstable();
        assert_eq!(have, described);
        for key in described {
            let owner =
                TaskKind::ALL.iter().flat_map(|kind| kind.cells()).find(|t| t.dial(key).is_some());
            assert!(owner.is_some(), "{key}");
        }
        assert_eq!(serde_json::from_value::<Dials>(json).expect("same"), all);
    }

    #[test]
    fn published_values_are_within_their_ranges() {
        for task in TaskKind::ALL.iter().flat_map(|kind| kind.cells()) {
            for field in task.dials() {
                let (kind, value) = task.dial(field.key).expect("listed");
                let set = Dials::default().with(field.key, value).expect("its type");
                assert_eq!(task.dial_problems(&set), [], "{} {} {kind:?}", task.cell(), field.key);
            }
        }
    }

    #[test]
    fn values_out_of_range_and_strangers_are_named() {
        let jigsaw = Task::Jigsaw { clips: 6 };
        let set = |key, value| Dials::default().with(key, value).expect("its type");
        assert_eq!(jigsaw.dial_problems(&set("trim", json!(12))).len(), 1);
        assert_eq!(
            jigsaw.dial_problems(&set("kinds", json!(3))),
            [("kinds", "is not a dial of jigsaw 6".to_owned())]
        );
        let zoom = Task::Grounding { perturbation: Perturbation::ZoomIn };
        assert_eq!(zoom.dial_problems(&set("strength", json!([1.5, 1.3]))).len(), 1);
        assert_eq!(zoom.dial_problems(&set("strength", json!([1.1, 1.2]))), []);
        assert!(Dials::default().with("trim", json!("two")).is_err());
        assert!(Dials::default().with("trimm", json!(2)).is_err());
        assert_eq!(
            set("trim", json!(2)).with("trim", Value::Null).expect("left out"),
            Dials::default()
        );
    }
}
