//! SwiGLU and the two forms of GELU, elementwise.

use super::simd::{self, simd_fn};
use super::{PIECE, unwritten};
use rayon::prelude::*;

/// Which GELU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gelu {
    /// With the error function.
    Erf,
    /// With the tanh approximation.
    Tanh,
}

#[inline(always)]
fn swiglu_body(x: &[f32], y: &mut [f32], inner: usize) {
    for (x, y) in x.chunks_exact(2 * inner).zip(y.chunks_exact_mut(inner)) {
        let (gate, up) = x.split_at(inner);
        for i in 0..inner {
            y[i] = gate[i] * simd::sigmoid(gate[i]) * up[i];
        }
    }
}
simd_fn! { fn swiglu_rows = swiglu_body(x: &[f32], y: &mut [f32], inner: usize) }

#[inline(always)]
fn swiglu_grad_body(x: &[f32], g: &[f32], dx: &mut [f32], inner: usize) {
    let rows =
        x.chunks_exact(2 * inner).zip(g.chunks_exact(inner)).zip(dx.chunks_exact_mut(2 * inner));
    for ((x, g), dx) in rows {
        let ((gate, up), (dgate, dup)) = (x.split_at(inner), dx.split_at_mut(inner));
        for i in 0..inner {
            let s = simd::sigmoid(gate[i]);
            let silu = gate[i] * s;
            dup[i] = g[i] * silu;
            dgate[i] = g[i] * up[i] * silu.mul_add(1.0 - s, s);
        }
    }
}
simd_fn! { fn swiglu_grads = swiglu_grad_body(x: &[f32], g: &[f32], dx: &mut [f32], inner: usize) }

/// Gate and up `[n, 2 * inner]` -> `[n, inner]`.
pub(crate) fn swiglu_forward(x: &[f32], inner: usize) -> Vec<f32> {
    let mut y = unwritten(x.len() / 2);
    let rows = (PIECE / inner).max(1);
    y.par_chunks_mut(rows * inner)
        .zip(x.par_chunks(2 * rows * inner))
        .for_each(|(y, x)| swiglu_rows(x, y, inner));
    y
}

/// [`swiglu_forward`] on the calling thread, for few rows.
pub(crate) fn swiglu_rows_of(x: &[f32], inner: usize) -> Vec<f32> {
    let mut y = unwritten(x.len() / 2);
    swiglu_rows(x, &mut y, inner);
    y
}

/// Gradient `[n, 2 * inner]`.
pub(crate) fn swiglu_backward(x: &[f32], g: &[f32], inner: usize) -> Vec<f32> {
    let mut dx = unwritten(x.len());
    let rows = (PIECE / inner).max(1);
    dx.par_chunks_mut(2 * rows * inner)
        .zip(x.par_chunks(2 * rows * inner).zip(g.par_chunks(rows * inner)))
        .for_each(|(dx, (x, g))| swiglu_grads(x, g, dx, inner));
    dx
}

/// `gelu(x) = x s` and its slope, where `s = sigmoid(2 u)`, `u = sqrt(2/pi) (x + 0.044715 x^3)`.
#[inline(always)]
fn tanh_form(x: f32) -> (f32, f32) {
    const C: f32 = 0.797_884_6;
    const CUBE: f32 = 0.044_715;
    let square = x * x;
    let s = simd::sigmoid(2.0 * C * x * CUBE.mul_add(square, 1.0));
    let slope = 2.0 * C * (3.0 * CUBE).mul_add(square, 1.0);
    (x * s, (x * s * (1.0 - s)).mul_add(slope, s))
}

/// `gelu(x) = x cdf(x)` and its slope (normal distribution; Abramowitz and Stegun 7.1.26, error
/// under 1.5e-7).
#[inline(always)]
fn erf_form(x: f32) -> (f32, f32) {
    let bell = simd::exp(-0.5 * x * x);
    let t = 1.0 / (x.abs() * std::f32::consts::FRAC_1_SQRT_2).mul_add(0.327_591_1, 1.0);
    let p = 1.061_405_4_f32
        .mul_add(t, -1.453_152_1)
        .mul_add(t, 1.421_413_8)
        .mul_add(t, -0.284_496_74)
        .mul_add(t, 0.254_829_6);
    let tail = 0.5 * p * t * bell;
    let cdf = if x >= 0.0 { 1.0 - tail } else { tail };
    (x * cdf, (x * bell).mul_add(0.398_942_3, cdf))
}

#[inline(always)]
fn gelu_body(x: &[f32], y: &mut [f32], form: Gelu) {
    match form {
        Gelu::Tanh => x.iter().zip(y).for_each(|(x, y)| *y = tanh_form(*x).0),
        Gelu::Erf => x.iter().zip(y).for_each(|(x, y)| *y = erf_form(*x).0),
    }
}
simd_fn! { fn gelu_piece = gelu_body(x: &[f32], y: &mut [f32], form: Gelu) }

#[inline(always)]
fn gelu_grad_body(x: &[f32], g: &[f32], dx: &mut [f32], form: Gelu) {
    let all = x.iter().zip(g).zip(dx);
    match form {
        Gelu::Tanh => all.for_each(|((x, g), dx)| *dx = g * tanh_form(*x).1),
        Gelu::Erf => all.for_each(|((x, g), dx)| *dx = g * erf_form(*x).1),
    }
}
simd_fn! { fn gelu_grads = gelu_grad_body(x: &[f32], g: &[f32], dx: &mut [f32], form: Gelu) }

/// Elementwise.
pub(crate) fn gelu_forward(x: &[f32], form: Gelu) -> Vec<f32> {
    let mut y = unwritten(x.len());
    y.par_chunks_mut(PIECE).zip(x.par_chunks(PIECE)).for_each(|(y, x)| gelu_piece(x, y, form));
    y
}

/// Elementwise.
pub(crate) fn gelu_backward(x: &[f32], g: &[f32], form: Gelu) -> Vec<f32> {
    let mut dx = unwritten(x.len());
    dx.par_chunks_mut(PIECE)
        .zip(x.par_chunks(PIECE).zip(g.par_chunks(PIECE)))
        .for_each(|(dx, (x, g))| gelu_grads(x, g, dx, form));
    dx
}
