//! T-GRPO (Video-R1, arXiv 2503.21776): the same question with its frames shuffled
//! is answered too, by half as many answers; where order helps, good answers get a bonus.

use crate::seed::Draws;
use shared::task::{Perturbation, Task};
use tasks::Sample;

/// Order helps where the ordered frames earn at least this share of what the shuffled ones do.
const ADVANTAGE: f64 = 0.8;
/// An answer is good from this reward on (released code).
const GOOD: f64 = 0.1;

/// Whether shuffled frames keep the answer true. Where the order itself is asked for, or moves
/// with the frames, they do not.
pub fn applies(task: &Task) -> bool {
    match task {
        Task::Counting { .. } => true,
        Task::Grounding { perturbation } => !matches!(
            perturbation,
            Perturbation::Shuffle
                | Perturbation::Slow
                | Perturbation::Fast
                | Perturbation::StutterHold
        ),
        Task::Jigsaw { .. } | Task::Spatial { .. } | Task::Spotting | Task::Progress => false,
    }
}

/// The sample with the frames of each clip in another order under the same times; the order
/// follows from the sample's seed.
pub fn shuffled(sample: &Sample) -> Sample {
    let mut out = sample.clone();
    let mut draws = Draws::new(sample.info.spec.seed ^ 0x7368_7566_666c_6564);
    for (clip, source) in out.clips.iter_mut().zip(&sample.clips) {
        let count = source.frames.len();
        let size = source.rgb.len() / count.max(1);
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, draws.below(last + 1));
        }
        for (place, from) in order.into_iter().enumerate() {
            clip.rgb[place * size..][..size].copy_from_slice(&source.rgb[from * size..][..size]);
            clip.frames[place] = source.frames[from];
        }
    }
    out
}

/// What is added to each reward: `bonus` for a good answer where the mean of the ordered frames'
/// rewards is at least .8 of the shuffled ones', else nothing.
pub fn bonuses(bonus: f64, ordered: &[f64], shuffled: &[f64]) -> Vec<f64> {
    let helps = crate::eval::mean(ordered) >= ADVANTAGE * crate::eval::mean(shuffled);
    ordered.iter().map(|r| if helps && *r > GOOD { bonus } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bonuses_by_hand() {
        assert_eq!(bonuses(0.3, &[1.0, 0.05, 0.4, 0.55], &[0.6, 0.4]), [0.3, 0.0, 0.3, 0.3]);
        // Means .2 and .3: .2 < .8 x .3.
        assert_eq!(bonuses(0.3, &[0.4, 0.0], &[0.3, 0.3]), [0.0, 0.0]);
        assert_eq!(bonuses(0.3, &[0.24, 0.24], &[0.3]), [0.3, 0.3], "exactly .8 helps");
    }
}
