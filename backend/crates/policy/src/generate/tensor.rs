//! Growing answers in tensor operations, for devices without kernels of this crate: all rows
//! together, attention prompt by prompt, since rows of one prompt share its keys.

use super::{Engine, Prefill, Rollout, SamplingOptions};
use crate::ops::plain::softmax_full;
use crate::ops::{self, Heads};
use crate::packed::Segment;
use crate::rope;
use crate::text::Pass;
use burn::tensor::{Int, Tensor, TensorData};
use std::sync::Arc;

/// Runs every answer to its end.
pub(super) fn decode(
    engine: &Engine,
    prefill: &Prefill,
    rollouts: &mut [Rollout],
    options: &SamplingOptions,
) {
    let heads = engine.model.text_config().heads();
    let mut caches: Vec<Cache> =
        prefill.heads.iter().map(|layer| Cache::new(layer, prefill, heads)).collect();
    let mut kept: Vec<usize> = (0..rollouts.len()).collect();
    loop {
        let live: Vec<usize> = kept.iter().copied().filter(|&i| !rollouts[i].done).collect();
        if live.is_empty() {
            return;
        }
        if live.len() < kept.len() {
            let places: Vec<i32> = (0..kept.len())
                .filter(|&at| !rollouts[kept[at]].done)
                .map(|at| at as i32)
                .collect();
            caches.iter_mut().for_each(|cache| cache.select(&places));
        }
        kept = live;
        let logits = step(engine, prefill, rollouts, &kept, &mut caches);
        let vocab = logits.len() / kept.len();
        for (&i, row) in kept.iter().zip(logits.chunks_exact(vocab)) {
            rollouts[i].accept(row, options, &engine.config.eos_token_ids);
        }
    }
}

/// Logits `[live.len() * vocab]` after each live answer's last token.
fn step(
    engine: &Engine,
    prefill: &Prefill,
    rollouts: &[Rollout],
    live: &[usize],
    caches: &mut [Cache],
) -> Vec<f32> {
    let model = engine.model;
    let k = model.kernels();
    let ids: Vec<u32> = live.iter().filter_map(|&i| rollouts[i].out.ids.last().copied()).collect();
    let positions: Vec<[i32; 3]> =
        live.iter().map(|&i| [rollouts[i].position(prefill); 3]).collect();
    let groups = groups(rollouts, live);
    let pass = Pass {
        kernels: k,
        rope: rope::text(model.text_config(), &positions),
        segments: Arc::new(Vec::<Segment>::new()),
    };
    let embedding = model.language_model.embed_tokens.weight.val();
    let mut x = ops::embedding(k, embedding, &Arc::new(ids));
    for (layer, cache) in model.language_model.layers.iter().zip(caches) {
        let packed = layer.self_attn.packed(&pass, layer.input_layernorm.forward(k, x.clone()));
        let seen = cache.attend(packed, &groups);
        x = layer.finish(&pass, x, seen);
    }
    model.logits(model.language_model.norm.forward(k, x)).into_data().iter::<f32>().collect()
}

/// (prompt, live rows) of each prompt that still has some; rollouts are in prompt order.
fn groups(rollouts: &[Rollout], live: &[usize]) -> Vec<(usize, std::ops::Range<usize>)> {
    let mut out: Vec<(usize, std::ops::Range<usize>)> = Vec::new();
    for (row, &i) in live.iter().enumerate() {
        match out.last_mut() {
            Some((prompt, rows)) if *prompt == rollouts[i].prompt => rows.end = row + 1,
            _ => out.push((rollouts[i].prompt, row..row + 1)),
        }
    }
    out
}

/// Keys and values of one layer.
struct Cache {
    heads: Heads,
    /// Keys and values of each prompt, `[key heads, tokens, dim]`.
    shared: Vec<[Tensor<3>; 2]>,
    /// Keys and values of answers, `[rows, key heads, room, dim]`: room for all tokens an answer
    /// may have is taken in blocks, so that a new token is written in its place.
    own: Option<[Tensor<4>; 2]>,
    /// Tokens that `own` holds.
    steps: usize,
}

/// Tokens that room is made for at a time.
const BLOCK: usize = 64;

impl Cache {
    fn new(layer: &Tensor<2>, prefill: &Prefill, heads: Heads) -> Self {
        let width = heads.width();
        let shared = prefill.rows.iter().map(|rows| {
            let packed = layer.clone().slice([rows.clone(), 0..width]);
            key_values(packed, heads).map(|x| x.swap_dims(0, 1))
        });
        Self { heads, shared: shared.collect(), own: None, steps: 0 }
    }

    /// Keeps some answers' rows.
    fn select(&mut self, rows: &[i32]) {
        self.own = self.own.take().map(|own| {
            own.map(|x| {
                let index = Tensor::<1, Int>::from_data(
                    TensorData::new(rows.to_vec(), [rows.len()]),
                    &x.device(),
                );
                x.select(0, index)
            })
        });
    }

    /// Packed heads of one new token a row `[rows, width]` -> `[rows, queries * dim]`.
    fn attend(
        &mut self,
        packed: Tensor<2>,
        groups: &[(usize, std::ops::Range<usize>)],
    ) -> Tensor<2> {
        let Heads { queries, keys, dim } = self.heads;
        let rows = packed.dims()[0];
        let new = key_values(packed.clone(), self.heads).map(|x| x.unsqueeze_dim::<4>(2));
        let own = self.written(new);
        let group = queries / keys;
        let q = packed.slice([0..rows, 0..queries * dim]).reshape([rows, keys, group, dim]);
        let q = q.mul_scalar((dim as f32).powf(-0.5));
        let steps = self.steps;
        let parts = groups.iter().map(|(prompt, rows)| {
            let [own_k, own_v] =
                own.clone().map(|x| x.slice([rows.clone(), 0..keys, 0..steps, 0..dim]));
            self.group(q.clone().slice([rows.clone()]), *prompt, own_k, own_v)
        });
        let out = Tensor::cat(parts.collect(), 0);
        self.own = Some(own);
        out
    }

    /// Keys and values of all answers with those of a new token, `[rows, key heads, 1, dim]` each.
    fn written(&mut self, new: [Tensor<4>; 2]) -> [Tensor<4>; 2] {
        let at = self.steps;
        self.steps += 1;
        let [rows, keys, _, dim] = new[0].dims();
        let room =
            |x: &Tensor<4>| Tensor::zeros([rows, keys, BLOCK, dim], (&x.device(), x.dtype()));
        let [own_k, own_v] = match self.own.take() {
            None => new.each_ref().map(room),
            Some([k, v]) if at == k.dims()[2] => [
                Tensor::cat(vec![k.clone(), room(&k)], 2),
                Tensor::cat(vec![v.clone(), room(&v)], 2),
            ],
            Some(own) => own,
        };
        let [new_k, new_v] = new;
        let place = [0..rows, 0..keys, at..at + 1, 0..dim];
        [own_k.slice_assign(place.clone(), new_k), own_v.slice_assign(place, new_v)]
    }

    /// Rows of one prompt: queries `[rows, key heads, group, dim]`, own keys and values.
    fn group(&self, q: Tensor<4>, prompt: usize, own_k: Tensor<4>, own_v: Tensor<4>) -> Tensor<2> {
        let [rows, keys, group, dim] = q.dims();
        let [shared_k, shared_v] = self.shared[prompt].clone();
        let (tokens, steps) = (shared_k.dims()[1], own_k.dims()[2]);
        let by_head = q.clone().swap_dims(0, 1).reshape([keys, rows * group, dim]);
        let to_shared = by_head
            .matmul(shared_k.swap_dims(1, 2))
            .reshape([keys, rows, group, tokens])
            .swap_dims(0, 1);
        let to_own = q.matmul(own_k.swap_dims(2, 3));
        let weights = softmax_full(Tensor::cat(vec![to_shared, to_own], 3));
        let part =
            |from: usize, to: usize| weights.clone().slice([0..rows, 0..keys, 0..group, from..to]);
        let on_shared = part(0, tokens).swap_dims(0, 1).reshape([keys, rows * group, tokens]);
        let seen = on_shared.matmul(shared_v).reshape([keys, rows, group, dim]).swap_dims(0, 1);
        let seen = seen + part(tokens, tokens + steps).matmul(own_v);
        seen.reshape([rows, keys * group * dim])
    }
}

/// Keys and values of packed rows, `[rows, key heads, dim]` each.
fn key_values(packed: Tensor<2>, heads: Heads) -> [Tensor<3>; 2] {
    let rows = packed.dims()[0];
    let size = heads.keys * heads.dim;
    let from = heads.queries * heads.dim;
    [from, from + size].map(|at| {
        packed.clone().slice([0..rows, at..at + size]).reshape([rows, heads.keys, heads.dim])
    })
}
