//! Log-probabilities of targets and entropies of rows of logits.

use super::simd::{self, simd_fn};
use super::unwritten;
use rayon::prelude::*;

/// Rows a task takes at least.
const ROWS: usize = 8;

#[inline(always)]
fn logprob_body(row: &[f32], work: &mut [f32], target: usize, scale: f32) -> f32 {
    let top = simd::max(row) * scale;
    work.copy_from_slice(row);
    let total = simd::exp_row(work, scale, top);
    row[target].mul_add(scale, -top) - total.ln()
}
simd_fn! { fn logprob = logprob_body(row: &[f32], work: &mut [f32], target: usize, scale: f32) -> f32 }

/// Logits `[n, vocab]` -> `[n]`.
pub(crate) fn forward(logits: &[f32], targets: &[u32], scale: f32) -> Vec<f32> {
    let vocab = logits.len() / targets.len().max(1);
    let mut out = unwritten(targets.len());
    out.par_chunks_mut(ROWS)
        .zip(logits.par_chunks(ROWS * vocab).zip(targets.par_chunks(ROWS)))
        .for_each(|(out, (logits, targets))| {
            let mut work = unwritten(vocab);
            for ((out, row), &target) in out.iter_mut().zip(logits.chunks_exact(vocab)).zip(targets)
            {
                *out = logprob(row, &mut work, target as usize, scale);
            }
        });
    out
}

#[inline(always)]
fn grad_body(row: &[f32], out: &mut [f32], target: usize, scale: f32, g: f32) {
    let top = simd::max(row) * scale;
    out.copy_from_slice(row);
    let total = simd::exp_row(out, scale, top);
    simd::scale_row(out, -g * scale / total);
    out[target] += g * scale;
}
simd_fn! { fn grad = grad_body(row: &[f32], out: &mut [f32], target: usize, scale: f32, g: f32) }

/// Gradient of the logits `[n, vocab]` from that of each row's log-probability `[n]`.
pub(crate) fn backward(logits: &[f32], targets: &[u32], scale: f32, g: &[f32]) -> Vec<f32> {
    let vocab = logits.len() / targets.len().max(1);
    let mut out = unwritten(logits.len());
    out.par_chunks_mut(ROWS * vocab)
        .zip(logits.par_chunks(ROWS * vocab))
        .zip(targets.par_chunks(ROWS).zip(g.par_chunks(ROWS)))
        .for_each(|((out, logits), (targets, g))| {
            let rows = out.chunks_exact_mut(vocab).zip(logits.chunks_exact(vocab));
            for ((out, row), (&target, &g)) in rows.zip(targets.iter().zip(g)) {
                grad(row, out, target as usize, scale, g);
            }
        });
    out
}

#[inline(always)]
fn entropy_body(row: &[f32], work: &mut [f32], scale: f32) -> f32 {
    let top = simd::max(row) * scale;
    work.copy_from_slice(row);
    let total = simd::exp_row(work, scale, top);
    // sum p (log total - (x - top)), with p = work / total
    total.ln() + top - simd::dot(work, row) * scale / total
}
simd_fn! { fn row_entropy = entropy_body(row: &[f32], work: &mut [f32], scale: f32) -> f32 }

/// Logits `[n, vocab]` -> `[n]`, in nats.
pub(crate) fn entropy(logits: &[f32], vocab: usize, scale: f32) -> Vec<f32> {
    let mut out = unwritten(logits.len() / vocab);
    out.par_chunks_mut(ROWS).zip(logits.par_chunks(ROWS * vocab)).for_each(|(out, logits)| {
        let mut work = unwritten(vocab);
        for (out, row) in out.iter_mut().zip(logits.chunks_exact(vocab)) {
            *out = row_entropy(row, &mut work, scale);
        }
    });
    out
}

#[inline(always)]
fn entropy_grad_body(row: &[f32], out: &mut [f32], scale: f32, g: f32) {
    let top = simd::max(row) * scale;
    out.copy_from_slice(row);
    let total = simd::exp_row(out, scale, top);
    // d H / d x = -scale p (log p + H), with log p + H = scale (x - mean x)
    let mean = simd::dot(out, row) / total;
    let factor = -g * scale * scale / total;
    for (out, x) in out.iter_mut().zip(row) {
        *out *= factor * (x - mean);
    }
}
simd_fn! { fn entropy_grad = entropy_grad_body(row: &[f32], out: &mut [f32], scale: f32, g: f32) }

/// Gradient of the logits `[n, vocab]` from that of each row's entropy `[n]`.
pub(crate) fn entropy_backward(logits: &[f32], vocab: usize, scale: f32, g: &[f32]) -> Vec<f32> {
    let mut out = unwritten(logits.len());
    out.par_chunks_mut(ROWS * vocab)
        .zip(logits.par_chunks(ROWS * vocab))
        .zip(g.par_chunks(ROWS))
        .for_each(|((out, logits), g)| {
            let rows = out.chunks_exact_mut(vocab).zip(logits.chunks_exact(vocab));
            rows.zip(g).for_each(|((out, row), &g)| entropy_grad(row, out, scale, g));
        });
    out
}
