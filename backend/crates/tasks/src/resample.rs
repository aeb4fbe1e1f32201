//! Resizing packed RGB inside tasks: antialiased Lanczos, the same bytes on every machine.

use crate::error::TaskError;
use fast_image_resize as fir;
use fir::images::{Image, ImageRef};

/// A Lanczos resizer that keeps its buffers between calls.
pub(crate) struct Lanczos(fir::Resizer);

/// A rectangle in pixels: left, top, width, height.
pub(crate) type Rect = (u32, u32, u32, u32);

impl Lanczos {
    pub fn new() -> Self {
        Self(fir::Resizer::new())
    }

    /// The part `cut` of `[size.1, size.0, 3]` at the size `to` = (width, height).
    pub fn resize(
        &mut self,
        rgb: &[u8],
        size: (u32, u32),
        cut: Rect,
        to: (u32, u32),
    ) -> Result<Vec<u8>, TaskError> {
        let fail = |e: &dyn std::fmt::Display| {
            TaskError::BadInput(format!("pixels cannot be resized ({e})"))
        };
        let source =
            ImageRef::new(size.0, size.1, rgb, fir::PixelType::U8x3).map_err(|e| fail(&e))?;
        let mut out = Image::new(to.0, to.1, fir::PixelType::U8x3);
        let filter = fir::ResizeAlg::Convolution(fir::FilterType::Lanczos3);
        let (left, top, width, height) = cut;
        let options = fir::ResizeOptions::new().resize_alg(filter).crop(
            f64::from(left),
            f64::from(top),
            f64::from(width),
            f64::from(height),
        );
        self.0.resize(&source, &mut out, &options).map_err(|e| fail(&e))?;
        Ok(out.into_vec())
    }
}
