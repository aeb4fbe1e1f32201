//! The index pass: every packet's time, read without decoding; and the facts that follow.
//! Durations and rates come from these times, never from a header's frame rate.

use crate::error::{MediaError, file_name};
use crate::open::{self, MAX_FRAMES, MAX_SECS, Track};
use ffmpeg_the_third as ff;
use ffmpeg_the_third::ffi;
use shared::video::{VideoId, VideoMeta};
use std::path::Path;

/// Packet times of the chosen track in display order.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub track: Track,
    /// Display time of every frame, ticks, strictly increasing.
    pub pts: Vec<i64>,
    /// Display times of the key frames, ticks, increasing.
    pub keys: Vec<i64>,
    /// End of the last frame, ticks.
    pub end: i64,
}

/// One displayable packet.
struct Entry {
    pts: i64,
    duration: i64,
    key: bool,
}

impl Index {
    /// Reads the whole file once. Errors: all of opening, and [`MediaError::Corrupt`] for a
    /// file that ends early.
    pub fn read(path: &Path) -> Result<Self, MediaError> {
        let mut input = open::open(path)?;
        let track = open::choose_track(&input, path)?;
        check_positions(&input, &track, path)?;
        let mut entries = read_entries(&mut input, &track, path)?;
        entries.sort_unstable_by_key(|e| (e.pts, !e.key));
        entries.dedup_by_key(|e| e.pts);
        let Some(last) = entries.last() else {
            return Err(MediaError::corrupt(path, "its video track holds no frame"));
        };
        let pts: Vec<i64> = entries.iter().map(|e| e.pts).collect();
        let keys = entries.iter().filter(|e| e.key).map(|e| e.pts).collect();
        let interval = match last.duration {
            d if d > 0 => d,
            _ => median_interval(&pts).unwrap_or(1).max(1),
        };
        let end = last.pts.saturating_add(interval);
        let index = Self { track, pts, keys, end };
        if index.duration_secs() > MAX_SECS {
            let what = format!("{:.0} s; the limit is {MAX_SECS:.0} s", index.duration_secs());
            return Err(MediaError::TooLong { file: file_name(path), what });
        }
        Ok(index)
    }

    /// Seconds from the first frame's display time.
    pub fn secs(&self, pts: i64) -> f64 {
        pts.saturating_sub(self.pts[0]) as f64 * self.track.tick_secs
    }

    /// From the first frame's display time to the end of the last one, seconds.
    pub fn duration_secs(&self) -> f64 {
        self.secs(self.end)
    }

    pub fn meta(&self, id: VideoId) -> VideoMeta {
        let duration_secs = self.duration_secs();
        let frames = self.pts.len() as u64;
        let (width, height) = self.track.display();
        VideoMeta {
            id,
            duration_secs,
            frames,
            width,
            height,
            fps_avg: frames as f64 / duration_secs,
            variable_rate: is_variable(&self.pts),
            rotation: self.track.rotation,
            codec: self.track.codec.clone(),
        }
    }
}

/// Whether more than one interval in a hundred differs from the usual one by more than
/// rounding to whole ticks explains. A single dropped frame does not make a rate variable.
fn is_variable(pts: &[i64]) -> bool {
    let Some(usual) = median_interval(pts) else { return false };
    let slack = 1 + usual / 50;
    let odd = pts.windows(2).filter(|w| (w[1] - w[0] - usual).abs() > slack).count();
    odd * 100 > pts.len()
}

fn median_interval(pts: &[i64]) -> Option<i64> {
    let mut steps: Vec<i64> = pts.windows(2).map(|w| w[1] - w[0]).collect();
    if steps.is_empty() {
        return None;
    }
    let middle = steps.len() / 2;
    Some(*steps.select_nth_unstable(middle).1)
}

/// Refuses a file whose own index points past its end: the usual sign of a broken download.
fn check_positions(
    input: &ff::format::context::Input,
    track: &Track,
    path: &Path,
) -> Result<(), MediaError> {
    let size = std::fs::metadata(path).map_err(|e| MediaError::read(path, e))?.len() as i64;
    let Some(stream) = input.stream(track.stream) else { return Ok(()) };
    // SAFETY: the stream pointer is valid while `input` lives; entries are only read.
    let outside = unsafe {
        let raw = stream.as_ptr().cast_mut();
        (0..ffi::avformat_index_get_entries_count(raw)).any(|i| {
            let entry = ffi::avformat_index_get_entry(raw, i);
            !entry.is_null() && (*entry).pos.saturating_add(i64::from((*entry).size())) > size
        })
    };
    if outside {
        return Err(MediaError::corrupt(path, "it ends before the frames its index lists"));
    }
    Ok(())
}

fn read_entries(
    input: &mut ff::format::context::Input,
    track: &Track,
    path: &Path,
) -> Result<Vec<Entry>, MediaError> {
    let mut entries = Vec::new();
    let mut packet = ff::Packet::empty();
    let mut end_secs = 0.0f64;
    loop {
        match open::next_packet(input, &mut packet) {
            Ok(()) => {}
            Err(ff::Error::Eof) => break,
            Err(e) => {
                return Err(MediaError::corrupt(
                    path,
                    format!("reading stops at {end_secs:.1} s ({e})"),
                ));
            }
        }
        let Some(time) = packet.pts().or(packet.dts()) else { continue };
        let tick_secs = input
            .stream(packet.stream())
            .map_or(0.0, |s| f64::from(s.time_base().0) / f64::from(s.time_base().1.max(1)));
        end_secs = end_secs.max(time.saturating_add(packet.duration()) as f64 * tick_secs);
        if packet.stream() != track.stream || !is_shown(&packet, track) {
            continue;
        }
        if packet.is_corrupt() {
            return Err(MediaError::corrupt(path, format!("a broken piece at {end_secs:.1} s")));
        }
        if entries.len() == MAX_FRAMES {
            let what = format!("it has more than {MAX_FRAMES} frames");
            return Err(MediaError::TooLong { file: file_name(path), what });
        }
        entries.push(Entry { pts: time, duration: packet.duration(), key: packet.is_key() });
    }
    check_promise(input, end_secs, path)?;
    Ok(entries)
}

/// Whether a packet becomes a frame on the screen.
fn is_shown(packet: &ff::Packet, track: &Track) -> bool {
    // Bit 2 marks packets that an edit list hides.
    const DISCARD: i32 = 4;
    // SAFETY: reading a plain field of a packet that was just filled.
    let flags = unsafe { (*ff::packet::Ref::as_ptr(packet)).flags };
    let Some(data) = packet.data().filter(|d| !d.is_empty()) else { return false };
    // A VP8 frame says in bit 4 of its first byte whether it is shown (RFC 6386, 9.1).
    let hidden_vp8 = track.codec_id == ffi::AVCodecID::VP8 && data[0] & 0x10 == 0;
    flags & DISCARD == 0 && !hidden_vp8
}

/// Compares the length the header promises with where packets of any track end. Matroska
/// writes the length last, so it is taken at its word but for rounding; elsewhere only a gap
/// of a tenth and a second counts.
fn check_promise(
    input: &ff::format::context::Input,
    end_secs: f64,
    path: &Path,
) -> Result<(), MediaError> {
    // SAFETY: plain fields of an open context.
    let (promised, method) =
        unsafe { ((*input.as_ptr()).duration, (*input.as_ptr()).duration_estimation_method) };
    let promised_secs = promised as f64 / 1e6;
    let from_header = method == ffi::AVDurationEstimationMethod::STREAM;
    let least = if input.format().name().contains("matroska") {
        promised_secs * 0.97 - 0.5
    } else {
        promised_secs * 0.9 - 1.0
    };
    if promised > 0 && from_header && end_secs < least {
        let reason = format!("it ends at {end_secs:.1} s of {promised_secs:.1} s");
        return Err(MediaError::corrupt(path, reason));
    }
    Ok(())
}
