//! Temporal Jigsaw (arXiv 2511.06281, section 3.3): the strip is cut into clips and shuffled;
//! what was the order? Every clip's clock starts at 0, so times do not give the order away.

use crate::error::TaskError;
use crate::rng::Rng;
use crate::sample::{ClipFrames, Made};
use media::FrameStrip;
use shared::task::{SampleParams, Truth};

/// Clips a jigsaw may have; one digit names each.
const CLIPS: std::ops::RangeInclusive<u32> = 2..=9;

pub(crate) fn make(strip: &FrameStrip, clips: u32, mut rng: Rng) -> Result<Made, TaskError> {
    let frames = strip.count();
    let parts = clips as usize;
    if !CLIPS.contains(&clips) || frames < parts || !frames.is_multiple_of(parts) {
        return Err(TaskError::BadClips { clips, frames });
    }
    let display = shuffled(parts, &mut rng);
    let length = frames / parts;
    let shown = display
        .iter()
        .map(|part| ClipFrames::of(strip, part * length..(part + 1) * length))
        .collect();
    let order = positions(&display).iter().map(|position| (position + 1).to_string()).collect();
    Ok(Made {
        clips: shown,
        params: SampleParams {
            display: Some(display.iter().map(|part| *part as u32).collect()),
            ..SampleParams::default()
        },
        truth: Truth::Jigsaw { order },
        shapes: None,
    })
}

/// Original part at each display position; never the true order itself.
fn shuffled(parts: usize, rng: &mut Rng) -> Vec<usize> {
    let identity: Vec<usize> = (0..parts).collect();
    loop {
        let mut display = identity.clone();
        rng.shuffle(&mut display);
        if display != identity {
            return display;
        }
    }
}

/// Display position of each original part: the inverse of `display`.
fn positions(display: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; display.len()];
    for (position, part) in display.iter().enumerate() {
        inverse[*part] = position;
    }
    inverse
}
