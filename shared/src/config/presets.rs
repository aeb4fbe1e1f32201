//! Named run configs.

use super::{
    CheckpointConfig, EvaluateConfig, GrpoConfig, MixtureItem, OptimConfig, RunConfig,
    SamplingConfig, SelectConfig, UpdateConfig, VisionConfig, WarmupConfig,
};
use crate::recipe::{
    AdvantageRule, Aggregation, Curriculum, KlEstimator, Precision, Questions, Ratio, Recipe,
    Switch,
};
use crate::reward::RewardMode;
use crate::task::{Difficulty, Perturbation, Task};

/// A named config.
pub struct Preset<C = RunConfig> {
    /// The name, as in `--preset NAME`.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// Makes it.
    pub config: fn() -> C,
}

/// Every run preset, the default first.
pub const PRESETS: &[Preset] = &[
    Preset { name: "nano", about: "The nano policy on two CPU cores, in minutes.", config: nano },
    Preset {
        name: "demo",
        about: "The nano run on the sample clips, one of them held out to see what carries over.",
        config: demo,
    },
    Preset {
        name: "learning",
        about: "The short nano run behind the table in RECIPES.md, measured on VIUBench's questions.",
        config: learning,
    },
    Preset {
        name: "videossr-8b",
        about: "The paper's values for Qwen3-VL-8B-Instruct; needs a GPU server.",
        config: videossr_8b,
    },
];

/// VideoSSR's training cells: four kinds of change, counting easy, jigsaw of six clips,
/// in the released proportions 3:3:3:3:6:12 (thousands).
pub(super) fn paper_mixture() -> Vec<MixtureItem> {
    use Perturbation::{ChannelSwap, Mirror, Rotate180, ZoomOut};
    let mut items: Vec<MixtureItem> = [ChannelSwap, Mirror, ZoomOut, Rotate180]
        .into_iter()
        .map(|perturbation| MixtureItem::of(Task::Grounding { perturbation }, 3.0))
        .collect();
    items.push(MixtureItem::of(Task::Counting { difficulty: Difficulty::Easy }, 6.0));
    items.push(MixtureItem::of(Task::Jigsaw { clips: 6 }, 12.0));
    items
}

/// The nano mixture leans on grounding and counting, where a policy of this size has
/// something to gain within minutes.
fn nano_mixture() -> Vec<MixtureItem> {
    use Perturbation::{ChannelSwap, Invert, Mirror, Rotate180, ZoomOut};
    let mut items: Vec<MixtureItem> = [ChannelSwap, Mirror, ZoomOut, Rotate180, Invert]
        .into_iter()
        .map(|perturbation| MixtureItem::of(Task::Grounding { perturbation }, 1.0))
        .collect();
    items.push(MixtureItem::of(Task::Counting { difficulty: Difficulty::Easy }, 2.5));
    items.push(MixtureItem::of(Task::Jigsaw { clips: 6 }, 1.5));
    items
}

/// Two CPU cores, minutes.
pub(super) fn nano() -> RunConfig {
    RunConfig {
        seed: 1,
        steps: 400,
        device: "cpu".into(),
        precision: Precision::F32,
        recipe: Recipe::Grpo,
        policy: String::new(),
        videos: Vec::new(),
        held_out: Vec::new(),
        mixture: nano_mixture(),
        reward: RewardMode::Smooth,
        grpo: GrpoConfig {
            group_size: 8,
            prompts_per_step: 8,
            kl_coef: 1e-3,
            clip_low: 0.2,
            clip_high: 0.2,
            dual_clip: 3.0,
        },
        update: plain_update(),
        select: SelectConfig {
            refill: 0,
            min_std: 1e-6,
            overlong_share: 0.0,
            overlong_factor: 1.0,
            label_rollout: Switch::Off,
            curriculum: Curriculum::Fixed,
        },
        vision: VisionConfig {
            contrast: 0.0,
            papo: 0.0,
            keep_tokens: 1.0,
            least_weight: 1.0,
            mask_share: 0.6,
            measure: 0.125,
            blank: Switch::Off,
        },
        optim: OptimConfig {
            learning_rate: 2e-4,
            weight_decay: 0.01,
            grad_clip: 1.0,
            skip_above: 1e3,
        },
        sampling: SamplingConfig { temperature: 1.0, top_p: 1.0, top_k: 0, max_new_tokens: 16 },
        checkpoint: CheckpointConfig { every: 50, keep: 3 },
        evaluate: EvaluateConfig { every: 100, samples: 8, questions: Questions::Mixture },
        warmup: nano_warmup(),
    }
}

/// Plain GRPO's.
fn plain_update() -> UpdateConfig {
    UpdateConfig {
        advantage: AdvantageRule::GroupStd,
        aggregation: Aggregation::TokenMean,
        ratio: Ratio::Token,
        kl_estimator: KlEstimator::K3,
        minibatches: 1,
        tis_cap: 0.0,
        right_from: 0.5,
        positive_weight: 0.1,
        entropy_coef: 0.0,
        overlap: Switch::Off,
        max_tokens_per_pass: 8192,
        activation_checkpointing: Switch::Off,
    }
}

/// What the nano policy that comes with the program was made with; see its card.
fn nano_warmup() -> WarmupConfig {
    let held_out = [
        "rocket-launch.webm",
        "tractor-field.webm",
        "cat-portrait.mp4",
        "marathon-street-hevc.mp4",
    ];
    WarmupConfig {
        steps: 6600,
        batch: 8,
        learning_rate: 1.5e-3,
        augment: 0.4,
        scenes: 0.25,
        helpers: 0.75,
        held_out: held_out.map(String::from).to_vec(),
    }
}

/// The nano run on the clips that come with the program, with twice the questions in a step so
/// that the curve is smoother. One clip, which the nano policy has not seen either, is held out.
fn demo() -> RunConfig {
    RunConfig {
        held_out: vec!["rocket-launch.webm".into()],
        grpo: GrpoConfig { prompts_per_step: 16, ..nano().grpo },
        ..nano()
    }
}

/// 120 steps on the sample clips, measured before and after on frozen questions.
fn learning() -> RunConfig {
    RunConfig {
        steps: 120,
        held_out: demo().held_out,
        checkpoint: CheckpointConfig { every: 0, keep: 1 },
        evaluate: EvaluateConfig { every: 120, samples: 24, questions: Questions::Viubench },
        ..nano()
    }
}

/// The values of VideoSSR's released training script (arXiv 2511.06281, `train.sh`).
fn videossr_8b() -> RunConfig {
    RunConfig {
        steps: 468,
        device: "cuda:0".into(),
        precision: Precision::Bf16,
        policy: "Qwen3-VL-8B-Instruct".into(),
        mixture: paper_mixture(),
        grpo: GrpoConfig { prompts_per_step: 64, ..nano().grpo },
        update: UpdateConfig { activation_checkpointing: Switch::On, ..plain_update() },
        optim: OptimConfig { learning_rate: 1e-6, ..nano().optim },
        sampling: SamplingConfig { max_new_tokens: 2048, ..nano().sampling },
        checkpoint: CheckpointConfig { every: 500, keep: 3 },
        evaluate: EvaluateConfig { every: 0, ..nano().evaluate },
        ..nano()
    }
}
