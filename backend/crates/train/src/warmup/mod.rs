//! Supervised warm start of a small policy: every strip is shown once and asked several
//! questions, which share the clips as a prefix. It ends where GRPO begins.

mod card;
mod corpus;
pub mod items;
mod lesson;
mod measure;
mod probe;
mod trainer;

pub use measure::measure;

use crate::error::TrainError;
use crate::library::Library;
use crate::prompts::plan_of;
use burn::tensor::Device;
use media::StripCache;
use policy::{Policy, PolicyConfig, PolicyTokenizer, Processor};
use shared::config::RunConfig;
use std::path::PathBuf;
use std::sync::Arc;
use trainer::Trainer;

/// Most entries of a fresh tokenizer.
const VOCABULARY: usize = 512;
/// What a warm start needs.
pub struct WarmupInputs {
    /// Seed, mixture, `warmup`, gradient clip, device.
    pub config: RunConfig,
    /// Video files or folders.
    pub videos: Vec<PathBuf>,
    /// Where decoded strips are kept.
    pub cache_dir: PathBuf,
    /// The policy folder to write.
    pub out: PathBuf,
    /// A policy to go on from, with a fresh optimizer; none for a fresh nano policy.
    pub from: Option<PathBuf>,
    /// Wall-clock budget; the schedule then follows the clock, not the steps.
    pub minutes: Option<f64>,
    /// Questions per cell of the evaluations while it runs; 0 for none.
    pub check_questions: u32,
    /// Questions per cell of the last evaluation, which the card tells; 0 for none.
    pub card_questions: u32,
    /// The command line, for the policy's card.
    pub command: String,
}

/// How far a warm start is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Updates made.
    pub step: u64,
    /// Share of the schedule, 0..=1.
    pub share: f64,
    /// One line of figures.
    pub line: String,
}

/// Makes a fresh nano policy (or takes the given one), trains it and writes its folder with a
/// card. `say` is told of the progress; the folder is written at every evaluation too, so that a
/// break loses little.
///
/// # Errors
/// No usable video, a sample that cannot be made, or an unwritable folder.
pub fn warmup(inputs: &WarmupInputs, say: &mut dyn FnMut(&Progress)) -> Result<(), TrainError> {
    let config = &inputs.config;
    let device = policy::pick(&config.device)?;
    let cache =
        StripCache::open(&inputs.cache_dir).map_err(|e| TrainError::Videos(e.to_string()))?;
    // A policy to go on from need not look at frames of the nano size.
    let processor = match &inputs.from {
        Some(dir) => Processor::load(dir)?,
        None => Processor::nano(),
    };
    let library = Library::load(&inputs.videos, &plan_of(&processor), &cache, |_| ())?;
    let (seen, unseen) = library.split(&config.warmup.held_out);
    for line in odd(&library, &cache, config) {
        say(&Progress { step: 0, share: 0.0, line });
    }
    let policy = match &inputs.from {
        Some(dir) => Policy::load(dir, &device)?,
        None => fresh_policy(config, &library, &device)?,
    };
    let mut trainer = Trainer::new(inputs, policy, seen, unseen, device)?;
    trainer.run(say)
}

/// What a person should know about the videos, one sentence each.
fn odd(library: &Library, cache: &StripCache, config: &RunConfig) -> Vec<String> {
    let passed_over = library.problems.iter().map(|problem| format!("passed over: {problem}"));
    let unkept = cache.problem().map(|problem| format!("decoded strips are not kept: {problem}"));
    passed_over.chain(library.strangers(&config.warmup.held_out)).chain(unkept).collect()
}

/// A fresh nano policy whose tokenizer knows the questions.
fn fresh_policy(
    config: &RunConfig,
    library: &Library,
    device: &Device,
) -> Result<Policy, TrainError> {
    let strip = match library.entries.first() {
        Some(entry) => entry.strip.clone(),
        None => Arc::new(tasks::warmup::scene(1, &plan_of(&Processor::nano()))),
    };
    let tokenizer = PolicyTokenizer::train(&corpus::corpus(&strip, &config.mixture)?, VOCABULARY)?;
    let sizes = PolicyConfig::nano(tokenizer.vocab_size());
    Ok(Policy::fresh(sizes, tokenizer, Processor::nano(), config.seed, device))
}
