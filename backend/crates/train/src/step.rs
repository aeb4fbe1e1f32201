//! One update of the weights from answered groups: all or nothing.

use crate::loss::{self, Tokens};
use crate::optim::{AdamW, GradientSet};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use policy::{Model, Packed, Prompt};
use shared::config::{GrpoConfig, OptimConfig};

/// Most rows (prompt and answer tokens) of one forward pass; a batch with more is cut between
/// groups and the gradients are added up.
const MICRO_ROWS: usize = 8192;

/// One answer to learn from.
pub struct Scored {
    /// Its tokens, the end included.
    pub ids: Vec<u32>,
    /// Their log-probabilities at sampling.
    pub old: Vec<f32>,
    /// Its advantage.
    pub advantage: f64,
}

/// One prompt with its answers.
pub struct ScoredGroup {
    /// The prompt, computed once for all its answers.
    pub prompt: Prompt,
    /// The answers.
    pub answers: Vec<Scored>,
}

/// What an update did. Means are over tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UpdateReport {
    /// Loss as minimised.
    pub loss: f64,
    /// Divergence from the start policy, nats.
    pub kl: f64,
    /// Share of tokens whose loss the clip decided.
    pub clip_share: f64,
    /// Global gradient norm before clipping.
    pub grad_norm: f64,
    /// The gradient was not finite or too long: weights and moments are as before.
    pub skipped: bool,
}

/// The weights being trained, with all that an update needs.
pub struct Learner {
    /// The module that records gradients.
    pub model: Model,
    /// The frozen start policy. Its divergence is measured where it is not charged too, for one
    /// more forward pass in a step.
    pub reference: Model,
    /// Moments.
    pub optim: AdamW,
    /// The plain device.
    pub device: Device,
    /// Clip ranges and the divergence's weight.
    pub grpo: GrpoConfig,
    /// Step size and norm bounds.
    pub settings: OptimConfig,
    /// Divides the logits, as it did at sampling.
    pub temperature: f32,
}

/// Sums over a micro-batch.
#[derive(Default)]
struct Sums {
    loss: f64,
    kl: f64,
    clipped: f64,
}

impl Learner {
    /// One AdamW step on the GRPO loss of all groups together (token mean over the batch).
    /// A gradient that is not finite, or longer than `skip_above`, changes nothing.
    pub fn update(&mut self, groups: &[ScoredGroup]) -> UpdateReport {
        let count: usize =
            groups.iter().flat_map(|group| &group.answers).map(|answer| answer.ids.len()).sum();
        let mut sums = Sums::default();
        let mut total: Option<GradientSet> = None;
        for micro in micro_batches(groups) {
            let gradients = self.gradients(micro, count, &mut sums);
            total = Some(match total {
                Some(before) => before.plus(gradients),
                None => gradients,
            });
        }
        let tokens = count.max(1) as f64;
        let norm = total.as_ref().map_or(0.0, GradientSet::norm);
        let skipped =
            !(norm.is_finite() && sums.loss.is_finite() && norm <= self.settings.skip_above);
        if let Some(gradients) = total.filter(|_| !skipped) {
            let scale = (self.settings.grad_clip / (norm + 1e-6)).min(1.0);
            let rate = self.settings.learning_rate;
            self.model = self.optim.step(self.model.clone(), &gradients, rate, scale);
        }
        UpdateReport {
            loss: sums.loss,
            kl: sums.kl / tokens,
            clip_share: sums.clipped / tokens,
            grad_norm: norm,
            skipped,
        }
    }

    /// Gradients of the groups' share of the loss; `count` is the token count of the batch.
    pub fn gradients_of(&self, groups: &[ScoredGroup], count: usize) -> GradientSet {
        self.gradients(groups, count, &mut Sums::default())
    }

    fn gradients(&self, groups: &[ScoredGroup], count: usize, sums: &mut Sums) -> GradientSet {
        let lot = Lot::of(groups);
        let device = self.device.clone().autodiff();
        let tensor = |values: &[f32]| {
            Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &device)
        };
        let tokens = Tokens {
            logp: self.logprobs(&self.model, &lot), // [tokens]
            old: tensor(&lot.old),
            reference: Tensor::from_inner(self.logprobs(&self.reference, &lot)),
            advantage: tensor(&lot.advantages),
        };
        let got = loss::grpo(&self.grpo, tokens, count);
        sums.loss += number(got.loss.clone().inner());
        sums.kl += number(got.kl.sum());
        sums.clipped += number(got.clipped.sum());
        GradientSet::of(got.loss, &self.model)
    }

    fn logprobs(&self, model: &Model, lot: &Lot) -> Tensor<1> {
        let hidden = model.forward_rows(&lot.packed, &lot.rows); // [tokens, hidden]
        model.logprobs(hidden, &lot.targets, self.temperature) // [tokens]
    }

    /// The weights as a plain module, for generation and saving.
    pub fn plain(&self) -> Model {
        self.model.clone().valid()
    }
}

fn number(tensor: Tensor<1>) -> f64 {
    f64::from(tensor.into_scalar::<f32>())
}

/// Groups in runs of at most [`MICRO_ROWS`] rows; a larger group stands alone.
fn micro_batches(groups: &[ScoredGroup]) -> Vec<&[ScoredGroup]> {
    let rows = |group: &ScoredGroup| {
        group.prompt.ids.len() + group.answers.iter().map(|answer| answer.ids.len()).sum::<usize>()
    };
    let (mut out, mut start, mut sum) = (Vec::new(), 0, 0);
    for (index, group) in groups.iter().enumerate() {
        if index > start && sum + rows(group) > MICRO_ROWS {
            out.push(&groups[start..index]);
            (start, sum) = (index, 0);
        }
        sum += rows(group);
    }
    out.push(&groups[start..]);
    out
}

/// A micro-batch as one sequence: each prompt once, then its answers.
struct Lot {
    packed: Packed,
    rows: Vec<usize>,
    targets: Vec<u32>,
    old: Vec<f32>,
    advantages: Vec<f32>,
}

impl Lot {
    fn of(groups: &[ScoredGroup]) -> Self {
        let mut lot = Self {
            packed: Packed::new(),
            rows: Vec::new(),
            targets: Vec::new(),
            old: Vec::new(),
            advantages: Vec::new(),
        };
        for group in groups {
            let prefix = lot.packed.prefix(&group.prompt);
            for answer in &group.answers {
                let suffix = lot.packed.suffix(prefix, &answer.ids);
                lot.rows.extend(lot.packed.target_rows(suffix, 0));
                lot.targets.extend_from_slice(&answer.ids);
                lot.old.extend_from_slice(&answer.old);
                lot.advantages.extend(answer.ids.iter().map(|_| answer.advantage as f32));
            }
        }
        lot
    }
}
