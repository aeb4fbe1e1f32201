//! Recipes: how rewards become an update, as data. A recipe is a name for values of the fields
//! behind the plug points (sampler, reward, advantage, token weight, loss, curriculum); every
//! one of them can be changed by itself. RECIPES.md has the papers, equations and defaults.

use crate::config::{RunConfig, Settings};
use crate::task::named_enum;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

named_enum! {
    /// A way to turn rewards into an update; RECIPES.md has one entry for each.
    Recipe, "recipe" {
        /// GRPO as VideoSSR trained with it (verl defaults).
        Grpo => "grpo",
        /// Dr.GRPO: no division by the spread, none by the length.
        DrGrpo => "dr-grpo",
        /// DAPO: higher upper clip, dead groups drawn again, penalty for overlong answers.
        Dapo => "dapo",
        /// RLOO: each answer against the mean of the others.
        Rloo => "rloo",
        /// REINFORCE++: rewards whitened over the batch, no group baseline.
        ReinforcePp => "reinforce-pp",
        /// REINFORCE++-baseline: group means taken off, then whitened over the batch.
        ReinforcePpBaseline => "reinforce-pp-baseline",
        /// GSPO: one ratio for a whole answer.
        Gspo => "gspo",
        /// Spread taken over all answers of the same task in the batch.
        TaskStd => "task-std",
        /// DUMP: cells where much is learnt are asked more often.
        Dump => "dump",
        /// ViSurf: the true answer joins the group.
        Visurf => "visurf",
        /// Only right answers are reinforced.
        Psr => "psr",
        /// Only wrong answers are pushed away.
        Nsr => "nsr",
        /// Wrong answers in full, right ones a little.
        WReinforce => "w-reinforce",
        /// T-GRPO: a bonus where the order of the frames helps.
        TGrpo => "t-grpo",
        /// PAPO: answers shall depend on what is seen.
        Papo => "papo",
        /// VPPO: only tokens that depend on what is seen, on top of DAPO.
        Vppo => "vppo",
    }
}

named_enum! {
    /// What an answer's reward is compared with.
    AdvantageRule, "advantage" {
        /// Minus the group's mean, divided by its spread (GRPO).
        GroupStd => "group-std",
        /// Minus the group's mean (Dr.GRPO).
        GroupMean => "group-mean",
        /// Minus the mean of the group's other answers (RLOO).
        LeaveOneOut => "leave-one-out",
        /// Whitened over all tokens of the batch (REINFORCE++).
        Batch => "batch",
        /// Minus the group's mean, then whitened over all tokens of the batch
        /// (REINFORCE++-baseline).
        GroupMeanBatch => "group-mean-batch",
        /// Minus the group's mean, divided by the spread of the task's rewards in the batch.
        TaskStd => "task-std",
        /// 1 for a right answer, 0 for a wrong one (PSR).
        Positive => "positive",
        /// 0 for a right answer, -1 for a wrong one (NSR).
        Negative => "negative",
        /// A small weight for a right answer, -1 for a wrong one (W-REINFORCE).
        Weighted => "weighted",
    }
}

named_enum! {
    /// How the losses of tokens become one number.
    Aggregation, "aggregation" {
        /// Mean over all tokens.
        TokenMean => "token-mean",
        /// Sum over an answer's tokens, mean over answers.
        SeqSum => "seq-mean-token-sum",
        /// Mean over an answer's tokens, mean over answers.
        SeqMean => "seq-mean-token-mean",
        /// Sum over an answer's tokens divided by the longest answer allowed, mean over answers.
        SeqNorm => "seq-mean-token-sum-norm",
    }
}

named_enum! {
    /// What the ratio of new to old probability is taken of.
    Ratio, "ratio" {
        /// Each token (PPO).
        Token => "token",
        /// The whole answer, its length's root (GSPO).
        Sequence => "sequence",
    }
}

named_enum! {
    /// Estimator of the divergence from the start policy
    /// (Schulman, `http://joschu.net/blog/kl-approx.html`).
    KlEstimator, "KL estimator" {
        /// `-d` with `d = log reference - log policy`: unbiased, noisy.
        K1 => "k1",
        /// `d^2 / 2`: biased, calm.
        K2 => "k2",
        /// `exp(d) - d - 1`: unbiased, never negative.
        K3 => "k3",
    }
}

named_enum! {
    /// How the task of the next question is chosen.
    Curriculum, "curriculum" {
        /// By the weights of the mixture.
        Fixed => "fixed",
        /// By how much is learnt in each cell (DUMP).
        Dump => "dump",
    }
}

named_enum! {
    /// What an evaluation during a run asks.
    Questions, "set of questions" {
        /// The cells that the run trains on, scored by its reward.
        Mixture => "mixture",
        /// VIUBench's nine sub-tasks, scored by its figures.
        Viubench => "viubench",
    }
}

named_enum! {
    /// Numbers of matrix products; weights being trained and sums over layers are f32 always.
    Precision, "precision" {
        /// 32 bits.
        F32 => "f32",
        /// 16 bits with f32's range, on a GPU.
        Bf16 => "bf16",
    }
}

named_enum! {
    /// Something done or not.
    Switch, "switch" {
        /// Not done.
        Off => "off",
        /// Done.
        On => "on",
    }
}

impl Switch {
    /// Whether it is done.
    pub fn is_on(self) -> bool {
        self == Self::On
    }
}

/// Fields behind the plug points with their values under plain GRPO (verl's defaults, which
/// VideoSSR trained with). Choosing a recipe sets all of them.
const PLAIN: &[(&str, &str)] = &[
    ("grpo.kl_coef", "0.001"),
    ("grpo.clip_low", "0.2"),
    ("grpo.clip_high", "0.2"),
    ("grpo.dual_clip", "3.0"),
    ("update.advantage", "group-std"),
    ("update.aggregation", "token-mean"),
    ("update.ratio", "token"),
    ("update.kl_estimator", "k3"),
    ("update.minibatches", "1"),
    ("update.tis_cap", "0.0"),
    ("update.right_from", "0.5"),
    ("update.positive_weight", "0.1"),
    ("update.entropy_coef", "0.0"),
    ("select.refill", "0"),
    ("select.min_std", "0.000001"),
    ("select.overlong_share", "0.0"),
    ("select.overlong_factor", "1.0"),
    ("select.label_rollout", "off"),
    ("select.curriculum", "fixed"),
    ("vision.contrast", "0.0"),
    ("vision.papo", "0.0"),
    ("vision.keep_tokens", "1.0"),
    ("vision.least_weight", "1.0"),
    ("vision.mask_share", "0.6"),
];

/// What DAPO (arXiv 2503.14476) shares with others: clip-higher, no divergence, dead groups drawn
/// again.
const HIGHER: (&str, &str) = ("grpo.clip_high", "0.28");
const NO_KL: (&str, &str) = ("grpo.kl_coef", "0.0");
const REFILL: (&str, &str) = ("select.refill", "10");

impl Recipe {
    /// Where this recipe differs from plain GRPO.
    pub fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Grpo => &[],
            Self::DrGrpo => &[
                ("update.advantage", "group-mean"),
                ("update.aggregation", "seq-mean-token-sum-norm"),
                NO_KL,
            ],
            // 4,096 of 20,480 tokens in the paper.
            Self::Dapo => &[HIGHER, NO_KL, REFILL, ("select.overlong_share", "0.2")],
            Self::Rloo => &[("update.advantage", "leave-one-out")],
            Self::ReinforcePp => &[("update.advantage", "batch")],
            Self::ReinforcePpBaseline => &[("update.advantage", "group-mean-batch")],
            Self::Gspo => &[
                ("update.ratio", "sequence"),
                ("update.aggregation", "seq-mean-token-mean"),
                ("update.minibatches", "4"),
                ("grpo.clip_low", "0.0003"),
                ("grpo.clip_high", "0.0004"),
                // The released loss has no dual clip.
                ("grpo.dual_clip", "100.0"),
                NO_KL,
            ],
            Self::TaskStd => &[("update.advantage", "task-std")],
            Self::Dump => &[("select.curriculum", "dump")],
            Self::Visurf => &[("select.label_rollout", "on")],
            Self::Psr => &[("update.advantage", "positive"), NO_KL],
            Self::Nsr => &[("update.advantage", "negative"), NO_KL],
            Self::WReinforce => &[("update.advantage", "weighted"), NO_KL],
            Self::TGrpo => &[("vision.contrast", "0.3"), ("grpo.kl_coef", "0.04")],
            Self::Papo => &[("vision.papo", "0.02"), ("grpo.kl_coef", "0.01")],
            Self::Vppo => &[
                HIGHER,
                NO_KL,
                REFILL,
                ("update.entropy_coef", "0.06"),
                ("vision.keep_tokens", "0.4"),
                ("vision.least_weight", "0.9"),
                ("vision.mask_share", "0.5"),
            ],
        }
    }

    /// Every field behind a plug point with this recipe's value, in the order they are set.
    pub fn values(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let own = self.settings();
        PLAIN.iter().map(move |(key, plain)| {
            (*key, own.iter().find(|(k, _)| k == key).map_or(*plain, |(_, value)| *value))
        })
    }

    /// A config with every field behind a plug point as this recipe has it.
    pub fn applied(self, config: &RunConfig) -> RunConfig {
        let named = RunConfig { recipe: self, ..config.clone() };
        // The table is checked by a test: everything in it fits.
        named.with_unchecked(self.values()).unwrap_or(named)
    }

    /// Fields in which a config differs from its recipe.
    pub fn departures(config: &RunConfig) -> Vec<&'static str> {
        let pure = config.recipe.applied(config);
        let differs = |key: &&str| config.value_at(key) != pure.value_at(key);
        PLAIN.iter().map(|(key, _)| *key).filter(differs).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_value_of_every_recipe_fits_its_field() {
        for recipe in Recipe::ALL {
            for (key, value) in recipe.values() {
                let set = RunConfig::default().with(key, value);
                let set = set.unwrap_or_else(|p| panic!("{recipe} {key}={value}: {p:?}"));
                let read = set.value_at(key);
                let shown = read.as_str().map_or_else(|| read.to_string(), str::to_owned);
                let same = match (shown.parse::<f64>(), value.parse::<f64>()) {
                    (Ok(a), Ok(b)) => a == b,
                    _ => shown == value,
                };
                assert!(same, "{recipe} {key}: {shown} {value}");
            }
            let unknown =
                recipe.settings().iter().find(|(k, _)| !PLAIN.iter().any(|(p, _)| p == k));
            assert_eq!(unknown, None, "{recipe} sets a field that other recipes do not reset");
        }
    }

    #[test]
    fn choosing_a_recipe_sets_its_fields_and_what_is_said_beside_it_wins() {
        let read = |value| RunConfig::from_value(&RunConfig::default(), &value).expect("fits");
        let dapo = read(json!({"recipe": "dapo"}));
        assert_eq!((dapo.grpo.clip_high, dapo.grpo.kl_coef, dapo.select.refill), (0.28, 0.0, 10));
        let own = read(json!({"recipe": "dapo", "grpo": {"kl_coef": 0.5}}));
        assert_eq!((own.grpo.kl_coef, own.grpo.clip_high), (0.5, 0.28));
        assert_eq!(Recipe::departures(&own), ["grpo.kl_coef"]);
        // As a run's own file has it: everything said.
        let again = read(serde_json::to_value(&own).expect("json"));
        assert_eq!(again, own);
        // From one recipe to another nothing of the first stays.
        let back = dapo.with("recipe", "grpo").expect("known");
        assert_eq!(Recipe::departures(&back), [""; 0]);
        assert_eq!(back.grpo.clip_high, 0.2);
        let odd = RunConfig::from_value(&RunConfig::default(), &json!({"recipe": "dapoo"}));
        assert_eq!(odd.expect_err("unknown")[0].field, "recipe");
    }
}
