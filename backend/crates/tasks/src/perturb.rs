//! The changes that grounding plants, on one frame, with Pillow's semantics.
//! Chance is drawn by the caller; only the grain of noise is drawn here, from a given stream.

use crate::blur::gaussian;
use crate::error::TaskError;
use crate::resample::Lanczos;
use crate::rng::Rng;
use media::Picture;
use shared::task::Perturbation;

/// Strengths of a change. A change reads those it has and ignores the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strengths {
    /// Zoom factor, over 1 to 16 (zoom-in, zoom-out).
    pub scale: f64,
    /// Noise strength, standard deviation in 0..=255 units (noise).
    pub sigma: f64,
    /// Blur radius, standard deviation in pixels of the canonical frame (blur).
    pub radius: f64,
    /// Colour strength; 0 is grey, 1 changes nothing (saturation).
    pub factor: f64,
    /// Chooses the grain of the noise.
    pub seed: u64,
}

impl Default for Strengths {
    /// The middle of the ranges that samples are drawn from.
    fn default() -> Self {
        Self { scale: 1.4, sigma: 50.0, radius: 2.0, factor: 2.0, seed: 0 }
    }
}

impl Strengths {
    /// The middle of all ranges but for the strength of `kind`.
    pub(crate) fn of(kind: Perturbation, value: f64) -> Self {
        let mut all = Self::default();
        match kind {
            Perturbation::ZoomIn | Perturbation::ZoomOut => all.scale = value,
            Perturbation::Noise => all.sigma = value,
            Perturbation::Blur => all.radius = value,
            Perturbation::Saturation => all.factor = value,
            _ => {}
        }
        all
    }

    /// Reads `name=value` settings over the defaults. Errors: unknown names and values out
    /// of range, each with a sentence that says what is allowed.
    pub fn from_settings<'a>(
        settings: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, TaskError> {
        let mut dials = Self::default();
        for (name, text) in settings {
            let number = |low: f64, high: f64| match text.parse::<f64>() {
                Ok(v) if v >= low && v <= high => Ok(v),
                _ => Err(TaskError::BadInput(format!(
                    "`{name}` is a number from {low} to {high}, not `{text}`"
                ))),
            };
            match name {
                "scale" => dials.scale = number(1.0, 16.0)?,
                "sigma" => dials.sigma = number(0.0, 255.0)?,
                "radius" => dials.radius = number(0.0, 100.0)?,
                "factor" => dials.factor = number(0.0, 16.0)?,
                "seed" => {
                    dials.seed = text.parse().map_err(|_| {
                        TaskError::BadInput(format!("`seed` is a whole number, not `{text}`"))
                    })?;
                }
                _ => {
                    return Err(TaskError::BadInput(format!(
                        "`{name}` is not a parameter; use scale, sigma, radius, factor or seed"
                    )));
                }
            }
        }
        Ok(dials)
    }
}

/// One change of one picture at its own size. A quarter turn swaps width and height; every
/// other change keeps the size. Errors: `BadInput` for pixels that do not match the size, and
/// for changes of the order of frames, which one picture does not have.
pub fn perturb(
    kind: Perturbation,
    strengths: &Strengths,
    picture: &Picture,
) -> Result<Picture, TaskError> {
    let Picture { width, height, rgb } = picture;
    let (width, height) = (*width, *height);
    if width == 0 || height == 0 || rgb.len() != width as usize * height as usize * 3 {
        return Err(TaskError::BadInput(format!(
            "{} bytes are not {width}x{height} RGB pixels",
            rgb.len()
        )));
    }
    if !kind.is_of_pixels() {
        return Err(TaskError::BadInput(format!(
            "{kind} changes which frames are shown when; one picture does not have that"
        )));
    }
    let turned =
        |degrees| Picture { width: height, height: width, rgb: quarter_turn(rgb, width, degrees) };
    match kind {
        Perturbation::Rotate90 => return Ok(turned(Turn::Right)),
        Perturbation::Rotate270 => return Ok(turned(Turn::Left)),
        _ => {}
    }
    let mut out = picture.clone();
    let mut planter = Planter::new(kind, *strengths, (width, height), (width, height));
    let mut grain = Rng::keyed(&[b"grain", &strengths.seed.to_le_bytes()]);
    planter.apply(&mut out.rgb, &mut grain);
    Ok(out)
}

/// Applies one change to frame after frame of a strip.
pub(crate) struct Planter {
    kind: Perturbation,
    strengths: Strengths,
    size: (u32, u32),
    canonical: (u32, u32),
    lanczos: Lanczos,
}

impl Planter {
    /// `size` is that of the frames; `canonical` is the size that radii and the aspect ratio
    /// refer to, so that a squeezed frame shows the same change squeezed.
    pub fn new(
        kind: Perturbation,
        strengths: Strengths,
        size: (u32, u32),
        canonical: (u32, u32),
    ) -> Self {
        Self { kind, strengths, size, canonical, lanczos: Lanczos::default() }
    }

    /// Takes another strength from the next frame on.
    pub fn set(&mut self, strengths: Strengths) {
        self.strengths = strengths;
    }

    /// Changes `[height, width, 3]` in place; the size stays.
    pub fn apply(&mut self, rgb: &mut [u8], grain: &mut Rng) {
        let (w, h) = self.size;
        match self.kind {
            Perturbation::ChannelSwap => rgb.chunks_exact_mut(3).for_each(|p| p.swap(0, 2)),
            Perturbation::Mirror => rgb.chunks_exact_mut(w as usize * 3).for_each(reverse_pixels),
            Perturbation::Rotate180 => reverse_pixels(rgb),
            Perturbation::Grayscale => rgb.chunks_exact_mut(3).for_each(|p| p.fill(luma(p))),
            Perturbation::Invert => rgb.iter_mut().for_each(|v| *v = 255 - *v),
            Perturbation::Saturation => saturate(rgb, self.strengths.factor as f32),
            Perturbation::Noise => add_noise(rgb, self.strengths.sigma, grain),
            Perturbation::Blur => {
                let scaled = |pixels: u32, of: u32| {
                    (self.strengths.radius * f64::from(pixels) / f64::from(of.max(1))) as f32
                };
                gaussian(
                    rgb,
                    w as usize,
                    h as usize,
                    scaled(w, self.canonical.0),
                    scaled(h, self.canonical.1),
                );
            }
            Perturbation::ZoomIn => self.zoom_in(rgb),
            Perturbation::ZoomOut => self.zoom_out(rgb),
            Perturbation::Rotate90 => self.turn(rgb, Turn::Right),
            Perturbation::Rotate270 => self.turn(rgb, Turn::Left),
            // Which frames are shown when; their pixels stay.
            Perturbation::Shuffle
            | Perturbation::Swap
            | Perturbation::StutterHold
            | Perturbation::Slow
            | Perturbation::Fast => {}
        }
    }

    /// The middle of the frame, its edges rounded one by one (half to even) as Pillow rounds
    /// those of a crop.
    fn zoom_in(&mut self, rgb: &mut [u8]) {
        let cut = |pixels: u32| {
            let (all, kept) = (f64::from(pixels), f64::from(pixels) / self.strengths.scale);
            let edge = |at: f64| (at / 2.0).round_ties_even() as u32;
            let left = edge(all - kept).min(pixels - 1);
            (left, edge(all + kept).max(left + 1) - left)
        };
        let ((left, width), (top, height)) = (cut(self.size.0), cut(self.size.1));
        let mut middle = Vec::with_capacity(width as usize * height as usize * 3);
        let rows = rgb.chunks_exact(self.size.0 as usize * 3).skip(top as usize);
        for row in rows.take(height as usize) {
            middle.extend_from_slice(&row[left as usize * 3..(left + width) as usize * 3]);
        }
        rgb.copy_from_slice(&self.lanczos.resize(&middle, (width, height), self.size));
    }

    /// The whole frame, its sides rounded down as the released code does.
    fn zoom_out(&mut self, rgb: &mut [u8]) {
        let side =
            |pixels: u32| ((f64::from(pixels) / self.strengths.scale) as u32).clamp(1, pixels);
        let fitted = (side(self.size.0), side(self.size.1));
        let small = self.lanczos.resize(rgb, self.size, fitted);
        paste_centred(rgb, self.size, &small, fitted);
    }

    /// A quarter turn fitted back into the frame on black, keeping the picture's proportions
    /// as they are on the canonical frame.
    fn turn(&mut self, rgb: &mut [u8], turn: Turn) {
        let (w, h) = self.size;
        let (cw, ch) = (f64::from(self.canonical.0), f64::from(self.canonical.1));
        let fit = (cw / ch).min(ch / cw);
        let side =
            |pixels: u32, share: f64| ((f64::from(pixels) * share).round() as u32).clamp(1, pixels);
        let fitted = (side(w, ch / cw * fit), side(h, cw / ch * fit));
        let turned = quarter_turn(rgb, w, turn);
        let small =
            if fitted == (h, w) { turned } else { self.lanczos.resize(&turned, (h, w), fitted) };
        paste_centred(rgb, self.size, &small, fitted);
    }
}

/// Which way a quarter turn goes.
#[derive(Clone, Copy)]
pub(crate) enum Turn {
    /// Clockwise.
    Right,
    /// Counter-clockwise.
    Left,
}

/// `[h, w, 3]` to `[w, h, 3]`.
pub(crate) fn quarter_turn(rgb: &[u8], width: u32, turn: Turn) -> Vec<u8> {
    let w = width as usize;
    let h = rgb.len() / (w * 3);
    let mut out = vec![0u8; rgb.len()];
    for (row, pixels) in out.chunks_exact_mut(h * 3).enumerate() {
        for (column, pixel) in pixels.chunks_exact_mut(3).enumerate() {
            let (x, y) = match turn {
                Turn::Right => (row, h - 1 - column),
                Turn::Left => (w - 1 - row, column),
            };
            pixel.copy_from_slice(&rgb[(y * w + x) * 3..][..3]);
        }
    }
    out
}

/// Reverses the order of packed pixels: of a row it mirrors, of a frame it turns upside down.
pub(crate) fn reverse_pixels(rgb: &mut [u8]) {
    let count = rgb.len() / 3;
    for i in 0..count / 2 {
        let j = count - 1 - i;
        for c in 0..3 {
            rgb.swap(i * 3 + c, j * 3 + c);
        }
    }
}

/// Brightness of a pixel by ITU-R 601, in Pillow's fixed point.
fn luma(pixel: &[u8]) -> u8 {
    let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
    ((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16) as u8
}

/// Pillow's `ImageEnhance.Color`: away from the grey picture by `factor`, cut off at the ends.
fn saturate(rgb: &mut [u8], factor: f32) {
    for pixel in rgb.chunks_exact_mut(3) {
        let gray = f32::from(luma(pixel));
        for value in pixel {
            // `as` cuts off below 0 and above 255 and drops the fraction, as Pillow does.
            *value = (gray + factor * (f32::from(*value) - gray)) as u8;
        }
    }
}

fn add_noise(rgb: &mut [u8], sigma: f64, grain: &mut Rng) {
    // Fixed point: sigma in 1/256, the draw in 1/65536.
    let strength = (sigma * 256.0) as i64;
    for value in rgb {
        let shift = (i64::from(grain.normal_fixed()) * strength) >> 24;
        *value = (i64::from(*value) + shift).clamp(0, 255) as u8;
    }
}

/// Blackens the frame and puts a smaller picture in its middle.
fn paste_centred(rgb: &mut [u8], size: (u32, u32), small: &[u8], small_size: (u32, u32)) {
    let (row, small_row) = (size.0 as usize * 3, small_size.0 as usize * 3);
    let left = ((size.0 - small_size.0) / 2) as usize * 3;
    let top = ((size.1 - small_size.1) / 2) as usize;
    rgb.fill(0);
    for (y, pixels) in small.chunks_exact(small_row).enumerate() {
        let at = (top + y) * row + left;
        rgb[at..at + small_row].copy_from_slice(pixels);
    }
}
