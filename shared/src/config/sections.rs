//! The groups of the run config. Sentence, unit and range of every field are in
//! [`FIELDS`](super::FIELDS); the defaults are those of the nano preset.

use super::presets;
use serde::{Deserialize, Serialize};

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
