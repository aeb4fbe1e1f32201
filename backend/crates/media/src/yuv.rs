//! Planar 8-bit YUV to packed RGB, the layout of nearly every video. Plain integer
//! arithmetic, so the same pixels on every machine, and several times faster than the scaler
//! is when it must be exact. Other layouts go through the scaler.

use ff::format::Pixel;
use ff::util::frame::video::Video;
use ffmpeg_the_third as ff;

/// Fraction bits of the coefficients.
const BITS: i32 = 14;

/// Conversion coefficients of one matrix and range, in 2^-14.
struct Matrix {
    black: i32,
    luma: i32,
    red_v: i32,
    green_u: i32,
    green_v: i32,
    blue_u: i32,
}

impl Matrix {
    /// Of a colour space as FFmpeg numbers them (ITU-T H.273): BT.601 where none is named;
    /// `None` for what is no plain YUV.
    fn of(space: i32, full_range: bool) -> Option<Self> {
        let (kr, kb) = match space {
            1 => (0.2126, 0.0722),
            2 | 4 | 5 | 6 => (0.299, 0.114),
            7 => (0.212, 0.087),
            9 => (0.2627, 0.0593),
            _ => return None,
        };
        // Studio range: 219 steps of luma above 16, 224 of chroma around 128.
        let (luma, chroma) = if full_range { (1.0, 1.0) } else { (255.0 / 219.0, 255.0 / 224.0) };
        let kg = 1.0 - kr - kb;
        let fixed = |v: f64| (v * f64::from(1 << BITS)).round() as i32;
        Some(Self {
            black: if full_range { 0 } else { 16 },
            luma: fixed(luma),
            red_v: fixed(2.0 * (1.0 - kr) * chroma),
            green_u: fixed(-2.0 * kb * (1.0 - kb) / kg * chroma),
            green_v: fixed(-2.0 * kr * (1.0 - kr) / kg * chroma),
            blue_u: fixed(2.0 * (1.0 - kb) * chroma),
        })
    }
}

/// Fills `into` with `[height, width, 3]`; `false`, with nothing done, for a layout or colour
/// space this does not know.
pub(crate) fn to_rgb(frame: &Video, space: i32, full_range: bool, into: &mut Vec<u8>) -> bool {
    // How many pixels share a chroma value, as shifts along and down.
    let (along, down, always_full) = match frame.format() {
        Pixel::YUV420P => (1, 1, false),
        Pixel::YUV422P => (1, 0, false),
        Pixel::YUV444P => (0, 0, false),
        Pixel::YUVJ420P => (1, 1, true),
        Pixel::YUVJ422P => (1, 0, true),
        Pixel::YUVJ444P => (0, 0, true),
        _ => return false,
    };
    let Some(matrix) = Matrix::of(space, full_range || always_full) else { return false };
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let planes = [0, 1, 2].map(|p| (frame.data(p), frame.stride(p)));
    let chroma_width = (width + along) >> along;
    into.clear();
    into.resize(width * height * 3, 0);
    let (mut u, mut v) = (vec![0u8; width], vec![0u8; width]);
    for (y, out) in into.chunks_exact_mut(width * 3).enumerate() {
        let row =
            |plane: usize, y: usize, width: usize| &planes[plane].0[y * planes[plane].1..][..width];
        if y & down == 0 || down == 0 {
            spread(row(1, y >> down, chroma_width), along, &mut u);
            spread(row(2, y >> down, chroma_width), along, &mut v);
        }
        convert_row(&matrix, row(0, y, width), &u, &v, out);
    }
    true
}

/// Repeats every chroma value for the pixels it covers.
fn spread(from: &[u8], along: usize, to: &mut [u8]) {
    if along == 0 {
        to.copy_from_slice(from);
        return;
    }
    for (pair, value) in to.chunks_mut(2).zip(from) {
        pair.fill(*value);
    }
}

fn convert_row(m: &Matrix, y: &[u8], u: &[u8], v: &[u8], out: &mut [u8]) {
    for (((pixel, y), u), v) in out.chunks_exact_mut(3).zip(y).zip(u).zip(v) {
        let luma = (i32::from(*y) - m.black) * m.luma + (1 << (BITS - 1));
        let (u, v) = (i32::from(*u) - 128, i32::from(*v) - 128);
        pixel[0] = ((luma + m.red_v * v) >> BITS).clamp(0, 255) as u8;
        pixel[1] = ((luma + m.green_u * u + m.green_v * v) >> BITS).clamp(0, 255) as u8;
        pixel[2] = ((luma + m.blue_u * u) >> BITS).clamp(0, 255) as u8;
    }
}
