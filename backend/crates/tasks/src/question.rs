//! What is asked: one fixed, short template per task cell, in our own words. The answer
//! formats are those of arXiv 2511.06281.

use shared::task::{Perturbation, Task};

/// The question of a task, the same for every sample of its cell.
pub fn question(task: &Task) -> String {
    match task {
        Task::Grounding { perturbation } => {
            format!("When {}? Answer start-end in seconds, like 14.5-26.2.", change(*perturbation))
        }
        Task::Counting { .. } => {
            "How many circles, squares and triangles appear? Answer circles,squares,triangles, like 3,1,4.".into()
        }
        Task::Jigsaw { clips } => format!(
            "A video was cut into {clips} clips and shuffled. For each part in true order, which clip shows it? Answer {clips} digits."
        ),
    }
}

/// The change as the middle of "When ...?".
pub(crate) fn change(kind: Perturbation) -> &'static str {
    match kind {
        Perturbation::ChannelSwap => "are red and blue swapped",
        Perturbation::Mirror => "is the picture mirrored",
        Perturbation::Rotate180 => "is the picture upside down",
        Perturbation::ZoomOut => "is the picture zoomed out",
        Perturbation::ZoomIn => "is the picture zoomed in",
        Perturbation::Grayscale => "is the picture without colour",
        Perturbation::Invert => "are the colours inverted",
        Perturbation::Rotate90 => "is the picture turned right",
        Perturbation::Rotate270 => "is the picture turned left",
        Perturbation::Noise => "is the picture noisy",
        Perturbation::Blur => "is the picture blurred",
        Perturbation::Saturation => "are the colours stronger",
    }
}
