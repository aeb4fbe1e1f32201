//! The one typed run config: behind the command line, the TOML file, the form and the docs.
//!
//! [`Settings::from_value`] is the only way in: it names every unknown key with the nearest
//! known one and every value out of its range, all at once.

use crate::recipe::{Curriculum, Precision, Recipe};
use crate::reward::RewardMode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

mod dataset;
mod field;
mod fields;
mod mixture;
mod presets;
mod reading;
mod sections;
mod settings;
pub use dataset::{DatasetSpec, ImageForm, PathForm, Purpose};
pub use field::{Field, FieldKind};
pub use fields::FIELDS;
pub use mixture::MixtureItem;
pub use presets::{PRESETS, Preset};
pub use sections::{
    CheckpointConfig, EvaluateConfig, GrpoConfig, OptimConfig, SamplingConfig, SelectConfig,
    UpdateConfig, VisionConfig, WarmupConfig,
};
pub use settings::Settings;

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
    /// Numbers of matrix products.
    pub precision: Precision,
    /// How rewards become an update; choosing one sets the fields behind its plug points.
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
    /// How rewards become a loss.
    pub update: UpdateConfig,
    /// Which questions and answers are learnt from.
    pub select: SelectConfig,
    /// What hangs on the video.
    pub vision: VisionConfig,
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

impl Default for RunConfig {
    fn default() -> Self {
        presets::nano()
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

impl Settings for RunConfig {
    const FIELDS: &'static [Field] = FIELDS;
    const PRESETS: &'static [Preset<Self>] = PRESETS;

    fn more_problems(&self, problems: &mut Vec<Problem>) {
        mixture_problems(&self.mixture, problems);
        if self.device == "cpu" && self.precision == Precision::Bf16 {
            let message = "bf16 needs a GPU; the CPU computes in f32".into();
            problems.push(Problem { field: "precision".into(), message });
        }
        let (parts, groups) = (self.update.minibatches, self.grpo.prompts_per_step);
        if parts > groups {
            let message = format!("{parts} parts of {groups} questions; take at most {groups}");
            problems.push(Problem { field: "update.minibatches".into(), message });
        }
        if self.update.overlap.is_on() && self.select.curriculum == Curriculum::Dump {
            let message =
                "cannot choose by what the update under way teaches; turn one of overlap \
                           and curriculum off"
                    .into();
            problems.push(Problem { field: "update.overlap".into(), message });
        }
    }

    /// A recipe that is named sets its fields; what is said beside it wins.
    fn based(&self, value: &Value) -> Option<Self> {
        let name = value.get("recipe")?.as_str()?;
        name.parse().ok().map(|recipe: Recipe| recipe.applied(self))
    }
}

/// What no single value of a mixture shows.
fn mixture_problems(mixture: &[MixtureItem], problems: &mut Vec<Problem>) {
    if mixture.is_empty() {
        let message = "is empty; name at least one task".into();
        problems.push(Problem { field: "mixture".into(), message });
    }
    for (i, item) in mixture.iter().enumerate() {
        problems.extend(item.problems(&format!("mixture[{i}]")));
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
        assert_eq!(
            refuse(json!({"precision": "bf16"})),
            ["precision: bf16 needs a GPU; the CPU computes in f32"]
        );
        assert!(refuse(json!({"precision": "bf16", "device": "cuda"})).is_empty());
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

    #[test]
    fn a_value_is_read_as_its_field_takes_it() {
        let with = |key, text| RunConfig::default().with(key, text).expect("a value that fits");
        assert_eq!(with("policy", "123").policy, "123");
        assert_eq!(with("policy", "true").policy, "true");
        assert_eq!(with("policy", r#""a b""#).policy, "a b");
        assert_eq!(with("videos", "7.mp4").videos, ["7.mp4"]);
        assert_eq!(with("videos", r#"["a", "b"]"#).videos, ["a", "b"]);
        assert_eq!(with("mixture", r#"[{"task": "jigsaw"}]"#).mixture.len(), 1);
        for (key, text, field) in [
            ("grpo", "5", "grpo"),
            ("", "5", "config"),
            ("grpo.", "5", "grpo"),
            ("mixture", "7", "mixture"),
            ("steps", "", "steps"),
            ("optim.learning_rate", "fast", "optim.learning_rate"),
        ] {
            let problems = RunConfig::default().with(key, text).expect_err("a misfit");
            let named: Vec<&str> = problems.iter().map(|p| p.field.as_str()).collect();
            assert_eq!(named, [field], "{key}={text}");
        }
        assert_eq!(refuse(json!(5)), ["config: is not a table of keys"]);
        let two = refuse(json!({"steps": "many", "seed": "none"}));
        assert_eq!(two.len(), 2, "{two:?}");
    }
}
