//! Linear layers with weights `[out, in]`, cut by rows.

use super::{Mat, Shared, Store, add_to, product, unwritten};
use rayon::prelude::*;

/// Rows of one product: few enough to stay in a core's cache.
const ROWS: usize = 256;
/// Columns of a weight that are turned at once: a cache line.
const TILE: usize = 16;
/// Weight gradients are summed over so many groups of rows side by side.
const GROUPS: usize = 8;
/// Weights above this many numbers do not get one partial gradient per group.
const LARGE: usize = 1 << 21;

/// `x @ weight^T + bias`: `[n, inner]` -> `[n, out]`; no bias if it is empty.
pub(crate) fn forward(x: &[f32], weight: &[f32], bias: &[f32], inner: usize) -> Vec<f32> {
    let out = weight.len() / inner;
    let rows = x.len() / inner;
    let mut y = unwritten(rows * out);
    let turned = turned(weight, inner, rows);
    let layer = Layer { weight: turned.matrix(weight, inner), out, inner, bias };
    y.par_chunks_mut(ROWS * out)
        .zip(x.par_chunks(ROWS * inner))
        .for_each(|(y, x)| rows_forward(x, y, &layer));
    y
}

/// [`forward`] over pieces of rows that lie apart.
pub(crate) fn forward_pieces(
    pieces: &[&[f32]],
    weight: &[f32],
    bias: &[f32],
    inner: usize,
) -> Vec<f32> {
    let out = weight.len() / inner;
    let rows: usize = pieces.iter().map(|piece| piece.len() / inner).sum();
    let mut y = unwritten(rows * out);
    let mut tasks = Vec::new();
    let mut rest = y.as_mut_slice();
    for piece in pieces {
        for x in piece.chunks(ROWS * inner) {
            let (y, after) = rest.split_at_mut(x.len() / inner * out);
            tasks.push((x, y));
            rest = after;
        }
    }
    let turned = turned(weight, inner, rows);
    let layer = Layer { weight: turned.matrix(weight, inner), out, inner, bias };
    tasks.into_par_iter().for_each(|(x, y)| rows_forward(x, y, &layer));
    y
}

/// A linear layer with its weight seen as `[in, out]`.
struct Layer<'a> {
    weight: Mat,
    out: usize,
    inner: usize,
    bias: &'a [f32],
}

// SAFETY: the matrix is only read, and the weight outlives every task.
unsafe impl Sync for Layer<'_> {}

/// A copy of a weight as `[in, out]`, or nothing.
struct Turned(Vec<f32>);

impl Turned {
    fn matrix(&self, weight: &[f32], inner: usize) -> Mat {
        if self.0.is_empty() {
            Mat::rows(weight.as_ptr(), inner).t()
        } else {
            Mat::rows(self.0.as_ptr(), weight.len() / inner)
        }
    }
}

/// Turns the weight once where many products would each do it again.
fn turned(weight: &[f32], inner: usize, rows: usize) -> Turned {
    if rows < 2 * ROWS {
        return Turned(Vec::new());
    }
    let out = weight.len() / inner;
    let mut copy = unwritten(weight.len());
    copy.par_chunks_mut(TILE * out).enumerate().for_each(|(tile, band)| {
        for (o, row) in weight.chunks_exact(inner).enumerate() {
            let from = tile * TILE;
            for (i, value) in row[from..from + band.len() / out].iter().enumerate() {
                band[i * out + o] = *value;
            }
        }
    });
    Turned(copy)
}

/// Fewer rows than this take other ways through the matrix library, whose sums differ in the
/// last bits: a row's result must not depend on how many rows stand beside it.
fn least_rows(out: usize, inner: usize) -> usize {
    let narrow = if out <= 64 && inner > 512 { 65 } else { 2 };
    narrow.max(256 / out + 1)
}

fn rows_forward(x: &[f32], y: &mut [f32], layer: &Layer) {
    let &Layer { weight, out, inner, bias } = layer;
    let rows = x.len() / inner;
    let least = least_rows(out, inner);
    if rows < least {
        let (mut wide_x, mut wide_y) = (x.to_vec(), unwritten(least * out));
        wide_x.resize(least * inner, 0.0);
        rows_forward(&wide_x, &mut wide_y, layer);
        y.copy_from_slice(&wide_y[..rows * out]);
        return;
    }
    let store = if bias.is_empty() { Store::Set } else { Store::Add };
    if store == Store::Add {
        y.chunks_exact_mut(out).for_each(|y| y.copy_from_slice(bias));
    }
    // SAFETY: x is rows x inner, the weight out x inner, y rows x out.
    unsafe {
        product(
            [rows, out, inner],
            y.as_mut_ptr(),
            out,
            store,
            Mat::rows(x.as_ptr(), inner),
            weight,
            1.0,
        );
    }
}

/// Gradient of the input: `g @ weight`, `[n, out]` -> `[n, inner]`.
pub(crate) fn input_grad(g: &[f32], weight: &[f32], inner: usize) -> Vec<f32> {
    let out = weight.len() / inner;
    let mut dx = unwritten(g.len() / out * inner);
    dx.par_chunks_mut(ROWS * inner).zip(g.par_chunks(ROWS * out)).for_each(|(dx, g)| {
        // SAFETY: g is rows x out, the weight out x inner, dx rows x inner.
        unsafe {
            product(
                [g.len() / out, inner, out],
                dx.as_mut_ptr(),
                inner,
                Store::Set,
                Mat::rows(g.as_ptr(), out),
                Mat::rows(weight.as_ptr(), inner),
                1.0,
            );
        }
    });
    dx
}

/// Gradients of weight `[out, inner]` and bias `[out]` over pieces of rows:
/// `g^T @ x` and the sum of `g`.
pub(crate) fn weight_grad(
    pieces: &[&[f32]],
    g: &[f32],
    inner: usize,
    out: usize,
) -> (Vec<f32>, Vec<f32>) {
    let chunks = chunks(pieces, g, inner, out);
    if inner * out > LARGE {
        return large_weight_grad(&chunks, inner, out);
    }
    let per_group = chunks.len().div_ceil(GROUPS).max(1);
    let parts: Vec<(Vec<f32>, Vec<f32>)> = chunks
        .par_chunks(per_group)
        .map(|group| {
            let (mut dw, mut db) = (vec![0.0; inner * out], vec![0.0; out]);
            for (x, g) in group {
                accumulate(x, g, dw.as_mut_ptr(), inner, out, 0..out);
                g.chunks_exact(out).for_each(|g| add_to(&mut db, g));
            }
            (dw, db)
        })
        .collect();
    let mut parts = parts.into_iter();
    let (mut dw, mut db) = parts.next().unwrap_or_else(|| (vec![0.0; inner * out], vec![0.0; out]));
    for (w, b) in parts {
        add_to(&mut dw, &w);
        add_to(&mut db, &b);
    }
    (dw, db)
}

/// The same with one target, cut by output rows.
fn large_weight_grad(
    chunks: &[(&[f32], &[f32])],
    inner: usize,
    out: usize,
) -> (Vec<f32>, Vec<f32>) {
    let (mut dw, mut db) = (vec![0.0; inner * out], vec![0.0; out]);
    for (_, g) in chunks {
        g.chunks_exact(out).for_each(|g| add_to(&mut db, g));
    }
    let target = Shared::new(&mut dw);
    let bands: Vec<usize> = (0..out).step_by(ROWS).collect();
    bands.par_iter().for_each(|&from| {
        let band = from..(from + ROWS).min(out);
        for (x, g) in chunks {
            // SAFETY: the band's rows belong to this task.
            accumulate(x, g, unsafe { target.at(from * inner) }, inner, out, band.clone());
        }
    });
    (dw, db)
}

/// `dw[band] += g[:, band]^T @ x`.
fn accumulate(
    x: &[f32],
    g: &[f32],
    dw: *mut f32,
    inner: usize,
    out: usize,
    band: std::ops::Range<usize>,
) {
    let rows = x.len() / inner;
    // SAFETY: x is rows x inner, g rows x out, dw holds the band's rows of inner numbers.
    unsafe {
        product(
            [band.len(), inner, rows],
            dw,
            inner,
            Store::Add,
            Mat::rows(g[band.start..].as_ptr(), out).t(),
            Mat::rows(x.as_ptr(), inner),
            1.0,
        );
    }
}

fn chunks<'a>(
    pieces: &[&'a [f32]],
    g: &'a [f32],
    inner: usize,
    out: usize,
) -> Vec<(&'a [f32], &'a [f32])> {
    let mut all = Vec::new();
    let mut rest = g;
    for piece in pieces {
        let (own, after) = rest.split_at(piece.len() / inner * out);
        all.extend(piece.chunks(ROWS * inner).zip(own.chunks(ROWS * out)));
        rest = after;
    }
    all
}
