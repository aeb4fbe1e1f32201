//! Log-probabilities beyond those at sampling: of true answers, under newer weights, without the
//! video. Each is a forward pass over all answers, made only where the recipe asks.

use super::weights;
use crate::rollout::Drawn;
use crate::seed::{Stream, derive};
use crate::sheet::{Asked, logprobs_of};
use crate::step::{Scored, ScoredGroup};
use policy::{Policy, Prompt};
use shared::advantage::Compared;
use shared::config::RunConfig;
use shared::rollout::Group;

/// Log-probabilities `[questions][answers][tokens]`; the true answer is the last of its question
/// where it joined.
type Logprobs = Vec<Vec<Vec<f32>>>;

/// What the recipe asks for, measured with the weights about to be updated.
pub struct Evidence {
    /// With the video, where answers are stale or true answers joined.
    now: Option<Logprobs>,
    /// With part of the video blacked out.
    masked: Option<Logprobs>,
}

/// Measures what the recipe needs. `stale` says that older weights answered.
pub fn gather(
    policy: &Policy,
    config: &RunConfig,
    step: u64,
    drawn: &[Drawn],
    stale: bool,
) -> Evidence {
    let (vision, join) = (&config.vision, config.select.label_rollout.is_on());
    let corrects = stale && config.update.tis_cap > 0.0;
    let prompts = |drawn: &[Drawn]| -> Vec<Prompt> {
        drawn.iter().map(|one| one.question.prompt.clone()).collect()
    };
    let now = (join || corrects).then(|| score(policy, config, drawn, &prompts(drawn)));
    let looks = vision.papo > 0.0 || vision.keep_tokens < 1.0 || vision.least_weight < 1.0;
    let masked = looks.then(|| {
        let hide = |(at, one): (usize, &Drawn)| {
            let seed = derive(config.seed, Stream::Blackout, &[step, at as u64]);
            policy.processor.blacked_out(&one.question.prompt, vision.mask_share, seed)
        };
        let hidden: Vec<Prompt> = drawn.iter().enumerate().map(hide).collect();
        score(policy, config, drawn, &hidden)
    });
    Evidence { now, masked }
}

/// Log-probabilities of all answers to other prompts than those they were drawn from.
fn score<'a>(
    policy: &Policy,
    config: &RunConfig,
    drawn: &'a [Drawn],
    prompts: &'a [Prompt],
) -> Logprobs {
    let join = config.select.label_rollout.is_on();
    let ask = |one: &'a Drawn, prompt: &'a Prompt| {
        let mut answers: Vec<&[u32]> = one.answers.iter().map(|a| a.ids.as_slice()).collect();
        answers.extend(join.then_some(one.question.label.as_slice()));
        Asked { prompt, answers }
    };
    let asked: Vec<Asked> =
        drawn.iter().zip(prompts).map(|(one, prompt)| ask(one, prompt)).collect();
    logprobs_of(&policy.model, &asked, config.sampling.temperature as f32)
}

/// What the update learns from.
pub fn lessons(
    config: &RunConfig,
    drawn: Vec<Drawn>,
    compared: &Compared,
    evidence: &Evidence,
    stale: bool,
) -> Vec<ScoredGroup> {
    let mut groups: Vec<ScoredGroup> = Vec::with_capacity(drawn.len());
    for (q, one) in drawn.into_iter().enumerate() {
        let mut answers: Vec<Scored> = Vec::with_capacity(one.answers.len() + 1);
        for (i, answer) in one.answers.into_iter().enumerate() {
            let mut scored = Scored {
                ids: answer.ids,
                old: answer.logprobs,
                advantage: compared.advantages[q].values[i],
                ..Scored::default()
            };
            if let Some(now) =
                evidence.now.as_ref().filter(|_| stale && config.update.tis_cap > 0.0)
            {
                let now = now[q][i].clone();
                scored.weights = weights::truncated(&now, &scored.old, config.update.tis_cap);
                scored.old = now;
            }
            answers.push(scored);
        }
        if let (Some(advantage), Some(now)) = (compared.labels[q], &evidence.now) {
            let old = now[q].last().cloned().unwrap_or_default();
            answers.push(Scored { ids: one.question.label, old, advantage, ..Scored::default() });
        }
        groups.push(ScoredGroup { prompt: one.question.prompt, answers });
    }
    if let Some(masked) = &evidence.masked {
        look(config, &mut groups, masked);
    }
    groups
}

/// Weighs tokens and answers by how much they depend on the video.
fn look(config: &RunConfig, groups: &mut [ScoredGroup], masked: &Logprobs) {
    let vision = &config.vision;
    let mut means = Vec::new();
    for (group, masked) in groups.iter_mut().zip(masked) {
        for (answer, masked) in group.answers.iter_mut().zip(masked) {
            let pairs = answer.old.iter().zip(masked);
            let depends: Vec<f64> = pairs.map(|(a, b)| weights::dependence(*a, *b)).collect();
            means.push(crate::eval::mean(&depends));
            if vision.keep_tokens < 1.0 {
                let keep = weights::most_dependent(&depends, vision.keep_tokens);
                answer.weights = times(&answer.weights, &keep);
            }
            if vision.papo > 0.0 {
                answer.masked.clone_from(masked);
            }
        }
    }
    if vision.least_weight < 1.0 {
        let factors = weights::by_dependence(&means, vision.least_weight);
        let answers = groups.iter_mut().flat_map(|group| &mut group.answers);
        answers.zip(factors).for_each(|(answer, factor)| answer.advantage *= factor);
    }
}

/// Products of two lists of weights, the first of which may be empty for all ones.
fn times(before: &[f32], more: &[f32]) -> Vec<f32> {
    let at = |(i, more): (usize, &f32)| before.get(i).copied().unwrap_or(1.0) * more;
    more.iter().enumerate().map(at).collect()
}

/// Measures how much likelier the video made each token of a share of the groups, those whose
/// turn it is, and notes it in them.
pub fn see(policy: &Policy, config: &RunConfig, step: u64, drawn: &[Drawn], groups: &mut [Group]) {
    let count = (config.vision.measure * groups.len() as f64).ceil() as usize;
    let first = (step as usize).wrapping_mul(count);
    let turn: Vec<usize> = (first..first + count).map(|at| at % groups.len()).collect();
    let hidden: Vec<Prompt> = turn
        .iter()
        .map(|at| policy.processor.blacked_out(&drawn[*at].question.prompt, 1.0, 0))
        .collect();
    let asked: Vec<Asked> = turn
        .iter()
        .zip(&hidden)
        .map(|(at, prompt)| Asked {
            prompt,
            answers: drawn[*at].answers.iter().map(|answer| answer.ids.as_slice()).collect(),
        })
        .collect();
    let blind = logprobs_of(&policy.model, &asked, config.sampling.temperature as f32);
    for (at, blind) in turn.into_iter().zip(blind) {
        for (rollout, blind) in groups[at].rollouts.iter_mut().zip(blind) {
            rollout.visual = rollout.logprobs.iter().zip(blind).map(|(a, b)| a - b).collect();
        }
    }
}
