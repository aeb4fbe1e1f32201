//! Things that move in made scenes: balls, boxes, cones and simple figures, lit from above.
//! Places are in heights of the view: x in 0..=aspect, y in 0..=1 downwards.

use crate::rng::Rng;
use shared::math::sin_cos_deg;

/// A frame being painted on.
pub(super) struct Canvas<'a> {
    /// `[height, width, 3]`.
    pub frame: &'a mut [u8],
    /// Width and height, pixels.
    pub size: (u32, u32),
    /// Width over height of the scene as shown.
    pub aspect: f64,
}

/// A thing of one or more parts on a path.
pub(super) struct Sprite {
    parts: Vec<Part>,
    path: Path,
    /// Half its height at time 0, and growth over the strip.
    size: f64,
    growth: f64,
    spin_deg: [f64; 2],
}

/// One shape, placed relative to its sprite in units of the sprite's size.
struct Part {
    form: Form,
    at: [f64; 2],
    half: [f64; 2],
    colour: [f32; 3],
    /// Difference of brightness from bottom to top, 0..=255 units.
    light: f32,
    /// Pitch of stripes across, in halves of its width; 0 for none.
    stripes: f32,
}

#[derive(Clone, Copy)]
enum Form {
    Disc,
    Box,
    Cone,
}

/// How a sprite moves over a strip.
enum Path {
    /// Straight; leaves on one side and comes back on the other.
    Drift { from: [f64; 2], speed: [f64; 2] },
    /// Falls and bounces on a floor.
    Bounce { x: f64, speed: f64, floor: f64, height: f64, rate: f64 },
    /// Around a middle.
    Swing { middle: [f64; 2], reach: [f64; 2], rate_deg: f64, phase_deg: f64 },
}

impl Sprite {
    pub fn draw(aspect: f64, horizon: Option<f64>, rng: &mut Rng) -> Self {
        let size = rng.uniform(0.05, 0.22);
        let figure = rng.chance(0.4);
        let floor = horizon.map_or(0.9, |h| (h + rng.uniform(0.05, 0.3)).min(0.98));
        let path = Path::draw(aspect, floor, size, rng);
        let spins = !figure && rng.chance(0.4);
        Self {
            parts: if figure { draw_figure(rng) } else { vec![draw_part(rng)] },
            path,
            size,
            growth: if rng.chance(0.3) { rng.uniform(-0.6, 1.5) } else { 0.0 },
            spin_deg: if spins {
                [rng.uniform(0.0, 360.0), rng.uniform(-720.0, 720.0)]
            } else {
                [0.0; 2]
            },
        }
    }

    /// Larger is nearer.
    pub fn depth(&self) -> f64 {
        self.size
    }

    /// Paints it as it is at a time in 0..=1.
    pub fn paint(&self, canvas: &mut Canvas<'_>, time: f64) {
        let size = self.size * (1.0 + self.growth * time).max(0.2);
        let [x, y] = self.path.at(time, canvas.aspect, self.size);
        let turn = sin_cos_deg(self.spin_deg[0] + self.spin_deg[1] * time);
        for part in &self.parts {
            part.paint(canvas, [x, y], size, turn);
        }
    }
}

impl Path {
    fn draw(aspect: f64, floor: f64, size: f64, rng: &mut Rng) -> Self {
        let x = rng.uniform(0.0, aspect);
        let pace = [0.0, 0.3, 1.0, 3.0][rng.index(4)];
        match rng.below(3) {
            0 => Self::Drift {
                from: [x, if rng.chance(0.6) { floor - size } else { rng.uniform(0.1, 0.9) }],
                speed: [rng.uniform(-pace, pace), 0.0],
            },
            1 => Self::Bounce {
                x,
                speed: rng.uniform(-pace, pace),
                floor: floor - size,
                height: rng.uniform(0.1, 0.6),
                rate: rng.uniform(1.0, 8.0),
            },
            _ => Self::Swing {
                middle: [x, rng.uniform(0.2, 0.8)],
                reach: [rng.uniform(0.0, 0.4), rng.uniform(0.0, 0.25)],
                rate_deg: rng.uniform(90.0, 1500.0),
                phase_deg: rng.uniform(0.0, 360.0),
            },
        }
    }

    fn at(&self, time: f64, aspect: f64, size: f64) -> [f64; 2] {
        // Sideways the world is a loop a little wider than the view.
        let around = |x: f64| (x + size).rem_euclid(aspect + 2.0 * size) - size;
        match *self {
            Self::Drift { from, speed } => {
                [around(from[0] + speed[0] * time), from[1] + speed[1] * time]
            }
            Self::Bounce { x, speed, floor, height, rate } => {
                // A parabola over and over: where gravity is, is down.
                let beat = (time * rate).fract() * 2.0 - 1.0;
                [around(x + speed * time), floor - height * (1.0 - beat * beat)]
            }
            Self::Swing { middle, reach, rate_deg, phase_deg } => {
                let (sin, cos) = sin_cos_deg(phase_deg + rate_deg * time);
                [middle[0] + reach[0] * cos, middle[1] + reach[1] * sin]
            }
        }
    }
}

fn draw_colour(rng: &mut Rng) -> [f32; 3] {
    let mut colour = [0; 3].map(|_: u8| rng.uniform(20.0, 235.0) as f32);
    // One channel well apart from the others: few things are grey.
    let strong = rng.index(3);
    colour[strong] =
        if rng.chance(0.7) { rng.uniform(180.0, 250.0) } else { rng.uniform(0.0, 40.0) } as f32;
    colour
}

fn draw_part(rng: &mut Rng) -> Part {
    Part {
        form: [Form::Disc, Form::Box, Form::Cone][rng.index(3)],
        at: [0.0; 2],
        half: [rng.uniform(0.5, 1.3), 1.0],
        colour: draw_colour(rng),
        light: rng.uniform(20.0, 110.0) as f32,
        stripes: if rng.chance(0.3) { rng.uniform(0.4, 1.0) as f32 } else { 0.0 },
    }
}

/// Something that stands: a body, and a head or roof on it, a little to one side.
fn draw_figure(rng: &mut Rng) -> Vec<Part> {
    let lean = rng.uniform(-0.3, 0.3);
    let body = Part { at: [0.0, 0.3], half: [rng.uniform(0.35, 0.8), 0.7], ..draw_part(rng) };
    let head = Part { at: [lean, -0.65], half: [rng.uniform(0.25, 0.5), 0.35], ..draw_part(rng) };
    vec![body, head]
}

impl Part {
    /// `centre` and `size` of the sprite in view heights; `turn` is (sin, cos).
    fn paint(&self, canvas: &mut Canvas<'_>, centre: [f64; 2], size: f64, turn: (f64, f64)) {
        let (sin, cos) = turn;
        // Pixels to units of the sprite: columns may be squeezed.
        let per =
            [f64::from(canvas.size.0) / canvas.aspect * size, f64::from(canvas.size.1) * size];
        let offset = [self.at[0] * cos - self.at[1] * sin, self.at[0] * sin + self.at[1] * cos];
        let middle = [
            centre[0] / size * per[0] + offset[0] * per[0],
            centre[1] / size * per[1] + offset[1] * per[1],
        ];
        let reach = self.half[0].max(self.half[1]) * 1.42;
        let columns = bounds(middle[0], reach * per[0], canvas.size.0);
        // About one pixel of soft edge.
        let soft = (self.half[0].min(self.half[1]) * per[0].min(per[1])) as f32;
        // Steps of the part's own coordinates from pixel to pixel.
        let (half, sin, cos) = (self.half.map(|v| v as f32), sin as f32, cos as f32);
        let row_bytes = canvas.size.0 as usize * 3;
        for y in bounds(middle[1], reach * per[1], canvas.size.1) {
            let row = &mut canvas.frame[y * row_bytes..][..row_bytes];
            let dy = ((y as f64 + 0.5 - middle[1]) / per[1]) as f32;
            for (x, pixel) in columns.clone().zip(row[columns.start * 3..].chunks_exact_mut(3)) {
                let dx = ((x as f64 + 0.5 - middle[0]) / per[0]) as f32;
                let (u, v) = ((dx * cos + dy * sin) / half[0], (dy * cos - dx * sin) / half[1]);
                let cover = (self.form.inside(u, v) * soft + 0.5).min(1.0);
                if cover > 0.0 {
                    self.blend(pixel, cover, u, dy);
                }
            }
        }
    }

    #[inline]
    fn blend(&self, pixel: &mut [u8], cover: f32, u: f32, dy: f32) {
        let mut light = -dy * self.light;
        // Stripes are the same on both sides of the middle.
        if self.stripes > 0.0 && ((u.abs() / self.stripes) * 2.0) as u32 % 2 == 1 {
            light -= 60.0;
        }
        let share = (cover * 256.0) as i32;
        for (value, base) in pixel.iter_mut().zip(self.colour) {
            let colour = (base + light).clamp(0.0, 255.0) as i32;
            *value = ((i32::from(*value) * (256 - share) + colour * share) >> 8) as u8;
        }
    }
}

/// Whole pixels within `reach` of `middle`, inside the frame.
fn bounds(middle: f64, reach: f64, side: u32) -> std::ops::Range<usize> {
    let end = |v: f64| v.clamp(0.0, f64::from(side)) as usize;
    end((middle - reach).floor())..end((middle + reach).ceil())
}

impl Form {
    /// Positive inside, 0 on the edge, about the distance from it near by; corners at -1 and 1.
    #[inline]
    fn inside(self, u: f32, v: f32) -> f32 {
        match self {
            // Half of 1 - r^2 is the distance near the rim, without a root.
            Self::Disc => (1.0 - u * u - v * v) * 0.5,
            Self::Box => 1.0 - u.abs().max(v.abs()),
            Self::Cone => (1.0 - v).min((1.0 + v) * 0.5 - u.abs()),
        }
    }
}
