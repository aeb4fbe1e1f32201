//! Draws shapes on frames, antialiased. Shapes are given in canonical pixels and scaled to
//! the frame, so that a squeezed frame shows them squeezed.

use crate::error::TaskError;
use shared::task::{Shape, ShapeKind};
use tiny_skia::{FillRule, Paint, Path, PathBuilder, Pixmap, Transform};

/// A drawing surface of one frame size, used for frame after frame.
pub(crate) struct Canvas {
    pixmap: Pixmap,
    scale: Transform,
}

impl Canvas {
    /// `size` of the frames and the `canonical` size that shapes refer to, pixels.
    pub fn new(size: (u32, u32), canonical: (u32, u32)) -> Result<Self, TaskError> {
        let pixmap = Pixmap::new(size.0, size.1).ok_or_else(|| {
            TaskError::BadInput(format!(
                "a frame of {}x{} pixels cannot be drawn on",
                size.0, size.1
            ))
        })?;
        let scale = Transform::from_scale(
            size.0 as f32 / canonical.0 as f32,
            size.1 as f32 / canonical.1 as f32,
        );
        Ok(Self { pixmap, scale })
    }

    /// Draws over `[height, width, 3]`.
    pub fn draw<'a>(&mut self, rgb: &mut [u8], shapes: impl Iterator<Item = &'a Shape>) {
        for (pixel, from) in self.pixmap.data_mut().chunks_exact_mut(4).zip(rgb.chunks_exact(3)) {
            pixel[..3].copy_from_slice(from);
            pixel[3] = 255;
        }
        for shape in shapes {
            if let Some(path) = outline(shape) {
                self.fill(&path, shape.color);
            }
            if let Some(path) = shape.number.and_then(|number| digits::outline(shape, number)) {
                self.fill(&path, digits::ink(shape.color));
            }
        }
        for (to, pixel) in rgb.chunks_exact_mut(3).zip(self.pixmap.data().chunks_exact(4)) {
            to.copy_from_slice(&pixel[..3]);
        }
    }

    fn fill(&mut self, path: &Path, [r, g, b]: [u8; 3]) {
        let mut paint = Paint::default();
        paint.set_color_rgba8(r, g, b, 255);
        paint.anti_alias = true;
        self.pixmap.fill_path(path, &paint, FillRule::Winding, self.scale, None);
    }
}

/// The outline in canonical pixels; `None` only for sizes that are not finite.
fn outline(shape: &Shape) -> Option<Path> {
    if shape.kind == ShapeKind::Circle {
        let [x, y] = shape.center_px;
        return PathBuilder::from_circle(x as f32, y as f32, (shape.size_px / 2.0) as f32);
    }
    let mut path = PathBuilder::new();
    for (i, [x, y]) in shape.outline().into_iter().enumerate() {
        if i == 0 {
            path.move_to(x as f32, y as f32);
        } else {
            path.line_to(x as f32, y as f32);
        }
    }
    path.close();
    path.finish()
}

/// One-digit numbers, drawn from the bars of a seven-segment display.
mod digits {
    use shared::task::{Shape, ShapeKind};
    use tiny_skia::{Path, PathBuilder, Rect};

    /// Bars of each digit: top, upper right, lower right, bottom, lower left, upper left,
    /// middle.
    const BARS: [[bool; 7]; 10] = {
        const T: bool = true;
        const F: bool = false;
        [
            [T, T, T, T, T, T, F],
            [F, T, T, F, F, F, F],
            [T, T, F, T, T, F, T],
            [T, T, T, T, F, F, T],
            [F, T, T, F, F, T, T],
            [T, F, T, T, F, T, T],
            [T, F, T, T, T, T, T],
            [T, T, T, F, F, F, F],
            [T, T, T, T, T, T, T],
            [T, T, T, T, F, T, T],
        ]
    };
    /// Left, top, right and bottom of each bar, in shares of a digit two high and one wide.
    const PLACES: [[f32; 4]; 7] = [
        [0.0, 0.0, 1.0, 0.26],
        [0.74, 0.0, 1.0, 1.0],
        [0.74, 1.0, 1.0, 2.0],
        [0.0, 1.74, 1.0, 2.0],
        [0.0, 1.0, 0.26, 2.0],
        [0.0, 0.0, 0.26, 1.0],
        [0.0, 0.87, 1.0, 1.13],
    ];

    /// The number in the middle of its shape; `None` past nine.
    pub fn outline(shape: &Shape, number: u32) -> Option<Path> {
        let bars = BARS.get(number as usize)?;
        // What the kind has room for around its centre.
        let share = match shape.kind {
            ShapeKind::Circle | ShapeKind::Square | ShapeKind::Pentagon => 0.26,
            ShapeKind::Triangle => 0.2,
            ShapeKind::Star | ShapeKind::Cross => 0.16,
        };
        let wide = (shape.size_px * share) as f32;
        let [x, y] = shape.center_px.map(|value| value as f32);
        let mut path = PathBuilder::new();
        for ([left, top, right, bottom], _) in PLACES.iter().zip(bars).filter(|(_, lit)| **lit) {
            let (left, right) = (x + (left - 0.5) * wide, x + (right - 0.5) * wide);
            let (top, bottom) = (y + (top - 1.0) * wide, y + (bottom - 1.0) * wide);
            path.push_rect(Rect::from_ltrb(left, top, right, bottom)?);
        }
        path.finish()
    }

    /// Black on light shapes, white on dark ones (ITU-R 601 brightness).
    pub fn ink([r, g, b]: [u8; 3]) -> [u8; 3] {
        let light = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) > 128_000;
        if light { [0; 3] } else { [255; 3] }
    }
}
