//! Fixed questions, asked again and again: greedy (or sampled) answers, mean reward by cell,
//! and the interval of the mean.

use crate::error::TrainError;
use crate::library::Library;
use crate::prompts::PromptMaker;
use crate::seed::{Draws, Stream, derive};
use media::FrameStrip;
use policy::{Policy, Prompt, SamplingOptions, generate};
use shared::config::{MixtureItem, RunConfig};
use shared::event::EventBody;
use shared::recipe::Questions;
use shared::reward::{self, RewardMode};
use shared::task::{Dials, SampleInfo, SampleSpec, Task};
use shared::video::VideoId;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tasks::{Sample, Shelf, Sources};

/// Prompts answered together, so that memory stays bounded.
const BATCH: usize = 32;
/// Resamplings behind an interval.
const RESAMPLES: usize = 1000;

/// What an answer is worth in an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Score {
    /// The training reward.
    Reward(RewardMode),
    /// The benchmark's own figure, see [`reward::benchmark`].
    Benchmark,
}

/// What a run's evaluations ask, and how answers are scored.
pub fn asked(config: &RunConfig) -> (Vec<MixtureItem>, Score) {
    match config.evaluate.questions {
        Questions::Mixture => (config.mixture.clone(), Score::Reward(config.reward)),
        Questions::Viubench => (MixtureItem::viubench(), Score::Benchmark),
    }
}

/// What the questions are drawn by: those of a benchmark are the same in every run.
pub fn seed(config: &RunConfig) -> u64 {
    match config.evaluate.questions {
        Questions::Mixture => config.seed,
        Questions::Viubench => 0,
    }
}

/// Fixed questions about the videos of one set. Their prompts are made when they are asked: a
/// thousand of them would take gigabytes.
pub struct EvalSet {
    /// Name of the set, such as `train clips`.
    pub name: String,
    questions: Vec<SampleInfo>,
    shelf: Shelf<Arc<FrameStrip>>,
    prompts: PromptMaker,
}

/// Rewards of one pass over a set.
pub struct Measured {
    /// Name of the set.
    pub set: String,
    /// Cell and reward of every question.
    pub rewards: Vec<(String, f64)>,
}

impl EvalSet {
    /// `per_cell` questions for each item of the mixture, spread over the library's videos.
    /// The same arguments give the same questions. A cell whose answers no video shows, such as
    /// swapped channels of a film without colour, is left out.
    ///
    /// # Errors
    /// A sample that cannot be made.
    pub fn new(
        name: &str,
        library: &Library,
        mixture: &[MixtureItem],
        per_cell: u32,
        seed: u64,
        prompts: &PromptMaker,
    ) -> Result<Self, TrainError> {
        let mut questions = Vec::new();
        let shelf = library.shelf();
        let cells =
            mixture.iter().flat_map(|item| item.tasks().into_iter().map(|task| (task, item.dials)));
        for (cell, (task, dials)) in cells.enumerate() {
            for k in 0..u64::from(per_cell) {
                let place = [cell as u64, k];
                let sample = fixed_sample(&shelf, task, dials, seed, place)?;
                questions.extend(sample.map(|sample| sample.info));
            }
        }
        Ok(Self { name: name.into(), questions, shelf, prompts: prompts.clone() })
    }

    /// Asks every question once. Without greedy options, answer k is drawn with seed k.
    ///
    /// # Errors
    /// What generation reports.
    pub fn ask(
        &self,
        policy: &Policy,
        score: Score,
        options: &SamplingOptions,
    ) -> Result<Measured, TrainError> {
        let mut rewards = Vec::new();
        for batch in self.questions.chunks(BATCH) {
            let prompts = batch.iter().map(|info| self.prompt(info));
            let prompts = prompts.collect::<Result<Vec<Prompt>, _>>()?;
            let seeds: Vec<Vec<u64>> =
                (0..batch.len()).map(|k| vec![(rewards.len() + k) as u64]).collect();
            let answers = generate(policy, &prompts, &seeds, options)?;
            for (info, answers) in batch.iter().zip(answers) {
                let text =
                    answers.first().map(|a| policy.tokenizer.decode(&a.ids)).unwrap_or_default();
                let worth = match score {
                    Score::Reward(mode) => reward::score(mode, &info.truth, &text).total,
                    Score::Benchmark => reward::benchmark(&info.truth, &text),
                };
                rewards.push((info.spec.task.cell(), worth));
            }
        }
        Ok(Measured { set: self.name.clone(), rewards })
    }

    /// The prompt of one of the questions, made from its spec.
    fn prompt(&self, info: &SampleInfo) -> Result<Prompt, TrainError> {
        let spec = &info.spec;
        let strips = self.shelf.for_task(&spec.task);
        let find = |video: &VideoId| strips.iter().find(|strip| strip.video == *video);
        let gone = || TrainError::Sample(format!("the strip of {} is gone", spec.video));
        let strip = find(&spec.video).ok_or_else(gone)?;
        let other = spec.other.as_ref().and_then(find).map(|strip| &**strip);
        let sample = tasks::generate(Sources { strip, other }, spec)
            .map_err(|error| TrainError::Sample(error.to_string()))?;
        self.prompts.ask(&sample)
    }

    /// Number of questions.
    pub fn len(&self) -> usize {
        self.questions.len()
    }

    /// Whether there is no question.
    pub fn is_empty(&self) -> bool {
        self.questions.is_empty()
    }
}

/// Question k of a cell, from the first video in turn that shows the answer.
fn fixed_sample(
    shelf: &Shelf<Arc<FrameStrip>>,
    task: Task,
    dials: Dials,
    seed: u64,
    [cell, k]: [u64; 2],
) -> Result<Option<Sample>, TrainError> {
    let strips = shelf.for_task(&task);
    let seed = derive(seed, Stream::Evaluate, &[cell, k]);
    for turn in 0..strips.len() {
        let at = |turn: usize| &*strips[((cell + k) as usize + turn) % strips.len()];
        let (strip, next) = (at(turn), at(turn + 1));
        if task.needs_other() && next.video == strip.video {
            return Ok(None);
        }
        let other = task.needs_other().then_some(next);
        let spec = SampleSpec {
            dials,
            other: other.map(|strip| strip.video.clone()),
            ..SampleSpec::new(strip.video.clone(), task, seed)
        };
        let sample = tasks::generate(Sources { strip, other }, &spec)
            .map_err(|e| TrainError::Sample(e.to_string()))?;
        if sample.answerable {
            return Ok(Some(sample));
        }
    }
    Ok(None)
}

impl Measured {
    /// Rewards by cell.
    pub fn cells(&self) -> BTreeMap<String, Vec<f64>> {
        let mut cells = BTreeMap::<String, Vec<f64>>::new();
        for (cell, reward) in &self.rewards {
            cells.entry(cell.clone()).or_default().push(*reward);
        }
        cells
    }

    /// All rewards.
    pub fn all(&self) -> Vec<f64> {
        self.rewards.iter().map(|(_, reward)| *reward).collect()
    }

    /// Writes `results/STEP-SET.json`: reward of every question, in order.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn write(&self, run_dir: &Path, step: u64) -> Result<(), TrainError> {
        let dir = run_dir.join("results");
        std::fs::create_dir_all(&dir).map_err(|error| TrainError::io(&dir, error))?;
        let whole = serde_json::json!({ "step": step, "set": self.set, "rewards": self.rewards });
        let path = file_of(run_dir, step, &self.set);
        crate::checkpoint::write_whole(&path, format!("{whole:#}\n").as_bytes())
    }

    /// Reads what [`Measured::write`] wrote; none where there is no such file, or where it is of
    /// other questions.
    pub fn read(&self, run_dir: &Path, step: u64) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct File {
            rewards: Vec<(String, f64)>,
        }
        let text = std::fs::read_to_string(file_of(run_dir, step, &self.set)).ok()?;
        let File { rewards } = serde_json::from_str(&text).ok()?;
        let cells = |rewards: &[(String, f64)]| rewards.iter().map(|r| r.0.clone()).collect();
        let same: [Vec<String>; 2] = [cells(&rewards), cells(&self.rewards)];
        (same[0] == same[1]).then(|| Self { set: self.set.clone(), rewards })
    }

    /// As a journal event; `start` is the same set at the run's start.
    pub fn event(&self, start: Option<&Self>) -> EventBody {
        let all = self.all();
        let change: Option<Vec<f64>> = start
            .map(|start| self.rewards.iter().zip(&start.rewards).map(|(a, b)| a.1 - b.1).collect());
        EventBody::Evaluation {
            change: change.as_deref().map(mean),
            change_interval: change.as_deref().map(half_interval),
            set: self.set.clone(),
            samples: all.len() as u64,
            reward_mean: mean(&all),
            reward_interval: half_interval(&all),
            by_cell: self
                .cells()
                .into_iter()
                .map(|(cell, rewards)| (cell, mean(&rewards)))
                .collect(),
        }
    }
}

fn file_of(run_dir: &Path, step: u64, set: &str) -> std::path::PathBuf {
    run_dir.join("results").join(format!("{step:08}-{}.json", set.replace(' ', "-")))
}

/// Mean; 0 of nothing.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// Half width of the 95 % bootstrap interval of the mean (percentile method, 1,000
/// resamples with a fixed seed).
pub fn half_interval(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mut draws = Draws::new(derive(values.len() as u64, Stream::Bootstrap, &[]));
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            (0..values.len()).map(|_| values[draws.below(values.len())]).sum::<f64>()
                / values.len() as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    (means[RESAMPLES * 975 / 1000] - means[RESAMPLES * 25 / 1000]) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_near_the_normal_one() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let want = 1.96 * 0.5 / 20.0;
        assert!((half_interval(&values) - want).abs() < 0.006);
        assert_eq!(half_interval(&[0.3]), 0.0);
        assert_eq!(half_interval(&[0.3; 9]), 0.0);
    }
}
