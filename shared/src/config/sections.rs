//! The groups of the run config. Sentence, unit and range of every field are in
//! [`FIELDS`](super::FIELDS); the defaults are those of the nano preset.

use super::presets;
use crate::recipe::{
    AdvantageRule, Aggregation, Curriculum, KlEstimator, Questions, Ratio, Switch,
};
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

/// How rewards become a loss; [`Recipe`](crate::recipe::Recipe) sets all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateConfig {
    /// What a reward is compared with.
    pub advantage: AdvantageRule,
    /// How the losses of tokens become one number.
    pub aggregation: Aggregation,
    /// What the ratio of new to old probability is taken of.
    pub ratio: Ratio,
    /// Estimator of the divergence.
    pub kl_estimator: KlEstimator,
    /// Parts that a step's groups are cut into, with an update after each.
    pub minibatches: u32,
    /// Most that a token of a stale answer counts for; 0 takes answers as they come.
    pub tis_cap: f64,
    /// Reward from which an answer counts as right, where a rule asks.
    pub right_from: f64,
    /// Advantage of a right answer under `weighted`.
    pub positive_weight: f64,
    /// Weight of the answers' entropy in the loss: above 0 makes them surer, below 0 keeps them
    /// open.
    pub entropy_coef: f64,
    /// The next step's answers are drawn while this step's update is made.
    pub overlap: Switch,
    /// Most prompt and answer tokens of one forward and backward pass; gradients of several
    /// passes are accumulated.
    pub max_tokens_per_pass: u32,
    /// Keeps only what enters each layer and computes the rest again on the way back.
    pub activation_checkpointing: Switch,
}

/// Which questions and answers are learnt from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SelectConfig {
    /// Times that questions whose answers all earn the same are replaced by others.
    pub refill: u32,
    /// Spread of rewards up to which a group is replaced.
    pub min_std: f64,
    /// Share of the longest answer, at its end, where length is penalised; 0 for none.
    pub overlong_share: f64,
    /// Penalty of the longest answer.
    pub overlong_factor: f64,
    /// The true answer joins each group.
    pub label_rollout: Switch,
    /// How the next question's task is chosen.
    pub curriculum: Curriculum,
}

/// What hangs on the video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VisionConfig {
    /// Bonus of good answers where the order of the frames helps (T-GRPO); 0 for none.
    pub contrast: f64,
    /// Weight of the dependence on the video in the loss (PAPO); 0 for none.
    pub papo: f64,
    /// Share of each answer's tokens, those that depend most on the video, that is learnt from
    /// (VPPO); 1 for all.
    pub keep_tokens: f64,
    /// Weight of the answer that depends least on the video (VPPO); 1 weighs all alike.
    pub least_weight: f64,
    /// Share of patches that is blacked out for PAPO and VPPO.
    pub mask_share: f64,
    /// Share of a step's groups whose dependence on the video is measured.
    pub measure: f64,
    /// Every question is asked with a black video: what is learnt then is no seeing.
    pub blank: Switch,
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
    /// What is asked.
    pub questions: Questions,
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

impl Default for UpdateConfig {
    fn default() -> Self {
        presets::nano().update
    }
}

impl Default for SelectConfig {
    fn default() -> Self {
        presets::nano().select
    }
}

impl Default for VisionConfig {
    fn default() -> Self {
        presets::nano().vision
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
