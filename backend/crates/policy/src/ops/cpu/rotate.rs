//! Norm and rotation of query and key heads, in packed rows.

use super::norm::rms_row_grad;
use super::simd::{self, simd_fn};
use super::{PIECE, add_to, unwritten};
use crate::ops::{Heads, Rope};
use rayon::prelude::*;

/// Weights of the norms over query and key heads.
#[derive(Clone, Copy)]
pub(crate) struct Norms<'a> {
    pub query: &'a [f32],
    pub key: &'a [f32],
    pub eps: f32,
}

/// Rows in one piece.
fn rows_per_piece(heads: Heads) -> usize {
    (PIECE / heads.width()).max(1)
}

#[inline(always)]
fn rows_body(
    x: &[f32],
    y: &mut [f32],
    cos: &[f32],
    sin: &[f32],
    norms: Option<Norms>,
    heads: Heads,
) {
    let (width, dim, half) = (heads.width(), heads.dim, heads.dim / 2);
    let turned = heads.queries + heads.keys;
    let angles = cos.chunks_exact(half).zip(sin.chunks_exact(half));
    for ((x, y), (cos, sin)) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)).zip(angles) {
        for head in 0..turned {
            let at = head * dim..(head + 1) * dim;
            let (x, y) = (&x[at.clone()], &mut y[at]);
            y.copy_from_slice(x);
            if let Some(norms) = norms {
                let weight = if head < heads.queries { norms.query } else { norms.key };
                let scale = 1.0 / (simd::dot(x, x) / dim as f32 + norms.eps).sqrt();
                for i in 0..dim {
                    y[i] = x[i] * scale * weight[i];
                }
            }
            let (low, high) = y.split_at_mut(half);
            for i in 0..half {
                let (a, b) = (low[i], high[i]);
                low[i] = a * cos[i] - b * sin[i];
                high[i] = b * cos[i] + a * sin[i];
            }
        }
        y[turned * dim..].copy_from_slice(&x[turned * dim..]);
    }
}
simd_fn! { fn rows = rows_body(x: &[f32], y: &mut [f32], cos: &[f32], sin: &[f32], norms: Option<Norms>, heads: Heads) }

/// Packed rows `[n, heads.width()]` -> the same.
pub(crate) fn forward(x: &[f32], norms: Option<Norms>, rope: &Rope, heads: Heads) -> Vec<f32> {
    let mut y = unwritten(x.len());
    let count = rows_per_piece(heads);
    y.par_chunks_mut(count * heads.width())
        .zip(x.par_chunks(count * heads.width()))
        .zip(rope.cos.par_chunks(count * rope.half).zip(rope.sin.par_chunks(count * rope.half)))
        .for_each(|((y, x), (cos, sin))| rows(x, y, cos, sin, norms, heads));
    y
}

/// [`forward`] on the calling thread, for few rows.
pub(crate) fn forward_rows(x: &[f32], norms: Option<Norms>, rope: &Rope, heads: Heads) -> Vec<f32> {
    let mut y = unwritten(x.len());
    rows(x, &mut y, &rope.cos, &rope.sin, norms, heads);
    y
}

/// What one piece of the backward pass reads.
#[derive(Clone, Copy)]
struct Piece<'a> {
    x: &'a [f32],
    g: &'a [f32],
    cos: &'a [f32],
    sin: &'a [f32],
}

#[inline(always)]
fn grads_body(piece: Piece, dx: &mut [f32], sums: &mut [f32], norms: Option<Norms>, heads: Heads) {
    let (width, dim, half) = (heads.width(), heads.dim, heads.dim / 2);
    let turned = heads.queries + heads.keys;
    let mut back = vec![0.0f32; dim];
    let (query_sums, key_sums) = sums.split_at_mut(dim);
    let angles = piece.cos.chunks_exact(half).zip(piece.sin.chunks_exact(half));
    let lines = piece.x.chunks_exact(width).zip(piece.g.chunks_exact(width));
    for (((x, g), dx), (cos, sin)) in lines.zip(dx.chunks_exact_mut(width)).zip(angles) {
        for head in 0..turned {
            let at = head * dim..(head + 1) * dim;
            let (low, high) = g[at.clone()].split_at(half);
            for i in 0..half {
                back[i] = low[i] * cos[i] + high[i] * sin[i];
                back[half + i] = high[i] * cos[i] - low[i] * sin[i];
            }
            match norms {
                None => dx[at].copy_from_slice(&back),
                Some(norms) if head < heads.queries => {
                    rms_row_grad(
                        &x[at.clone()],
                        &back,
                        &mut dx[at],
                        norms.query,
                        query_sums,
                        norms.eps,
                    );
                }
                Some(norms) => {
                    rms_row_grad(&x[at.clone()], &back, &mut dx[at], norms.key, key_sums, norms.eps)
                }
            }
        }
        dx[turned * dim..].copy_from_slice(&g[turned * dim..]);
    }
}
simd_fn! { fn grads = grads_body(piece: Piece, dx: &mut [f32], sums: &mut [f32], norms: Option<Norms>, heads: Heads) }

/// (dx `[n, heads.width()]`, d query weight `[dim]`, d key weight `[dim]`); without norms the
/// last two are zero.
pub(crate) fn backward(
    x: &[f32],
    norms: Option<Norms>,
    g: &[f32],
    rope: &Rope,
    heads: Heads,
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let mut dx = unwritten(g.len());
    let count = 4 * rows_per_piece(heads);
    let (wide, thin) = (count * heads.width(), count * rope.half);
    let parts: Vec<Vec<f32>> = dx
        .par_chunks_mut(wide)
        .zip(x.par_chunks(wide).zip(g.par_chunks(wide)))
        .zip(rope.cos.par_chunks(thin).zip(rope.sin.par_chunks(thin)))
        .map(|((dx, (x, g)), (cos, sin))| {
            let mut sums = vec![0.0; 2 * heads.dim];
            grads(Piece { x, g, cos, sin }, dx, &mut sums, norms, heads);
            sums
        })
        .collect();
    let mut query = vec![0.0; 2 * heads.dim];
    parts.iter().for_each(|part| add_to(&mut query, part));
    let key = query.split_off(heads.dim);
    (dx, query, key)
}
