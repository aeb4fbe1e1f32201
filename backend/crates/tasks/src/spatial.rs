//! Spatial Jigsaw: one frame is cut into tiles and shuffled; where does each belong? After
//! the image task of Visual Jigsaw.

use crate::error::TaskError;
use crate::jigsaw::{order, positions, shuffled};
use crate::plan::{Brush, Drawn, Shown};
use crate::rng::Rng;
use media::FrameStrip;
use shared::task::{SampleParams, Truth};

pub(crate) fn draw(strip: &FrameStrip, grid: u32, mut rng: Rng) -> Result<Drawn, TaskError> {
    if strip.width < grid || strip.height < grid || strip.count() == 0 {
        return Err(TaskError::BadInput(format!(
            "{grid}x{grid} tiles cannot be cut from a frame of {}x{} pixels",
            strip.width, strip.height
        )));
    }
    let slot = rng.index(strip.count());
    let display = shuffled((grid * grid) as usize, &mut rng);
    let tiles = order(&positions(&display));
    let display: Vec<u32> = display.iter().map(|tile| *tile as u32).collect();
    Ok(Drawn {
        clips: vec![vec![Shown::changed(slot)]],
        brush: Brush::Tiles { grid, display: display.clone() },
        params: SampleParams { display: Some(display), ..SampleParams::default() },
        truth: Truth::Spatial { tiles },
        shapes: None,
        sampling_fps: strip.sampling_fps,
    })
}
