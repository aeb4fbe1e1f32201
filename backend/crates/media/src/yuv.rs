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

    /// Luma and chroma of as many pixels, to their colours.
    fn convert(&self, y: &[u8], u: &[u8], v: &[u8], out: &mut [u8]) {
        let (pixels, _) = out.as_chunks_mut::<3>();
        for (((pixel, y), u), v) in pixels.iter_mut().zip(y).zip(u).zip(v) {
            let luma = (i32::from(*y) - self.black) * self.luma + (1 << (BITS - 1));
            let (u, v) = (i32::from(*u) - 128, i32::from(*v) - 128);
            let mixed = [
                luma + self.red_v * v,
                luma + self.green_u * u + self.green_v * v,
                luma + self.blue_u * u,
            ];
            *pixel = mixed.map(|sum| (sum >> BITS).clamp(0, 255) as u8);
        }
    }
}

/// One plane of a frame, as the decoder left it.
pub(crate) struct Plane<'a> {
    pub data: &'a [u8],
    /// Bytes from row to row, at least `width`.
    pub stride: usize,
    pub width: usize,
    pub height: usize,
    /// How many of its columns and rows the picture covers: half a chroma value less than all
    /// where the picture's side is odd.
    pub covers: (f64, f64),
}

/// The planes of a frame whose layout and colour space are known here.
pub(crate) struct Planes<'a> {
    planes: [Plane<'a>; 3],
    /// How many pixels share a chroma value, as shifts along and down.
    shared: (usize, usize),
    matrix: Matrix,
}

impl<'a> Planes<'a> {
    /// `None` for a layout or colour space this does not know.
    pub fn of(frame: &'a Video, space: i32, full_range: bool) -> Option<Self> {
        let (along, down, always_full) = match frame.format() {
            Pixel::YUV420P => (1, 1, false),
            Pixel::YUV422P => (1, 0, false),
            Pixel::YUV444P => (0, 0, false),
            Pixel::YUVJ420P => (1, 1, true),
            Pixel::YUVJ422P => (1, 0, true),
            Pixel::YUVJ444P => (0, 0, true),
            _ => return None,
        };
        let matrix = Matrix::of(space, full_range || always_full)?;
        let (width, height) = (frame.width() as usize, frame.height() as usize);
        let planes = [(0, 0), (along, down), (along, down)];
        let mut number = 0..3;
        let planes = planes.map(|(along, down)| {
            let plane = number.next().unwrap_or_default();
            Plane {
                data: frame.data(plane),
                stride: frame.stride(plane),
                width: (width + along) >> along,
                height: (height + down) >> down,
                covers: (
                    width as f64 / f64::from(1u8 << along),
                    height as f64 / f64::from(1u8 << down),
                ),
            }
        });
        Some(Self { planes, shared: (along, down), matrix })
    }

    /// Luma and the two of chroma.
    pub fn each(&self) -> &[Plane<'a>; 3] {
        &self.planes
    }

    /// Fills `into` with `[height, width, 3]` at the frame's own size.
    pub fn to_rgb(&self, into: &mut Vec<u8>) {
        let (along, down) = self.shared;
        let [luma, chroma_u, chroma_v] = &self.planes;
        let width = luma.width;
        into.resize(width * luma.height * 3, 0);
        let (mut u, mut v) = (vec![0u8; width], vec![0u8; width]);
        for (y, out) in into.chunks_exact_mut(width * 3).enumerate() {
            if y & down == 0 {
                spread(chroma_u.row(y >> down), along, &mut u);
                spread(chroma_v.row(y >> down), along, &mut v);
            }
            self.matrix.convert(luma.row(y), &u, &v, out);
        }
    }

    /// Mixes planes of one size, made from these, into `[height, width, 3]`.
    pub fn mix(&self, [y, u, v]: [&[u8]; 3], into: &mut Vec<u8>) {
        into.resize(y.len() * 3, 0);
        self.matrix.convert(y, u, v, into);
    }
}

impl Plane<'_> {
    fn row(&self, y: usize) -> &[u8] {
        &self.data[y * self.stride..][..self.width]
    }
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
