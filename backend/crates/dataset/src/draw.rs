//! A sample as frames to keep: those that are the video's own, by slot, and those that the task
//! painted. It writes nothing.

use media::FrameStrip;
use shared::task::{SampleInfo, SampleSpec};
use tasks::TaskError;

/// One frame of a sample.
pub(crate) enum Frame {
    /// Exactly the frame in this slot of the strip.
    Kept(u32),
    /// Pixels `[height, width, 3]` of the strip's size.
    Painted(Vec<u8>),
}

/// A sample whose pixels show its answer.
pub(crate) struct Drawn {
    pub info: SampleInfo,
    /// Clip by clip in display order.
    pub clips: Vec<Vec<Frame>>,
}

/// The sample of a spec; `None` where its pixels do not show its answer. Errors: those of
/// [`tasks::generate`].
pub(crate) fn draw(strip: &FrameStrip, spec: &SampleSpec) -> Result<Option<Drawn>, TaskError> {
    let sample = tasks::generate(strip, spec)?;
    if !sample.answerable {
        return Ok(None);
    }
    let clips = sample.clips.iter().map(|clip| {
        let pixels = clip.rgb.chunks_exact(strip.frame_bytes());
        clip.frames
            .iter()
            .zip(pixels)
            .map(|(frame, rgb)| {
                if rgb == strip.frame(frame.slot as usize) {
                    Frame::Kept(frame.slot)
                } else {
                    Frame::Painted(rgb.to_vec())
                }
            })
            .collect()
    });
    Ok(Some(Drawn { clips: clips.collect(), info: sample.info }))
}
