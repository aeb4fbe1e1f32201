//! From a decoded frame to RGB pixels of a wanted size. It never decodes.

use crate::error::MediaError;
use crate::yuv;
use fast_image_resize as fir;
use ff::format::Pixel;
use ff::software::scaling::{Context as Scaler, Flags};
use ff::util::frame::video::Video;
use ffmpeg_the_third as ff;
use ffmpeg_the_third::ffi;

/// What a scaler was made for: a change inside a stream needs a new one.
#[derive(Clone, Copy, PartialEq)]
struct Layout {
    format: Pixel,
    width: u32,
    height: u32,
    space: i32,
    full_range: bool,
}

/// Converts frames of one stream to packed RGB at their own size.
pub(crate) struct Converter {
    scaler: Option<(Layout, Scaler, Video)>,
    packed: Vec<u8>,
}

impl Converter {
    pub fn new() -> Self {
        Self { scaler: None, packed: Vec::new() }
    }

    /// Pixels `[height, width, 3]` of the frame at its coded size, unturned.
    pub fn rgb(&mut self, frame: &Video) -> Result<&[u8], MediaError> {
        let layout = layout_of(frame);
        if yuv::to_rgb(frame, layout.space, layout.full_range, &mut self.packed) {
            return Ok(&self.packed);
        }
        self.by_scaler(frame, layout)
    }

    /// Any layout the scaler knows, slowly and exactly.
    fn by_scaler(&mut self, frame: &Video, layout: Layout) -> Result<&[u8], MediaError> {
        let stale = self.scaler.as_ref().is_none_or(|(made_for, ..)| *made_for != layout);
        if stale {
            self.scaler = Some((layout, new_scaler(layout)?, Video::empty()));
        }
        let Some((_, scaler, out)) = &mut self.scaler else { return Ok(&[]) };
        scaler.run(frame, out).map_err(|e| MediaError::encode("colour conversion", e))?;
        pack(out, &mut self.packed);
        Ok(&self.packed)
    }
}

fn layout_of(frame: &Video) -> Layout {
    // SAFETY: plain fields of a decoded frame.
    let (space, range) =
        unsafe { ((*frame.as_ptr()).colorspace.0 as i32, (*frame.as_ptr()).color_range) };
    Layout {
        format: frame.format(),
        width: frame.width(),
        height: frame.height(),
        space,
        full_range: range == ffi::AVColorRange::JPEG,
    }
}

fn new_scaler(layout: Layout) -> Result<Scaler, MediaError> {
    let Layout { format, width, height, space, full_range } = layout;
    // Exact rounding and no CPU-specific shortcuts: the same pixels on every machine.
    let flags = Flags::BILINEAR | Flags::ACCURATE_RND | Flags::BITEXACT | Flags::FULL_CHR_H_INT;
    let mut scaler = Scaler::get(format, width, height, Pixel::RGB24, width, height, flags)
        .map_err(|_| {
            MediaError::encode(
                "colour conversion",
                format!("pixel format {format:?} is not supported"),
            )
        })?;
    // The matrix the stream names (BT.709 or BT.601); BT.601 where it names none.
    // SAFETY: the context is open and the tables are static.
    unsafe {
        ffi::sws_setColorspaceDetails(
            scaler.as_mut_ptr(),
            ffi::sws_getCoefficients(space),
            i32::from(full_range),
            ffi::sws_getCoefficients(ffi::SWS_CS_DEFAULT),
            1,
            0,
            1 << 16,
            1 << 16,
        );
    }
    Ok(scaler)
}

/// Copies rows without their padding.
fn pack(frame: &Video, into: &mut Vec<u8>) {
    let (row, stride) = (frame.width() as usize * 3, frame.stride(0));
    let data = frame.data(0);
    into.clear();
    for y in 0..frame.height() as usize {
        into.extend_from_slice(&data[y * stride..y * stride + row]);
    }
}

/// Resizes packed RGB; antialiased, the same bytes on every machine.
pub(crate) struct Resizer(fir::Resizer);

impl Resizer {
    pub fn new() -> Self {
        Self(fir::Resizer::new())
    }

    /// `[from.1, from.0, 3]` to `[to.1, to.0, 3]`; sizes are (width, height).
    pub fn resize(
        &mut self,
        rgb: &[u8],
        from: (u32, u32),
        to: (u32, u32),
    ) -> Result<Vec<u8>, MediaError> {
        if from == to {
            return Ok(rgb.to_vec());
        }
        let fail = |e: &dyn std::fmt::Display| MediaError::encode("resizing", e);
        let source = fir::images::ImageRef::new(from.0, from.1, rgb, fir::PixelType::U8x3)
            .map_err(|e| fail(&e))?;
        let mut out = fir::images::Image::new(to.0, to.1, fir::PixelType::U8x3);
        let filter = fir::ResizeAlg::Convolution(fir::FilterType::CatmullRom);
        let options = fir::ResizeOptions::new().resize_alg(filter);
        self.0.resize(&source, &mut out, &options).map_err(|e| fail(&e))?;
        Ok(out.into_vec())
    }
}

/// Turns packed RGB clockwise by 0, 90, 180 or 270 degrees; `size` is (width, height) before.
pub(crate) fn turn(rgb: Vec<u8>, size: (u32, u32), degrees: u16) -> Vec<u8> {
    let (w, h) = (size.0 as usize, size.1 as usize);
    let pixel = |x: usize, y: usize| {
        let at = (y * w + x) * 3;
        [rgb[at], rgb[at + 1], rgb[at + 2]]
    };
    match degrees {
        90 => (0..w)
            .flat_map(|x| (0..h).rev().map(move |y| (x, y)))
            .flat_map(|(x, y)| pixel(x, y))
            .collect(),
        180 => rgb.chunks_exact(3).rev().flatten().copied().collect(),
        270 => (0..w)
            .rev()
            .flat_map(|x| (0..h).map(move |y| (x, y)))
            .flat_map(|(x, y)| pixel(x, y))
            .collect(),
        _ => rgb,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame whose planes are smooth slopes, with every chroma value somewhere.
    fn slopes(format: Pixel, width: u32, height: u32) -> Video {
        let mut frame = Video::new(format, width, height);
        for plane in 0..3 {
            let stride = frame.stride(plane);
            for (i, value) in frame.data_mut(plane).iter_mut().enumerate() {
                let (x, y) = (i % stride, i / stride);
                *value = match plane {
                    0 => (16 + (x + y) % 220) as u8,
                    1 => (x * 2 % 256) as u8,
                    _ => (255 - y * 3 % 256) as u8,
                };
            }
        }
        frame
    }

    #[test]
    fn own_conversion_agrees_with_the_scaler() {
        crate::open::init();
        for format in [Pixel::YUV444P, Pixel::YUV420P, Pixel::YUV422P] {
            for (space, full_range) in [(1, false), (2, false), (6, true)] {
                let frame = slopes(format, 126, 64);
                let layout = Layout { format, width: 126, height: 64, space, full_range };
                let (mut own, mut converter) = (Vec::new(), Converter::new());
                assert!(yuv::to_rgb(&frame, space, full_range, &mut own));
                let wanted = converter.by_scaler(&frame, layout).expect("the scaler knows it");
                let total: u64 =
                    own.iter().zip(wanted).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
                let mean = total as f64 / own.len() as f64;
                // The scaler smooths chroma between pixels; whole pixels agree to rounding.
                let limit = if format == Pixel::YUV444P { 0.6 } else { 3.5 };
                assert!(mean < limit, "{format:?} {space} {full_range}: {mean}");
            }
        }
    }

    #[test]
    fn made_frames_keep_their_pixels() {
        // Where this changes, strips kept by earlier builds are stale: see `cache::FORMAT`.
        crate::open::init();
        let mut pixels = Vec::new();
        for format in [Pixel::YUV444P, Pixel::YUV420P, Pixel::YUV422P] {
            for (space, full_range) in [(1, false), (2, false), (6, true)] {
                let frame = slopes(format, 126, 64);
                let mut rgb = Vec::new();
                assert!(yuv::to_rgb(&frame, space, full_range, &mut rgb));
                let small = Resizer::new().resize(&rgb, (126, 64), (50, 30)).expect("resizes");
                pixels.extend(turn(small, (50, 30), 90));
            }
        }
        assert_eq!(&blake3::hash(&pixels).to_hex()[..16], "e5ebb458c63d3095");
    }

    #[test]
    fn resizing_gives_the_same_bytes_on_every_processor() {
        let rgb: Vec<u8> = (0..97 * 53 * 3).map(|i| (i * i / 7 % 256) as u8).collect();
        for to in [(64, 64), (31, 17), (150, 90)] {
            let mut plain = Resizer::new();
            // SAFETY: no extension is what every processor has.
            unsafe { plain.0.set_cpu_extensions(fir::CpuExtensions::None) };
            let wanted = plain.resize(&rgb, (97, 53), to).expect("resizes");
            assert_eq!(Resizer::new().resize(&rgb, (97, 53), to).expect("resizes"), wanted);
        }
    }

    #[test]
    fn four_quarter_turns_change_nothing() {
        let rgb: Vec<u8> = (0..5 * 3 * 3).collect();
        let once = turn(rgb.clone(), (5, 3), 90);
        assert_eq!(
            &once[..3],
            &rgb[2 * 5 * 3..][..3],
            "the lower left corner comes to the upper left"
        );
        let twice = turn(once.clone(), (3, 5), 90);
        assert_eq!(twice, turn(rgb.clone(), (5, 3), 180));
        assert_eq!(turn(twice, (5, 3), 90), turn(rgb.clone(), (5, 3), 270));
        assert_eq!(turn(once, (3, 5), 270), rgb);
    }
}
