//! Moving whole rows.

use super::{add_to, unwritten};
use rayon::prelude::*;

/// Rows a task takes at least.
const ROWS: usize = 64;

/// `table[index]`: `[rows, width]`, `[n]` -> `[n, width]`.
pub(crate) fn gather(table: &[f32], width: usize, index: &[u32]) -> Vec<f32> {
    let mut out = unwritten(index.len() * width);
    out.par_chunks_mut(ROWS * width).zip(index.par_chunks(ROWS)).for_each(|(out, index)| {
        for (out, &at) in out.chunks_exact_mut(width).zip(index) {
            out.copy_from_slice(&table[at as usize * width..][..width]);
        }
    });
    out
}

/// Sums rows into `[rows, width]`, in the order of the index.
pub(crate) fn scatter_add(values: &[f32], width: usize, index: &[u32], rows: usize) -> Vec<f32> {
    let mut out = vec![0.0; rows * width];
    for (value, &at) in values.chunks_exact(width).zip(index) {
        add_to(&mut out[at as usize * width..][..width], value);
    }
    out
}

/// Overwrites rows of `base`.
pub(crate) fn put(base: &mut [f32], values: &[f32], width: usize, index: &[u32]) {
    for (value, &at) in values.chunks_exact(width).zip(index) {
        base[at as usize * width..][..width].copy_from_slice(value);
    }
}

/// Adds to rows of `base`.
pub(crate) fn add(base: &mut [f32], values: &[f32], width: usize, index: &[u32]) {
    for (value, &at) in values.chunks_exact(width).zip(index) {
        add_to(&mut base[at as usize * width..][..width], value);
    }
}

/// Clears rows of `base`.
pub(crate) fn clear(base: &mut [f32], width: usize, index: &[u32]) {
    for &at in index {
        base[at as usize * width..][..width].fill(0.0);
    }
}
