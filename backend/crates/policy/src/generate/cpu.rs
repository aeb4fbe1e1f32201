//! Growing answers on the CPU: a task takes a few answers from their first token to their last,
//! so that cores never wait for each other.

use super::{Engine, LEAST_ROWS, Prefill, Rollout, SamplingOptions};
use crate::model::Model;
use crate::ops::Heads;
use crate::ops::cpu::simd::{self, simd_fn};
use crate::ops::cpu::{Mat, Store, activation, norm, product, rotate, unwritten};
use crate::rope;
use burn::tensor::Tensor;
use rayon::prelude::*;

/// Fewest and most answers of a task. Every task reads all weights for each token, so tasks are
/// as few as there are threads, unless answers of many lengths would leave a thread idle.
const ROWS: (usize, usize) = (16, 64);

/// Runs every answer to its end.
pub(super) fn decode(
    engine: &Engine,
    prefill: &Prefill,
    rollouts: &mut [Rollout],
    options: &SamplingOptions,
) {
    let weights = Weights::new(engine.model);
    let shared: Vec<Vec<Keys>> = prefill
        .heads
        .iter()
        .map(|layer| {
            let packed = numbers(layer.clone());
            let width = weights.heads.width();
            let of = |rows: &std::ops::Range<usize>| {
                Keys::new(&packed[rows.start * width..rows.end * width], weights.heads)
            };
            prefill.rows.par_iter().map(of).collect()
        })
        .collect();
    let rows = rollouts.len().div_ceil(rayon::current_num_threads()).clamp(ROWS.0, ROWS.1);
    rollouts.par_chunks_mut(rows).for_each(|rollouts| {
        let mut task = Task::new(&weights, &shared, rollouts.len());
        loop {
            let live: Vec<usize> = (0..rollouts.len()).filter(|&i| !rollouts[i].done).collect();
            if live.is_empty() {
                break;
            }
            let logits = task.step(engine.model, prefill, rollouts, &live);
            for (&i, row) in live.iter().zip(logits.chunks_exact(weights.vocab)) {
                rollouts[i].accept(row, options, &engine.config.eos_token_ids);
            }
        }
    });
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().expect("parameters and activations are f32 on the CPU")
}

/// A weight as `[in, out]`: the product with a few rows then reads it in place.
struct Weight {
    values: Vec<f32>,
    inner: usize,
    out: usize,
}

impl Weight {
    fn new(weight: Tensor<2>) -> Self {
        let [out, inner] = weight.dims();
        Self { values: numbers(weight.transpose()), inner, out }
    }

    /// `y = x @ w` or `y += x @ w` for `[rows, in]` -> `[rows, out]`.
    fn apply(&self, x: &[f32], y: &mut [f32], store: Store) {
        let rows = x.len() / self.inner;
        assert_eq!(y.len(), rows * self.out, "the target holds rows x out");
        // SAFETY: x is rows x in, the weight in x out, y rows x out.
        unsafe {
            product(
                [rows, self.out, self.inner],
                y.as_mut_ptr(),
                self.out,
                store,
                Mat::rows(x.as_ptr(), self.inner),
                Mat::rows(self.values.as_ptr(), self.out),
                1.0,
            );
        }
    }

    fn of(&self, x: &[f32]) -> Vec<f32> {
        let mut y = unwritten(x.len() / self.inner * self.out);
        self.apply(x, &mut y, Store::Set);
        y
    }
}

/// One decoder layer's weights.
struct LayerWeights {
    input_norm: Vec<f32>,
    query_norm: Vec<f32>,
    key_norm: Vec<f32>,
    qkv: Weight,
    out: Weight,
    mlp_norm: Vec<f32>,
    gate_up: Weight,
    down: Weight,
}

/// The decoder's weights, laid out for few rows.
struct Weights {
    layers: Vec<LayerWeights>,
    norm: Vec<f32>,
    head: Weight,
    embedding: Vec<f32>,
    heads: Heads,
    hidden: usize,
    vocab: usize,
    eps: f32,
}

impl Weights {
    fn new(model: &Model) -> Self {
        let text = &model.language_model;
        let layers = text.layers.iter().map(|layer| LayerWeights {
            input_norm: numbers(layer.input_layernorm.weight.val()),
            query_norm: numbers(layer.self_attn.q_norm.weight.val()),
            key_norm: numbers(layer.self_attn.k_norm.weight.val()),
            qkv: Weight::new(layer.self_attn.packed_weight()),
            out: Weight::new(layer.self_attn.o_proj.weight.val()),
            mlp_norm: numbers(layer.post_attention_layernorm.weight.val()),
            gate_up: Weight::new(layer.mlp.packed_weight()),
            down: Weight::new(layer.mlp.down_proj.weight.val()),
        });
        let config = model.text_config();
        Self {
            layers: layers.collect(),
            norm: numbers(text.norm.weight.val()),
            head: Weight::new(model.head()),
            embedding: numbers(text.embed_tokens.weight.val()),
            heads: config.heads(),
            hidden: config.hidden_size,
            vocab: config.vocab_size,
            eps: config.rms_norm_eps as f32,
        }
    }
}

/// Keys and values of a prompt in one layer.
struct Keys {
    /// `[key heads, dim, tokens]`: a query meets many keys at once.
    keys: Vec<f32>,
    /// `[key heads, tokens, dim]`.
    values: Vec<f32>,
    tokens: usize,
}

impl Keys {
    fn new(packed: &[f32], heads: Heads) -> Self {
        let tokens = packed.len() / heads.width();
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for head in 0..heads.keys {
            let key = (heads.queries + head) * heads.dim;
            let value = key + heads.keys * heads.dim;
            for i in key..key + heads.dim {
                keys.extend(packed.chunks_exact(heads.width()).map(|row| row[i]));
            }
            packed
                .chunks_exact(heads.width())
                .for_each(|row| values.extend_from_slice(&row[value..value + heads.dim]));
        }
        Self { keys, values, tokens }
    }

    /// Keys `[dim, tokens]` and values `[tokens, dim]` of a head.
    fn head(&self, head: usize, dim: usize) -> (&[f32], &[f32]) {
        let size = dim * self.tokens;
        (&self.keys[head * size..][..size], &self.values[head * size..][..size])
    }
}

/// A few answers and their own keys and values.
struct Task<'a> {
    weights: &'a Weights,
    shared: &'a [Vec<Keys>],
    /// Per layer and answer `[tokens so far, 2 * key heads * dim]`: keys, then values of a token.
    /// They grow with the answer, so that the longest answer allowed costs nothing.
    own: Vec<Vec<Vec<f32>>>,
    scores: Vec<f32>,
}

impl<'a> Task<'a> {
    fn new(weights: &'a Weights, shared: &'a [Vec<Keys>], answers: usize) -> Self {
        let own = vec![vec![Vec::new(); answers]; weights.layers.len()];
        Self { weights, shared, own, scores: Vec::new() }
    }

    /// One more token for the live answers: logits `[live.len(), vocab]` after their last one.
    fn step(
        &mut self,
        model: &Model,
        prefill: &Prefill,
        rollouts: &[Rollout],
        live: &[usize],
    ) -> Vec<f32> {
        let weights = self.weights;
        let rows = live.len().max(LEAST_ROWS);
        let mut x = vec![0.0; rows * weights.hidden];
        let mut positions = vec![[0; 3]; rows];
        for (row, &i) in live.iter().enumerate() {
            let last = rollouts[i].out.ids.last().map_or(0, |&id| id as usize);
            x[row * weights.hidden..][..weights.hidden]
                .copy_from_slice(&weights.embedding[last * weights.hidden..][..weights.hidden]);
            positions[row] = [rollouts[i].position(prefill); 3];
        }
        let rope = rope::text(model.text_config(), &positions);
        for (index, layer) in weights.layers.iter().enumerate() {
            let norms =
                rotate::Norms { query: &layer.query_norm, key: &layer.key_norm, eps: weights.eps };
            let packed = layer.qkv.of(&norm::rms_rows(&x, &layer.input_norm, weights.eps));
            let packed = rotate::forward_rows(&packed, Some(norms), &rope, weights.heads);
            let seen = self.attend(index, &packed, rollouts, live);
            layer.out.apply(&seen, &mut x, Store::Add);
            let inner = layer.gate_up.of(&norm::rms_rows(&x, &layer.mlp_norm, weights.eps));
            layer.down.apply(
                &activation::swiglu_rows_of(&inner, layer.down.inner),
                &mut x,
                Store::Add,
            );
        }
        weights.head.of(&norm::rms_rows(&x, &weights.norm, weights.eps))
    }

    /// Notes the new keys and values, then each row's heads over prompt and own tokens.
    fn attend(
        &mut self,
        layer: usize,
        packed: &[f32],
        rollouts: &[Rollout],
        live: &[usize],
    ) -> Vec<f32> {
        let heads = self.weights.heads;
        let (width, kept) = (heads.width(), 2 * heads.keys * heads.dim);
        let mut out = vec![0.0; packed.len() / width * heads.queries * heads.dim];
        for ((packed, out), &i) in packed
            .chunks_exact(width)
            .zip(out.chunks_exact_mut(heads.queries * heads.dim))
            .zip(live)
        {
            let own = &mut self.own[layer][i];
            own.extend_from_slice(&packed[heads.queries * heads.dim..]);
            let shared = &self.shared[layer][rollouts[i].prompt];
            self.scores.resize(shared.tokens + own.len() / kept, 0.0);
            for (head, out) in out.chunks_exact_mut(heads.dim).enumerate() {
                let key = head * heads.keys / heads.queries;
                let (keys, values) = shared.head(key, heads.dim);
                let view = View {
                    keys,
                    values,
                    own: &own[key * heads.dim..],
                    kept,
                    offset: heads.keys * heads.dim,
                };
                one_head(&packed[head * heads.dim..][..heads.dim], view, &mut self.scores, out);
            }
        }
        out
    }
}

/// What a query sees: keys `[dim, tokens]` and values `[tokens, dim]` of the prompt; own tokens
/// `kept` numbers apart, each value `offset` after its key.
#[derive(Clone, Copy)]
struct View<'a> {
    keys: &'a [f32],
    values: &'a [f32],
    own: &'a [f32],
    kept: usize,
    offset: usize,
}

#[inline(always)]
fn one_head_body(query: &[f32], view: View, scores: &mut [f32], out: &mut [f32]) {
    let dim = query.len();
    let tokens = view.values.len() / dim;
    let own = view.own.len().div_ceil(view.kept);
    let (shared, rest) = scores.split_at_mut(tokens);
    shared.fill(0.0);
    for (&q, keys) in query.iter().zip(view.keys.chunks_exact(tokens)) {
        for (score, key) in shared.iter_mut().zip(keys) {
            *score = q.mul_add(*key, *score);
        }
    }
    for (i, score) in rest[..own].iter_mut().enumerate() {
        *score = simd::dot(query, &view.own[i * view.kept..][..dim]);
    }
    let scores = &mut scores[..tokens + own];
    let scale = (dim as f32).powf(-0.5);
    let top = simd::max(scores) * scale;
    let total = simd::exp_row(scores, scale, top);
    out.fill(0.0);
    let (shared, rest) = scores.split_at(tokens);
    for (weight, value) in shared.iter().zip(view.values.chunks_exact(dim)) {
        add_scaled(out, *weight, value);
    }
    for (i, weight) in rest.iter().enumerate() {
        add_scaled(out, *weight, &view.own[i * view.kept + view.offset..][..dim]);
    }
    simd::scale_row(out, 1.0 / total);
}
simd_fn! {
    /// Attention of one query.
    fn one_head = one_head_body(query: &[f32], view: View, scores: &mut [f32], out: &mut [f32])
}

#[inline(always)]
fn add_scaled(out: &mut [f32], weight: f32, value: &[f32]) {
    for (out, value) in out.iter_mut().zip(value) {
        *out = weight.mul_add(*value, *out);
    }
}
