//! What a policy scores by cell, on clips it was trained on and on others.

use super::{WarmupInputs, card, odd};
use crate::error::TrainError;
use crate::eval::{EvalSet, Measured, Score, mean};
use crate::library::Library;
use crate::prompts::{PromptMaker, plan_of};
use media::StripCache;
use policy::{Policy, SamplingOptions};
use shared::config::RunConfig;
use shared::reward::RewardMode;

/// Questions on seen and on held-out videos, where there are any.
pub(super) fn eval_sets(
    seen: &Library,
    unseen: &Library,
    config: &RunConfig,
    per_cell: u32,
    prompts: &PromptMaker,
) -> Result<Vec<EvalSet>, TrainError> {
    let named = [("seen", seen), ("unseen", unseen)];
    let usable =
        named.into_iter().filter(|(_, library)| !library.entries.is_empty() && per_cell > 0);
    usable
        .map(|(name, library)| {
            EvalSet::new(name, library, &config.mixture, per_cell, config.seed, prompts)
        })
        .collect()
}

/// Greedy and sampled rewards of every set.
pub(super) fn ask_all(
    sets: &[EvalSet],
    policy: &Policy,
    mode: RewardMode,
) -> Result<Vec<(Measured, Measured)>, TrainError> {
    let score = Score::Reward(mode);
    let both = |set: &EvalSet| {
        Ok((set.ask(policy, score, &answers(true))?, set.ask(policy, score, &answers(false))?))
    };
    sets.iter().map(both).collect()
}

/// What the policy in `inputs.out` scores by cell on seen and held-out videos, as Markdown.
/// `say` hears what is odd about the videos.
///
/// # Errors
/// An unusable policy or video set.
pub fn measure(
    inputs: &WarmupInputs,
    mode: RewardMode,
    say: &mut dyn FnMut(&str),
) -> Result<String, TrainError> {
    let config = &inputs.config;
    let policy = Policy::load(&inputs.out, &policy::pick(&config.device)?)?;
    let cache =
        StripCache::open(&inputs.cache_dir).map_err(|e| TrainError::Videos(e.to_string()))?;
    let library = Library::load(&inputs.videos, &plan_of(&policy.processor), &cache, |_| ())?;
    odd(&library, &cache, config).iter().for_each(|line| say(line));
    let library = library.not_empty()?;
    let (seen, unseen) = library.split(&config.warmup.held_out);
    let sets = eval_sets(&seen, &unseen, config, inputs.card_questions, &PromptMaker::of(&policy))?;
    let measured = ask_all(&sets, &policy, mode)?;
    Ok(measured.iter().map(|(greedy, sampled)| card::table(greedy, sampled)).collect())
}

/// How evaluations answer.
fn answers(greedy: bool) -> SamplingOptions {
    SamplingOptions { temperature: 1.0, top_p: 1.0, top_k: 0, max_new: 16, greedy }
}

/// Mean rewards in one line.
pub(super) fn describe(measured: &Measured) -> String {
    let cells = measured.cells();
    let cells: Vec<String> =
        cells.iter().map(|(cell, rewards)| format!("{cell} {:.2}", mean(rewards))).collect();
    format!("{:<6} {:.3} | {}", measured.set, mean(&measured.all()), cells.join(", "))
}
