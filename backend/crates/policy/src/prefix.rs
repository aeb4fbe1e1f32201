//! Prompts read once by a model that records gradients: their answers are drawn from what was
//! read, and learnt from on the same graph. A video is then encoded once in a whole step.

use crate::error::PolicyError;
use crate::generate::{Engine, Generated, Prefill, SamplingOptions, last_rows};
use crate::model::{Model, index_of};
use crate::ops;
use crate::packed::{Packed, PrefixId};
use crate::policy::Policy;
use crate::prompt::Prompt;
use crate::rope;
use crate::text::Pass;
use burn::tensor::Tensor;
use std::sync::Arc;

/// What prompts left behind in a model that records gradients.
pub struct Prefix {
    packed: Packed,
    ids: Vec<PrefixId>,
    next_positions: Vec<i32>,
    /// Normed, rotated heads of all rows, one `[n, heads.width()]` a layer; they carry gradient.
    heads: Vec<Tensor<2>>,
    /// Hidden states of each prompt's last row, after the final norm; they carry gradient.
    /// `[at least the prompts, hidden]`.
    last: Tensor<2>,
}

impl Prefix {
    /// Reads prompts with a model that records gradients.
    pub fn read(model: &Model, prompts: &[Prompt]) -> Self {
        let mut packed = Packed::new();
        let ids: Vec<PrefixId> = prompts.iter().map(|prompt| packed.prefix(prompt)).collect();
        let rows: Vec<_> = ids.iter().map(|id| packed.prefix_rows(*id)).collect();
        let mut heads = Vec::new();
        let last = model.run(&packed, Some(&last_rows(&rows)), |layer| heads.push(layer));
        let next_positions = prompts.iter().map(|prompt| prompt.next_position).collect();
        Self { packed, ids, next_positions, heads, last }
    }

    /// Hidden states, after the final norm, of the rows that predict the tokens of answers
    /// `[prompts][answers][tokens]`, in that order: `[tokens, hidden]`. The model is the one that
    /// read the prompts.
    pub fn hidden(&self, model: &Model, answers: &[Vec<&[u32]>]) -> Tensor<2> {
        let mut packed = self.packed.clone();
        let (first, shown) = (packed.len(), packed.segments.len());
        let known = self.last.dims()[0];
        let mut wanted = Vec::new();
        for (at, (id, answers)) in self.ids.iter().zip(answers).enumerate() {
            for ids in answers {
                let suffix = packed.suffix(*id, ids);
                // A token is predicted by the row before it, the first by its prompt's last row.
                let start = known + packed.suffix_rows(suffix).start - first;
                wanted.extend((0..ids.len()).map(|i| if i == 0 { at } else { start + i - 1 }));
            }
        }
        let kernels = model.kernels();
        let ids = Arc::new(packed.ids.split_off(first));
        let pass = Pass {
            kernels,
            rope: rope::text(model.text_config(), &packed.positions[first..]),
            segments: Arc::new(packed.segments.split_off(shown)),
        };
        let text = &model.language_model;
        let mut x = ops::embedding(kernels, text.embed_tokens.weight.val(), &ids);
        for (layer, shared) in text.layers.iter().zip(&self.heads) {
            x = layer.forward_after(&pass, shared.clone(), x);
        }
        let all = Tensor::cat(vec![self.last.clone(), model.finish(x)], 0);
        ops::gather_rows(kernels, all, &index_of(&wanted))
    }

    fn prefill(&self, model: &Model) -> Prefill {
        let rows: Vec<_> = self.ids.iter().map(|id| self.packed.prefix_rows(*id)).collect();
        let heads = self.heads.iter().map(|layer| layer.clone().inner()).collect();
        let logits = model.logits(self.last.clone().inner());
        Prefill::new(rows, self.next_positions.clone(), heads, logits)
    }
}

/// As [`generate`](crate::generate::generate), from prompts that the same weights have read.
///
/// # Errors
/// Options out of range, or seeds that do not match the prompts.
pub fn generate_after(
    policy: &Policy,
    prefix: &Prefix,
    prompts: &[Prompt],
    seeds: &[Vec<u64>],
    options: &SamplingOptions,
) -> Result<Vec<Vec<Generated>>, PolicyError> {
    let narrow = policy.model.for_sampling();
    let engine = Engine { model: narrow.as_ref().unwrap_or(&policy.model), config: &policy.config };
    engine.generate(prompts, seeds, options, || prefix.prefill(engine.model))
}
