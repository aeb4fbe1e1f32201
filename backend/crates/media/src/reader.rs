//! One decoder that moves forward over a file. Frames are found by display time; on the quick
//! way pictures that nothing refers to are skipped and long unwanted stretches jumped over.
//! It never converts pixels.

use crate::error::{MediaError, file_name};
use crate::index::Index;
use crate::open::{self, MAX_PIXELS};
use ff::util::frame::video::Video;
use ffmpeg_the_third as ff;
use ffmpeg_the_third::ffi;
use std::path::Path;

/// Decoder threads; more would multiply the memory that large frames take.
const THREADS: usize = 2;
/// Frames that must lie between two wanted ones before a jump is worth it.
const JUMP_FRAMES: usize = 150;

/// How freely the decoder may leave frames out.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Way {
    /// Skip unreferenced pictures, jump to key frames.
    Quick,
    /// Every frame from the first.
    Plain,
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
    /// The wanted time: its packet is never skipped.
    target: i64,
}

impl<'a> Reader<'a> {
    pub fn open(path: &'a Path, index: &'a Index, way: Way) -> Result<Self, MediaError> {
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
            target: 0,
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

    /// Decodes up to the frame with this index in display order.
    pub fn advance_to(&mut self, at: usize) -> Result<(), MediaError> {
        self.target = self.index.pts[at];
        if self.way == Way::Quick {
            self.jump_towards(at)?;
        }
        while self.time < self.target {
            self.next_frame()?;
        }
        if self.way == Way::Quick && self.time != self.target {
            return Err(self.corrupt("a wanted frame is missing"));
        }
        self.position = at;
        Ok(())
    }

    /// Seeks to the last key frame before a far target.
    fn jump_towards(&mut self, at: usize) -> Result<(), MediaError> {
        let Some(key) =
            self.index.keys[..self.index.keys.partition_point(|k| *k <= self.target)].last()
        else {
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
        self.time = time;
        Ok(())
    }

    /// Hands the decoder the next packet of the track, or the end.
    fn feed(&mut self) -> Result<(), MediaError> {
        loop {
            match self.packet.read(&mut self.input) {
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
        if self.way == Way::Quick {
            let wanted = self.packet.pts() == Some(self.target);
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
        count: THREADS,
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
