//! Attention inside segments with shared contexts and grouped heads. The forward pass keeps the
//! logarithm of each row's normaliser, from which the backward pass makes the weights again
//! (Dao et al. 2022, without the tiling that only GPUs need).

use super::simd::{self, simd_fn};
use super::{Mat, Shared, Store, product, unwritten};
use crate::ops::Heads;
use crate::packed::{Mask, Segment};
use rayon::prelude::*;
use std::collections::HashMap;
use std::ops::Range;

mod backward;
pub(crate) use backward::{Saved, backward};

/// Query rows handled at once.
const BLOCK: usize = 64;

/// The segments of one context, and the segment that is it where it is there: they write the
/// same key gradients, so one task takes them all.
struct Family<'a> {
    members: Vec<&'a Segment>,
}

fn families(segments: &[Segment]) -> Vec<Family<'_>> {
    let mut out: Vec<Family> = Vec::new();
    let mut by_start: HashMap<usize, usize> = HashMap::new();
    for segment in segments {
        if segment.context.is_empty() {
            by_start.insert(segment.rows.start, out.len());
            out.push(Family { members: vec![segment] });
        } else {
            // A context without a segment of its own is only looked at.
            let root = *by_start.entry(segment.context.start).or_insert_with(|| {
                out.push(Family { members: Vec::new() });
                out.len() - 1
            });
            out[root].members.push(segment);
        }
    }
    out
}

/// Every family with every head.
fn tasks<'a, 'b>(families: &'a [Family<'b>], heads: usize) -> Vec<(&'a Family<'b>, usize)> {
    families.iter().flat_map(|family| (0..heads).map(move |head| (family, head))).collect()
}

/// One block of query rows of one head, and the keys it sees: a part of the context, then own
/// rows.
struct Block {
    rows: Range<usize>,
    context: Range<usize>,
    own: Range<usize>,
    mask: Mask,
}

impl Block {
    fn all(segment: &Segment) -> impl DoubleEndedIterator<Item = Self> + '_ {
        let count = segment.rows.len().div_ceil(BLOCK);
        (0..count).map(move |i| {
            let start = segment.rows.start + i * BLOCK;
            let end = (start + BLOCK).min(segment.rows.end);
            let seen = if segment.mask == Mask::Causal { end } else { segment.rows.end };
            Self {
                rows: start..end,
                context: segment.context.clone(),
                own: segment.rows.start..seen,
                mask: segment.mask,
            }
        })
    }

    fn keys(&self) -> usize {
        self.context.len() + self.own.len()
    }

    /// Keys that row `i` of the block sees; the others come after them.
    fn live(&self, i: usize) -> usize {
        match self.mask {
            Mask::Full => self.keys(),
            Mask::Causal => self.context.len() + self.rows.start + i + 1 - self.own.start,
        }
    }

    /// Context and own keys with their column in the score matrix.
    fn parts(&self) -> impl Iterator<Item = (Range<usize>, usize)> {
        let parts = [(self.context.clone(), 0), (self.own.clone(), self.context.len())];
        parts.into_iter().filter(|(rows, _)| !rows.is_empty())
    }
}

/// Columns of a head in a packed row.
#[derive(Clone, Copy)]
struct Columns {
    width: usize,
    query: usize,
    key: usize,
    value: usize,
    dim: usize,
    /// Column in the output, whose rows are `out_width` wide.
    out: usize,
    out_width: usize,
}

fn columns(heads: Heads, head: usize) -> Columns {
    let group = heads.queries / heads.keys;
    let key = heads.queries + head / group;
    Columns {
        width: heads.width(),
        query: head * heads.dim,
        key: key * heads.dim,
        value: (key + heads.keys) * heads.dim,
        dim: heads.dim,
        out: head * heads.dim,
        out_width: heads.queries * heads.dim,
    }
}

/// Packed heads `[n, heads.width()]` -> (output `[n, queries * dim]`, log-normalisers
/// `[queries, n]`). The output of rows before the first segment is 0.
pub(crate) fn forward(packed: &[f32], segments: &[Segment], heads: Heads) -> (Vec<f32>, Vec<f32>) {
    let n = packed.len() / heads.width();
    let mut out = unwritten(n * heads.queries * heads.dim);
    let mut norms = unwritten(n * heads.queries);
    let unseen = segments.first().map_or(n, |first| first.rows.start);
    out[..unseen * heads.queries * heads.dim].fill(0.0);
    let (out_at, norms_at) = (Shared::new(&mut out), Shared::new(&mut norms));
    let families = families(segments);
    tasks(&families, heads.queries).par_iter().for_each_init(
        Vec::new,
        |scores, &(family, head)| {
            let columns = columns(heads, head);
            for block in family.members.iter().flat_map(|segment| Block::all(segment)) {
                // SAFETY: rows of a family and columns of a head belong to this task.
                let norms = unsafe {
                    std::slice::from_raw_parts_mut(
                        norms_at.at(head * n + block.rows.start),
                        block.rows.len(),
                    )
                };
                block_forward(packed, &block, columns, scores, out_at, norms);
            }
        },
    );
    (out, norms)
}

fn block_forward(
    packed: &[f32],
    block: &Block,
    c: Columns,
    scores: &mut Vec<f32>,
    out: Shared,
    norms: &mut [f32],
) {
    let (rows, keys) = (block.rows.len(), block.keys());
    grow(scores, rows * keys);
    let at = |row: usize, col: usize| Mat::rows(packed[row * c.width + col..].as_ptr(), c.width);
    let scale = (c.dim as f32).powf(-0.5);
    for (part, col) in block.parts() {
        // SAFETY: the scores hold rows x keys; the heads lie inside their rows.
        unsafe {
            product(
                [rows, part.len(), c.dim],
                scores[col..].as_mut_ptr(),
                keys,
                Store::Set,
                at(block.rows.start, c.query),
                at(part.start, c.key).t(),
                scale,
            );
        }
    }
    for (i, (row, norm)) in scores.chunks_exact_mut(keys).zip(norms).enumerate() {
        let (live, hidden) = row.split_at_mut(block.live(i));
        *norm = softmax(live);
        hidden.fill(0.0);
    }
    for (step, (part, col)) in block.parts().enumerate() {
        let store = if step == 0 { Store::Set } else { Store::Add };
        // SAFETY: as above; the output rows and columns belong to this task.
        unsafe {
            product(
                [rows, c.dim, part.len()],
                out.at(block.rows.start * c.out_width + c.out),
                c.out_width,
                store,
                Mat::rows(scores[col..].as_ptr(), keys),
                at(part.start, c.value),
                1.0,
            );
        }
    }
}

#[inline(always)]
fn softmax_body(row: &mut [f32]) -> f32 {
    let top = simd::max(row);
    let total = simd::exp_row(row, 1.0, top);
    simd::scale_row(row, 1.0 / total);
    top + total.ln()
}
simd_fn! {
    /// Softmax in place; gives the logarithm of the normaliser.
    fn softmax = softmax_body(row: &mut [f32]) -> f32
}

/// Makes the buffer exactly `len` long without clearing what is there.
fn grow(buffer: &mut Vec<f32>, len: usize) {
    if buffer.capacity() < len {
        *buffer = unwritten(len);
    }
    buffer.resize(len, 0.0);
}
