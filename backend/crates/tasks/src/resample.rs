//! Resizing packed RGB with Pillow's Lanczos filter, byte for byte: whole-number arithmetic
//! on weights of 22 fraction bits, first along rows, then along columns, with 8-bit pixels in
//! between. The same bytes on every machine.

use crate::perturb::{Turn, quarter_turn};
use shared::math::sin_cos_deg;

/// Reach of the filter to each side, in pixels of the larger of both sizes.
const REACH: f64 = 3.0;
/// Fraction bits of a weight: 32 less 8 for the pixel and 2 for sums past its range.
const BITS: u32 = 22;
/// Values that are summed at once.
const BLOCK: usize = 24;

/// Width and height, pixels.
type Size = (u32, u32);

/// A Lanczos resizer that keeps its weights between frames of one size.
#[derive(Default)]
pub(crate) struct Lanczos(Option<(Size, Size, [Weights; 2])>);

impl Lanczos {
    /// `[from.1, from.0, 3]` at the size `to`; no side of either is 0.
    pub fn resize(&mut self, rgb: &[u8], from: Size, to: Size) -> Vec<u8> {
        let kept = self.0.take().filter(|(a, b, _)| (*a, *b) == (from, to));
        let (.., [across, down]) = self.0.insert(kept.unwrap_or_else(|| {
            (from, to, [Weights::new(from.0, to.0), Weights::new(from.1, to.1)])
        }));
        // On its side the picture's rows are its columns: one pass serves both directions.
        let on_side = quarter_turn(rgb, from.0, Turn::Right);
        let narrow = across.mix_rows(&on_side, from.1);
        down.mix_rows(&quarter_turn(&narrow, from.1, Turn::Left), to.0)
    }
}

/// Which source pixels make each new one along one side, and with which weights.
struct Weights {
    /// First source pixel and the weights from there on, in units of 2^-22.
    pixels: Vec<(usize, Vec<i32>)>,
}

impl Weights {
    fn new(from: u32, to: u32) -> Self {
        let step = f64::from(from) / f64::from(to);
        // Shrinking widens the filter to cover every source pixel; growing does not narrow it.
        let width = step.max(1.0);
        let pixels = (0..to).map(|place| {
            let center = (f64::from(place) + 0.5) * step;
            let first = (center - REACH * width + 0.5).max(0.0) as usize;
            let end = ((center + REACH * width + 0.5) as usize).min(from as usize);
            let raw: Vec<f64> =
                (first..end).map(|x| lanczos((x as f64 + 0.5 - center) / width)).collect();
            let total: f64 = raw.iter().sum();
            let fixed = |weight: &f64| (weight / total * f64::from(1 << BITS)).round() as i32;
            (first, raw.iter().map(fixed).collect())
        });
        Self { pixels: pixels.collect() }
    }

    /// Mixes the rows of `[from, width, 3]` into `[to, width, 3]`.
    fn mix_rows(&self, rgb: &[u8], width: u32) -> Vec<u8> {
        let row = width as usize * 3;
        let mut out = vec![0u8; self.pixels.len() * row];
        for (made, (first, weights)) in out.chunks_exact_mut(row).zip(&self.pixels) {
            mix_row(&rgb[first * row..(first + weights.len()) * row], weights, made);
        }
        out
    }
}

/// The weighted sum of as many rows as there are weights.
fn mix_row(rows: &[u8], weights: &[i32], made: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has what the function was compiled for.
        return unsafe { mix_row_avx2(rows, weights, made) };
    }
    mix_blocks(rows, weights, made);
}

/// Whole numbers: the same sums, several at once.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn mix_row_avx2(rows: &[u8], weights: &[i32], made: &mut [u8]) {
    mix_blocks(rows, weights, made);
}

#[inline(always)]
fn mix_blocks(rows: &[u8], weights: &[i32], made: &mut [u8]) {
    let row = made.len();
    for (block, made) in made.chunks_mut(BLOCK).enumerate() {
        let mut sums = [1i32 << (BITS - 1); BLOCK];
        for (source, weight) in rows.chunks_exact(row).zip(weights) {
            for (sum, value) in sums.iter_mut().zip(&source[block * BLOCK..]) {
                *sum += weight * i32::from(*value);
            }
        }
        for (value, sum) in made.iter_mut().zip(sums) {
            *value = (sum >> BITS).clamp(0, 255) as u8;
        }
    }
}

/// sinc(x) sinc(x / 3) within three of 0.
fn lanczos(x: f64) -> f64 {
    let sinc = |x: f64| match x {
        0.0 => 1.0,
        _ => sin_cos_deg(x * 180.0).0 / (x * std::f64::consts::PI),
    };
    if (-REACH..REACH).contains(&x) { sinc(x) * sinc(x / REACH) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_processor_mixes_the_same_bytes() {
        for width in [1usize, 23, 24, 192, 200] {
            let rows: Vec<u8> = (0..width * 7).map(|i| (i * i % 253) as u8).collect();
            let weights = [-98_304, 40_000, 1_500_000, 2_700_000, 200_000, -120_000, -27_392];
            let (mut plain, mut own) = (vec![0; width], vec![0; width]);
            mix_blocks(&rows, &weights, &mut plain);
            mix_row(&rows, &weights, &mut own);
            assert_eq!(plain, own);
        }
    }
}
