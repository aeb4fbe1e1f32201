//! The update of the weights from answered groups: all of a part or nothing of it.

use crate::loss::{self, Objective, Tokens};
use crate::optim::{AdamW, GradientSet};
use crate::sheet::{Sheet, cut, logprobs};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use policy::{Model, Prefix, Prompt};
use shared::config::OptimConfig;

/// One answer to learn from.
#[derive(Clone, Debug, Default)]
pub struct Scored {
    /// Its tokens, the end included.
    pub ids: Vec<u32>,
    /// Their log-probabilities at sampling, or under the weights before the update.
    pub old: Vec<f32>,
    /// Its advantage.
    pub advantage: f64,
    /// What of the advantage each token gets; empty for all of it.
    pub weights: Vec<f32>,
    /// Log-probabilities with part of the video blacked out; empty where nobody asked.
    pub masked: Vec<f32>,
}

/// One prompt with its answers.
#[derive(Clone, Debug)]
pub struct ScoredGroup {
    /// The prompt, computed once for all its answers.
    pub prompt: Prompt,
    /// The answers.
    pub answers: Vec<Scored>,
}

/// What an update did. Means are over tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UpdateReport {
    /// Loss as minimised; of several parts the mean.
    pub loss: f64,
    /// Divergence from the start policy, nats.
    pub kl: f64,
    /// Share of tokens whose loss the clip decided.
    pub clip_share: f64,
    /// Global gradient norm before clipping; of several parts the largest.
    pub grad_norm: f64,
    /// Divergence from the weights that answered, nats (k1, before the last part's step).
    pub approx_kl: f64,
    /// Mean distance of the log-probabilities at sampling from those of the first pass over the
    /// same weights, nats: how much sampler and trainer disagree.
    pub logprob_gap: f64,
    /// Optimizer steps made.
    pub updates: u64,
    /// The gradient of a part was not finite or too long: it changed nothing.
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
    /// What is minimised.
    pub objective: Objective,
    /// Step size and norm bounds.
    pub settings: OptimConfig,
    /// Divides the logits, as it did at sampling.
    pub temperature: f32,
    /// Most tokens an answer may have.
    pub longest: usize,
}

/// Sums over a part.
#[derive(Clone, Copy, Default)]
struct Sums {
    loss: f64,
    kl: f64,
    clipped: f64,
    moved: f64,
    distance: f64,
}

impl Learner {
    /// Reads prompts whose `answers` answers each shall be drawn and learnt from on one graph:
    /// none where the update is not one pass over them with the weights that answer.
    pub fn read(&self, prompts: &[Prompt], answers: usize) -> Option<Prefix> {
        let update = &self.objective.update;
        let shown: usize = prompts.iter().map(|prompt| prompt.ids.len()).sum();
        let rows = shown + prompts.len() * answers * self.longest;
        let at_once = update.minibatches == 1
            && !update.overlap.is_on()
            && !update.activation_checkpointing.is_on()
            && rows <= update.max_tokens_per_pass as usize;
        at_once.then(|| Prefix::read(&self.model, prompts))
    }

    /// One AdamW step on the loss of each part of the groups, in order. A gradient that is not
    /// finite, or longer than `skip_above`, changes nothing. `read` is what the groups' prompts
    /// left behind, where [`Self::read`] gave it and no step was made since.
    pub fn update(&mut self, groups: &[ScoredGroup], read: Option<Prefix>) -> UpdateReport {
        let parts = (self.objective.update.minibatches as usize).clamp(1, groups.len().max(1));
        let size = groups.len().div_ceil(parts).max(1);
        let (mut report, mut sums, mut tokens) = (UpdateReport::default(), Sums::default(), 0);
        let mut made = 0.0;
        for (at, part) in groups.chunks(size).enumerate() {
            let (norm, own) = self.part(part, read.as_ref(), &mut report);
            let count = token_count(part);
            if at == 0 {
                report.logprob_gap = own.distance / count.max(1) as f64;
            }
            report.grad_norm = report.grad_norm.max(norm);
            sums.loss += own.loss;
            sums.kl += own.kl;
            sums.clipped += own.clipped;
            sums.moved += own.moved;
            tokens += count;
            made += 1.0;
        }
        let tokens = tokens.max(1) as f64;
        UpdateReport {
            loss: sums.loss / f64::max(made, 1.0),
            kl: sums.kl / tokens,
            clip_share: sums.clipped / tokens,
            approx_kl: -sums.moved / tokens,
            ..report
        }
    }

    /// One step on some groups; the gradient's norm, and sums over their tokens.
    fn part(
        &mut self,
        groups: &[ScoredGroup],
        read: Option<&Prefix>,
        report: &mut UpdateReport,
    ) -> (f64, Sums) {
        let mut sums = Sums::default();
        let gradients = self.accumulated(groups, read, &mut sums);
        let norm = gradients.as_ref().map_or(0.0, GradientSet::norm);
        let good = norm.is_finite() && sums.loss.is_finite() && norm <= self.settings.skip_above;
        report.skipped |= !good;
        if let Some(gradients) = gradients.filter(|_| good) {
            let scale = (self.settings.grad_clip / (norm + 1e-6)).min(1.0);
            let rate = self.settings.learning_rate;
            self.model = self.optim.step(self.model.clone(), &gradients, rate, scale);
            report.updates += 1;
        }
        (norm, sums)
    }

    /// The gradient of the groups' loss without a step.
    pub fn gradients_of(
        &self,
        groups: &[ScoredGroup],
        read: Option<&Prefix>,
    ) -> Option<GradientSet> {
        self.accumulated(groups, read, &mut Sums::default())
    }

    fn accumulated(
        &self,
        groups: &[ScoredGroup],
        read: Option<&Prefix>,
        sums: &mut Sums,
    ) -> Option<GradientSet> {
        let lengths: Vec<usize> =
            groups.iter().flat_map(|group| &group.answers).map(|a| a.ids.len()).collect();
        let shares = loss::shares(self.objective.update.aggregation, &lengths, self.longest);
        if let Some(read) = read.filter(|_| !groups.is_empty()) {
            return Some(self.after(read, groups, &shares, sums));
        }
        let mut total: Option<GradientSet> = None;
        let mut at = 0;
        let most = self.objective.update.max_tokens_per_pass as usize;
        for micro in cut(groups, most, rows_of_group) {
            let answers: usize = micro.iter().map(|group| group.answers.len()).sum();
            let gradients = self.gradients(micro, &shares[at..at + answers], sums);
            at += answers;
            total = Some(match total {
                Some(before) => before.plus(gradients),
                None => gradients,
            });
        }
        total
    }

    fn gradients(&self, groups: &[ScoredGroup], shares: &[f64], sums: &mut Sums) -> GradientSet {
        let lot = Lot::of(groups, shares);
        if !self.objective.update.activation_checkpointing.is_on() {
            let loss = self.loss(&lot, lot.sheet.hidden(&self.model), sums);
            return GradientSet::of(loss, &self.model);
        }
        let staged = lot.sheet.staged(&self.model);
        let end = staged.end();
        let loss = self.loss(&lot, staged.hidden(end.clone()), sums);
        GradientSet::of_staged(loss, end, staged, &self.model)
    }

    /// The gradient of groups whose prompts were read before.
    fn after(
        &self,
        read: &Prefix,
        groups: &[ScoredGroup],
        shares: &[f64],
        sums: &mut Sums,
    ) -> GradientSet {
        let lot = Lot::of(groups, shares);
        let answers: Vec<Vec<&[u32]>> = groups
            .iter()
            .map(|group| group.answers.iter().map(|answer| answer.ids.as_slice()).collect())
            .collect();
        let loss = self.loss(&lot, read.hidden(&self.model, &answers), sums);
        GradientSet::of(loss, &self.model)
    }

    /// The loss of a micro-batch from its hidden states `[tokens, hidden]`, which carry gradient.
    fn loss(&self, lot: &Lot, hidden: Tensor<2>, sums: &mut Sums) -> Tensor<1> {
        let device = self.device.clone().autodiff();
        let tensor = |values: &[f32]| {
            Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &device)
        };
        let (targets, temperature) = (&lot.sheet.targets, self.temperature);
        let (logp, entropy) = if self.objective.update.entropy_coef == 0.0 {
            (self.model.logprobs(hidden, targets, temperature), None)
        } else {
            let (logp, entropy) = self.model.logprobs_entropy(hidden, targets, temperature);
            (logp, Some(entropy))
        };
        let tokens = Tokens {
            logp, // [tokens]
            entropy,
            old: tensor(&lot.old),
            reference: Tensor::from_inner(logprobs(&self.reference, &lot.sheet, temperature)),
            masked: (lot.masked.len() == lot.old.len()).then(|| tensor(&lot.masked)),
            advantage: tensor(&lot.advantages),
            share: tensor(&lot.shares),
            lengths: lot.sheet.lengths.clone(),
        };
        let got = loss::of_tokens(&self.objective, tokens);
        sums.loss += number(got.loss.clone().inner());
        sums.kl += number(got.kl.sum());
        sums.clipped += number(got.clipped.sum());
        sums.distance += number(got.moved.clone().abs().sum());
        sums.moved += number(got.moved.sum());
        got.loss
    }

    /// The weights as a plain module, for generation and saving.
    pub fn plain(&self) -> Model {
        self.model.clone().valid()
    }
}

fn number(tensor: Tensor<1>) -> f64 {
    f64::from(tensor.into_scalar::<f32>())
}

fn token_count(groups: &[ScoredGroup]) -> usize {
    groups.iter().flat_map(|group| &group.answers).map(|answer| answer.ids.len()).sum()
}

fn rows_of_group(group: &ScoredGroup) -> usize {
    group.prompt.ids.len() + token_count(std::slice::from_ref(group))
}

/// A micro-batch with what is known of its tokens.
#[derive(Default)]
struct Lot {
    sheet: Sheet,
    old: Vec<f32>,
    advantages: Vec<f32>,
    masked: Vec<f32>,
    shares: Vec<f32>,
}

impl Lot {
    /// `shares` has one entry per answer.
    fn of(groups: &[ScoredGroup], shares: &[f64]) -> Self {
        let mut lot = Self::default();
        let mut shares = shares.iter();
        for group in groups {
            lot.sheet.add(&group.prompt, group.answers.iter().map(|answer| answer.ids.as_slice()));
            for answer in &group.answers {
                let share = shares.next().copied().unwrap_or_default() as f32;
                let weight = |t| answer.weights.get(t).copied().unwrap_or(1.0);
                let advantage = |t| (answer.advantage * f64::from(weight(t))) as f32;
                lot.old.extend_from_slice(&answer.old);
                lot.masked.extend_from_slice(&answer.masked);
                lot.advantages.extend((0..answer.ids.len()).map(advantage));
                lot.shares.extend(std::iter::repeat_n(share, answer.ids.len()));
            }
        }
        lot
    }
}
