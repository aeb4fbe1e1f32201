//! Draws shapes on frames, antialiased. Shapes are given in canonical pixels and scaled to
//! the frame, so that a squeezed frame shows them squeezed.

use crate::counting::reach;
use crate::error::TaskError;
use crate::math::sin_cos_deg;
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
    pub fn draw(&mut self, rgb: &mut [u8], shapes: &[Shape]) {
        for (pixel, from) in self.pixmap.data_mut().chunks_exact_mut(4).zip(rgb.chunks_exact(3)) {
            pixel[..3].copy_from_slice(from);
            pixel[3] = 255;
        }
        for shape in shapes {
            let mut paint = Paint::default();
            let [r, g, b] = shape.color;
            paint.set_color_rgba8(r, g, b, 255);
            paint.anti_alias = true;
            if let Some(path) = outline(shape) {
                self.pixmap.fill_path(&path, &paint, FillRule::Winding, self.scale, None);
            }
        }
        for (to, pixel) in rgb.chunks_exact_mut(3).zip(self.pixmap.data().chunks_exact(4)) {
            to.copy_from_slice(&pixel[..3]);
        }
    }
}

/// The outline in canonical pixels; `None` only for sizes that are not finite.
fn outline(shape: &Shape) -> Option<Path> {
    let [x, y] = shape.center_px;
    match shape.kind {
        ShapeKind::Circle => {
            PathBuilder::from_circle(x as f32, y as f32, (shape.size_px / 2.0) as f32)
        }
        // Corner angles of the unturned shape, clockwise from the right (y points down).
        ShapeKind::Square => polygon(shape, &[45.0, 135.0, 225.0, 315.0]),
        ShapeKind::Triangle => polygon(shape, &[30.0, 150.0, 270.0]),
    }
}

/// A regular polygon by the directions of its corners, turned clockwise by the shape's angle.
fn polygon(shape: &Shape, corners_deg: &[f64]) -> Option<Path> {
    let radius = reach(shape.kind, shape.size_px);
    let mut path = PathBuilder::new();
    for (i, corner) in corners_deg.iter().enumerate() {
        let (sin, cos) = sin_cos_deg(corner + shape.angle_deg);
        let (x, y) = (shape.center_px[0] + radius * cos, shape.center_px[1] + radius * sin);
        if i == 0 {
            path.move_to(x as f32, y as f32);
        } else {
            path.line_to(x as f32, y as f32);
        }
    }
    path.close();
    path.finish()
}
