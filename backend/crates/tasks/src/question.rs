//! What is asked: one fixed, short template per task cell, in our own words. The answer
//! formats are those of arXiv 2511.06281.

use shared::task::{Perturbation, SampleParams, ShapeKind, Task, Truth};

/// The question of a sample. It is the same for every sample of a cell but for the names of
/// what is asked about: the kinds that are counted, the shape that is looked for.
pub fn question(task: &Task, truth: &Truth, params: &SampleParams) -> String {
    match task {
        Task::Grounding { perturbation } => {
            let note = match perturbation {
                Perturbation::Slow | Perturbation::Fast => {
                    " The times shown are evenly spaced and do not tell."
                }
                _ => "",
            };
            let change = change(*perturbation);
            format!("When {change}?{note} Answer start-end in seconds, like 14.5-26.2.")
        }
        Task::Counting { .. } => {
            let kinds: Vec<ShapeKind> = match truth {
                Truth::Counting(counts) => counts.iter().map(|(kind, _)| kind).collect(),
                _ => Vec::new(),
            };
            how_many(&kinds)
        }
        Task::Jigsaw { clips } => {
            let answer = match clips {
                ..=9 => format!("{clips} digits"),
                _ => format!("{clips} numbers with commas between them"),
            };
            format!(
                "A video was cut into {clips} clips and shuffled. For each part in true order, which clip shows it? Answer {answer}."
            )
        }
        Task::Spatial { grid } => format!(
            "A picture was cut into {grid} by {grid} tiles and shuffled. For each place in true order, row by row, which tile belongs there? Answer {} digits.",
            grid * grid
        ),
        Task::Spotting => {
            let kind = params.kind.unwrap_or(ShapeKind::Circle);
            format!(
                "A {kind} with a number on it crosses the picture. Which number, and when? Answer number,start-end in seconds, like 7,14.5-26.2."
            )
        }
        Task::Progress => "The first clip shows a beginning, the third an end. How far along is the second? Answer a percentage, like 35.".into(),
    }
}

fn how_many(kinds: &[ShapeKind]) -> String {
    /// One example per number of kinds, cut to length.
    const LIKE: &str = "3,1,4,2,5,6";
    let names: Vec<&str> = kinds.iter().map(|kind| kind.plural()).collect();
    let listed = match names.as_slice() {
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
        [] => String::new(),
    };
    let like = &LIKE[..(2 * names.len()).saturating_sub(1).min(LIKE.len())];
    format!("How many {listed} appear? Answer {}, like {like}.", names.join(","))
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
        Perturbation::Shuffle => "are the frames out of order",
        Perturbation::Swap => "does another video show",
        Perturbation::StutterHold => "does the video stutter",
        Perturbation::Slow => "does the video run slower",
        Perturbation::Fast => "does the video run faster",
    }
}
