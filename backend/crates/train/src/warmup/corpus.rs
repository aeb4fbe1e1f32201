//! The text a fresh tokenizer learns its merges from: every question of every cell, the helper
//! questions, and answers.

use crate::error::TrainError;
use media::FrameStrip;
use shared::config::MixtureItem;
use shared::task::{Difficulty, Perturbation, SampleSpec, Task};

/// Repeats, so that the words of the questions become whole tokens.
const REPEATS: usize = 20;

/// Every question, in a fixed order; the strip decides only about the answers.
///
/// # Errors
/// A sample that cannot be made.
pub fn corpus(strip: &FrameStrip, mixture: &[MixtureItem]) -> Result<Vec<String>, TrainError> {
    let changes = Perturbation::ALL.iter().filter(|kind| kind.is_of_pixels());
    let mut tasks: Vec<Task> =
        changes.map(|&perturbation| Task::Grounding { perturbation }).collect();
    tasks.extend(Difficulty::ALL.iter().map(|&difficulty| Task::Counting { difficulty }));
    tasks.extend([2, 3, 4, 6, 8].map(|clips| Task::Jigsaw { clips }));
    tasks.extend(mixture.iter().map(MixtureItem::task));
    let mut texts = vec!["Clip 1: ".to_owned()];
    for task in tasks {
        let spec = SampleSpec::new(strip.video.clone(), task, 1);
        let sample =
            tasks::generate(strip, &spec).map_err(|error| TrainError::Sample(error.to_string()))?;
        texts.push(sample.info.question.clone());
        texts.push(sample.info.answer.clone());
        for helper in tasks::warmup::aux_questions(&sample) {
            texts.push(helper.question);
            texts.push(helper.answer);
        }
    }
    Ok(texts.iter().cycle().take(texts.len() * REPEATS).cloned().collect())
}
