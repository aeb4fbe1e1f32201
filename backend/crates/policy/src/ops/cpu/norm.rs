//! RMS norm and layer norm over rows.

use super::simd::{self, simd_fn};
use super::{PIECE, add_to, unwritten};
use rayon::prelude::*;

/// Numbers of whole rows in one piece.
fn piece(width: usize) -> usize {
    (PIECE / width).max(1) * width
}

#[inline(always)]
fn rms_body(x: &[f32], y: &mut [f32], weight: &[f32], eps: f32) {
    let width = weight.len();
    for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
        let scale = 1.0 / (simd::dot(x, x) / width as f32 + eps).sqrt();
        for i in 0..width {
            y[i] = x[i] * scale * weight[i];
        }
    }
}
simd_fn! { fn rms = rms_body(x: &[f32], y: &mut [f32], weight: &[f32], eps: f32) }

/// Rows `[n, width]` -> the same.
pub(crate) fn rms_forward(x: &[f32], weight: &[f32], eps: f32) -> Vec<f32> {
    let mut y = unwritten(x.len());
    let size = piece(weight.len());
    y.par_chunks_mut(size).zip(x.par_chunks(size)).for_each(|(y, x)| rms(x, y, weight, eps));
    y
}

/// [`rms_forward`] on the calling thread, for few rows.
pub(crate) fn rms_rows(x: &[f32], weight: &[f32], eps: f32) -> Vec<f32> {
    let mut y = unwritten(x.len());
    rms(x, &mut y, weight, eps);
    y
}

/// Gradient of one row, adding to the weight's: with `h = x / rms`,
/// `dx = (g w - h mean(g w h)) / rms`.
#[inline(always)]
pub(super) fn rms_row_grad(
    x: &[f32],
    g: &[f32],
    dx: &mut [f32],
    weight: &[f32],
    dw: &mut [f32],
    eps: f32,
) {
    let width = weight.len();
    let scale = 1.0 / (simd::dot(x, x) / width as f32 + eps).sqrt();
    for i in 0..width {
        dx[i] = g[i] * weight[i];
        dw[i] = (g[i] * x[i]).mul_add(scale, dw[i]);
    }
    let mean = simd::dot(dx, x) * scale * scale / width as f32;
    for i in 0..width {
        dx[i] = scale * (-mean).mul_add(x[i], dx[i]);
    }
}

#[inline(always)]
fn rms_grad_body(x: &[f32], g: &[f32], dx: &mut [f32], weight: &[f32], dw: &mut [f32], eps: f32) {
    let width = weight.len();
    let rows = x.chunks_exact(width).zip(g.chunks_exact(width)).zip(dx.chunks_exact_mut(width));
    for ((x, g), dx) in rows {
        rms_row_grad(x, g, dx, weight, dw, eps);
    }
}
simd_fn! { fn rms_grad = rms_grad_body(x: &[f32], g: &[f32], dx: &mut [f32], weight: &[f32], dw: &mut [f32], eps: f32) }

/// (dx `[n, width]`, dw `[width]`).
pub(crate) fn rms_backward(x: &[f32], weight: &[f32], g: &[f32], eps: f32) -> (Vec<f32>, Vec<f32>) {
    let mut dx = unwritten(x.len());
    let dw = summed(x, g, &mut dx, weight.len(), weight.len(), |x, g, dx, dw| {
        rms_grad(x, g, dx, weight, dw, eps)
    });
    (dx, dw)
}

#[inline(always)]
fn layer_body(x: &[f32], y: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    let width = weight.len();
    for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
        let mean = simd::sum(x) / width as f32;
        for i in 0..width {
            y[i] = x[i] - mean;
        }
        let scale = 1.0 / (simd::dot(y, y) / width as f32 + eps).sqrt();
        for i in 0..width {
            y[i] = (y[i] * scale).mul_add(weight[i], bias[i]);
        }
    }
}
simd_fn! { fn layer = layer_body(x: &[f32], y: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) }

/// Rows `[n, width]` -> the same.
pub(crate) fn layer_forward(x: &[f32], weight: &[f32], bias: &[f32], eps: f32) -> Vec<f32> {
    let mut y = unwritten(x.len());
    let size = piece(weight.len());
    y.par_chunks_mut(size)
        .zip(x.par_chunks(size))
        .for_each(|(y, x)| layer(x, y, weight, bias, eps));
    y
}

#[inline(always)]
fn layer_grad_body(
    x: &[f32],
    g: &[f32],
    dx: &mut [f32],
    weight: &[f32],
    sums: &mut [f32],
    eps: f32,
) {
    let width = weight.len();
    let (dw, db) = sums.split_at_mut(width);
    let mut h = vec![0.0f32; width];
    let rows = x.chunks_exact(width).zip(g.chunks_exact(width)).zip(dx.chunks_exact_mut(width));
    for ((x, g), dx) in rows {
        let mean = simd::sum(x) / width as f32;
        for i in 0..width {
            h[i] = x[i] - mean;
        }
        let scale = 1.0 / (simd::dot(&h, &h) / width as f32 + eps).sqrt();
        for i in 0..width {
            h[i] *= scale;
            dw[i] = g[i].mul_add(h[i], dw[i]);
            db[i] += g[i];
            dx[i] = g[i] * weight[i];
        }
        let first = simd::sum(dx) / width as f32;
        let second = simd::dot(dx, &h) / width as f32;
        for i in 0..width {
            dx[i] = scale * (-second).mul_add(h[i], dx[i] - first);
        }
    }
}
simd_fn! { fn layer_grad = layer_grad_body(x: &[f32], g: &[f32], dx: &mut [f32], weight: &[f32], sums: &mut [f32], eps: f32) }

/// (dx `[n, width]`, dw `[width]`, db `[width]`).
pub(crate) fn layer_backward(
    x: &[f32],
    weight: &[f32],
    g: &[f32],
    eps: f32,
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let width = weight.len();
    let mut dx = unwritten(x.len());
    let mut sums = summed(x, g, &mut dx, width, 2 * width, |x, g, dx, sums| {
        layer_grad(x, g, dx, weight, sums, eps)
    });
    let db = sums.split_off(width);
    (dx, sums, db)
}

/// Runs `rows` over pieces of whole rows and adds up, in order, the `sums` numbers each leaves.
pub(super) fn summed(
    x: &[f32],
    g: &[f32],
    dx: &mut [f32],
    width: usize,
    sums: usize,
    rows: impl Fn(&[f32], &[f32], &mut [f32], &mut [f32]) + Sync,
) -> Vec<f32> {
    let size = 4 * piece(width);
    let parts: Vec<Vec<f32>> = dx
        .par_chunks_mut(size)
        .zip(x.par_chunks(size))
        .zip(g.par_chunks(size))
        .map(|((dx, x), g)| {
            let mut part = vec![0.0; sums];
            rows(x, g, dx, &mut part);
            part
        })
        .collect();
    let mut total = vec![0.0; sums];
    parts.iter().for_each(|part| add_to(&mut total, part));
    total
}
