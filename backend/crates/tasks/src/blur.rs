//! Gaussian blur as Pillow does it: three box blurs of fractional radius along each axis
//! (Gwosdek and others, "Theoretical foundations of Gaussian convolution by extended box
//! filtering", 2011), edges repeated, 8-bit rounding after every pass.

/// Box blurs per axis.
const PASSES: usize = 3;

/// Blurs `[height, width, 3]` in place; radii are standard deviations in pixels.
pub(crate) fn gaussian(rgb: &mut [u8], width: usize, height: usize, radius_x: f32, radius_y: f32) {
    let row = width * 3;
    let mut line = Line::default();
    if let Some(box_x) = BoxLine::of_sigma(radius_x) {
        for y in 0..height {
            for channel in 0..3 {
                line.blur(&box_x, rgb, y * row + channel, 3, width);
            }
        }
    }
    if let Some(box_y) = BoxLine::of_sigma(radius_y) {
        for column in 0..row {
            line.blur(&box_y, rgb, column, row, height);
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

    /// One pass over `from`, which repeats its edges `radius + 1` times, into `to`.
    fn pass(&self, from: &[u8], to: &mut [u8]) {
        let across = 2 * self.radius + 1;
        let at = |i: usize| u32::from(from[i]);
        let mut sum: u32 = (1..=across).map(at).sum();
        for (x, value) in to.iter_mut().enumerate() {
            let (before, after) = (at(x), at(x + across + 1));
            let total = sum * self.whole + (before + after) * self.edge + (1 << 23);
            *value = (total >> 24) as u8;
            sum = sum + after - at(x + 1);
        }
    }
}

/// Scratch for one row or column.
#[derive(Default)]
struct Line {
    padded: Vec<u8>,
    blurred: Vec<u8>,
}

impl Line {
    /// Blurs the `count` pixels at `start`, `start + step`, ... of `data` three times.
    fn blur(&mut self, kernel: &BoxLine, data: &mut [u8], start: usize, step: usize, count: usize) {
        self.blurred.clear();
        self.blurred.extend(data[start..].iter().step_by(step).take(count));
        let margin = kernel.radius + 1;
        for _ in 0..PASSES {
            let (first, last) = (self.blurred[0], self.blurred[count - 1]);
            self.padded.clear();
            self.padded.resize(margin, first);
            self.padded.extend_from_slice(&self.blurred);
            self.padded.resize(count + 2 * margin, last);
            kernel.pass(&self.padded, &mut self.blurred);
        }
        for (to, from) in data[start..].iter_mut().step_by(step).zip(&self.blurred) {
            *to = *from;
        }
    }
}
