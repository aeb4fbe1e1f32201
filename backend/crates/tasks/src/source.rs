//! What a sample is made from: the strip of its video, and of a second one where the task
//! borrows frames.

use crate::error::TaskError;
use media::FrameStrip;
use shared::task::SampleSpec;

/// The strips behind one sample. They are only read.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// Of the spec's video, with as many frames as the task's `source_frames`.
    pub strip: &'a FrameStrip,
    /// Of the spec's other video, for tasks that need one.
    pub other: Option<&'a FrameStrip>,
}

impl<'a> From<&'a FrameStrip> for Sources<'a> {
    fn from(strip: &'a FrameStrip) -> Self {
        Self { strip, other: None }
    }
}

impl Sources<'_> {
    /// Errors: strips of other videos than the spec names, a second video that is missing or
    /// is the first one, and dials that do not fit.
    pub(crate) fn check(&self, spec: &SampleSpec) -> Result<(), TaskError> {
        let same = |strip: &FrameStrip, wanted: &shared::video::VideoId| {
            if strip.video == *wanted {
                return Ok(());
            }
            let (strip, spec) = (strip.video.to_string(), wanted.to_string());
            Err(TaskError::OtherVideo { strip, spec })
        };
        same(self.strip, &spec.video)?;
        let task = spec.task.cell();
        match (spec.task.needs_other(), &spec.other, self.other) {
            (true, Some(other), Some(strip)) => {
                same(strip, other)?;
                if *other == spec.video {
                    return Err(bad(format!(
                        "{task} takes frames of another video, not of its own"
                    )));
                }
            }
            (true, ..) => {
                return Err(bad(format!("{task} needs a second video to take frames from")));
            }
            (false, None, _) => {}
            (false, Some(_), _) => return Err(bad(format!("{task} takes no second video"))),
        }
        let main = spec.task.main_problem();
        let dials = spec.task.dial_problems(&spec.dials);
        if let Some((name, message)) = main.into_iter().chain(dials).next() {
            return Err(bad(format!("{name}: {message}")));
        }
        spec.task.conflict(&spec.dials).map_or(Ok(()), |message| Err(bad(message)))
    }
}

fn bad(message: String) -> TaskError {
    TaskError::BadInput(message)
}
