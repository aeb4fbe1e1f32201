//! Fast pixel work for augmentation and made scenes: bilinear sampling and noise in fixed
//! point. Not for the paper's tasks, whose resampling is exact.

use crate::rng::Rng;

/// Bilinear sampling of a rectangle of a frame back to the frame's size, with the positions
/// worked out once for all frames.
pub(super) struct Map {
    whole: bool,
    width: usize,
    columns: Vec<Tap>,
    rows: Vec<Tap>,
}

/// Two neighbours and the share of the second one in 1/256.
#[derive(Clone, Copy)]
struct Tap {
    first: usize,
    second: usize,
    share: u32,
}

impl Map {
    /// `cut` is left, top, width, height in shares of the frame; `size` is (width, height).
    pub fn new(cut: [f64; 4], size: (u32, u32)) -> Self {
        let [left, top, width, height] = cut;
        Self {
            whole: cut == [0.0, 0.0, 1.0, 1.0],
            width: size.0 as usize,
            columns: taps(left, width, size.0 as usize),
            rows: taps(top, height, size.1 as usize),
        }
    }

    /// Fills `to` from `from`, both `[height, width, 3]`.
    pub fn sample(&self, from: &[u8], to: &mut [u8]) {
        if self.whole {
            to.copy_from_slice(from);
            return;
        }
        let line = self.width * 3;
        // Rows are mixed first, in one sweep that vectorises; columns are picked from that.
        let mut mixed = vec![0u16; line];
        for (row, out) in self.rows.iter().zip(to.chunks_exact_mut(line)) {
            let upper = &from[row.first * line..][..line];
            let lower = &from[row.second * line..][..line];
            let share = row.share as u16;
            for ((value, a), b) in mixed.iter_mut().zip(upper).zip(lower) {
                *value = (u16::from(*a) * (256 - share) + u16::from(*b) * share) >> 1;
            }
            for (column, pixel) in self.columns.iter().zip(out.chunks_exact_mut(3)) {
                let (a, b) = (&mixed[column.first * 3..][..3], &mixed[column.second * 3..][..3]);
                for ((value, a), b) in pixel.iter_mut().zip(a).zip(b) {
                    *value = ((u32::from(*a) * (256 - column.share)
                        + u32::from(*b) * column.share
                        + (1 << 14))
                        >> 15) as u8;
                }
            }
        }
    }
}

fn taps(start: f64, length: f64, side: usize) -> Vec<Tap> {
    let last = side - 1;
    (0..side)
        .map(|i| {
            let at = ((start + length * (i as f64 + 0.5) / side as f64) * side as f64 - 0.5)
                .clamp(0.0, last as f64);
            let first = at as usize;
            Tap {
                first,
                second: (first + 1).min(last),
                share: ((at - first as f64) * 256.0) as u32,
            }
        })
        .collect()
}

/// Adds grain of this standard deviation (0..=255 units). Eight values share one draw: the
/// grain of augmentation need not be normal, only there.
pub(super) fn add_noise(frame: &mut [u8], sigma: f64, rng: &mut Rng) {
    if sigma <= 0.0 {
        return;
    }
    // A uniform byte has deviation 73.9; the strength is in 1/256.
    let strength = (sigma / 73.9 * 256.0) as i32;
    for values in frame.chunks_mut(8) {
        let bits = rng.next_u64().to_le_bytes();
        for (value, byte) in values.iter_mut().zip(bits) {
            let shift = ((i32::from(byte) - 127) * strength) >> 8;
            *value = (i32::from(*value) + shift).clamp(0, 255) as u8;
        }
    }
}
