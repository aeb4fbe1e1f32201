//! The one typed run config: behind the command line, the TOML file, the form and the docs.
//!
//! [`RunConfig::from_value`] is the only way in: it names every unknown key with the nearest
//! known one and every value out of its range, all at once.

use crate::reward::RewardMode;
use crate::task::{Difficulty, Perturbation, Task, TaskKind, named_enum};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::str::FromStr;

mod fields;
mod presets;
pub use fields::{FIELDS, Field, FieldKind};
pub use presets::{PRESETS, Preset};

named_enum! {
    /// A way to turn rewards into an update; see RECIPES in the documentation.
    Recipe, "recipe" {
        /// GRPO as VideoSSR trained with it (verl defaults).
        Grpo => "grpo",
    }
}

/// Everything that determines a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunConfig {
    /// See [`FIELDS`] for the sentence, unit and range of every field.
    pub seed: u64,
    /// Training steps.
    pub steps: u64,
    /// Device name, such as `cpu`.
    pub device: String,
    /// How rewards become an update.
    pub recipe: Recipe,
    /// Policy folder; empty means the nano policy that comes with the program.
    pub policy: String,
    /// Video files or folders; empty means the library.
    pub videos: Vec<String>,
    /// File names or ids of videos that are only evaluated on.
    pub held_out: Vec<String>,
    /// What is asked, and how often.
    pub mixture: Vec<MixtureItem>,
    /// Which reward is paid.
    pub reward: RewardMode,
    /// The group comparison.
    pub grpo: GrpoConfig,
    /// The optimizer.
    pub optim: OptimConfig,
    /// How answers are drawn.
    pub sampling: SamplingConfig,
    /// What is kept.
    pub checkpoint: CheckpointConfig,
    /// How progress is measured.
    pub evaluate: EvaluateConfig,
    /// The supervised warm start (`videossr warmup` only).
    pub warmup: WarmupConfig,
}

/// One task with its share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MixtureItem {
    /// The family.
    pub task: TaskKind,
    /// The change to plant (grounding).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perturbation: Option<Perturbation>,
    /// How many shapes (counting).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difficulty: Option<Difficulty>,
    /// How many clips (jigsaw).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clips: Option<u32>,
    /// Share relative to the other items.
    #[serde(default = "one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

impl MixtureItem {
    /// The task with its dials; what is left out takes the paper's training value
    /// (mirror, easy, 6 clips).
    pub fn task(&self) -> Task {
        match self.task {
            TaskKind::Grounding => {
                Task::Grounding { perturbation: self.perturbation.unwrap_or(Perturbation::Mirror) }
            }
            TaskKind::Counting => {
                Task::Counting { difficulty: self.difficulty.unwrap_or(Difficulty::Easy) }
            }
            TaskKind::Jigsaw => Task::Jigsaw { clips: self.clips.unwrap_or(6) },
        }
    }

    /// The item of a task.
    pub fn of(task: Task, weight: f64) -> Self {
        let mut item =
            Self { task: task.kind(), perturbation: None, difficulty: None, clips: None, weight };
        match task {
            Task::Grounding { perturbation } => item.perturbation = Some(perturbation),
            Task::Counting { difficulty } => item.difficulty = Some(difficulty),
            Task::Jigsaw { clips } => item.clips = Some(clips),
        }
        item
    }
}

/// Group comparison (GRPO).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GrpoConfig {
    /// Answers per question.
    pub group_size: u32,
    /// Questions per step.
    pub prompts_per_step: u32,
    /// Weight of the divergence from the reference policy in the loss.
    pub kl_coef: f64,
    /// Lower clip range of the ratio.
    pub clip_low: f64,
    /// Upper clip range of the ratio.
    pub clip_high: f64,
    /// Dual-clip bound for negative advantages.
    pub dual_clip: f64,
}

/// AdamW.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OptimConfig {
    /// Step size.
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Global gradient norm that longer gradients are cut to.
    pub grad_clip: f64,
    /// A gradient norm above this skips the update.
    pub skip_above: f64,
}

/// How answers are drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SamplingConfig {
    /// Divides the logits.
    pub temperature: f64,
    /// Keeps the most likely tokens up to this mass; 1 keeps all.
    pub top_p: f64,
    /// Keeps this many of the most likely tokens; 0 keeps all.
    pub top_k: u32,
    /// Longest answer.
    pub max_new_tokens: u32,
}

/// What is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CheckpointConfig {
    /// Steps between checkpoints; 0 keeps only the last step's.
    pub every: u64,
    /// How many of the newest are kept.
    pub keep: u32,
}

/// How progress is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvaluateConfig {
    /// Steps between evaluations; 0 for none.
    pub every: u64,
    /// Samples per cell in each evaluation.
    pub samples: u32,
}

/// The supervised warm start of a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WarmupConfig {
    /// Updates.
    pub steps: u64,
    /// Strips per update; each is asked several questions.
    pub batch: u32,
    /// Peak step size; rises for 2 % of the steps, then falls to a tenth along a cosine.
    pub learning_rate: f64,
    /// Strength of whole-strip augmentation.
    pub augment: f64,
    /// Share of strips that are scenes rendered by the program.
    pub scenes: f64,
    /// Share of helper questions (masks, single ends) among all.
    pub helpers: f64,
    /// File names of videos never used, for measuring on unseen clips.
    pub held_out: Vec<String>,
}

impl Default for RunConfig {
    fn default() -> Self {
        presets::nano()
    }
}
impl Default for GrpoConfig {
    fn default() -> Self {
        presets::nano().grpo
    }
}
impl Default for OptimConfig {
    fn default() -> Self {
        presets::nano().optim
    }
}
impl Default for SamplingConfig {
    fn default() -> Self {
        presets::nano().sampling
    }
}
impl Default for CheckpointConfig {
    fn default() -> Self {
        presets::nano().checkpoint
    }
}
impl Default for EvaluateConfig {
    fn default() -> Self {
        presets::nano().evaluate
    }
}
impl Default for WarmupConfig {
    fn default() -> Self {
        presets::nano().warmup
    }
}

/// One thing wrong with a config.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Dotted key, such as `grpo.group_size`.
    pub field: String,
    /// One sentence for people.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl RunConfig {
    /// Reads a config from JSON (or TOML turned into it). Left-out keys take the value in
    /// `base`. All problems are named at once: unknown keys, wrong types, values out of range.
    pub fn from_value(base: &Self, value: &Value) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        unknown_keys(value, "", &mut problems);
        let mut merged = serde_json::to_value(base).unwrap_or(Value::Null);
        merge(&mut merged, value);
        if problems.is_empty() {
            match serde_json::from_value::<Self>(merged) {
                Ok(config) => {
                    problems = config.problems();
                    if problems.is_empty() {
                        return Ok(config);
                    }
                }
                Err(error) => problems.push(wrong_type(value, base, &error)),
            }
        }
        Err(problems)
    }

    /// `base` with one dotted key set from text, as `--set KEY=VALUE` does. The text is
    /// read as JSON where it is JSON, else as a string.
    pub fn with(&self, key: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let leaf = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        let nested = key.rsplit('.').fold(leaf, |inner, part| {
            Value::Object([(part.to_owned(), inner)].into_iter().collect())
        });
        Self::from_value(self, &nested)
    }

    /// The value at a dotted key, `Null` if there is none.
    pub fn value_at(&self, key: &str) -> Value {
        let whole = serde_json::to_value(self).unwrap_or(Value::Null);
        key.split('.').try_fold(&whole, |at, part| at.get(part)).cloned().unwrap_or(Value::Null)
    }

    /// Every value that is out of its range.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> =
            FIELDS.iter().filter_map(|field| field.problem(&self.value_at(field.key))).collect();
        self.mixture_problems(&mut problems);
        problems
    }

    fn mixture_problems(&self, problems: &mut Vec<Problem>) {
        let mut say = |field: String, message: String| problems.push(Problem { field, message });
        if self.mixture.is_empty() {
            say("mixture".into(), "is empty; name at least one task".into());
        }
        for (i, item) in self.mixture.iter().enumerate() {
            let at = |name: &str| format!("mixture[{i}].{name}");
            if !(item.weight.is_finite() && item.weight > 0.0) {
                say(at("weight"), format!("{} is not above 0", item.weight));
            }
            if let Some(clips) = item.clips
                && !((2..=9).contains(&clips) && crate::video::STRIP_FRAMES.is_multiple_of(clips))
            {
                say(at("clips"), format!("{clips} does not divide 48; use 2, 3, 4, 6 or 8"));
            }
            let strangers = [
                ("perturbation", item.perturbation.is_some(), TaskKind::Grounding),
                ("difficulty", item.difficulty.is_some(), TaskKind::Counting),
                ("clips", item.clips.is_some(), TaskKind::Jigsaw),
            ];
            for (name, set, kind) in strangers {
                if set && item.task != kind {
                    say(at(name), format!("belongs to {kind}, not to {}", item.task));
                }
            }
        }
    }
}

/// Keys of one mixture item.
const MIXTURE_KEYS: [&str; 5] = ["task", "perturbation", "difficulty", "clips", "weight"];

fn unknown_keys(value: &Value, prefix: &str, problems: &mut Vec<Problem>) {
    let Value::Object(map) = value else { return };
    for (name, inner) in map {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        let is_group = FIELDS.iter().any(|f| f.key.starts_with(&format!("{key}.")));
        if is_group {
            unknown_keys(inner, &key, problems);
        } else if key == "mixture" {
            unknown_mixture_keys(inner, problems);
        } else if !FIELDS.iter().any(|f| f.key == key) {
            problems.push(stranger(&key, FIELDS.iter().map(|f| f.key)));
        }
    }
}

fn unknown_mixture_keys(value: &Value, problems: &mut Vec<Problem>) {
    for (i, item) in value.as_array().into_iter().flatten().enumerate() {
        for name in item.as_object().into_iter().flat_map(|map| map.keys()) {
            if !MIXTURE_KEYS.contains(&name.as_str()) {
                let mut problem = stranger(name, MIXTURE_KEYS.into_iter());
                problem.field = format!("mixture[{i}].{name}");
                problems.push(problem);
            }
        }
    }
}

fn stranger<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let nearest =
        known.max_by(|a, b| strsim::jaro_winkler(key, a).total_cmp(&strsim::jaro_winkler(key, b)));
    let hint = nearest.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
    Problem { field: key.to_owned(), message: format!("is not a known key{hint}") }
}

/// Finds the first key whose value alone does not fit, so that the message can name it.
fn wrong_type(value: &Value, base: &RunConfig, whole: &serde_json::Error) -> Problem {
    for field in FIELDS {
        let given = field.key.split('.').try_fold(value, |at, part| at.get(part));
        let Some(given) = given else { continue };
        let mut probe = serde_json::to_value(base).unwrap_or(Value::Null);
        let nested = field.key.rsplit('.').fold(given.clone(), |inner, part| {
            Value::Object([(part.to_owned(), inner)].into_iter().collect())
        });
        merge(&mut probe, &nested);
        if serde_json::from_value::<RunConfig>(probe).is_err() {
            let message = format!("{given} does not fit; {}", field.kind.describe());
            return Problem { field: field.key.to_owned(), message };
        }
    }
    Problem { field: String::new(), message: whole.to_string() }
}

fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refuse(value: Value) -> Vec<String> {
        match RunConfig::from_value(&RunConfig::default(), &value) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn every_field_is_described_once_and_every_description_has_a_field() {
        fn leaves(value: &Value, prefix: &str, out: &mut Vec<String>) {
            for (name, inner) in value.as_object().into_iter().flatten() {
                let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                if inner.is_object() { leaves(inner, &key, out) } else { out.push(key) }
            }
        }
        let mut have = Vec::new();
        leaves(&serde_json::to_value(RunConfig::default()).expect("json"), "", &mut have);
        let mut described: Vec<String> = FIELDS.iter().map(|f| f.key.to_owned()).collect();
        have.sort();
        described.sort();
        assert_eq!(have, described);
    }

    #[test]
    fn presets_are_valid() {
        for preset in PRESETS {
            assert_eq!((preset.config)().problems(), [], "{}", preset.name);
        }
    }

    #[test]
    fn strangers_and_bad_values_are_named_all_at_once() {
        assert_eq!(
            refuse(json!({"grpo": {"group_sise": 8}})),
            ["grpo.group_sise: is not a known key; did you mean `grpo.group_size`?"]
        );
        assert_eq!(
            refuse(json!({"steps": "many"})),
            ["steps: \"many\" does not fit; a whole number from 1 to 10000000"]
        );
        let two = refuse(json!({"grpo": {"group_size": 1, "kl_coef": -1.0}}));
        assert_eq!(two.len(), 2, "{two:?}");
        assert_eq!(refuse(json!({"mixture": [{"task": "jigsaw", "clips": 7}]})).len(), 1);
        assert_eq!(refuse(json!({"mixture": [{"task": "jigsaw", "clip": 6}]})).len(), 1);
        assert_eq!(refuse(json!({"mixture": []})), ["mixture: is empty; name at least one task"]);
    }

    #[test]
    fn one_key_can_be_set_from_text() {
        let config = RunConfig::default();
        let set = config.with("grpo.group_size", "4").expect("in range");
        assert_eq!(set.grpo.group_size, 4);
        assert_eq!(set.seed, config.seed);
        assert_eq!(config.with("reward", "strict").expect("known").reward, RewardMode::Strict);
        assert!(config.with("reward", "harsh").is_err());
    }
}
