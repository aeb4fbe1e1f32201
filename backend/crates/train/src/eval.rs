//! Fixed questions, asked again and again: greedy (or sampled) answers, mean reward by cell,
//! and the interval of the mean.

use crate::error::TrainError;
use crate::library::Library;
use crate::prompts::PromptMaker;
use crate::seed::{Stream, derive};
use media::FrameStrip;
use policy::{Policy, Prompt, SamplingOptions, generate};
use shared::config::{MixtureItem, RunConfig};
use shared::event::EventBody;
use shared::paired::{SampleResult, SetResults};
pub use shared::paired::{Score, half_interval, mean};
use shared::recipe::Questions;
use shared::task::{Dials, SampleInfo, SampleSpec, Task};
use shared::video::VideoId;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tasks::{Sample, Shelf, Sources};

/// Prompts answered together, so that memory stays bounded.
const BATCH: usize = 32;

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
    /// How answers were scored.
    pub score: Score,
    /// What was asked, said and earned, in the same order.
    pub samples: Vec<SampleResult>,
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
        let mut samples = Vec::new();
        for batch in self.questions.chunks(BATCH) {
            let prompts = batch.iter().map(|info| self.prompt(info));
            let prompts = prompts.collect::<Result<Vec<Prompt>, _>>()?;
            let seeds: Vec<Vec<u64>> =
                (0..batch.len()).map(|k| vec![(samples.len() + k) as u64]).collect();
            let answers = generate(policy, &prompts, &seeds, options)?;
            for (info, answers) in batch.iter().zip(answers) {
                let text =
                    answers.first().map(|a| policy.tokenizer.decode(&a.ids)).unwrap_or_default();
                let (spec, truth) = (info.spec.clone(), info.truth.clone());
                let reward = score.of(&truth, &text);
                samples.push(SampleResult { spec, truth, said: text, reward });
            }
        }
        let rewards = samples.iter().map(|s| (s.spec.task.cell(), s.reward)).collect();
        Ok(Measured { set: self.name.clone(), rewards, score, samples })
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

    /// Writes `results/STEP-SET.json`: every question in order, what was said and earned.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn write(&self, run_dir: &Path, step: u64) -> Result<(), TrainError> {
        let dir = run_dir.join("results");
        std::fs::create_dir_all(&dir).map_err(|error| TrainError::io(&dir, error))?;
        let whole = serde_json::json!({
            "step": step, "set": self.set, "rewards": self.rewards, "score": self.score,
            "samples": self.samples,
        });
        let path = file_of(run_dir, step, &self.set);
        crate::checkpoint::write_whole(&path, format!("{whole:#}\n").as_bytes())
    }

    /// The rewards that [`Measured::write`] wrote after another step; none where there is no such
    /// file, or where it is of other questions.
    pub fn earlier(&self, run_dir: &Path, step: u64) -> Option<Vec<f64>> {
        let file = read_file(&file_of(run_dir, step, &self.set)).ok()?;
        let same = file.rewards.iter().map(|r| &r.0).eq(self.rewards.iter().map(|r| &r.0));
        same.then(|| file.rewards.into_iter().map(|(_, reward)| reward).collect())
    }

    /// As a journal event; `start` has the rewards of the same questions at the run's start.
    pub fn event(&self, start: Option<&[f64]>) -> EventBody {
        let all = self.all();
        let change: Option<Vec<f64>> =
            start.map(|start| all.iter().zip(start).map(|(now, then)| now - then).collect());
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

/// A file of `results/`; those of older versions hold rewards alone.
#[derive(serde::Deserialize)]
struct ResultsFile {
    step: u64,
    set: String,
    rewards: Vec<(String, f64)>,
    score: Option<Score>,
    #[serde(default)]
    samples: Vec<SampleResult>,
}

fn read_file(path: &Path) -> Result<ResultsFile, TrainError> {
    let text = std::fs::read_to_string(path).map_err(|error| TrainError::io(path, error))?;
    serde_json::from_str(&text)
        .map_err(|error| TrainError::Run(format!("{}: {error}", path.display())))
}

/// What a run's evaluations after a step asked and heard, one entry per set; empty where none was
/// made then.
///
/// # Errors
/// A file that cannot be read.
pub fn results(run_dir: &Path, step: u64) -> Result<Vec<SetResults>, TrainError> {
    let dir = run_dir.join("results");
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let (begin, mut paths) = (format!("{step:08}-"), Vec::new());
    for entry in std::fs::read_dir(&dir).map_err(|error| TrainError::io(&dir, error))? {
        let entry = entry.map_err(|error| TrainError::io(&dir, error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&begin) && name.ends_with(".json") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    paths.iter().map(|path| Ok(read_file(path)?.results())).collect()
}

impl ResultsFile {
    fn results(self) -> SetResults {
        SetResults {
            step: self.step,
            set: self.set,
            asked: self.rewards.len() as u64,
            score: self.score,
            samples: self.samples,
        }
    }
}
