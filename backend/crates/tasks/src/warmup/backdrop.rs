//! Backgrounds of made scenes: a textured plate that a camera moves over.

use crate::rng::Rng;
use shared::math::sin_cos_deg;

/// Side of the plate, texels; a power of two, so that sideways motion can wrap around.
const SIDE: usize = 128;
/// Texels that the view is high at zoom 1.
const VIEW: f64 = 84.0;

/// A plate and the camera's way over it.
pub(super) struct Backdrop {
    /// `0x00BBGGRR`, row by row.
    plate: Box<[u32; SIDE * SIDE]>,
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
        let kind = [Kind::Land, Kind::Land, Kind::Land, Kind::Room, Kind::Ground, Kind::Blend]
            [rng.index(6)];
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
        // The mask changes nothing; it spares a check for every texel.
        let at = |x: usize, y: usize| self.plate[(y * SIDE + x) & (SIDE * SIDE - 1)];
        let upper = blend(at(x, y), at(x1, y), fx);
        let lower = blend(at(x, y1), at(x1, y1), fx);
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
        let jitter =
            [sin_cos_deg(time * 5300.0).0 * self.shake, sin_cos_deg(time * 7900.0).1 * self.shake];
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
type Colour = [f32; 3];

fn paint_plate(kind: Kind, line: f64, rng: &mut Rng) -> Box<[u32; SIDE * SIDE]> {
    let (top, bottom) = palette(kind, rng);
    let grain = grain(rng);
    let calm_top = if kind == Kind::Land { 0.3 } else { 1.0 };
    let (sin, cos) = sin_cos_deg(rng.uniform(0.0, 360.0));
    let tint = [0; 3].map(|_: u8| rng.uniform(0.4, 1.0) as f32);
    let side_light = rng.uniform(-25.0, 25.0) as f32;
    let skyline =
        if kind == Kind::Land && rng.chance(0.6) { Some(blocks(line, rng)) } else { None };
    let mut plate = Box::new([0u32; SIDE * SIDE]);
    for (y, row) in plate.chunks_exact_mut(SIDE).enumerate() {
        let v = (y as f64 + 0.5) / SIDE as f64;
        // Brighter towards the top, wherever up is to be seen.
        let height_light = if kind == Kind::Ground { 0.0 } else { (0.5 - v) as f32 * 40.0 };
        let above = v < line;
        for (x, texel) in row.iter_mut().enumerate() {
            let u = (x as f64 + 0.5) / SIDE as f64;
            let rough = grain[y * SIDE + x];
            // Share of the lower colour, and how strong the texture is.
            let (low, strength) = match kind {
                Kind::Land | Kind::Room if above => (0.0, calm_top),
                Kind::Land | Kind::Room => (1.0, 1.0),
                Kind::Ground => (rough / 60.0 + 0.5, 1.0),
                Kind::Blend => (((u - 0.5) * cos + (v - 0.5) * sin + 0.5) as f32, 0.4),
            };
            let block = skyline.as_ref().and_then(|s| s.colour(x, v, line));
            // From one side to the other and back: wraps around without a seam.
            let wave = 1.0 - (2.0 * u as f32 - 1.0).abs() * 2.0;
            let light = height_light + side_light * wave;
            for c in 0..3 {
                let base = block.map_or(top[c] + (bottom[c] - top[c]) * low, |b| b[c]);
                // The cast cuts off below 0; the minimum above 255.
                let value = ((base + light + rough * strength * tint[c]) as u32).min(255);
                *texel |= value << (8 * c);
            }
        }
    }
    plate
}

/// Texture of the plate in 0..=255 units: three sizes of smooth noise.
fn grain(rng: &mut Rng) -> Vec<f32> {
    let mut sum = vec![0f32; SIDE * SIDE];
    for (cells, most) in [(8, 40.0), (16, 30.0), (32, 30.0)] {
        add_noise(&mut sum, cells, rng.uniform(0.0, most) as f32, rng);
    }
    sum
}

/// An upper and a lower colour: bright above dark wherever up is to be seen.
fn palette(kind: Kind, rng: &mut Rng) -> (Colour, Colour) {
    let any =
        |rng: &mut Rng, low: f64, high: f64| [0; 3].map(|_: u8| rng.uniform(low, high) as f32);
    match kind {
        Kind::Land => {
            let mut sky = any(rng, 120.0, 230.0);
            // Skies are mostly blue, sometimes red.
            let strong = if rng.chance(0.75) { 2 } else { 0 };
            sky[strong] = rng.uniform(190.0, 250.0) as f32;
            let mut ground = any(rng, 30.0, 120.0);
            ground[rng.index(2)] += 40.0;
            (sky, ground)
        }
        Kind::Room => (any(rng, 110.0, 220.0), any(rng, 30.0, 130.0)),
        _ => (any(rng, 20.0, 235.0), any(rng, 20.0, 235.0)),
    }
}

/// Adds smooth noise up to `weight`: random values every `SIDE / cells` texels, bilinear in
/// between, wrapping around.
fn add_noise(sum: &mut [f32], cells: usize, weight: f32, rng: &mut Rng) {
    let grid: Vec<f32> =
        (0..cells * cells).map(|_| rng.uniform(-1.0, 1.0) as f32 * weight).collect();
    let step = SIDE / cells;
    for (y, row) in sum.chunks_exact_mut(SIDE).enumerate() {
        let (top, fy) = (y / step, (y % step) as f32 / step as f32);
        let rows = [top * cells, (top + 1) % cells * cells];
        let column =
            |i: usize| grid[rows[0] + i % cells] * (1.0 - fy) + grid[rows[1] + i % cells] * fy;
        for (left, texels) in row.chunks_exact_mut(step).enumerate() {
            let (a, b) = (column(left), column(left + 1));
            for (i, texel) in texels.iter_mut().enumerate() {
                *texel += a + (b - a) * i as f32 / step as f32;
            }
        }
    }
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
        let colour = [0; 3].map(|_: u8| rng.uniform(20.0, 170.0) as f32);
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
