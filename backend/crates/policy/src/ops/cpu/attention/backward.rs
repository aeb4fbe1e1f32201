//! Gradients of attention: the weights are made again from each row's normaliser.

use super::super::simd::{self, simd_fn};
use super::super::{Mat, Shared, Store, product};
use super::{Block, Columns, columns, families, grow, tasks};
use crate::ops::Heads;
use crate::packed::Segment;
use rayon::prelude::*;

#[inline(always)]
fn weights_body(row: &mut [f32], norm: f32) {
    for x in row.iter_mut() {
        *x = simd::exp(*x - norm);
    }
}
simd_fn! {
    /// Scores to weights by a known normaliser.
    fn weights = weights_body(row: &mut [f32], norm: f32)
}

#[inline(always)]
fn score_grads_body(weights: &[f32], grads: &mut [f32], out: &[f32], out_grad: &[f32], scale: f32) {
    let mean = simd::dot(out, out_grad);
    for (weight, grad) in weights.iter().zip(grads) {
        *grad = weight * (*grad - mean) * scale;
    }
}
simd_fn! {
    /// Gradients of weights to gradients of scores.
    fn score_grads = score_grads_body(weights: &[f32], grads: &mut [f32], out: &[f32], out_grad: &[f32], scale: f32)
}

/// What a backward pass reads.
pub(crate) struct Saved<'a> {
    pub packed: &'a [f32],
    pub out: &'a [f32],
    pub norms: &'a [f32],
}

/// Gradient of the packed heads `[n, heads.width()]` from the output's `[n, queries * dim]`.
pub(crate) fn backward(
    saved: &Saved,
    grad: &[f32],
    segments: &[Segment],
    heads: Heads,
) -> Vec<f32> {
    let n = saved.packed.len() / heads.width();
    let mut out = vec![0.0; saved.packed.len()];
    let target = Shared::new(&mut out);
    let group = heads.queries / heads.keys;
    let families = families(segments);
    let scratch = || (Vec::new(), Vec::new());
    tasks(&families, heads.keys).par_iter().for_each_init(
        scratch,
        |(scores, grads), &(family, key)| {
            for head in key * group..(key + 1) * group {
                let columns = columns(heads, head);
                let norms = &saved.norms[head * n..(head + 1) * n];
                for block in family.members.iter().flat_map(|segment| Block::all(segment)) {
                    block_backward(
                        saved,
                        grad,
                        &block,
                        columns,
                        norms,
                        [&mut *scores, &mut *grads],
                        target,
                    );
                }
            }
        },
    );
    out
}

/// A block's gradients, written where they belong; `scores` and `grads` are working memory.
fn block_backward(
    saved: &Saved,
    grad: &[f32],
    block: &Block,
    c: Columns,
    norms: &[f32],
    [scores, grads]: [&mut Vec<f32>; 2],
    target: Shared,
) {
    let (keys, first) = (block.keys(), block.rows.start);
    grow(scores, block.rows.len() * keys);
    grow(grads, block.rows.len() * keys);
    again(saved, grad, block, c, [&mut *scores, &mut *grads]);
    let scale = (c.dim as f32).powf(-0.5);
    let lines = scores.chunks_exact_mut(keys).zip(grads.chunks_exact_mut(keys));
    for (i, (score, slope)) in lines.enumerate() {
        let from = (first + i) * c.out_width + c.out;
        let head = from..from + c.dim;
        let (score, score_hidden) = score.split_at_mut(block.live(i));
        let (slope, slope_hidden) = slope.split_at_mut(block.live(i));
        weights(score, norms[first + i]);
        score_grads(score, slope, &saved.out[head.clone()], &grad[head], scale);
        score_hidden.fill(0.0);
        slope_hidden.fill(0.0);
    }
    spread(saved.packed, grad, block, c, [scores, grads], target);
}

/// Scores of the block `[rows, keys]` once more, and the gradients of its weights.
fn again(
    saved: &Saved,
    grad: &[f32],
    block: &Block,
    c: Columns,
    [scores, grads]: [&mut Vec<f32>; 2],
) {
    let (keys, first) = (block.keys(), block.rows.start);
    let at =
        |row: usize, col: usize| Mat::rows(saved.packed[row * c.width + col..].as_ptr(), c.width);
    let out_grad = Mat::rows(grad[first * c.out_width + c.out..].as_ptr(), c.out_width);
    let (query, scale) = (at(first, c.query), (c.dim as f32).powf(-0.5));
    for (part, col) in block.parts() {
        let size = [block.rows.len(), part.len(), c.dim];
        let (key, value) = (at(part.start, c.key).t(), at(part.start, c.value).t());
        let (score, slope) = (scores[col..].as_mut_ptr(), grads[col..].as_mut_ptr());
        // SAFETY: scores and their gradients hold rows x keys; heads lie inside their rows.
        unsafe {
            product(size, score, keys, Store::Set, query, key, scale);
            product(size, slope, keys, Store::Set, out_grad, value, 1.0);
        }
    }
}

/// From weights and gradients of scores, both `[rows, keys]`, to values, keys and queries.
fn spread(
    packed: &[f32],
    grad: &[f32],
    block: &Block,
    c: Columns,
    [weights, slopes]: [&[f32]; 2],
    target: Shared,
) {
    let (rows, keys, first) = (block.rows.len(), block.keys(), block.rows.start);
    let at = |row: usize, col: usize| Mat::rows(packed[row * c.width + col..].as_ptr(), c.width);
    let out_grad = Mat::rows(grad[first * c.out_width + c.out..].as_ptr(), c.out_width);
    for (step, (part, col)) in block.parts().enumerate() {
        let weight = Mat::rows(weights[col..].as_ptr(), keys);
        let slope = Mat::rows(slopes[col..].as_ptr(), keys);
        let (query, key) = (at(first, c.query), at(part.start, c.key));
        let (by_key, by_row) = ([part.len(), c.dim, rows], [rows, c.dim, part.len()]);
        let store = if step == 0 { Store::Set } else { Store::Add };
        // SAFETY: the family's rows, this key head's and its query heads' columns belong to
        // this task.
        unsafe {
            let to = |row: usize, col: usize| target.at(row * c.width + col);
            let (values, key_grads) = (to(part.start, c.value), to(part.start, c.key));
            product(by_key, values, c.width, Store::Add, weight.t(), out_grad, 1.0);
            product(by_key, key_grads, c.width, Store::Add, slope.t(), query, 1.0);
            product(by_row, to(first, c.query), c.width, store, slope, key, 1.0);
        }
    }
}
