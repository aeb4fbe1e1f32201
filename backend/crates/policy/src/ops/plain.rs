//! Every operation in tensor operations of the backend; autodiff differentiates them.

use super::{HeadNorms, Heads, Rope};
use crate::packed::{Mask, Segment};
use burn::tensor::activation::{log_softmax, sigmoid, softmax};
use burn::tensor::{Bool, Device, IndexingUpdateOp, Int, Tensor, TensorData};
use std::ops::Range;
use std::sync::Arc;

const MASKED: f32 = -1.0e9;

pub(super) fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
    let out = x.matmul(weight.transpose());
    match bias {
        Some(bias) => out + bias.unsqueeze(),
        None => out,
    }
}

pub(super) fn linear_shared(
    pieces: &[Arc<Vec<f32>>],
    weight: Tensor<2>,
    bias: Tensor<1>,
) -> Tensor<2> {
    let width = weight.dims()[1];
    let all: Vec<f32> = pieces.iter().flat_map(|piece| piece.iter().copied()).collect();
    let rows = all.len() / width;
    let x = Tensor::<2>::from_data(TensorData::new(all, [rows, width]), &weight.device());
    let x = alike(x, &weight);
    linear(x, weight, Some(bias))
}

/// `x` in the numbers that `other` has.
fn alike<const D: usize, const E: usize>(x: Tensor<D>, other: &Tensor<E>) -> Tensor<D> {
    if x.dtype() == other.dtype() {
        return x;
    }
    x.cast(other.dtype())
}

/// Softmax over the last axis: sums are f32 whatever the numbers are.
pub(crate) fn softmax_full(x: Tensor<4>) -> Tensor<4> {
    let like = x.clone();
    alike(softmax(super::full(x), 3), &like)
}

pub(super) fn rms_norm(x: Tensor<2>, weight: Tensor<1>, eps: f32) -> Tensor<2> {
    let scale = x.clone().square().mean_dim(1).add_scalar(eps).sqrt().recip();
    x * scale * weight.unsqueeze()
}

pub(super) fn layer_norm(x: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>, eps: f32) -> Tensor<2> {
    let centred = x.clone() - x.mean_dim(1);
    let scale = centred.clone().square().mean_dim(1).add_scalar(eps).sqrt().recip();
    centred * scale * weight.unsqueeze() + bias.unsqueeze()
}

pub(super) fn rotate(
    packed: Tensor<2>,
    norms: Option<HeadNorms>,
    rope: &Rope,
    heads: Heads,
) -> Tensor<2> {
    let [n, width] = packed.dims();
    let Heads { queries, keys, dim } = heads;
    let device = packed.device();
    let split = packed.reshape([n, queries + 2 * keys, dim]);
    let part = |range: Range<usize>| split.clone().slice([0..n, range, 0..dim]);
    let (mut q, mut k) = (part(0..queries), part(queries..queries + keys));
    if let Some(HeadNorms { query, key, eps }) = norms {
        let over = |x: Tensor<3>, weight: Tensor<1>| {
            let [a, b, c] = x.dims();
            rms_norm(x.reshape([a * b, c]), weight, eps).reshape([a, b, c])
        };
        (q, k) = (over(q, query), over(k, key));
    }
    let table = |values: &Arc<Vec<f32>>| {
        Tensor::<3>::from_data(TensorData::new(values.to_vec(), [n, 1, rope.half]), &device)
    };
    let (cos, sin) = (table(&rope.cos), table(&rope.sin));
    let turn = |x: Tensor<3>| {
        let rows = x.dims()[1];
        let low = x.clone().slice([0..n, 0..rows, 0..rope.half]);
        let high = x.slice([0..n, 0..rows, rope.half..dim]);
        let left = low.clone() * cos.clone() - high.clone() * sin.clone();
        let right = high * cos.clone() + low * sin.clone();
        Tensor::cat(vec![left, right], 2)
    };
    let v = part(queries + keys..queries + 2 * keys);
    Tensor::cat(vec![turn(q), turn(k), v], 1).reshape([n, width])
}

pub(super) fn attend(packed: Tensor<2>, segments: &[Segment], heads: Heads) -> Tensor<2> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < segments.len() {
        let first = &segments[at];
        let alike = |segment: &&Segment| {
            first.context.is_empty()
                && segment.context.is_empty()
                && segment.rows.len() == first.rows.len()
                && segment.mask == first.mask
        };
        let count = segments[at..].iter().take_while(alike).count().max(1);
        let rows = first.rows.start..segments[at + count - 1].rows.end;
        parts.push(attend_alike(&packed, rows, count, first, heads));
        at += count;
    }
    Tensor::cat(parts, 0)
}

/// `count` segments of one length side by side as a batch, or one segment with its context.
fn attend_alike(
    packed: &Tensor<2>,
    rows: Range<usize>,
    count: usize,
    like: &Segment,
    heads: Heads,
) -> Tensor<2> {
    let width = packed.dims()[1];
    let len = rows.len() / count;
    let context = like.context.len();
    let device = packed.device();
    let batch = |rows: Range<usize>| {
        let len = rows.len() / count;
        let slots = heads.queries + 2 * heads.keys;
        packed
            .clone()
            .slice([rows, 0..width])
            .reshape([count, len, slots, heads.dim])
            .swap_dims(1, 2)
    };
    let own = batch(rows);
    let [q, mut k, mut v] = split_heads(own, heads);
    if context > 0 {
        let [_, context_k, context_v] = split_heads(batch(like.context.clone()), heads);
        k = Tensor::cat(vec![context_k, k], 2);
        v = Tensor::cat(vec![context_v, v], 2);
    }
    let (k, v) = (repeat_heads(k, heads), repeat_heads(v, heads));
    let mut scores = q.matmul(k.swap_dims(2, 3)).mul_scalar((heads.dim as f32).powf(-0.5));
    if like.mask == Mask::Causal {
        scores = scores.mask_fill(hidden(len, context, &device).unsqueeze(), MASKED);
    }
    let out = softmax_full(scores).matmul(v);
    out.swap_dims(1, 2).reshape([count * len, heads.queries * heads.dim])
}

/// `[b, queries + 2 keys, len, dim]` -> queries, keys, values.
fn split_heads(packed: Tensor<4>, heads: Heads) -> [Tensor<4>; 3] {
    let [b, _, len, dim] = packed.dims();
    let part = |range: Range<usize>| packed.clone().slice([0..b, range, 0..len, 0..dim]);
    let Heads { queries, keys, .. } = heads;
    [part(0..queries), part(queries..queries + keys), part(queries + keys..queries + 2 * keys)]
}

/// Gives every query head its key head: `[b, keys, len, dim]` -> `[b, queries, len, dim]`.
fn repeat_heads(x: Tensor<4>, heads: Heads) -> Tensor<4> {
    let [b, keys, len, dim] = x.dims();
    let group = heads.queries / keys;
    let wide: Tensor<5> = x.unsqueeze_dim(2);
    wide.repeat_dim(2, group).reshape([b, keys * group, len, dim])
}

/// True where row i must not see key j: `[len, context + len]`.
fn hidden(len: usize, context: usize, device: &Device) -> Tensor<2, Bool> {
    let all = context + len;
    let cells: Vec<bool> = (0..len * all).map(|cell| cell % all > context + cell / all).collect();
    Tensor::from_data(TensorData::new(cells, [len, all]), device)
}

pub(super) fn swiglu(gate_up: Tensor<2>) -> Tensor<2> {
    let [n, width] = gate_up.dims();
    let gate = gate_up.clone().slice([0..n, 0..width / 2]);
    let up = gate_up.slice([0..n, width / 2..width]);
    gate.clone() * sigmoid(gate) * up
}

pub(super) fn gelu_tanh(x: Tensor<2>) -> Tensor<2> {
    let inner = (x.clone() + x.clone().powi_scalar(3).mul_scalar(0.044_715f32))
        .mul_scalar((2.0 / std::f32::consts::PI).sqrt());
    x.mul_scalar(0.5f32) * inner.tanh().add_scalar(1.0f32)
}

pub(super) fn indices(index: &[u32], device: &Device) -> Tensor<1, Int> {
    let index: Vec<i32> = index.iter().map(|&i| i as i32).collect();
    let n = index.len();
    Tensor::from_data(TensorData::new(index, [n]), device)
}

pub(super) fn gather_rows(table: Tensor<2>, index: &[u32]) -> Tensor<2> {
    let device = table.device();
    table.select(0, indices(index, &device))
}

pub(super) fn put_rows(base: Tensor<2>, rows: Tensor<2>, index: &[u32]) -> Tensor<2> {
    let at = indices(index, &base.device());
    let change = alike(rows, &base) - base.clone().select(0, at.clone());
    base.select_assign(0, at, change, IndexingUpdateOp::Add)
}

pub(super) fn add_rows(base: Tensor<2>, rows: Tensor<2>, index: &[u32]) -> Tensor<2> {
    let at = indices(index, &base.device());
    let rows = alike(rows, &base);
    base.select_assign(0, at, rows, IndexingUpdateOp::Add)
}

pub(super) fn target_logprobs(logits: Tensor<2>, targets: &[u32], scale: f32) -> Tensor<1> {
    let n = targets.len();
    let at = indices(targets, &logits.device()).reshape([n, 1]);
    log_softmax(logits.mul_scalar(scale), 1).gather(1, at).reshape([n])
}

pub(super) fn entropy(logits: Tensor<2>, scale: f32) -> Tensor<1> {
    let n = logits.dims()[0];
    let logp = log_softmax(logits.mul_scalar(scale), 1);
    (logp.clone().exp() * logp).sum_dim(1).neg().reshape([n])
}
