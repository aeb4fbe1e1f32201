//! Backgrounds of made scenes: a textured plate that a camera moves over.

use crate::math::sin_cos_deg;
use crate::rng::Rng;

/// Side of the plate, texels; a power of two, so that sideways motion can wrap around.
const SIDE: usize = 128;
/// Texels that the view is high at zoom 1.
const VIEW: f64 = 84.0;

/// A plate and the camera's way over it.
pub(super) struct Backdrop {
    /// `0x00BBGGRR`, row by row.
    plate: Vec<u32>,
    /// Height of the horizon as a share of the view; `None` where up is not to be seen.
    horizon: Option<f64>,
    camera: Camera,
}

/// Where the view is at time 0 and how fast it changes, in texels and per strip.
struct Camera {
    at: [f64; 2],
    speed: [f64; 2],
    shake: f64,
    zoom: f64,
    zoom_speed: f64,
    roll_deg: f64,
    roll_speed_deg: f64,
}

impl Backdrop {
    pub fn draw(rng: &mut Rng) -> Self {
        let kind = [Kind::Land, Kind::Land, Kind::Land, Kind::Room, Kind::Ground, Kind::Blend][rng.index(6)];
        let line = match kind {
            Kind::Land => Some(rng.uniform(0.35, 0.7)),
            Kind::Room => Some(rng.uniform(0.6, 0.8)),
            _ => None,
        };
        let plate = paint_plate(kind, line.unwrap_or(0.5), rng);
        let camera = Camera::draw(line.is_some(), rng);
        let horizon = line.map(|l| 0.5 + (l - 0.5) * SIDE as f64 / VIEW);
        Self { plate, horizon, camera }
    }

    /// Height of the ground line as a share of the view from the top, if there is one.
    pub fn horizon(&self) -> Option<f64> {
        self.horizon
    }

    /// Fills `[height, width, 3]` with the view at a time in 0..=1.
    pub fn paint(&self, frame: &mut [u8], size: (u32, u32), time: f64) {
        let (w, h) = (size.0 as usize, size.1 as usize);
        let view = self.camera.view(time);
        // Fixed point, 1/256 texel; the picture is squeezed into the frame as a photo would be.
        let fixed = |v: f64| (v * 256.0) as i32;
        let step_x = [fixed(view.right[0] / w as f64), fixed(view.right[1] / w as f64)];
        for (y, row) in frame.chunks_exact_mut(w * 3).enumerate() {
            let down = (y as f64 + 0.5) / h as f64 - 0.5;
            let mut u = fixed(view.centre[0] - view.right[0] / 2.0 + view.down[0] * down);
            let mut v = fixed(view.centre[1] - view.right[1] / 2.0 + view.down[1] * down);
            for pixel in row.chunks_exact_mut(3) {
                let texel = self.texel(u, v);
                pixel[0] = texel as u8;
                pixel[1] = (texel >> 8) as u8;
                pixel[2] = (texel >> 16) as u8;
                u = u.wrapping_add(step_x[0]);
                v = v.wrapping_add(step_x[1]);
            }
        }
    }

    /// Bilinear; wraps sideways and repeats the upper and lower edge.
    #[inline]
    fn texel(&self, u: i32, v: i32) -> u32 {
        const MASK: usize = SIDE - 1;
        let (x, y) = ((u >> 8) as usize & MASK, (v >> 8).clamp(0, SIDE as i32 - 1) as usize);
        let (x1, y1) = ((x + 1) & MASK, (y + 1).min(MASK));
        let (fx, fy) = ((u & 255) as u32, (v & 255) as u32);
        let upper = blend(self.plate[y * SIDE + x], self.plate[y * SIDE + x1], fx);
        let lower = blend(self.plate[y1 * SIDE + x], self.plate[y1 * SIDE + x1], fx);
        blend(upper, lower, fy)
    }
}

/// `a` to `b` by `share`/256, on all four bytes at once.
#[inline]
fn blend(a: u32, b: u32, share: u32) -> u32 {
    const EVEN: u32 = 0x00FF_00FF;
    let mix = |a: u32, b: u32| ((a & EVEN) * (256 - share) + (b & EVEN) * share) >> 8 & EVEN;
    mix(a, b) | mix(a >> 8, b >> 8) << 8
}

/// The view's middle, and the way from its left to its right and top to bottom, texels.
struct View {
    centre: [f64; 2],
    right: [f64; 2],
    down: [f64; 2],
}

impl Camera {
    fn draw(level: bool, rng: &mut Rng) -> Self {
        let signed = |rng: &mut Rng, most: f64| rng.uniform(-most, most);
        // Still cameras are common; moving ones are mostly slow.
        let pace = [0.0, 0.0, 6.0, 20.0, 60.0, 200.0][rng.index(6)];
        let upright = if level { 4.0 } else { 180.0 };
        Self {
            at: [rng.uniform(0.0, SIDE as f64), SIDE as f64 / 2.0 + signed(rng, 4.0)],
            speed: [signed(rng, pace), signed(rng, pace.min(16.0) * 0.5)],
            shake: if rng.chance(0.3) { rng.uniform(0.2, 2.0) } else { 0.0 },
            zoom: rng.uniform(1.0, 1.6),
            zoom_speed: if rng.chance(0.35) { signed(rng, 0.5) } else { 0.0 },
            roll_deg: signed(rng, upright),
            roll_speed_deg: if rng.chance(0.15) { signed(rng, 25.0) } else { 0.0 },
        }
    }

    fn view(&self, time: f64) -> View {
        let zoom = (self.zoom + self.zoom_speed * time).max(0.8);
        let side = VIEW / zoom;
        let (sin, cos) = sin_cos_deg(self.roll_deg + self.roll_speed_deg * time);
        // Two sines of unrelated pace stand in for an unsteady hand.
        let jitter = [sin_cos_deg(time * 5300.0).0 * self.shake, sin_cos_deg(time * 7900.0).1 * self.shake];
        // The plate ends above and below: the middle stays where the view is mostly on it.
        let slack = (SIDE as f64 - side).max(0.0) / 2.0;
        let middle = SIDE as f64 / 2.0;
        let y = (self.at[1] + self.speed[1] * time).clamp(middle - slack, middle + slack);
        View {
            centre: [self.at[0] + self.speed[0] * time + jitter[0], y + jitter[1]],
            right: [side * cos, side * sin],
            down: [-side * sin, side * cos],
        }
    }
}

/// What a plate shows.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Sky over ground, with blocks on the horizon.
    Land,
    /// Wall over floor, lit from one side.
    Room,
    /// Texture all over, as seen from above.
    Ground,
    /// A soft slope of colours in any direction.
    Blend,
}

/// A colour with room for arithmetic.
type Colour = [f64; 3];

fn paint_plate(kind: Kind, line: f64, rng: &mut Rng) -> Vec<u32> {
    let (top, bottom) = palette(kind, rng);
    let noise = [noise(rng, 8), noise(rng, 16), noise(rng, 32)];
    let weights = [rng.uniform(0.0, 40.0), rng.uniform(0.0, 30.0), rng.uniform(0.0, 30.0)];
    let calm_top = if kind == Kind::Land { 0.3 } else { 1.0 };
    let (sin, cos) = sin_cos_deg(rng.uniform(0.0, 360.0));
    let tint = [0; 3].map(|_: u8| rng.uniform(0.4, 1.0));
    let side_light = rng.uniform(-25.0, 25.0);
    let skyline = if kind == Kind::Land && rng.chance(0.6) { Some(blocks(line, rng)) } else { None };
    let mut plate = Vec::with_capacity(SIDE * SIDE);
    for y in 0..SIDE {
        let v = (y as f64 + 0.5) / SIDE as f64;
        for x in 0..SIDE {
            let u = (x as f64 + 0.5) / SIDE as f64;
            let at = y * SIDE + x;
            let grain = noise[0][at] * weights[0] + noise[1][at] * weights[1] + noise[2][at] * weights[2];
            // Shares of the lower colour, and how strong the texture is.
            let (low, rough) = match kind {
                Kind::Land | Kind::Room if v < line => (0.0, calm_top),
                Kind::Land | Kind::Room => (1.0, 1.0),
                Kind::Ground => (noise[0][at] * 0.5 + 0.5, 1.0),
                Kind::Blend => ((u - 0.5) * cos + (v - 0.5) * sin + 0.5, 0.4),
            };
            let block = skyline.as_ref().and_then(|s| s.colour(x, v, line));
            // Brighter towards the top; wraps sideways without a seam.
            let wave = 1.0 - (2.0 * u - 1.0).abs() * 2.0;
            let light = (0.5 - v) * 40.0 * f64::from(u8::from(kind != Kind::Ground)) + side_light * wave;
            let mut texel = 0;
            for c in 0..3 {
                let base = block.map_or(top[c] + (bottom[c] - top[c]) * low, |b| b[c]);
                let value = (base + light + grain * rough * tint[c]).clamp(0.0, 255.0) as u32;
                texel |= value << (8 * c);
            }
            plate.push(texel);
        }
    }
    plate
}

/// An upper and a lower colour: bright above dark wherever up is to be seen.
fn palette(kind: Kind, rng: &mut Rng) -> (Colour, Colour) {
    let any = |rng: &mut Rng, low: f64, high: f64| [0; 3].map(|_: u8| rng.uniform(low, high));
    match kind {
        Kind::Land => {
            let mut sky = any(rng, 120.0, 230.0);
            // Skies are mostly blue, sometimes red.
            let strong = if rng.chance(0.75) { 2 } else { 0 };
            sky[strong] = rng.uniform(190.0, 250.0);
            let mut ground = any(rng, 30.0, 120.0);
            ground[rng.index(2)] += 40.0;
            (sky, ground)
        }
        Kind::Room => (any(rng, 110.0, 220.0), any(rng, 30.0, 130.0)),
        _ => (any(rng, 20.0, 235.0), any(rng, 20.0, 235.0)),
    }
}

/// Smooth noise in -1..=1 on the plate: random values every `SIDE / cells` texels, bilinear
/// in between, wrapping around.
fn noise(rng: &mut Rng, cells: usize) -> Vec<f64> {
    let grid: Vec<f64> = (0..cells * cells).map(|_| rng.uniform(-1.0, 1.0)).collect();
    let step = SIDE / cells;
    let mut out = Vec::with_capacity(SIDE * SIDE);
    for y in 0..SIDE {
        let (top, fy) = (y / step, (y % step) as f64 / step as f64);
        let rows = [top * cells, (top + 1) % cells * cells];
        for left in 0..cells {
            let right = (left + 1) % cells;
            let a = grid[rows[0] + left] * (1.0 - fy) + grid[rows[1] + left] * fy;
            let b = grid[rows[0] + right] * (1.0 - fy) + grid[rows[1] + right] * fy;
            out.extend((0..step).map(|i| a + (b - a) * i as f64 / step as f64));
        }
    }
    out
}

/// Houses, trees or hills on the horizon: columns of blocks.
struct Skyline {
    /// Height above the horizon as a share of the plate, for each column of texels.
    heights: Vec<f64>,
    colours: Vec<Colour>,
}

fn blocks(line: f64, rng: &mut Rng) -> Skyline {
    let (mut heights, mut colours) = (Vec::new(), Vec::new());
    let tall = rng.uniform(0.08, 0.3).min(line);
    while heights.len() < SIDE {
        let width = rng.range(4, 18) as usize;
        let height = if rng.chance(0.35) { 0.0 } else { rng.uniform(0.1, 1.0) * tall };
        let colour = [0; 3].map(|_: u8| rng.uniform(20.0, 170.0));
        heights.extend(std::iter::repeat_n(height, width));
        colours.extend(std::iter::repeat_n(colour, width));
    }
    Skyline { heights, colours }
}

impl Skyline {
    fn colour(&self, column: usize, v: f64, line: f64) -> Option<Colour> {
        (v < line && v > line - self.heights[column]).then(|| self.colours[column])
    }
}
