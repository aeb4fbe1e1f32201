//! Sampling answers: prompts are read once each, all together; their answers grow from the
//! prompts' keys and values.

mod cpu;
mod tensor;

use crate::config::PolicyConfig;
use crate::error::PolicyError;
use crate::model::Model;
use crate::ops::Kernels;
use crate::packed::Packed;
use crate::policy::Policy;
use crate::prompt::Prompt;
use crate::rng::Rng;
use crate::sample;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How tokens are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplingOptions {
    /// Divides the logits; above 0. Not used when greedy.
    pub temperature: f32,
    /// Keeps the likeliest tokens up to this share of probability; 1 keeps all.
    pub top_p: f32,
    /// Keeps this many of the likeliest tokens; 0 keeps all.
    pub top_k: usize,
    /// Most tokens of an answer; it also ends at the policy's last position.
    pub max_new: usize,
    /// Always takes the likeliest token.
    pub greedy: bool,
}

impl Default for SamplingOptions {
    fn default() -> Self {
        Self { temperature: 1.0, top_p: 1.0, top_k: 0, max_new: 32, greedy: false }
    }
}

impl SamplingOptions {
    fn validate(&self) -> Result<(), PolicyError> {
        let draws = self.temperature > 0.0 && self.temperature.is_finite();
        if !(self.greedy || draws) {
            return Err(PolicyError::Prompt(format!(
                "temperature {} is not above 0",
                self.temperature
            )));
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return Err(PolicyError::Prompt(format!("top_p {} is not in (0, 1]", self.top_p)));
        }
        Ok(())
    }
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finish {
    /// The policy said so.
    Eos,
    /// `max_new` or the policy's last position was reached.
    Length,
}

/// One sampled answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generated {
    /// New tokens, the one that ended the answer included.
    pub ids: Vec<u32>,
    /// Log-probability of each token at sampling, under the sampling temperature (1 when
    /// greedy), before `top_p` and `top_k`.
    pub logprobs: Vec<f32>,
    /// Entropy in nats of the distribution each token was drawn from, under the same
    /// temperature.
    pub entropies: Vec<f32>,
    /// Why it ended.
    pub finish: Finish,
}

/// A network with what generation needs to know.
pub(crate) struct Engine<'a> {
    pub model: &'a Model,
    pub config: &'a PolicyConfig,
}

/// Samples one answer per seed for every prompt: result `[prompt][seed]`. The policy's model is
/// the plain one (`valid()`). Answer i of a prompt depends on weights, prompt, options and its
/// seed alone, not on what else is in the batch (on the CPU to the last bit).
///
/// # Errors
/// Options out of range, or seeds that do not match the prompts.
pub fn generate(
    policy: &Policy,
    prompts: &[Prompt],
    seeds: &[Vec<u64>],
    options: &SamplingOptions,
) -> Result<Vec<Vec<Generated>>, PolicyError> {
    let narrow = policy.model.for_sampling();
    let engine = Engine { model: narrow.as_ref().unwrap_or(&policy.model), config: &policy.config };
    engine.generate(prompts, seeds, options, || engine.prefill(prompts))
}

/// An answer in the making.
struct Rollout {
    /// Index of its prompt.
    prompt: usize,
    /// Most tokens it may have.
    room: usize,
    rng: Rng,
    out: Generated,
    done: bool,
}

impl Rollout {
    fn new(prompt: usize, room: usize, seed: u64) -> Self {
        let out =
            Generated { ids: vec![], logprobs: vec![], entropies: vec![], finish: Finish::Length };
        Self { prompt, room, rng: Rng::new(seed), out, done: false }
    }

    /// Draws the next token from a row of logits.
    fn accept(&mut self, logits: &[f32], options: &SamplingOptions, eos: &[u32]) {
        let draw = sample::draw(logits, &mut self.rng, options);
        self.out.ids.push(draw.id);
        self.out.logprobs.push(draw.logprob);
        self.out.entropies.push(draw.entropy);
        if eos.contains(&draw.id) {
            self.out.finish = Finish::Eos;
            self.done = true;
        }
        self.done |= self.out.ids.len() >= self.room;
    }

    /// Position of the token drawn last.
    fn position(&self, prefill: &Prefill) -> i32 {
        prefill.next_positions[self.prompt] + self.out.ids.len() as i32 - 1
    }
}

/// What the prompts leave behind.
pub(crate) struct Prefill {
    /// Rows of each prompt.
    rows: Vec<Range<usize>>,
    /// Position of each prompt's first answer token.
    next_positions: Vec<i32>,
    /// Normed, rotated heads of all rows, one `[n, heads.width()]` a layer.
    heads: Vec<Tensor<2>>,
    /// Logits of each prompt's last row.
    first: Vec<Vec<f32>>,
}

/// A product of one row takes another way through the matrix library than a row among others;
/// with so many it never does.
const LEAST_ROWS: usize = 16;

/// The last row of each prompt, some of them again where they are too few.
pub(crate) fn last_rows(rows: &[Range<usize>]) -> Vec<usize> {
    let mut last: Vec<usize> = rows.iter().map(|rows| rows.end - 1).collect();
    last.resize(last.len().max(LEAST_ROWS), last[0]);
    last
}

impl Prefill {
    /// From the rows of each prompt, its next position, heads of all layers, and logits of the
    /// rows that [`last_rows`] names.
    pub(crate) fn new(
        rows: Vec<Range<usize>>,
        next_positions: Vec<i32>,
        heads: Vec<Tensor<2>>,
        logits: Tensor<2>,
    ) -> Self {
        let vocab = logits.dims()[1];
        let logits: Vec<f32> = logits.into_data().iter::<f32>().collect();
        let first = logits.chunks_exact(vocab).take(rows.len()).map(<[f32]>::to_vec).collect();
        Self { rows, next_positions, heads, first }
    }
}

impl Engine<'_> {
    /// See [`generate`](super::generate()); `read` reads the prompts.
    pub fn generate(
        &self,
        prompts: &[Prompt],
        seeds: &[Vec<u64>],
        options: &SamplingOptions,
        read: impl FnOnce() -> Prefill,
    ) -> Result<Vec<Vec<Generated>>, PolicyError> {
        if prompts.len() != seeds.len() {
            return Err(PolicyError::Prompt(format!(
                "{} prompts, but seeds for {}",
                prompts.len(),
                seeds.len()
            )));
        }
        options.validate()?;
        if prompts.is_empty() {
            return Ok(Vec::new());
        }
        let mut rollouts = Vec::new();
        for (index, (prompt, seeds)) in prompts.iter().zip(seeds).enumerate() {
            let room = options.max_new.min(self.room(prompt)?);
            rollouts.extend(seeds.iter().map(|&seed| Rollout::new(index, room, seed)));
        }
        if options.max_new > 0 {
            let prefill = read();
            for rollout in &mut rollouts {
                rollout.accept(&prefill.first[rollout.prompt], options, &self.config.eos_token_ids);
            }
            match self.model.kernels() {
                Kernels::Fused => cpu::decode(self, &prefill, &mut rollouts, options),
                Kernels::Plain | Kernels::Mixed => {
                    tensor::decode(self, &prefill, &mut rollouts, options);
                }
            }
        }
        let mut done = rollouts.into_iter().map(|rollout| rollout.out);
        Ok(seeds.iter().map(|seeds| done.by_ref().take(seeds.len()).collect()).collect())
    }

    /// Positions left for an answer to this prompt, at least 1.
    fn room(&self, prompt: &Prompt) -> Result<usize, PolicyError> {
        if prompt.ids.is_empty() {
            return Err(PolicyError::Prompt("it has no tokens, so nothing can follow it".into()));
        }
        let Some(positions) = self.config.text_config.max_position_embeddings else {
            return Ok(usize::MAX);
        };
        match positions.checked_sub(prompt.next_position.max(0) as usize) {
            Some(room) if room > 0 => Ok(room),
            _ => Err(PolicyError::Prompt(format!(
                "it takes {} positions, but the policy has {positions}: no room for an answer",
                prompt.next_position
            ))),
        }
    }

    /// Reads prompts.
    pub fn prefill(&self, prompts: &[Prompt]) -> Prefill {
        let mut packed = Packed::new();
        let ids: Vec<_> = prompts.iter().map(|prompt| packed.prefix(prompt)).collect();
        let rows: Vec<Range<usize>> = ids.into_iter().map(|id| packed.prefix_rows(id)).collect();
        let mut heads = Vec::new();
        let hidden = self.model.run(&packed, Some(&last_rows(&rows)), |layer| heads.push(layer));
        let next_positions = prompts.iter().map(|prompt| prompt.next_position).collect();
        Prefill::new(rows, next_positions, heads, self.model.logits(hidden))
    }
}
