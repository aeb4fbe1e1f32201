//! What a probe may look at: global statistics of every shown frame, and the size of its
//! JPEG. Pixels are not kept.

use crate::draft::Draft;
use media::{FrameStrip, MediaError};
use std::sync::OnceLock;

/// Global statistics of one frame, values in 0..=255.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FrameFacts {
    /// Mean of red, green, blue.
    pub mean: [f64; 3],
    /// Standard deviation of red, green, blue.
    pub spread: [f64; 3],
    /// Mean over all channels of the outer sixteenth, less that of the whole frame.
    pub border: f64,
    /// Bytes of the frame as JPEG.
    pub bytes: f64,
    /// Mean absolute difference to the frame shown before; 0 for the first.
    pub step: f64,
}

impl FrameFacts {
    fn of(rgb: &[u8], width: u32, height: u32) -> Result<Self, MediaError> {
        let (w, h) = (width as usize, height as usize);
        let (rim_x, rim_y) = ((w / 16).max(1), (h / 16).max(1));
        let (mut sum, mut squares) = ([0u64; 3], [0u64; 3]);
        let (mut rim, mut rim_count) = (0u64, 0u64);
        for (y, row) in rgb.chunks_exact(w * 3).enumerate() {
            let rim_row = y < rim_y || y >= h - rim_y;
            for (x, pixel) in row.as_chunks::<3>().0.iter().enumerate() {
                let values = pixel.map(u64::from);
                for c in 0..3 {
                    sum[c] += values[c];
                    squares[c] += values[c] * values[c];
                }
                if rim_row || x < rim_x || x >= w - rim_x {
                    rim += values.iter().sum::<u64>();
                    rim_count += 3;
                }
            }
        }
        let n = (w * h) as f64;
        let mean = sum.map(|s| s as f64 / n);
        let mut spread = squares.map(|s| s as f64 / n);
        (0..3).for_each(|c| spread[c] = (spread[c] - mean[c] * mean[c]).max(0.0).sqrt());
        let border = rim as f64 / rim_count.max(1) as f64 - mean.iter().sum::<f64>() / 3.0;
        let bytes = media::encode_jpeg(rgb, width, height)?.len() as f64;
        Ok(Self { mean, spread, border, bytes, step: 0.0 })
    }

    /// What stays as it is when a frame is mirrored, turned by half, moved in time, or has its
    /// channels swapped: mean and spread over all channels at once, and the border.
    pub fn kept(&self) -> [f64; 3] {
        let mean = self.mean.iter().sum::<f64>() / 3.0;
        let power = |c: usize| self.spread[c] * self.spread[c] + self.mean[c] * self.mean[c];
        let spread = ((0..3).map(power).sum::<f64>() / 3.0 - mean * mean).max(0.0).sqrt();
        [mean, spread, self.border]
    }

    /// Everything but the size.
    pub fn all(&self) -> [f64; 8] {
        let ([r, g, b], [sr, sg, sb]) = (self.mean, self.spread);
        [r, g, b, sr, sg, sb, self.border, self.step]
    }
}

/// Facts of the strips' own frames, each worked out once, by whoever asks first.
pub(crate) struct Known<'a> {
    strips: Vec<&'a FrameStrip>,
    facts: Vec<Vec<OnceLock<FrameFacts>>>,
}

impl<'a> Known<'a> {
    pub fn new(strips: Vec<&'a FrameStrip>) -> Self {
        let empty = |strip: &&FrameStrip| (0..strip.count()).map(|_| OnceLock::new()).collect();
        Self { facts: strips.iter().map(empty).collect(), strips }
    }

    pub fn strips(&self) -> &[&'a FrameStrip] {
        &self.strips
    }

    /// Facts of a slot of the strip with this number.
    pub fn slot(&self, number: usize, slot: usize) -> Result<FrameFacts, MediaError> {
        let cell = &self.facts[number][slot];
        if let Some(facts) = cell.get() {
            return Ok(*facts);
        }
        let strip = self.strips[number];
        let facts = FrameFacts::of(strip.frame(slot), strip.width, strip.height)?;
        Ok(*cell.get_or_init(|| facts))
    }

    /// Facts of every frame of a draft, clip after clip; `None` where a frame has no pixels.
    pub fn draft(
        &self,
        number: usize,
        draft: &Draft,
    ) -> Result<Option<Vec<Vec<FrameFacts>>>, MediaError> {
        let strip = self.strips[number];
        let mut clips = Vec::with_capacity(draft.clips.len());
        for (clip, shown) in draft.clips.iter().enumerate() {
            let mut facts = Vec::with_capacity(shown.len());
            let mut before: Option<&[u8]> = None;
            for (place, frame) in shown.iter().enumerate() {
                let Some(rgb) = draft.shown(strip, clip, place) else { return Ok(None) };
                let mut fact = if frame.kept {
                    self.slot(number, frame.slot as usize)?
                } else {
                    FrameFacts::of(rgb, strip.width, strip.height)?
                };
                fact.step = before.map_or(0.0, |before| step(before, rgb));
                before = Some(rgb);
                facts.push(fact);
            }
            clips.push(facts);
        }
        Ok(Some(clips))
    }
}

/// Mean absolute difference of every seventh value: enough to tell how much changes.
fn step(a: &[u8], b: &[u8]) -> f64 {
    let pairs = a.iter().zip(b).step_by(7);
    let count = pairs.len().max(1) as f64;
    pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / count
}
