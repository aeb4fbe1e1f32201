//! Augmentation of a whole strip, so that only contrast inside the strip tells what was
//! planted: a policy must not learn by heart how a clip looks upright.
//! It never touches a sample: plant after augmenting, never before.

use super::pixels::{self, Map};
use crate::perturb::{Turn, quarter_turn, reverse_pixels};
use crate::rng::Rng;
use media::FrameStrip;

/// Chance that each kind of change is made at full strength.
struct Odds;

impl Odds {
    const CROP: f64 = 0.85;
    const MIRROR: f64 = 0.5;
    const TURN_QUARTER: f64 = 0.35;
    const UPSIDE_DOWN: f64 = 0.25;
    const COLOUR: f64 = 0.7;
    const INVERT: f64 = 0.2;
    const GAMMA: f64 = 0.6;
    const NOISE: f64 = 0.35;
    const REVERSE: f64 = 0.4;
    const RETIME: f64 = 0.5;
}

/// A changed copy of a strip: cropped, mirrored, turned, recoloured, inverted, brightened,
/// noisy, reversed or played at another speed, each by chance and the same for every frame.
/// `strength` in 0..=1 scales both the chances and the amounts; 0 returns a plain copy.
/// Identity, times and sizes stay, so specs of the video still fit; a strip that is not
/// square is never turned by a quarter.
pub fn augment(strip: &FrameStrip, rng: &mut Rng, strength: f32) -> FrameStrip {
    let s = f64::from(strength.clamp(0.0, 1.0));
    let mut out = strip.clone();
    if s == 0.0 {
        return out;
    }
    let order = reorder(strip.count(), s, rng);
    let cut = crop(s, rng);
    let flips = Flips::draw(strip.width == strip.height, s, rng);
    let tone = Tone::draw(s, rng);
    let sigma = if rng.chance(Odds::NOISE * s) { rng.uniform(2.0, 4.0 + 14.0 * s) } else { 0.0 };
    let mut grain = rng.child("augment-noise");
    let map = Map::new(cut, (strip.width, strip.height));
    let size = strip.frame_bytes();
    for (frame, from) in out.rgb.chunks_exact_mut(size).zip(order) {
        map.sample(strip.frame(from), frame);
        flips.apply(frame, strip.width);
        tone.apply(frame);
        pixels::add_noise(frame, sigma, &mut grain);
    }
    out
}

/// Source slot of every slot: reversed or played slower within the strip, or as it was.
fn reorder(count: usize, s: f64, rng: &mut Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    if rng.chance(Odds::RETIME * s) && count > 1 {
        // Slower by up to half: neighbours repeat, so a still frame is nothing special.
        let length = 1.0 - 0.5 * s * rng.unit();
        let start = (1.0 - length) * rng.unit();
        let last = (count - 1) as f64;
        for (slot, from) in order.iter_mut().enumerate() {
            *from = ((start + length * slot as f64 / last) * last).round() as usize;
        }
    }
    if rng.chance(Odds::REVERSE * s) {
        order.reverse();
    }
    order
}

/// A rectangle inside the unit square: left, top, width, height.
fn crop(s: f64, rng: &mut Rng) -> [f64; 4] {
    if !rng.chance(Odds::CROP * s) {
        return [0.0, 0.0, 1.0, 1.0];
    }
    let side = |rng: &mut Rng| 1.0 - 0.5 * s * rng.unit();
    let (w, h) = (side(rng), side(rng));
    [(1.0 - w) * rng.unit(), (1.0 - h) * rng.unit(), w, h]
}

/// Turns and reflections of a whole strip.
struct Flips {
    mirror: bool,
    upside_down: bool,
    quarter: Option<Turn>,
}

impl Flips {
    fn draw(square: bool, s: f64, rng: &mut Rng) -> Self {
        let mirror = rng.chance(Odds::MIRROR * s);
        let upside_down = rng.chance(Odds::UPSIDE_DOWN * s);
        let turn = if rng.chance(0.5) { Turn::Right } else { Turn::Left };
        let quarter = (rng.chance(Odds::TURN_QUARTER * s) && square).then_some(turn);
        Self { mirror, upside_down, quarter }
    }

    fn apply(&self, frame: &mut [u8], width: u32) {
        if self.upside_down {
            reverse_pixels(frame);
        }
        if self.mirror {
            frame.chunks_exact_mut(width as usize * 3).for_each(reverse_pixels);
        }
        if let Some(turn) = self.quarter {
            let turned = quarter_turn(frame, width, turn);
            frame.copy_from_slice(&turned);
        }
    }
}

/// A colour matrix and a brightness curve, the same for every frame.
struct Tone {
    /// Rows of output channels over red, green, blue, in 1/256.
    mix: Option<[[i32; 3]; 3]>,
    /// Applied to each channel before mixing.
    curve: Option<Box<[u8; 256]>>,
}

impl Tone {
    fn draw(s: f64, rng: &mut Rng) -> Self {
        let mix = rng.chance(Odds::COLOUR * s).then(|| draw_mix(s, rng));
        let bend = rng.chance(Odds::GAMMA * s);
        let invert = rng.chance(Odds::INVERT * s);
        let (lift, gain, bow) = (
            rng.uniform(-30.0, 30.0) * s,
            1.0 + rng.uniform(-0.35, 0.35) * s,
            rng.uniform(-0.8, 0.8) * s,
        );
        let curve = (bend || invert).then(|| {
            let mut curve = Box::new([0u8; 256]);
            for (x, y) in curve.iter_mut().enumerate() {
                let t = x as f64 / 255.0;
                // A parabola through both ends stands in for gamma: no power function needed.
                let bent = if bend {
                    ((t + bow * t * (1.0 - t)) * gain * 255.0 + lift).clamp(0.0, 255.0)
                } else {
                    x as f64
                };
                *y = if invert { 255 - bent as u8 } else { bent as u8 };
            }
            curve
        });
        Self { mix, curve }
    }

    fn apply(&self, frame: &mut [u8]) {
        if let Some(curve) = &self.curve {
            frame.iter_mut().for_each(|v| *v = curve[*v as usize]);
        }
        if let Some(mix) = &self.mix {
            for pixel in frame.chunks_exact_mut(3) {
                let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(i32::from);
                for (value, row) in pixel.iter_mut().zip(mix) {
                    *value =
                        ((row[0] * r + row[1] * g + row[2] * b + 128) >> 8).clamp(0, 255) as u8;
                }
            }
        }
    }
}

/// A channel order with some of each other channel mixed in; rows sum to 256 so that grey
/// stays grey.
fn draw_mix(s: f64, rng: &mut Rng) -> [[i32; 3]; 3] {
    let mut order = [0usize, 1, 2];
    if rng.chance(0.6 * s) {
        rng.shuffle(&mut order);
    }
    let mut mix = [[0i32; 3]; 3];
    for (row, main) in mix.iter_mut().zip(order) {
        let spread = [0; 2].map(|_: i32| (rng.uniform(-0.25, 0.35) * s * 256.0) as i32);
        row[(main + 1) % 3] = spread[0];
        row[(main + 2) % 3] = spread[1];
        row[main] = 256 - spread[0] - spread[1];
    }
    mix
}
