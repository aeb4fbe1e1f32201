//! One task of a mixture as people write it: the family, its dials, and its share.

use super::Problem;
use super::reading::unknown_item_keys;
use crate::task::{Dials, Difficulty, Perturbation, Task, TaskKind};
use crate::video::STRIP_FRAMES;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One task with its share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MixtureItem {
    /// The family.
    pub task: TaskKind,
    /// The change to plant (grounding).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perturbation: Option<Perturbation>,
    /// Several changes, of which each sample takes one (grounding).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub perturbations: Vec<Perturbation>,
    /// How many shapes (counting).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difficulty: Option<Difficulty>,
    /// How many clips (jigsaw).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clips: Option<u32>,
    /// Tiles along each side (spatial).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<u32>,
    /// The dials that differ from the published values.
    #[serde(flatten)]
    pub dials: Dials,
    /// Share relative to the other items.
    #[serde(default = "one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

/// Keys of an item beside the dials.
const KEYS: [&str; 7] =
    ["task", "perturbation", "perturbations", "difficulty", "clips", "grid", "weight"];

impl MixtureItem {
    /// Every key an item may have.
    pub fn keys() -> impl Iterator<Item = &'static str> + Clone {
        KEYS.into_iter().chain(crate::task::DIALS.iter().map(|field| field.key))
    }

    /// Reads one item. Errors: everything wrong with it; `field` names it, such as `item`.
    pub fn from_value(value: &Value, field: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        unknown_item_keys(value, field, &mut problems);
        match serde_json::from_value::<Self>(value.clone()) {
            Ok(item) => {
                problems.extend(item.problems(field));
                if problems.is_empty() { Ok(item) } else { Err(problems) }
            }
            Err(error) => {
                problems.push(Problem { field: field.to_owned(), message: error.to_string() });
                Err(problems)
            }
        }
    }

    /// The task with its main dial; what is left out takes the value of [`Task::usual`]. Of
    /// several changes it is the first; see [`MixtureItem::tasks`].
    pub fn task(&self) -> Task {
        match Task::usual(self.task) {
            Task::Grounding { perturbation } => {
                let first = self.perturbations.first().copied().or(self.perturbation);
                Task::Grounding { perturbation: first.unwrap_or(perturbation) }
            }
            Task::Counting { difficulty } => {
                Task::Counting { difficulty: self.difficulty.unwrap_or(difficulty) }
            }
            Task::Jigsaw { clips } => Task::Jigsaw { clips: self.clips.unwrap_or(clips) },
            Task::Spatial { grid } => Task::Spatial { grid: self.grid.unwrap_or(grid) },
            other @ (Task::Spotting | Task::Progress) => other,
        }
    }

    /// The tasks that share the item's weight evenly: one for each change it may plant.
    pub fn tasks(&self) -> Vec<Task> {
        if self.task != TaskKind::Grounding || self.perturbations.is_empty() {
            return vec![self.task()];
        }
        let of = |perturbation: &Perturbation| Task::Grounding { perturbation: *perturbation };
        self.perturbations.iter().map(of).collect()
    }

    /// The item of a task, with the published values of all dials.
    pub fn of(task: Task, weight: f64) -> Self {
        let mut item = Self {
            task: task.kind(),
            perturbation: None,
            perturbations: Vec::new(),
            difficulty: None,
            clips: None,
            grid: None,
            dials: Dials::default(),
            weight,
        };
        match task {
            Task::Grounding { perturbation } => item.perturbation = Some(perturbation),
            Task::Counting { difficulty } => item.difficulty = Some(difficulty),
            Task::Jigsaw { clips } => item.clips = Some(clips),
            Task::Spatial { grid } => item.grid = Some(grid),
            Task::Spotting | Task::Progress => {}
        }
        item
    }

    /// VIUBench's nine sub-tasks in equal shares (arXiv 2511.06281, section 4).
    pub fn viubench() -> Vec<Self> {
        use Perturbation::{ChannelSwap, Mirror, Rotate180, Shuffle, ZoomOut};
        let counting =
            [Difficulty::Easy, Difficulty::Hard].map(|difficulty| Task::Counting { difficulty });
        let grounding = [ChannelSwap, Rotate180, ZoomOut, Mirror, Shuffle]
            .map(|perturbation| Task::Grounding { perturbation });
        let jigsaw = [6, 8].map(|clips| Task::Jigsaw { clips });
        let tasks = counting.into_iter().chain(grounding).chain(jigsaw);
        tasks.map(|task| Self::of(task, 1.0)).collect()
    }

    /// Everything wrong with the item; `field` names it, such as `mixture[0]`.
    pub fn problems(&self, field: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut say = |name: &str, message: String| {
            problems.push(Problem { field: format!("{field}.{name}"), message });
        };
        if !(self.weight.is_finite() && self.weight > 0.0) {
            say("weight", format!("{} is not above 0", self.weight));
        }
        let mains = [
            ("perturbation", self.perturbation.is_some(), TaskKind::Grounding),
            ("perturbations", !self.perturbations.is_empty(), TaskKind::Grounding),
            ("difficulty", self.difficulty.is_some(), TaskKind::Counting),
            ("clips", self.clips.is_some(), TaskKind::Jigsaw),
            ("grid", self.grid.is_some(), TaskKind::Spatial),
        ];
        for (name, set, kind) in mains {
            if set && self.task != kind {
                say(name, format!("belongs to {kind}, not to {}", self.task));
            }
        }
        if self.perturbation.is_some() && !self.perturbations.is_empty() {
            say("perturbations", "stands beside `perturbation`; use one of the two".into());
        }
        for task in self.tasks() {
            if let Some((name, message)) = task.main_problem() {
                say(name, message);
            }
            for (name, message) in task.dial_problems(&self.dials) {
                say(name, message);
            }
            if let Some(message) = task.conflict(&self.dials) {
                say("task", message);
            }
        }
        problems
    }
}

impl Task {
    /// What is wrong with the main dial, if anything: its name and a sentence.
    pub fn main_problem(&self) -> Option<(&'static str, String)> {
        match *self {
            Self::Jigsaw { clips }
                if !(2..=STRIP_FRAMES).contains(&clips) || !STRIP_FRAMES.is_multiple_of(clips) =>
            {
                let use_one = "use 2, 3, 4, 6, 8, 12, 16, 24 or 48";
                Some(("clips", format!("{clips} does not divide 48; {use_one}")))
            }
            Self::Spatial { grid } if !(2..=3).contains(&grid) => {
                Some(("grid", format!("{grid} does not fit; use 2 or 3")))
            }
            _ => None,
        }
    }

    /// Why dials that are each in range cannot go together on a strip of 48 frames.
    pub fn conflict(&self, dials: &Dials) -> Option<String> {
        match *self {
            Self::Jigsaw { clips } => {
                let (length, trim) = (STRIP_FRAMES / clips.max(1), dials.trim.unwrap_or(0));
                (2 * trim >= length).then(|| {
                    format!(
                        "clips of {length} frames have none left when {trim} are cut off both ends"
                    )
                })
            }
            Self::Counting { difficulty } => {
                let frames = dials.frames_per_kind.unwrap_or(difficulty.limit());
                let (gap, kinds) = (dials.gap.unwrap_or(8), dials.kinds.unwrap_or(3));
                let spread = (frames - 1) * (gap + 1) + 1;
                let others = if dials.mixed == Some(true) { 0 } else { frames * (kinds - 1) };
                (spread + others > STRIP_FRAMES).then(|| {
                    format!("{frames} frames more than {gap} apart for each of {kinds} kinds do not fit into 48")
                })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn item(value: Value) -> MixtureItem {
        serde_json::from_value(value).expect("an item")
    }

    #[test]
    fn several_changes_share_one_weight() {
        let both = item(json!({"task": "grounding", "perturbations": ["blur", "noise"]}));
        let cells: Vec<String> = both.tasks().iter().map(Task::cell).collect();
        assert_eq!(cells, ["blur", "noise"]);
        assert_eq!(both.problems("m"), []);
    }

    #[test]
    fn an_item_alone_is_read_with_all_its_problems() {
        let read = |value: Value| MixtureItem::from_value(&value, "item");
        assert_eq!(read(json!({"task": "jigsaw", "trim": 1})).map(|i| i.dials.trim), Ok(Some(1)));
        for (value, fields) in [
            (
                json!({"task": "jigsaw", "trimm": 1, "clips": 7}),
                ["item.trimm", "item.clips"].as_slice(),
            ),
            (json!({"task": "painting"}), &["item"]),
            (json!({"clips": 6}), &["item"]),
            (json!("jigsaw"), &["item"]),
            (json!({"task": "jigsaw", "trim": "one"}), &["item"]),
        ] {
            let problems = read(value.clone()).expect_err("problems");
            let got: Vec<&str> = problems.iter().map(|p| p.field.as_str()).collect();
            assert_eq!(got, fields, "{value}");
        }
    }

    #[test]
    fn dials_are_read_flat_and_checked() {
        let trimmed = item(json!({"task": "jigsaw", "clips": 12, "trim": 1, "weight": 2.0}));
        assert_eq!((trimmed.dials.trim, trimmed.weight), (Some(1), 2.0));
        assert_eq!(trimmed.problems("m"), []);
        let again = serde_json::to_value(&trimmed).expect("json");
        assert_eq!(again, json!({"task": "jigsaw", "clips": 12, "trim": 1, "weight": 2.0}));
        for (value, field) in [
            (json!({"task": "jigsaw", "clips": 12, "trim": 2}), "m.task"),
            (json!({"task": "jigsaw", "clips": 7}), "m.clips"),
            (json!({"task": "jigsaw", "kinds": 2}), "m.kinds"),
            (json!({"task": "spatial", "grid": 4}), "m.grid"),
            (json!({"task": "counting", "clips": 6}), "m.clips"),
            (json!({"task": "counting", "frames_per_kind": 6, "gap": 9}), "m.task"),
            (json!({"task": "counting", "kinds": 7}), "m.kinds"),
            (
                json!({"task": "grounding", "perturbation": "blur", "paper_exact": true}),
                "m.paper_exact",
            ),
            (json!({"task": "progress", "weight": 0.0}), "m.weight"),
        ] {
            let fields: Vec<String> =
                item(value.clone()).problems("m").into_iter().map(|p| p.field).collect();
            assert_eq!(fields, [field], "{value}");
        }
    }
}
