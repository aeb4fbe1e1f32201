//! Rotary angles: interleaved multimodal positions for the decoder, rows and columns for the
//! vision tower. Pure numbers.

use crate::config::TextConfig;
use crate::ops::Rope;
use std::sync::Arc;

/// Base of the vision tower's rotary frequencies.
const VISION_THETA: f32 = 10_000.0;

/// Angles of decoder rows. Frequency `i` counts time, except that of every three consecutive
/// frequencies the second counts height and the third width, as long as their sections last
/// (`apply_interleaved_mrope`).
pub fn text(config: &TextConfig, positions: &[[i32; 3]]) -> Rope {
    let half = config.head_dim() / 2;
    let section = config.mrope_section();
    let axis = |i: usize| match i % 3 {
        1 if i < section[1] * 3 => 1,
        2 if i < section[2] * 3 => 2,
        _ => 0,
    };
    let axes: Vec<usize> = (0..half).map(axis).collect();
    let frequencies = frequencies(config.theta() as f32, half);
    let last = positions.iter().flatten().copied().max().unwrap_or(0).max(0) as usize;
    if last > positions.len() {
        return direct(positions, &axes, &frequencies);
    }
    let table = Table::new(last + 1, &frequencies);
    let mut rope = empty(positions.len(), half);
    for position in positions {
        for (i, &axis) in axes.iter().enumerate() {
            let at = position[axis].max(0) as usize * half + i;
            rope.0.push(table.cos[at]);
            rope.1.push(table.sin[at]);
        }
    }
    finish(rope, half)
}

/// Angles of patches: the first half of the frequencies counts rows, the second columns.
pub fn vision(head_dim: usize, places: impl Iterator<Item = (usize, usize)>, side: usize) -> Rope {
    let half = head_dim / 2;
    let frequencies = frequencies(VISION_THETA, half / 2);
    let table = Table::new(side, &frequencies);
    let mut rope = empty(0, half);
    for (row, col) in places {
        for place in [row, col] {
            let at = place * frequencies.len();
            rope.0.extend_from_slice(&table.cos[at..at + frequencies.len()]);
            rope.1.extend_from_slice(&table.sin[at..at + frequencies.len()]);
        }
    }
    finish(rope, half)
}

/// `theta^(-i / count)`.
fn frequencies(theta: f32, count: usize) -> Vec<f32> {
    (0..count).map(|i| 1.0 / theta.powf(i as f32 / count as f32)).collect()
}

/// Cosines and sines of every position once: `[positions, frequencies]`.
struct Table {
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Table {
    fn new(positions: usize, frequencies: &[f32]) -> Self {
        let angles = (0..positions).flat_map(|p| frequencies.iter().map(move |f| p as f32 * f));
        let (sin, cos) = angles.map(f32::sin_cos).unzip();
        Self { cos, sin }
    }
}

fn direct(positions: &[[i32; 3]], axes: &[usize], frequencies: &[f32]) -> Rope {
    let angles = positions.iter().flat_map(|position| {
        axes.iter().zip(frequencies).map(move |(&axis, f)| position[axis] as f32 * f)
    });
    let (sin, cos): (Vec<f32>, Vec<f32>) = angles.map(f32::sin_cos).unzip();
    finish((cos, sin), frequencies.len())
}

fn empty(rows: usize, half: usize) -> (Vec<f32>, Vec<f32>) {
    (Vec::with_capacity(rows * half), Vec::with_capacity(rows * half))
}

fn finish((cos, sin): (Vec<f32>, Vec<f32>), half: usize) -> Rope {
    Rope { cos: Arc::new(cos), sin: Arc::new(sin), half }
}
