//! Gaussian blur as Pillow does it: three box blurs of fractional radius along each axis
//! (Gwosdek and others, "Theoretical foundations of Gaussian convolution by extended box
//! filtering", 2011), edges repeated, 8-bit rounding after every pass.

/// Box blurs per axis.
const PASSES: usize = 3;

/// Blurs `[height, width, 3]` in place; radii are standard deviations in pixels.
pub(crate) fn gaussian(rgb: &mut [u8], width: usize, height: usize, radius_x: f32, radius_y: f32) {
    let row = width * 3;
    let mut line = vec![0u8; width.max(height)];
    if let Some(box_x) = BoxLine::of_sigma(radius_x) {
        for y in 0..height {
            for channel in 0..3 {
                box_x.run(rgb, y * row + channel, 3, &mut line[..width]);
            }
        }
    }
    if let Some(box_y) = BoxLine::of_sigma(radius_y) {
        for column in 0..row {
            box_y.run(rgb, column, row, &mut line[..height]);
        }
    }
}

/// A box of whole pixels with a fractional one at each end, weights in units of 2^-24.
struct BoxLine {
    radius: usize,
    whole: u32,
    edge: u32,
}

impl BoxLine {
    /// The box whose three-fold repetition has standard deviation `sigma`; `None` for no blur.
    fn of_sigma(sigma: f32) -> Option<Self> {
        if sigma.is_nan() || sigma <= 0.0 {
            return None;
        }
        let variance = sigma * sigma / PASSES as f32;
        let length = (12.0 * variance + 1.0).sqrt();
        let whole_radius = ((length - 1.0) / 2.0).floor();
        let l = whole_radius;
        let fraction = (2.0 * l + 1.0) * (l * (l + 1.0) - 3.0 * variance)
            / (6.0 * (variance - (l + 1.0) * (l + 1.0)));
        let radius = l + fraction;
        let whole = ((1u32 << 24) as f32 / (radius * 2.0 + 1.0)) as u32;
        let inside = (radius as u32 * 2 + 1) * whole;
        Some(Self { radius: radius as usize, whole, edge: ((1u32 << 24) - inside) / 2 })
    }

    /// Blurs the pixels at `start`, `start + step`, ... three times; `line` is scratch of
    /// their number.
    fn run(&self, data: &mut [u8], start: usize, step: usize, line: &mut [u8]) {
        for _ in 0..PASSES {
            for (i, pixel) in line.iter_mut().enumerate() {
                *pixel = data[start + i * step];
            }
            self.pass(data, start, step, line);
        }
    }

    fn pass(&self, data: &mut [u8], start: usize, step: usize, line: &[u8]) {
        let last = line.len() - 1;
        let r = self.radius as isize;
        let at = |i: isize| u32::from(line[i.clamp(0, last as isize) as usize]);
        let mut sum: u32 = (-r..=r).map(at).sum();
        for x in 0..=last as isize {
            let ends = at(x - r - 1) + at(x + r + 1);
            let value = sum * self.whole + ends * self.edge + (1 << 23);
            data[start + x as usize * step] = (value >> 24) as u8;
            sum = sum + at(x + r + 1) - at(x - r);
        }
    }
}
