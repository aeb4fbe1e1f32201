//! Opening files through FFmpeg with everything closed that a hostile file could use, and
//! choosing the video track. It never reads packets: `index` and `decode` do.

use crate::error::{MediaError, file_name};
use ffmpeg_the_third as ff;
use ffmpeg_the_third::ffi;
use std::ffi::{CStr, OsString};
use std::io::Read;
use std::path::Path;
use std::sync::Once;

/// Most pixels a frame may have: 8192 x 4352.
pub const MAX_PIXELS: u64 = 8192 * 4352;
/// Most frames a video may have.
pub const MAX_FRAMES: usize = 1_000_000;
/// Longest video, seconds.
pub const MAX_SECS: f64 = 24.0 * 3600.0;

/// Containers that are opened; audio ones are in to say "no video track" of them.
const FORMATS: &str =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,ogg,ivf,gif,mp3,wav,flac,aac";
/// Video decoders that are used. Opening a file already decodes a frame, so the list also
/// bounds what that may cost.
const VIDEO_DECODERS: &str = "h264,hevc,vp8,vp9,libdav1d,libaom-av1,av1,mpeg4,msmpeg4,mpeg2video,mpeg1video,h263,mjpeg,theora,flv,gif";
const AUDIO_DECODERS: &str = "aac,mp3,mp3float,opus,vorbis,flac,pcm_s16le,pcm_u8,ac3";
/// Bytes looked at to recognise the streams, and microseconds of them.
const PROBE_BYTES: &str = "2000000";

/// The track that frames are taken from, with what the container says of it.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    pub stream: usize,
    /// FFmpeg's names for the container, separated by commas.
    pub container: String,
    /// Seconds per tick of packet times.
    pub tick_secs: f64,
    /// FFmpeg's codec name.
    pub codec: String,
    pub codec_id: ffi::AVCodecID,
    /// Coded size, pixels.
    pub width: u32,
    pub height: u32,
    /// Clockwise turn to apply for showing: 0, 90, 180, 270.
    pub rotation: u16,
    /// Width over height of one pixel.
    pub pixel_aspect: f64,
    /// Planar 8-bit 4:2:0, the only kind that seeking inside H.264 is trusted with.
    pub plain_420: bool,
}

impl Track {
    /// Width and height as shown: square pixels, turned.
    pub fn display(&self) -> (u32, u32) {
        let (mut w, mut h) = (f64::from(self.width), f64::from(self.height));
        if self.pixel_aspect > 1.0 {
            w *= self.pixel_aspect;
        } else {
            h /= self.pixel_aspect;
        }
        let (w, h) = (w.round() as u32, h.round() as u32);
        if self.rotation % 180 == 90 { (h, w) } else { (w, h) }
    }
}

/// Readies FFmpeg once per process and silences its own chatter on stderr.
pub(crate) fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Registration cannot fail in any supported FFmpeg; a broken one shows at first use.
        let _ = ff::init();
        ff::log::set_level(ff::log::Level::Quiet);
    });
}

/// Opens a local file for reading packets.
pub(crate) fn open(path: &Path) -> Result<ff::format::context::Input, MediaError> {
    init();
    let mut options = ff::Dictionary::new();
    options.set("protocol_whitelist", "file");
    options.set("format_whitelist", FORMATS);
    options.set("codec_whitelist", format!("{VIDEO_DECODERS},{AUDIO_DECODERS}"));
    options.set("max_streams", "32");
    options.set("probesize", PROBE_BYTES);
    options.set("analyzeduration", PROBE_BYTES);
    // The prefix keeps a name such as `a:b.mp4` or `-` from being read as a protocol.
    let mut url = OsString::from("file:");
    url.push(path);
    if url.as_encoded_bytes().contains(&0) {
        return Err(MediaError::NotAVideo { file: file_name(path) });
    }
    ff::format::input_with_dictionary(url, options).map_err(|e| explain_open(path, e))
}

/// Reads the next packet of any track. The one before is let go first: FFmpeg's own call would
/// overwrite it and lose its memory.
pub(crate) fn next_packet(
    input: &mut ff::format::context::Input,
    packet: &mut ff::Packet,
) -> Result<(), ff::Error> {
    *packet = ff::Packet::empty();
    packet.read(input)
}

/// Tells a damaged video from a file that never was one.
fn explain_open(path: &Path, error: ff::Error) -> MediaError {
    if let ff::Error::Other { errno } = error {
        let source = std::io::Error::from_raw_os_error(errno);
        if matches!(
            source.kind(),
            std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied
        ) {
            return MediaError::read(path, source);
        }
    }
    let mut head = [0u8; 16];
    let got = std::fs::File::open(path).and_then(|mut f| f.read(&mut head)).unwrap_or(0);
    if is_video_signature(&head[..got]) {
        MediaError::corrupt(path, "its index or header cannot be read")
    } else {
        MediaError::NotAVideo { file: file_name(path) }
    }
}

/// Whether a file starts like a container of the list above.
fn is_video_signature(head: &[u8]) -> bool {
    let at = |offset: usize, magic: &[u8]| head.get(offset..offset + magic.len()) == Some(magic);
    let mov = [&b"ftyp"[..], b"moov", b"mdat", b"free", b"wide", b"skip"];
    mov.iter().any(|kind| at(4, kind))
        || at(0, &[0x1A, 0x45, 0xDF, 0xA3])
        || (at(0, b"RIFF") && at(8, b"AVI "))
        || at(0, b"OggS")
        || at(0, b"FLV")
        || at(0, b"DKIF")
        || at(0, b"GIF8")
        || at(0, &[0, 0, 1, 0xBA])
}

/// Chooses the video track: not a cover picture, the most pixels, then the one marked as
/// default, then the first.
pub(crate) fn choose_track(
    input: &ff::format::context::Input,
    path: &Path,
) -> Result<Track, MediaError> {
    let mut best: Option<((u64, bool), Track)> = None;
    for stream in input.streams() {
        // SAFETY: the stream belongs to `input`, which outlives this loop.
        let (raw, par) = unsafe { (stream.as_ptr(), (*stream.as_ptr()).codecpar) };
        let (kind, disposition) = unsafe { ((*par).codec_type, (*raw).disposition) };
        let cover = disposition & ffi::AV_DISPOSITION_ATTACHED_PIC != 0;
        if kind != ffi::AVMediaType::VIDEO || cover {
            continue;
        }
        let track = describe(&stream, input.format().name());
        let is_default = disposition & ffi::AV_DISPOSITION_DEFAULT != 0;
        let rank = (u64::from(track.width) * u64::from(track.height), is_default);
        if best.as_ref().is_none_or(|(top, _)| rank > *top) {
            best = Some((rank, track));
        }
    }
    let (_, track) = best.ok_or_else(|| MediaError::NoVideoTrack { file: file_name(path) })?;
    check_track(track, path)
}

/// Refuses codecs outside the list and pictures over the limit before any decoder opens.
fn check_track(track: Track, path: &Path) -> Result<Track, MediaError> {
    let file = file_name(path);
    let decoder = ff::codec::decoder::find(track.codec_id.into());
    let listed = decoder.is_some_and(|d| VIDEO_DECODERS.split(',').any(|name| name == d.name()));
    if !listed {
        return Err(MediaError::UnsupportedCodec { file, codec: track.codec });
    }
    if u64::from(track.width) * u64::from(track.height) > MAX_PIXELS {
        return Err(MediaError::TooLarge {
            file,
            width: track.width,
            height: track.height,
            limit: MAX_PIXELS,
        });
    }
    if track.width == 0 || track.height == 0 {
        return Err(MediaError::corrupt(path, "its picture size cannot be found"));
    }
    Ok(track)
}

fn describe(stream: &ff::Stream<'_>, container: &str) -> Track {
    // SAFETY: `codecpar` is non-null for every stream FFmpeg hands out.
    let par = unsafe { &*(*stream.as_ptr()).codecpar };
    let tick = stream.time_base();
    let name = unsafe { CStr::from_ptr(ffi::avcodec_get_name(par.codec_id)) };
    let sar = match stream.sample_aspect_ratio() {
        ff::Rational(n, d) if n > 0 && d > 0 => ff::Rational(n, d),
        _ => ff::Rational(par.sample_aspect_ratio.num, par.sample_aspect_ratio.den),
    };
    let aspect = if sar.0 > 0 && sar.1 > 0 { f64::from(sar.0) / f64::from(sar.1) } else { 1.0 };
    Track {
        stream: stream.index(),
        container: container.to_owned(),
        tick_secs: f64::from(tick.0) / f64::from(tick.1.max(1)),
        codec: name.to_string_lossy().into_owned(),
        codec_id: par.codec_id,
        width: par.width.max(0) as u32,
        height: par.height.max(0) as u32,
        rotation: rotation(stream),
        pixel_aspect: if (0.125..=8.0).contains(&aspect) { aspect } else { 1.0 },
        plain_420: par.format == ffi::AVPixelFormat::YUV420P.0,
    }
}

/// Clockwise quarter turns that the display matrix asks for, in degrees.
fn rotation(stream: &ff::Stream<'_>) -> u16 {
    let Some(matrix) = display_matrix(stream) else { return 0 };
    // SAFETY: the matrix is nine i32, as FFmpeg defines it.
    let counter_clockwise = unsafe { ffi::av_display_rotation_get(matrix.as_ptr()) };
    if !counter_clockwise.is_finite() {
        return 0;
    }
    let quarter = (-counter_clockwise / 90.0).round() as i64;
    (quarter.rem_euclid(4) * 90) as u16
}

fn display_matrix(stream: &ff::Stream<'_>) -> Option<[i32; 9]> {
    let datum = stream
        .side_data()
        .find(|d| d.kind() == ff::codec::packet::side_data::Type::DisplayMatrix)?;
    let bytes: &[u8] = datum.data();
    let mut matrix = [0i32; 9];
    for (cell, raw) in matrix.iter_mut().zip(bytes.get(..36)?.chunks_exact(4)) {
        *cell = i32::from_ne_bytes(raw.try_into().ok()?);
    }
    Some(matrix)
}
