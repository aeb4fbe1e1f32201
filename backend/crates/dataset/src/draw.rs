//! A sample as frames to keep: those that are the video's own, by slot, and those that the task
//! painted. It writes nothing.

use shared::task::{SampleInfo, SampleSpec};
use tasks::{Sources, TaskError};

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
/// [`tasks::plan`] and [`tasks::paint`].
pub(crate) fn draw(sources: &Sources, spec: &SampleSpec) -> Result<Option<Drawn>, TaskError> {
    let plan = tasks::plan(sources, spec)?;
    let painted = tasks::paint(sources, &plan)?;
    if !painted.answerable {
        return Ok(None);
    }
    let kept = plan.clips.iter().map(|clip| clip.iter().map(|shown| Frame::Kept(shown.slot)));
    let mut clips: Vec<Vec<Frame>> = kept.map(Iterator::collect).collect();
    for frame in painted.frames {
        clips[frame.clip][frame.place] = Frame::Painted(frame.rgb);
    }
    Ok(Some(Drawn { info: plan.info, clips }))
}
