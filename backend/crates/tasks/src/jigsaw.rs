//! Temporal Jigsaw (arXiv 2511.06281, section 3.3): the strip is cut into clips and shuffled;
//! what was the order? Every clip's clock starts at 0, so times do not give the order away.

use crate::error::TaskError;
use crate::plan::{Brush, Drawn, Shown};
use crate::rng::Rng;
use media::FrameStrip;
use shared::task::{Dials, SampleParams, Truth};

pub(crate) fn draw(
    strip: &FrameStrip,
    clips: u32,
    dials: &Dials,
    mut rng: Rng,
) -> Result<Drawn, TaskError> {
    let (frames, parts) = (strip.count(), clips as usize);
    let trim = dials.trim.unwrap_or(0) as usize;
    if !frames.is_multiple_of(parts) || frames / parts <= 2 * trim {
        return Err(TaskError::BadClips { clips, frames });
    }
    let display = shuffled(parts, &mut rng);
    let length = frames / parts;
    let clip = |part: &usize| {
        (part * length + trim..(part + 1) * length - trim).map(Shown::kept).collect()
    };
    let order = order(&positions(&display));
    Ok(Drawn {
        clips: display.iter().map(clip).collect(),
        brush: Brush::None,
        params: SampleParams {
            display: Some(display.iter().map(|part| *part as u32).collect()),
            ..SampleParams::default()
        },
        truth: Truth::Jigsaw { order },
        shapes: None,
        sampling_fps: strip.sampling_fps,
    })
}

/// Positions from 1: a digit each, or numbers with commas between them past nine.
pub(crate) fn order(positions: &[usize]) -> String {
    let between = if positions.len() > 9 { "," } else { "" };
    positions.iter().map(|p| (p + 1).to_string()).collect::<Vec<_>>().join(between)
}

/// Original part at each display position; never the true order itself.
pub(crate) fn shuffled(parts: usize, rng: &mut Rng) -> Vec<usize> {
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
pub(crate) fn positions(display: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; display.len()];
    for (position, part) in display.iter().enumerate() {
        inverse[*part] = position;
    }
    inverse
}
