//! Still pictures: PNG in and out, JPEG thumbnails and the atlas of a strip.
//! It knows no video.

use crate::convert::Resizer;
use crate::error::{MediaError, file_name};
use image::ImageEncoder;
use rayon::prelude::*;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

/// A picture in memory.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `[height, width, 3]`, red green blue.
    pub rgb: Vec<u8>,
}

impl fmt::Debug for Picture {
    /// The size alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height)
    }
}

/// JPEG quality, 1..=100: scrubbing hides what is lost.
const QUALITY: u8 = 82;
/// Longest side of a thumbnail, pixels.
const THUMBNAIL_SIDE: u32 = 320;

/// Writes `[height, width, 3]` as PNG. Errors: `BadInput` for a wrong length, `Io`.
pub fn write_png(path: &Path, rgb: &[u8], width: u32, height: u32) -> Result<(), MediaError> {
    check_size(rgb, width, height, 1)?;
    let file = File::create(path).map_err(|e| MediaError::write(path, e))?;
    png(BufWriter::new(file), rgb, width, height).map_err(|e| MediaError::write(path, e))
}

/// `[height, width, 3]` as PNG. Errors: `BadInput` for a wrong length, `Encode`.
pub fn encode_png(rgb: &[u8], width: u32, height: u32) -> Result<Vec<u8>, MediaError> {
    check_size(rgb, width, height, 1)?;
    let mut bytes = Vec::new();
    png(&mut bytes, rgb, width, height).map_err(|e| MediaError::encode("PNG encoder", e))?;
    Ok(bytes)
}

fn png(to: impl std::io::Write, rgb: &[u8], width: u32, height: u32) -> std::io::Result<()> {
    image::codecs::png::PngEncoder::new(to)
        .write_image(rgb, width, height, image::ExtendedColorType::Rgb8)
        .map_err(std::io::Error::other)
}

/// Writes frames `[count, height, width, 3]` into a folder as `000.png`, `001.png`... on
/// several threads; returns how many. Errors: as [`write_png`].
pub fn write_frames(folder: &Path, rgb: &[u8], width: u32, height: u32) -> Result<u32, MediaError> {
    let count = check_frames(rgb, width, height)?;
    let size = rgb.len() / count as usize;
    rgb.par_chunks_exact(size).enumerate().try_for_each(|(slot, frame)| {
        write_png(&folder.join(frame_name(slot)), frame, width, height)
    })?;
    Ok(count)
}

/// File name of the frame in a slot of a folder of frames.
pub fn frame_name(slot: usize) -> String {
    format!("{slot:03}.png")
}

/// Reads a PNG as RGB; an alpha channel is dropped, 16 bits become 8.
///
/// Errors: `Io`, `Empty`, `TooLarge` past the pixel limit, `Corrupt` for anything else.
pub fn read_png(path: &Path) -> Result<Picture, MediaError> {
    let file = File::open(path).map_err(|e| MediaError::read(path, e))?;
    let mut reader = image::ImageReader::new(BufReader::new(file));
    reader.set_format(image::ImageFormat::Png);
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(16_384);
    limits.max_image_height = Some(16_384);
    limits.max_alloc = Some(1 << 30);
    reader.limits(limits);
    let picture = reader.decode().map_err(|e| match e {
        image::ImageError::IoError(source) => MediaError::read(path, source),
        other => MediaError::Corrupt {
            file: file_name(path),
            reason: format!("it is no readable PNG ({other})"),
        },
    })?;
    let rgb = picture.to_rgb8();
    Ok(Picture { width: rgb.width(), height: rgb.height(), rgb: rgb.into_raw() })
}

/// One picture as JPEG at its own size. Errors: `BadInput`, `Encode`.
pub fn encode_jpeg(rgb: &[u8], width: u32, height: u32) -> Result<Vec<u8>, MediaError> {
    jpeg(rgb, width, height, QUALITY, Tables::Fitted)
}

/// One frame of many as JPEG of a quality from 1 to 100: twice as quick as [`encode_jpeg`], and
/// a few per cent larger. Errors: `BadInput`, `Encode`.
pub fn encode_jpeg_frame(
    rgb: &[u8],
    width: u32,
    height: u32,
    quality: u8,
) -> Result<Vec<u8>, MediaError> {
    jpeg(rgb, width, height, quality.clamp(1, 100), Tables::Usual)
}

/// Code tables of a JPEG.
#[derive(Clone, Copy, PartialEq)]
enum Tables {
    /// Those of the standard's example: one pass.
    Usual,
    /// Made for the picture: two passes.
    Fitted,
}

fn jpeg(
    rgb: &[u8],
    width: u32,
    height: u32,
    quality: u8,
    tables: Tables,
) -> Result<Vec<u8>, MediaError> {
    check_size(rgb, width, height, 1)?;
    let side = |pixels: u32| {
        u16::try_from(pixels).map_err(|_| {
            MediaError::BadInput(format!("a JPEG side of {pixels} pixels is too long"))
        })
    };
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    encoder.set_optimized_huffman_tables(tables == Tables::Fitted);
    encoder
        .encode(rgb, side(width)?, side(height)?, jpeg_encoder::ColorType::Rgb)
        .map_err(|e| MediaError::encode("JPEG encoder", e))?;
    Ok(bytes)
}

/// All frames of `[count, height, width, 3]` in one JPEG, row by row with `columns` to a row
/// (`columns = count` gives a film strip). Unused places are black.
pub fn encode_atlas(
    rgb: &[u8],
    width: u32,
    height: u32,
    columns: u32,
) -> Result<Vec<u8>, MediaError> {
    let count = check_frames(rgb, width, height)?;
    let columns = columns.clamp(1, count);
    let rows = count.div_ceil(columns);
    let (row_bytes, atlas_row) = (width as usize * 3, (columns * width) as usize * 3);
    let mut atlas = vec![0u8; atlas_row * (rows * height) as usize];
    for (line, pixels) in rgb.chunks_exact(row_bytes).enumerate() {
        let (frame, y) = (line / height as usize, line % height as usize);
        let (column, row) = (frame % columns as usize, frame / columns as usize);
        let at = (row * height as usize + y) * atlas_row + column * row_bytes;
        atlas[at..at + row_bytes].copy_from_slice(pixels);
    }
    // Made while somebody waits for it.
    jpeg(&atlas, columns * width, rows * height, QUALITY, Tables::Usual)
}

/// Frames `[count, own.1, own.0, 3]`, each made as small as `small`, in one JPEG with `places` to a
/// row; places without a frame are black. Sizes are (width, height). Errors: `BadInput`, `Encode`.
pub fn encode_film(
    rgb: &[u8],
    own: (u32, u32),
    small: (u32, u32),
    places: u32,
) -> Result<Vec<u8>, MediaError> {
    let count = check_frames(rgb, own.0, own.1)?;
    let mut resizer = Resizer::new();
    let mut row = Vec::with_capacity(rgb.len() / 4);
    for frame in rgb.chunks_exact(rgb.len() / count as usize) {
        row.extend(resizer.resize(frame, own, small)?);
    }
    let whole = small.0 as usize * small.1 as usize * 3 * places as usize;
    row.resize(row.len().max(whole), 0);
    encode_atlas(&row, small.0, small.1, places)
}

/// One frame as a small JPEG, at most 320 pixels on its longer side.
pub fn thumbnail(rgb: &[u8], width: u32, height: u32) -> Result<Vec<u8>, MediaError> {
    check_size(rgb, width, height, 1)?;
    let long = width.max(height);
    if long <= THUMBNAIL_SIDE {
        return encode_jpeg(rgb, width, height);
    }
    let small = |side: u32| (side * THUMBNAIL_SIDE / long).max(1);
    let (w, h) = (small(width), small(height));
    encode_jpeg(&Resizer::new().resize(rgb, (width, height), (w, h))?, w, h)
}

/// Number of frames in a buffer; at least one.
pub(crate) fn check_frames(rgb: &[u8], width: u32, height: u32) -> Result<u32, MediaError> {
    let frame = width as usize * height as usize * 3;
    if frame == 0 || rgb.is_empty() || !rgb.len().is_multiple_of(frame) {
        return Err(MediaError::BadInput(format!(
            "{} bytes are not frames of {width}x{height} RGB pixels",
            rgb.len()
        )));
    }
    Ok((rgb.len() / frame) as u32)
}

fn check_size(rgb: &[u8], width: u32, height: u32, frames: u32) -> Result<(), MediaError> {
    if check_frames(rgb, width, height)? == frames {
        Ok(())
    } else {
        Err(MediaError::BadInput(format!("expected {frames} frame(s) of {width}x{height} pixels")))
    }
}
