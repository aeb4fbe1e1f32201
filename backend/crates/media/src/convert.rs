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
#[derive(Clone, Copy, Debug, PartialEq)]
struct Layout {
    format: Pixel,
    width: u32,
    height: u32,
    space: i32,
    full_range: bool,
}

/// Brings frames of one stream to packed RGB of wanted sizes.
pub(crate) struct Converter {
    scaler: Option<(Layout, Scaler, Video)>,
    resizer: Resizer,
    planes: [Vec<u8>; 3],
    packed: Vec<u8>,
}

impl Converter {
    pub fn new() -> Self {
        Self {
            scaler: None,
            resizer: Resizer::new(),
            planes: Default::default(),
            packed: Vec::new(),
        }
    }

    /// Starts on a frame, which may then be taken at several sizes.
    pub fn load<'a>(&'a mut self, frame: &'a Video) -> Loaded<'a> {
        let layout = layout_of(frame);
        let planes = yuv::Planes::of(frame, layout.space, layout.full_range);
        Loaded { converter: self, frame, layout, planes, is_packed: false }
    }

    /// `self.packed` becomes `[height, width, 3]` of a layout that only the scaler knows,
    /// slowly and exactly.
    fn by_scaler(&mut self, frame: &Video, layout: Layout) -> Result<(), MediaError> {
        let stale = self.scaler.as_ref().is_none_or(|(made_for, ..)| *made_for != layout);
        if stale {
            self.scaler = Some((layout, new_scaler(layout)?, Video::empty()));
        }
        let Some((_, scaler, out)) = &mut self.scaler else { return Ok(()) };
        scaler.run(frame, out).map_err(|e| MediaError::encode("colour conversion", e))?;
        pack(out, &mut self.packed);
        Ok(())
    }
}

/// A decoded frame that is about to become pixels.
pub(crate) struct Loaded<'a> {
    converter: &'a mut Converter,
    frame: &'a Video,
    layout: Layout,
    planes: Option<yuv::Planes<'a>>,
    /// Whether the converter's `packed` holds this frame.
    is_packed: bool,
}

impl Loaded<'_> {
    /// Pixels `[to.1, to.0, 3]`, unturned.
    ///
    /// The planes are made smaller before they are mixed to colours: a sixth of the work, and
    /// the same picture but for rounding, for both steps are linear.
    pub fn rgb(&mut self, to: (u32, u32)) -> Result<&[u8], MediaError> {
        let own_size = (self.layout.width, self.layout.height);
        if let Some(planes) = &self.planes {
            let Converter { resizer, planes: small, packed, .. } = &mut *self.converter;
            if to == own_size {
                planes.to_rgb(packed);
                return Ok(packed);
            }
            for (plane, small) in planes.each().iter().zip(small.iter_mut()) {
                resizer.resize_plane(plane, small, to)?;
            }
            planes.mix(small.each_ref().map(Vec::as_slice), packed);
            return Ok(packed);
        }
        if !self.is_packed {
            self.converter.by_scaler(self.frame, self.layout)?;
            self.is_packed = true;
        }
        let Converter { resizer, planes: [small, ..], packed, .. } = &mut *self.converter;
        if to == own_size {
            return Ok(packed);
        }
        *small = resizer.resize(packed, own_size, to)?;
        Ok(small)
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
pub(crate) struct Resizer {
    resizer: fir::Resizer,
    /// What a plane becomes on its way, kept for the next one.
    steps: [Vec<u8>; 3],
}

impl Resizer {
    pub fn new() -> Self {
        Self { resizer: fir::Resizer::new(), steps: Default::default() }
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
        let three = fir::PixelType::U8x3;
        let source = fir::images::ImageRef::new(from.0, from.1, rgb, three).map_err(resizing)?;
        let mut out = vec![0; to.0 as usize * to.1 as usize * 3];
        let whole = (f64::from(from.0), f64::from(from.1));
        step(&mut self.resizer, &source, &mut out, to, whole, three)?;
        Ok(out)
    }

    /// One plane of single bytes to `[to.1, to.0]`, reusing the buffer it is put into.
    ///
    /// Down first, then along, with four rows at a time woven into one of four channels: of
    /// single channels the library's pass along the rows is the slowest thing it does.
    fn resize_plane(
        &mut self,
        plane: &yuv::Plane<'_>,
        into: &mut Vec<u8>,
        to: (u32, u32),
    ) -> Result<(), MediaError> {
        let (own_width, own_height) = (plane.width as u32, plane.height as u32);
        // The bytes between the end of a row and the next one are nobody's: they are cropped
        // away as part of the image, so that no filter reaches into them.
        let bytes = &plane.data[..plane.stride * plane.height];
        let rows =
            fir::images::ImageRef::new(plane.stride as u32, own_height, bytes, fir::PixelType::U8)
                .map_err(resizing)?;
        let rows =
            fir::images::CroppedImage::new(&rows, 0, 0, own_width, own_height).map_err(resizing)?;
        let quads = to.1.div_ceil(4) as usize;
        let [low, woven, narrow] = &mut self.steps;
        low.resize(plane.width * to.1 as usize, 0);
        let whole = (f64::from(own_width), plane.covers.1);
        step(&mut self.resizer, &rows, low, (own_width, to.1), whole, fir::PixelType::U8)?;
        weave(low, plane.width, woven);
        let four = fir::PixelType::U8x4;
        let woven =
            fir::images::ImageRef::new(own_width, quads as u32, woven, four).map_err(resizing)?;
        narrow.resize(to.0 as usize * quads * 4, 0);
        let whole = (plane.covers.0, quads as f64);
        step(&mut self.resizer, &woven, narrow, (to.0, quads as u32), whole, four)?;
        unweave(narrow, to, into);
        Ok(())
    }
}

fn resizing(problem: impl std::fmt::Display) -> MediaError {
    MediaError::encode("resizing", problem)
}

/// Resizes the upper left `covers` of an image to the size of `out`.
fn step(
    resizer: &mut fir::Resizer,
    image: &impl fir::IntoImageView,
    out: &mut [u8],
    size: (u32, u32),
    covers: (f64, f64),
    kind: fir::PixelType,
) -> Result<(), MediaError> {
    let mut out = fir::images::Image::from_slice_u8(size.0, size.1, out, kind).map_err(resizing)?;
    let options = fir::ResizeOptions::new()
        .resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::CatmullRom))
        .use_alpha(false)
        .crop(0.0, 0.0, covers.0, covers.1);
    resizer.resize(image, &mut out, &options).map_err(resizing)
}

/// Four rows at a time to one row of pixels of four bytes; the last row stands in for those
/// that are missing.
fn weave(rows: &[u8], width: usize, into: &mut Vec<u8>) {
    let count = rows.len() / width;
    into.resize(count.div_ceil(4) * width * 4, 0);
    let row = |y: usize| &rows[y.min(count - 1) * width..][..width];
    for (quad, out) in into.chunks_exact_mut(width * 4).enumerate() {
        let [a, b, c, d] = [0, 1, 2, 3].map(|k| row(quad * 4 + k));
        let values = a.iter().zip(b).zip(c).zip(d);
        for (out, (((a, b), c), d)) in out.as_chunks_mut::<4>().0.iter_mut().zip(values) {
            *out = [*a, *b, *c, *d];
        }
    }
}

/// The rows of `size` back from pixels of four.
fn unweave(woven: &[u8], (width, height): (u32, u32), into: &mut Vec<u8>) {
    let width = width as usize;
    into.resize(width * height as usize, 0);
    for (rows, quad) in into.chunks_mut(width * 4).zip(woven.chunks_exact(width * 4)) {
        for (k, row) in rows.chunks_exact_mut(width).enumerate() {
            row.iter_mut().zip(quad.as_chunks::<4>().0).for_each(|(out, four)| *out = four[k]);
        }
    }
}

/// Appends packed RGB turned clockwise by 0, 90, 180 or 270 degrees; `size` is (width, height)
/// before.
pub(crate) fn turn_onto(into: &mut Vec<u8>, rgb: &[u8], size: (u32, u32), degrees: u16) {
    let (w, h) = (size.0 as usize, size.1 as usize);
    let pixel = |x: usize, y: usize| {
        let at = (y * w + x) * 3;
        [rgb[at], rgb[at + 1], rgb[at + 2]]
    };
    match degrees {
        90 => (0..w).for_each(|x| into.extend((0..h).rev().flat_map(|y| pixel(x, y)))),
        180 => into.extend(rgb.as_chunks::<3>().0.iter().rev().flatten()),
        270 => (0..w).rev().for_each(|x| into.extend((0..h).flat_map(|y| pixel(x, y)))),
        _ => into.extend_from_slice(rgb),
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

    /// Every planar layout with the matrices and ranges that videos have.
    fn each_layout(mut check: impl FnMut(Layout, &Video)) {
        crate::open::init();
        for format in [Pixel::YUV444P, Pixel::YUV420P, Pixel::YUV422P] {
            for (space, full_range) in [(1, false), (2, false), (6, true)] {
                let layout = Layout { format, width: 126, height: 64, space, full_range };
                check(layout, &slopes(format, 126, 64));
            }
        }
    }

    /// What the program makes of a frame at some size.
    fn shown(frame: &Video, layout: Layout, to: (u32, u32)) -> Vec<u8> {
        let mut converter = Converter::new();
        let planes = yuv::Planes::of(frame, layout.space, layout.full_range);
        assert!(planes.is_some());
        let mut loaded =
            Loaded { converter: &mut converter, frame, layout, planes, is_packed: false };
        loaded.rgb(to).expect("it is made").to_vec()
    }

    fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
        assert_eq!(a.len(), b.len());
        let total: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        total as f64 / a.len() as f64
    }

    #[test]
    fn own_conversion_agrees_with_the_scaler() {
        each_layout(|layout, frame| {
            let mut converter = Converter::new();
            converter.by_scaler(frame, layout).expect("the scaler knows it");
            let mean = mean_difference(&shown(frame, layout, (126, 64)), &converter.packed);
            // The scaler smooths chroma between pixels; whole pixels agree to rounding.
            let limit = if layout.format == Pixel::YUV444P { 0.6 } else { 3.5 };
            assert!(mean < limit, "{layout:?}: {mean}");
        });
    }

    #[test]
    fn smaller_planes_make_the_same_picture_as_smaller_pixels() {
        each_layout(|layout, frame| {
            let pixels = shown(frame, layout, (126, 64));
            let wanted = Resizer::new().resize(&pixels, (126, 64), (50, 30)).expect("resizes");
            let mean = mean_difference(&shown(frame, layout, (50, 30)), &wanted);
            assert!(mean < 2.0, "{layout:?}: {mean}");
        });
    }

    #[test]
    fn an_odd_side_covers_half_a_chroma_value() {
        crate::open::init();
        // Chroma that steps with every value shows where each one lands.
        let frame = slopes(Pixel::YUV420P, 41, 31);
        let layout =
            Layout { format: Pixel::YUV420P, width: 41, height: 31, space: 1, full_range: false };
        let pixels = shown(&frame, layout, (41, 31));
        let wanted = Resizer::new().resize(&pixels, (41, 31), (20, 16)).expect("resizes");
        let mean = mean_difference(&shown(&frame, layout, (20, 16)), &wanted);
        assert!(mean < 2.0, "{mean}");
    }

    #[test]
    fn bytes_past_the_end_of_a_row_are_never_seen() {
        crate::open::init();
        let layout =
            Layout { format: Pixel::YUV420P, width: 126, height: 64, space: 1, full_range: false };
        let clean = slopes(Pixel::YUV420P, 126, 64);
        let mut dirty = slopes(Pixel::YUV420P, 126, 64);
        for (plane, width) in [(0, 126), (1, 63), (2, 63)] {
            let stride = dirty.stride(plane);
            assert!(stride > width, "there is padding to soil");
            for row in dirty.data_mut(plane).chunks_mut(stride) {
                row[width..].fill(255);
            }
        }
        for to in [(126, 64), (50, 30), (200, 90)] {
            assert_eq!(shown(&dirty, layout, to), shown(&clean, layout, to));
        }
    }

    #[test]
    fn made_frames_keep_their_pixels() {
        // Where this changes, strips kept by earlier builds are stale: see `cache::FORMAT`.
        let mut pixels = Vec::new();
        each_layout(|layout, frame| {
            turn_onto(&mut pixels, &shown(frame, layout, (50, 30)), (50, 30), 90);
            pixels.extend(shown(frame, layout, (126, 64)));
        });
        assert_eq!(&blake3::hash(&pixels).to_hex()[..16], "cf266b07631f0fda");
    }

    #[test]
    fn resizing_gives_the_same_bytes_on_every_processor() {
        let rgb: Vec<u8> = (0..97 * 53 * 3).map(|i| (i * i / 7 % 256) as u8).collect();
        let plane =
            yuv::Plane { data: &rgb, stride: 97, width: 91, height: 53, covers: (90.5, 53.0) };
        let both = |resizer: &mut Resizer, to| {
            let mut small = Vec::new();
            resizer.resize_plane(&plane, &mut small, to).expect("resizes");
            (resizer.resize(&rgb, (97, 53), to).expect("resizes"), small)
        };
        for to in [(64, 64), (31, 17), (150, 90)] {
            let mut plain = Resizer::new();
            // SAFETY: no extension is what every processor has.
            unsafe { plain.resizer.set_cpu_extensions(fir::CpuExtensions::None) };
            assert_eq!(both(&mut Resizer::new(), to), both(&mut plain, to));
        }
    }

    #[test]
    fn four_quarter_turns_change_nothing() {
        let turn = |rgb: &[u8], size, degrees| {
            let mut turned = Vec::new();
            turn_onto(&mut turned, rgb, size, degrees);
            turned
        };
        let rgb: Vec<u8> = (0..5 * 3 * 3).collect();
        let once = turn(&rgb, (5, 3), 90);
        assert_eq!(
            &once[..3],
            &rgb[2 * 5 * 3..][..3],
            "the lower left corner comes to the upper left"
        );
        let twice = turn(&once, (3, 5), 90);
        assert_eq!(twice, turn(&rgb, (5, 3), 180));
        assert_eq!(turn(&twice, (5, 3), 90), turn(&rgb, (5, 3), 270));
        assert_eq!(turn(&once, (3, 5), 270), rgb);
    }
}
