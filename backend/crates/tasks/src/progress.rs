//! Progress estimation, after PRIMO: between a first and a last moment of the video a third
//! one is shown; how far along is it?

use crate::error::TaskError;
use crate::plan::{Brush, Drawn, Shown};
use crate::rng::Rng;
use media::FrameStrip;
use shared::task::{Dials, SampleParams, Task, Truth};

/// Frames shown of each moment unless dialled otherwise.
const WINDOW: u32 = 4;

pub(crate) fn draw(strip: &FrameStrip, dials: &Dials, mut rng: Rng) -> Result<Drawn, TaskError> {
    let (frames, window) = (strip.count(), dials.window.unwrap_or(WINDOW) as usize);
    if frames < 4 * window {
        let task = Task::Progress.cell();
        return Err(TaskError::TooFewFrames { task, needed: 4 * window, frames });
    }
    let last = frames - window;
    // The moment shares no frame with the first and the last one.
    let now = rng.range(window as u64, (last - window) as u64) as usize;
    let clip = |start: usize| (start..start + window).map(Shown::kept).collect();
    Ok(Drawn {
        clips: [0, now, last].map(clip).to_vec(),
        brush: Brush::None,
        params: SampleParams { start_slot: Some(now as u32), ..SampleParams::default() },
        truth: Truth::Progress { percent: ((100 * now + last / 2) / last) as u32 },
        shapes: None,
        sampling_fps: strip.sampling_fps,
    })
}
