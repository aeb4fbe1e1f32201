//! A strip or sample as a short clip that a browser plays: WebM at a constant rate, one strip
//! frame per picture. It is written to memory and never to disk.

use crate::error::MediaError;
use crate::open;
use crate::picture::check_frames;
use ff::format::Pixel;
use ff::software::scaling::{Context as Scaler, Flags};
use ff::util::frame::video::Video;
use ff::{Dictionary, Packet, Rational, codec, encoder, format};
use ffmpeg_the_third as ff;
use ffmpeg_the_third::ffi;
use std::ptr;

/// Frames from one key frame to the next: a seek decodes at most this many small pictures.
const KEY_EVERY: u32 = 12;

/// An encoder for WebM and its options for small clips made while someone waits.
pub(crate) struct ClipEncoder {
    pub name: &'static str,
    options: &'static [(&'static str, &'static str)],
}

/// Best first; all are free to use and play in the common browsers.
pub(crate) const CLIP_ENCODERS: &[ClipEncoder] = &[
    ClipEncoder {
        name: "libvpx-vp9",
        options: &[
            ("crf", "33"),
            ("b", "0"),
            ("deadline", "realtime"),
            ("cpu-used", "6"),
            ("row-mt", "1"),
            ("threads", "2"),
        ],
    },
    ClipEncoder {
        name: "libvpx",
        options: &[
            ("crf", "12"),
            ("b", "4M"),
            ("deadline", "realtime"),
            ("cpu-used", "6"),
            ("threads", "2"),
        ],
    },
    ClipEncoder { name: "libsvtav1", options: &[("crf", "35"), ("preset", "10")] },
    ClipEncoder {
        name: "libaom-av1",
        options: &[("crf", "35"), ("b", "0"), ("cpu-used", "8"), ("usage", "realtime")],
    },
];

/// Encodes frames `[count, height, width, 3]` as WebM (`video/webm`) at `fps` pictures a
/// second. Frame k is on screen from `k / fps` to `(k + 1) / fps`; a player that wants
/// exactly frame k seeks to `(k + 0.5) / fps`. Odd sizes gain one repeated row or column.
///
/// Errors: `BadInput`; `NoEncoder` naming what was looked for; `Encode`.
pub fn encode_clip(rgb: &[u8], width: u32, height: u32, fps: u32) -> Result<Vec<u8>, MediaError> {
    open::init();
    check_frames(rgb, width, height)?;
    if fps == 0 || fps > 1000 || width > 16_384 || height > 16_384 {
        return Err(MediaError::BadInput(format!(
            "a clip of {width}x{height} pixels at {fps} frames a second cannot be made"
        )));
    }
    let chosen = CLIP_ENCODERS.iter().find_map(|e| Some((e, encoder::find_by_name(e.name)?)));
    let (settings, codec) = chosen.ok_or_else(|| MediaError::NoEncoder {
        wanted: CLIP_ENCODERS.iter().map(|e| e.name).collect::<Vec<_>>().join(", "),
    })?;
    let mut writer = Writer::open(settings, codec, (width, height), fps).map_err(failed)?;
    let frame_bytes = width as usize * height as usize * 3;
    for (slot, frame) in rgb.chunks_exact(frame_bytes).enumerate() {
        writer.add(slot as i64, frame, (width, height)).map_err(failed)?;
    }
    writer.finish().map_err(failed)
}

fn failed(error: ff::Error) -> MediaError {
    MediaError::encode("clip encoder", error)
}

/// An open encoder and a muxer that writes to memory.
struct Writer {
    encoder: encoder::Video,
    output: Memory,
    scaler: Scaler,
    size: (u32, u32),
    tick: Rational,
}

impl Writer {
    fn open(
        settings: &ClipEncoder,
        codec: ff::Codec,
        size: (u32, u32),
        fps: u32,
    ) -> Result<Self, ff::Error> {
        let even = (size.0.next_multiple_of(2), size.1.next_multiple_of(2));
        let mut output = Memory::open()?;
        let encoder = open_encoder(settings, codec, even, fps, &output.context)?;
        let tick = Rational(1, fps as i32);
        let mut stream = output.context.add_stream(codec)?;
        stream.set_time_base(tick);
        stream.set_avg_frame_rate(Rational(fps as i32, 1));
        stream.copy_parameters_from_context(&encoder);
        output.context.write_header()?;
        Ok(Self { encoder, output, scaler: scaler(even)?, size: even, tick })
    }

    fn add(&mut self, slot: i64, rgb: &[u8], size: (u32, u32)) -> Result<(), ff::Error> {
        // Encoders keep references to their input, so every picture is a fresh frame.
        let mut source = Video::new(Pixel::RGB24, self.size.0, self.size.1);
        let stride = source.stride(0);
        let (row, rows) = (size.0 as usize * 3, size.1 as usize);
        let data = source.data_mut(0);
        for y in 0..self.size.1 as usize {
            let from = y.min(rows - 1) * row;
            let line = &mut data[y * stride..];
            line[..row].copy_from_slice(&rgb[from..from + row]);
            if self.size.0 > size.0 {
                line[row..row + 3].copy_from_slice(&rgb[from + row - 3..from + row]);
            }
        }
        let mut picture = Video::empty();
        self.scaler.run(&source, &mut picture)?;
        picture.set_pts(Some(slot));
        self.encoder.send_frame(&picture)?;
        self.drain()
    }

    /// Moves finished packets into the file.
    fn drain(&mut self) -> Result<(), ff::Error> {
        let stream_tick = self.output.context.stream(0).map_or(self.tick, |s| s.time_base());
        let mut packet = Packet::empty();
        while self.encoder.receive_packet(&mut packet).is_ok() {
            packet.set_stream(0);
            packet.set_duration(1);
            packet.rescale_ts(self.tick, stream_tick);
            packet.write_interleaved(&mut self.output.context)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>, ff::Error> {
        self.encoder.send_eof()?;
        self.drain()?;
        self.output.context.write_trailer()?;
        Ok(self.output.take())
    }
}

fn open_encoder(
    settings: &ClipEncoder,
    codec: ff::Codec,
    size: (u32, u32),
    fps: u32,
    output: &format::context::Output,
) -> Result<encoder::Video, ff::Error> {
    let mut video = codec::Context::new_with_codec(codec).encoder().video()?;
    video.set_width(size.0);
    video.set_height(size.1);
    video.set_format(Pixel::YUV420P);
    video.set_time_base(Rational(1, fps as i32));
    video.set_frame_rate(Some(Rational(fps as i32, 1)));
    video.set_gop(KEY_EVERY);
    video.set_colorspace(ff::color::Space::BT709);
    video.set_color_range(ff::color::Range::MPEG);
    if output.format().flags().contains(format::Flags::GLOBAL_HEADER) {
        video.set_flags(codec::Flags::GLOBAL_HEADER);
    }
    let mut options = Dictionary::new();
    for (key, value) in settings.options {
        options.set(*key, *value);
    }
    video.open_with(options)
}

/// RGB to BT.709 4:2:0 with studio range, as the stream is tagged.
fn scaler(size: (u32, u32)) -> Result<Scaler, ff::Error> {
    let flags = Flags::BICUBIC | Flags::ACCURATE_RND;
    let mut scaler =
        Scaler::get(Pixel::RGB24, size.0, size.1, Pixel::YUV420P, size.0, size.1, flags)?;
    // SAFETY: the context is open and the tables are static.
    unsafe {
        let table = ffi::sws_getCoefficients(ffi::SWS_CS_ITU709);
        ffi::sws_setColorspaceDetails(scaler.as_mut_ptr(), table, 1, table, 0, 0, 1 << 16, 1 << 16);
    }
    Ok(scaler)
}

/// A WebM muxer whose file is a growing buffer.
struct Memory {
    context: format::context::Output,
}

impl Memory {
    fn open() -> Result<Self, ff::Error> {
        let mut raw = ptr::null_mut();
        // SAFETY: FFmpeg fills `raw`, which the wrapper then owns and frees.
        unsafe {
            let code = ffi::avformat_alloc_output_context2(
                &mut raw,
                ptr::null_mut(),
                c"webm".as_ptr(),
                ptr::null(),
            );
            if code < 0 {
                return Err(ff::Error::from(code));
            }
            let context = format::context::Output::wrap(raw);
            let code = ffi::avio_open_dyn_buf(&mut (*raw).pb);
            if code < 0 {
                return Err(ff::Error::from(code));
            }
            Ok(Self { context })
        }
    }

    /// The bytes written so far; the buffer is closed.
    fn take(&mut self) -> Vec<u8> {
        // SAFETY: `pb` is the dynamic buffer from `open` or already null; the data that
        // closing hands out is copied and then freed once.
        unsafe {
            let raw = self.context.as_mut_ptr();
            if (*raw).pb.is_null() {
                return Vec::new();
            }
            let mut data = ptr::null_mut();
            let length = ffi::avio_close_dyn_buf((*raw).pb, &mut data).max(0) as usize;
            (*raw).pb = ptr::null_mut();
            let bytes = std::slice::from_raw_parts(data, length).to_vec();
            ffi::av_free(data.cast());
            bytes
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // The wrapper would close the buffer as if it were a file.
        self.take();
    }
}
