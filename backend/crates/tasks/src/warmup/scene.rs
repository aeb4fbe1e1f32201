//! Made videos: short scenes that the program renders itself, for variety that a handful of
//! clips does not have. They have cues of up and down (bright sky, dark ground, things that
//! fall and stand) and of left and right, so that a mirrored or turned part of a strip shows.

use super::backdrop::Backdrop;
use super::pixels;
use super::sprite::{Canvas, Sprite};
use crate::rng::Rng;
use media::FrameStrip;
use shared::math::sin_cos_deg;
use shared::video::{FrameRef, SamplePlan, VideoId, VideoMeta};

/// Source sizes that scenes claim to have, pixels.
const DISPLAYS: [(u32, u32); 6] =
    [(1280, 720), (1280, 720), (640, 480), (1024, 576), (480, 640), (720, 720)];
/// Source frames a second that scenes claim to have.
const FPS: f64 = 25.0;

/// The strip of the made video that a seed names: same seed and plan, same pixels. A plan of
/// another size shows the same scene; sizes are limited to 1024 pixels a side.
pub fn scene(seed: u64, plan: &SamplePlan) -> FrameStrip {
    let rng = Rng::keyed(&[b"scene-1", &seed.to_le_bytes()]);
    let mut facts = rng.child("facts");
    let display = *facts.pick(&DISPLAYS).unwrap_or(&DISPLAYS[0]);
    // Between 4 and 96 seconds, short ones as often as long ones.
    let duration = 4.0 * f64::from(1u32 << facts.below(5)) * facts.uniform(1.0, 1.5);
    let frames = ((duration * FPS) as u64).max(u64::from(plan.count) * 2);
    let meta = meta(&mut facts, display, frames);
    let (width, height) = plan.size.of(display.0, display.1);
    let (width, height) = (width.clamp(1, 1024), height.clamp(1, 1024));
    let indices = plan.indices(frames).unwrap_or_default();
    let refs: Vec<FrameRef> = (0u32..)
        .zip(&indices)
        .map(|(slot, &source_index)| FrameRef {
            slot,
            source_index,
            pts_secs: source_index as f64 / FPS,
        })
        .collect();
    let rgb = Film::draw(&rng, refs.len(), display).render(
        refs.len(),
        (width, height),
        rng.child("grain"),
    );
    FrameStrip {
        video: meta.id.clone(),
        plan: *plan,
        sampling_fps: plan.sampling_fps(meta.duration_secs),
        frames: refs,
        width,
        height,
        rgb,
        meta,
        display,
    }
}

fn meta(rng: &mut Rng, display: (u32, u32), frames: u64) -> VideoMeta {
    let mut hash = [0u8; 32];
    for bytes in hash.chunks_exact_mut(8) {
        bytes.copy_from_slice(&rng.next_u64().to_le_bytes());
    }
    VideoMeta {
        id: VideoId::from_hash(&hash),
        duration_secs: frames as f64 / FPS,
        frames,
        width: display.0,
        height: display.1,
        fps_avg: FPS,
        variable_rate: false,
        rotation: 0,
        codec: "made".into(),
    }
}

/// Shots one after another, with what the camera does to all of them.
struct Film {
    shots: Vec<Shot>,
    aspect: f64,
    /// Amount and phase in degrees of a slow change of brightness.
    drift: (f64, f64),
    sigma: f64,
}

/// A place, what moves in it, and when it starts.
struct Shot {
    from: usize,
    backdrop: Backdrop,
    sprites: Vec<Sprite>,
}

impl Film {
    fn draw(rng: &Rng, count: usize, display: (u32, u32)) -> Self {
        let mut rng = rng.child("film");
        let aspect = f64::from(display.0) / f64::from(display.1);
        let cuts = [0, 0, 0, 0, 1, 1, 2, 3][rng.index(8)];
        let mut starts: Vec<usize> = (0..cuts).map(|_| rng.index(count.max(1))).collect();
        starts.push(0);
        starts.sort_unstable();
        starts.dedup();
        let shots = starts.into_iter().map(|from| Shot::draw(from, aspect, &mut rng)).collect();
        let drift = if rng.chance(0.5) { rng.uniform(0.03, 0.25) } else { 0.0 };
        let sigma = if rng.chance(0.4) { rng.uniform(1.0, 8.0) } else { 0.0 };
        Self { shots, aspect, drift: (drift, rng.uniform(0.0, 360.0)), sigma }
    }

    /// Pixels `[count, height, width, 3]`.
    fn render(&self, count: usize, size: (u32, u32), mut grain: Rng) -> Vec<u8> {
        let frame_bytes = size.0 as usize * size.1 as usize * 3;
        let mut rgb = vec![0u8; count * frame_bytes];
        for (slot, frame) in rgb.chunks_exact_mut(frame_bytes).enumerate() {
            let Some(shot) = self.shots.iter().rev().find(|s| s.from <= slot) else { continue };
            // Time within the shot in frames of the strip over its whole length.
            let time = (slot - shot.from) as f64 / count as f64;
            shot.backdrop.paint(frame, size, time);
            let mut canvas = Canvas { frame: &mut *frame, size, aspect: self.aspect };
            for sprite in &shot.sprites {
                sprite.paint(&mut canvas, time);
            }
            self.expose(frame, slot as f64 / count as f64);
            pixels::add_noise(frame, self.sigma, &mut grain);
        }
        rgb
    }

    /// Makes the frame brighter or darker as the film goes on.
    fn expose(&self, frame: &mut [u8], time: f64) {
        let (amount, phase) = self.drift;
        if amount == 0.0 {
            return;
        }
        let gain = ((1.0 + amount * sin_cos_deg(phase + 300.0 * time).0) * 256.0) as u32;
        frame.iter_mut().for_each(|v| *v = ((u32::from(*v) * gain) >> 8).min(255) as u8);
    }
}

impl Shot {
    fn draw(from: usize, aspect: f64, rng: &mut Rng) -> Self {
        let backdrop = Backdrop::draw(rng);
        let count = [0, 1, 1, 2, 2, 3, 4, 6][rng.index(8)];
        let mut sprites: Vec<Sprite> =
            (0..count).map(|_| Sprite::draw(aspect, backdrop.horizon(), rng)).collect();
        // Far things first, so that near ones cover them.
        sprites.sort_by(|a, b| a.depth().total_cmp(&b.depth()));
        Self { from, backdrop, sprites }
    }
}
