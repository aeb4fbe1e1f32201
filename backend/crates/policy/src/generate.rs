//! Sampling answers: prompts are read once each, all answers of a batch grow together.

use crate::config::PolicyConfig;
use crate::error::PolicyError;
use crate::model::Model;
use crate::packed::Packed;
use crate::policy::Policy;
use crate::prompt::Prompt;
use crate::rng::Rng;
use crate::sample::{self, Draw};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// How tokens are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplingOptions {
    /// Divides the logits; above 0. Not used when greedy.
    pub temperature: f32,
    /// Keeps the likeliest tokens up to this share of probability; 1 keeps all.
    pub top_p: f32,
    /// Keeps this many of the likeliest tokens; 0 keeps all.
    pub top_k: usize,
    /// Most tokens of an answer.
    pub max_new: usize,
    /// Always takes the likeliest token.
    pub greedy: bool,
}

impl Default for SamplingOptions {
    fn default() -> Self {
        Self { temperature: 1.0, top_p: 1.0, top_k: 0, max_new: 32, greedy: false }
    }
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finish {
    /// The policy said so.
    Eos,
    /// `max_new` was reached.
    Length,
}

/// One sampled answer.
#[derive(Clone, Debug, PartialEq)]
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
    pub device: &'a Device,
}

/// Samples one answer per seed for every prompt: result `[prompt][seed]`. The policy's model is
/// the plain one (`valid()`). Answer i of a prompt depends on weights, prompt, options and its
/// seed alone, not on what else is in the batch.
///
/// # Errors
/// Options out of range, or seeds that do not match the prompts.
pub fn generate(policy: &Policy, prompts: &[Prompt], seeds: &[Vec<u64>], options: &SamplingOptions) -> Result<Vec<Vec<Generated>>, PolicyError> {
    let engine = Engine { model: &policy.model, config: &policy.config, device: &policy.device };
    engine.generate(prompts, seeds, options)
}

/// An answer in the making.
struct Rollout {
    prompt: usize,
    rng: Rng,
    out: Generated,
}

impl Engine<'_> {
    pub fn generate(&self, prompts: &[Prompt], seeds: &[Vec<u64>], options: &SamplingOptions) -> Result<Vec<Vec<Generated>>, PolicyError> {
        if prompts.len() != seeds.len() {
            return Err(PolicyError::Prompt(format!("{} prompts, but seeds for {}", prompts.len(), seeds.len())));
        }
        let mut done = Vec::new();
        for (prompt, seeds) in prompts.iter().zip(seeds) {
            let group = seeds.iter().map(|&seed| self.one(prompt, Rng::new(seed), options)).collect();
            done.push(group);
        }
        Ok(done)
    }

    fn one(&self, prompt: &Prompt, mut rng: Rng, options: &SamplingOptions) -> Generated {
        let mut out = Generated { ids: vec![], logprobs: vec![], entropies: vec![], finish: Finish::Length };
        for _ in 0..options.max_new {
            let mut packed = Packed::new();
            let prefix = packed.prefix(prompt);
            packed.suffix(prefix, &out.ids);
            let hidden = self.model.forward(&packed, self.device);
            let last = self.model.select(hidden, &[packed.len() - 1]);
            let logits: Vec<f32> = self.model.logits(last).into_data().iter::<f32>().collect();
            let Draw { id, logprob, entropy } = sample::draw(&logits, &mut rng, options);
            out.ids.push(id);
            out.logprobs.push(logprob);
            out.entropies.push(entropy);
            if self.config.eos_token_ids.contains(&id) {
                out.finish = Finish::Eos;
                break;
            }
        }
        out
    }
}
