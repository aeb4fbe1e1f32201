//! One line per field of the run config: sentence, unit, range. The form, the TOML comments
//! and the checks are made from this table.

use super::Problem;
use serde_json::Value;

/// What values a field takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FieldKind {
    /// Whole number, both ends included.
    Whole(u64, u64),
    /// Real number, both ends included.
    Real(f64, f64),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Text.
    Text,
    /// Several texts.
    Texts,
    /// The task mixture.
    Mixture,
}

impl FieldKind {
    /// The range in words.
    pub fn describe(&self) -> String {
        match self {
            Self::Whole(low, high) => format!("a whole number from {low} to {high}"),
            Self::Real(low, high) => format!("a number from {low} to {high}"),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Text => "a text".into(),
            Self::Texts => "a list of texts".into(),
            Self::Mixture => "a list of tasks with weights".into(),
        }
    }
}

/// One field of the run config.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Dotted key.
    pub key: &'static str,
    /// Heading it stands under.
    pub group: &'static str,
    /// Name for people.
    pub label: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// Unit, empty for none.
    pub unit: &'static str,
    /// What values it takes.
    pub kind: FieldKind,
    /// Folded away unless asked for.
    pub advanced: bool,
}

impl Field {
    /// The problem with a value of this field, if there is one.
    pub fn problem(&self, value: &Value) -> Option<Problem> {
        let message = match (self.kind, value) {
            (FieldKind::Whole(low, high), Value::Number(n)) => match n.as_u64() {
                Some(n) if n < low => format!("{n} is below {low}; {}", self.kind.describe()),
                Some(n) if n > high => format!("{n} is above {high}; {}", self.kind.describe()),
                Some(_) => return None,
                None => format!("{n} is not {}", self.kind.describe()),
            },
            (FieldKind::Real(low, high), Value::Number(n)) => match n.as_f64() {
                Some(n) if n < low => format!("{n} is below {low}; {}", self.kind.describe()),
                Some(n) if n > high => format!("{n} is above {high}; {}", self.kind.describe()),
                Some(_) => return None,
                None => format!("{n} is not {}", self.kind.describe()),
            },
            (FieldKind::Choice(words), Value::String(word)) if words.contains(&word.as_str()) => {
                return None;
            }
            (FieldKind::Text, Value::String(_)) | (FieldKind::Mixture, Value::Array(_)) => {
                return None;
            }
            (FieldKind::Texts, Value::Array(items)) if items.iter().all(Value::is_string) => {
                return None;
            }
            (_, other) => format!("{other} is not {}", self.kind.describe()),
        };
        Some(Problem { field: self.key.to_owned(), message })
    }
}

const fn field(
    key: &'static str,
    group: &'static str,
    label: &'static str,
    help: &'static str,
    unit: &'static str,
    kind: FieldKind,
) -> Field {
    Field { key, group, label, help, unit, kind, advanced: false }
}

const fn more(mut field: Field) -> Field {
    field.advanced = true;
    field
}

use FieldKind::{Choice, Mixture, Real, Text, Texts, Whole};

/// Every field, in the order of the form.
pub const FIELDS: &[Field] = &[
    field(
        "policy",
        "Run",
        "Policy",
        "Folder of the policy to train; empty for the nano policy that comes with the program.",
        "",
        Text,
    ),
    field(
        "videos",
        "Run",
        "Videos",
        "Video files or folders to make questions from; empty for the whole library.",
        "",
        Texts,
    ),
    more(field(
        "held_out",
        "Run",
        "Held-out videos",
        "File names or ids of videos that are never trained on, to evaluate on unseen clips.",
        "",
        Texts,
    )),
    field(
        "steps",
        "Run",
        "Steps",
        "How many updates the run makes.",
        "steps",
        Whole(1, 10_000_000),
    ),
    field(
        "seed",
        "Run",
        "Seed",
        "Chooses questions and answers; the same seed gives the same run on the CPU.",
        "",
        Whole(0, 9_007_199_254_740_991),
    ),
    field("device", "Run", "Device", "Where the policy runs.", "", Text),
    more(field("recipe", "Run", "Recipe", "How rewards become an update.", "", Choice(&["grpo"]))),
    field("mixture", "Questions", "Mixture", "The tasks asked, each with its share.", "", Mixture),
    field(
        "reward",
        "Questions",
        "Reward",
        "Smooth gives partial credit as released, strict pays only exact answers, tolerant finds answers inside prose.",
        "",
        Choice(&["smooth", "strict", "tolerant"]),
    ),
    field(
        "grpo.group_size",
        "Group comparison",
        "Answers per question",
        "Answers that are compared with each other.",
        "answers",
        Whole(2, 1024),
    ),
    field(
        "grpo.prompts_per_step",
        "Group comparison",
        "Questions per step",
        "Questions answered before each update.",
        "questions",
        Whole(1, 4096),
    ),
    field(
        "grpo.kl_coef",
        "Group comparison",
        "KL weight",
        "Pull towards the policy the run started from.",
        "",
        Real(0.0, 1.0),
    ),
    more(field(
        "grpo.clip_low",
        "Group comparison",
        "Clip below",
        "The ratio of new to old probability counts down to 1 minus this.",
        "",
        Real(0.0, 1.0),
    )),
    more(field(
        "grpo.clip_high",
        "Group comparison",
        "Clip above",
        "The ratio of new to old probability counts up to 1 plus this.",
        "",
        Real(0.0, 10.0),
    )),
    more(field(
        "grpo.dual_clip",
        "Group comparison",
        "Dual clip",
        "Bounds the loss of bad answers at this multiple of their advantage.",
        "",
        Real(1.0, 100.0),
    )),
    field(
        "optim.learning_rate",
        "Optimizer",
        "Learning rate",
        "Size of an AdamW step.",
        "",
        Real(0.0, 1.0),
    ),
    more(field(
        "optim.weight_decay",
        "Optimizer",
        "Weight decay",
        "Share of every weight taken away per unit of learning rate.",
        "",
        Real(0.0, 1.0),
    )),
    more(field(
        "optim.grad_clip",
        "Optimizer",
        "Gradient clip",
        "Longer gradients are cut to this global norm.",
        "",
        Real(1e-6, 1e6),
    )),
    more(field(
        "optim.skip_above",
        "Optimizer",
        "Skip above",
        "An update whose gradient norm is above this is skipped, with a warning.",
        "",
        Real(1e-3, 1e9),
    )),
    field(
        "sampling.temperature",
        "Answers",
        "Temperature",
        "Higher values draw more varied answers.",
        "",
        Real(0.01, 10.0),
    ),
    more(field(
        "sampling.top_p",
        "Answers",
        "Top p",
        "Draws only from the most likely tokens up to this mass; 1 for all.",
        "",
        Real(0.01, 1.0),
    )),
    more(field(
        "sampling.top_k",
        "Answers",
        "Top k",
        "Draws only from this many of the most likely tokens; 0 for all.",
        "tokens",
        Whole(0, 1_000_000),
    )),
    field(
        "sampling.max_new_tokens",
        "Answers",
        "Longest answer",
        "Generation stops after this many tokens.",
        "tokens",
        Whole(1, 32_768),
    ),
    field(
        "checkpoint.every",
        "Keeping",
        "Checkpoint every",
        "Steps between checkpoints; 0 keeps only the last step's.",
        "steps",
        Whole(0, 10_000_000),
    ),
    more(field(
        "checkpoint.keep",
        "Keeping",
        "Checkpoints kept",
        "How many of the newest checkpoints stay on disk.",
        "checkpoints",
        Whole(1, 10_000),
    )),
    field(
        "evaluate.every",
        "Keeping",
        "Evaluate every",
        "Steps between greedy evaluations on fixed questions; 0 for none.",
        "steps",
        Whole(0, 10_000_000),
    ),
    more(field(
        "evaluate.samples",
        "Keeping",
        "Evaluation samples",
        "Fixed questions per cell of the mixture in each evaluation.",
        "questions",
        Whole(1, 10_000),
    )),
    more(field(
        "warmup.steps",
        "Warm start",
        "Steps",
        "Updates of the supervised warm start.",
        "steps",
        Whole(1, 10_000_000),
    )),
    more(field(
        "warmup.batch",
        "Warm start",
        "Strips per step",
        "Strips per update; each is asked several questions.",
        "strips",
        Whole(1, 4096),
    )),
    more(field(
        "warmup.learning_rate",
        "Warm start",
        "Learning rate",
        "Peak size of an AdamW step; it rises for 2 % of the steps and falls to a tenth along a cosine.",
        "",
        Real(0.0, 1.0),
    )),
    more(field(
        "warmup.augment",
        "Warm start",
        "Augmentation",
        "Strength of whole-strip changes (crops, flips, colours, speed); 0 for none.",
        "",
        Real(0.0, 1.0),
    )),
    more(field(
        "warmup.scenes",
        "Warm start",
        "Rendered scenes",
        "Share of strips that the program renders itself.",
        "",
        Real(0.0, 1.0),
    )),
    more(field(
        "warmup.helpers",
        "Warm start",
        "Helper questions",
        "Share of questions that ask for masks, single ends or single counts.",
        "",
        Real(0.0, 1.0),
    )),
    more(field(
        "warmup.held_out",
        "Warm start",
        "Held-out videos",
        "File names of videos that are never trained on, to measure unseen clips.",
        "",
        Texts,
    )),
];
