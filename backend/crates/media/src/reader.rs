//! One decoder that moves forward over a file. Frames are found by display time; on the quick
//! ways unwanted stretches are jumped over and pictures that nothing refers to are skipped.
//! It never converts pixels.

use crate::error::{MediaError, file_name};
use crate::index::Index;
use crate::open::{self, MAX_PIXELS, Track};
use ff::util::frame::video::Video;
use ffmpeg_the_third as ff;
use ffmpeg_the_third::ffi;
use std::path::Path;

/// Most decoder threads; each holds frames of its own.
const THREADS: usize = 4;
/// Pixels of a frame past which two threads are enough: 1920 x 1088.
const LARGE: u64 = 1920 * 1088;
/// Frames between where decoding stands and the next useful key frame that make a jump worth
/// it: emptying and filling the decoder costs about as much as decoding this many.
const JUMP_FRAMES: usize = 8;

/// How freely the decoder may leave frames out.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Way {
    /// Skip unreferenced pictures, jump to key frames.
    Skip,
    /// Jump to key frames.
    Jump,
    /// Every frame from the first.
    Plain,
}

impl Way {
    /// The quickest way that is known to give the frames of [`Way::Plain`].
    ///
    /// H.264 is trusted as plain 4:2:0 alone: streams of other layouts may need what only
    /// their first frame carries. In the other codecs a key frame is a true beginning; after a
    /// jump the decoder has to agree that it was one.
    pub fn quickest(track: &Track) -> Self {
        use ffi::AVCodecID as Codec;
        let indexed = ["mov", "matroska", "avi"].iter().any(|name| track.container.contains(name));
        match track.codec_id {
            Codec::H264 if track.plain_420 => Self::Skip,
            Codec::VP8 | Codec::VP9 | Codec::AV1 | Codec::HEVC | Codec::MPEG4 if indexed => {
                Self::Jump
            }
            _ => Self::Plain,
        }
    }
}

/// A decoder that stands at one frame and only moves forward.
pub(crate) struct Reader<'a> {
    path: &'a Path,
    index: &'a Index,
    way: Way,
    input: ff::format::context::Input,
    decoder: ff::codec::decoder::Video,
    packet: ff::Packet,
    ended: bool,
    frame: Video,
    /// Display time of `frame`, ticks.
    time: i64,
    /// Index of the last wanted frame, where decoding stands.
    position: usize,
    /// Display times of all wanted frames, rising: their packets are never skipped. They have
    /// to be known beforehand, for a packet is fed several frames before its picture is due.
    wanted: Vec<i64>,
    /// Display time of the key frame jumped to, until it was seen.
    landing: Option<i64>,
}

impl<'a> Reader<'a> {
    /// Opens the file for the frames with these indices in display order, rising.
    pub fn open(
        path: &'a Path,
        index: &'a Index,
        way: Way,
        wanted: &[u64],
    ) -> Result<Self, MediaError> {
        let mut input = open::open(path)?;
        keep_only(&mut input, index.track.stream);
        let decoder = open_decoder(&input, index, path)?;
        Ok(Self {
            path,
            index,
            way,
            input,
            decoder,
            packet: ff::Packet::empty(),
            ended: false,
            frame: Video::empty(),
            time: i64::MIN,
            position: 0,
            wanted: wanted.iter().map(|at| index.pts[*at as usize]).collect(),
            landing: None,
        })
    }

    /// The frame it stands at.
    pub fn frame(&self) -> &Video {
        &self.frame
    }

    /// Display time of [`Reader::frame`], ticks of the index.
    pub fn time(&self) -> i64 {
        self.time
    }

    /// Decodes up to the frame with this index in display order, one of the wanted.
    pub fn advance_to(&mut self, at: usize) -> Result<(), MediaError> {
        let target = self.index.pts[at];
        if self.way != Way::Plain {
            self.jump_towards(at)?;
        }
        while self.time < target {
            self.next_frame()?;
        }
        if self.way != Way::Plain && self.time != target {
            return Err(self.corrupt("a wanted frame is missing"));
        }
        self.position = at;
        Ok(())
    }

    /// Seeks to the last key frame before a far target.
    fn jump_towards(&mut self, at: usize) -> Result<(), MediaError> {
        let (keys, target) = (&self.index.keys, self.index.pts[at]);
        let Some(key) = keys[..keys.partition_point(|k| *k <= target)].last() else {
            return Ok(());
        };
        let key_at = self.index.pts.partition_point(|p| p < key);
        if key_at > at || key_at < self.position + JUMP_FRAMES {
            return Ok(());
        }
        let (stream, backward) = (self.index.track.stream as i32, ffi::AVSEEK_FLAG_BACKWARD);
        // SAFETY: an open context and a stream index it has.
        let code = unsafe { ffi::av_seek_frame(self.input.as_mut_ptr(), stream, *key, backward) };
        if code < 0 {
            return Err(self.corrupt("seeking failed"));
        }
        self.decoder.flush();
        self.ended = false;
        self.time = i64::MIN;
        // The decoder of H.264 itself holds back what a key frame does not start.
        self.landing = (self.way == Way::Jump).then_some(*key);
        Ok(())
    }

    /// Decodes one frame into `self.frame`.
    fn next_frame(&mut self) -> Result<(), MediaError> {
        loop {
            match self.decoder.receive_frame(&mut self.frame) {
                Ok(()) => return self.accept(),
                Err(ff::Error::Other { errno }) if errno == libc::EAGAIN && !self.ended => {
                    self.feed()?
                }
                Err(ff::Error::Eof) => return Err(self.corrupt("frames are missing at its end")),
                Err(e) => return Err(self.corrupt(&format!("decoding fails ({e})"))),
            }
        }
    }

    /// Checks the frame just decoded and notes its time.
    fn accept(&mut self) -> Result<(), MediaError> {
        let Some(time) = self.frame.timestamp().or(self.frame.pts()) else {
            return Err(self.corrupt("a frame has no display time"));
        };
        // SAFETY: a plain field of a decoded frame.
        let errors = unsafe { (*self.frame.as_ptr()).decode_error_flags };
        let pixels = u64::from(self.frame.width()) * u64::from(self.frame.height());
        if errors != 0 || self.frame.is_corrupt() || pixels == 0 || pixels > MAX_PIXELS {
            return Err(
                self.corrupt(&format!("the picture at {:.1} s is broken", self.index.secs(time)))
            );
        }
        if let Some(landing) = self.landing.filter(|landing| *landing <= time) {
            if landing != time || !self.frame.is_key() {
                return Err(self.corrupt("a key frame is none"));
            }
            self.landing = None;
        }
        self.time = time;
        Ok(())
    }

    /// Hands the decoder the next packet of the track, or the end.
    fn feed(&mut self) -> Result<(), MediaError> {
        loop {
            match open::next_packet(&mut self.input, &mut self.packet) {
                Ok(()) if self.packet.stream() == self.index.track.stream => break,
                Ok(()) => {}
                Err(ff::Error::Eof) => {
                    self.ended = true;
                    return self
                        .decoder
                        .send_eof()
                        .map_err(|e| self.corrupt(&format!("decoding fails ({e})")));
                }
                Err(e) => return Err(self.corrupt(&format!("reading fails ({e})"))),
            }
        }
        if self.way == Way::Skip {
            let wanted = self.packet.pts().is_some_and(|t| self.wanted.binary_search(&t).is_ok());
            self.decoder.skip_frame(if wanted {
                ff::Discard::Default
            } else {
                ff::Discard::NonReference
            });
        }
        self.decoder
            .send_packet(&self.packet)
            .map_err(|e| self.corrupt(&format!("decoding fails ({e})")))
    }

    fn corrupt(&self, reason: &str) -> MediaError {
        MediaError::corrupt(self.path, reason)
    }
}

/// Tells the demuxer to drop every other track unread.
fn keep_only(input: &mut ff::format::context::Input, keep: usize) {
    // SAFETY: the streams array has `nb_streams` valid entries.
    unsafe {
        let raw = input.as_mut_ptr();
        for i in 0..(*raw).nb_streams as usize {
            let stream = *(*raw).streams.add(i);
            if i != keep {
                (*stream).discard = ffi::AVDiscard::ALL;
            }
        }
    }
}

/// One more than there are cores: while one frame is being made into pixels, every core still
/// has another to decode. Large frames would multiply the memory.
fn threads(track: &Track) -> usize {
    if u64::from(track.width) * u64::from(track.height) > LARGE {
        return 2;
    }
    (std::thread::available_parallelism().map_or(1, usize::from) + 1).min(THREADS)
}

fn open_decoder(
    input: &ff::format::context::Input,
    index: &Index,
    path: &Path,
) -> Result<ff::codec::decoder::Video, MediaError> {
    let unsupported =
        || MediaError::UnsupportedCodec { file: file_name(path), codec: index.track.codec.clone() };
    let stream = input.stream(index.track.stream).ok_or_else(unsupported)?;
    let mut context =
        ff::codec::Context::from_parameters(stream.parameters()).map_err(|_| unsupported())?;
    context.set_threading(ff::threading::Config {
        kind: ff::threading::Type::Frame,
        count: threads(&index.track),
        ..Default::default()
    });
    // SAFETY: plain fields of a context that is not open yet. Packet times are needed by the
    // decoder to fill in missing display times.
    unsafe {
        (*context.as_mut_ptr()).max_pixels = MAX_PIXELS as i64;
        (*context.as_mut_ptr()).pkt_timebase = (*stream.as_ptr()).time_base;
    }
    context.decoder().video().map_err(|_| unsupported())
}
