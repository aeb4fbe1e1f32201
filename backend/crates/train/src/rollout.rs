//! Prompts to scored groups: answer, score, compare.

use crate::error::TrainError;
use crate::prompts::PromptMaker;
use crate::seed::{Stream, derive};
use crate::step::{Scored, ScoredGroup};
use policy::{Generated, PolicyTokenizer, Prompt, SamplingOptions};
use shared::advantage;
use shared::config::{RunConfig, SamplingConfig};
use shared::reward::{self, RewardBreakdown, RewardMode};
use shared::rollout::{Finish, Group, Rollout};
use shared::task::SampleInfo;
use tasks::Sample;

/// A question ready to be asked.
pub struct Question {
    /// The sample without its pixels.
    pub info: SampleInfo,
    /// The prompt.
    pub prompt: Prompt,
}

impl Question {
    /// The prompt of a sample.
    ///
    /// # Errors
    /// A clip that does not fit the policy.
    pub fn of(sample: &Sample, prompts: &PromptMaker) -> Result<Self, TrainError> {
        Ok(Self { info: sample.info.clone(), prompt: prompts.ask(sample)? })
    }
}

/// Seed of one rollout: a function of (run seed, step, group, rollout).
pub fn rollout_seed(run_seed: u64, step: u64, group: u32, rollout: u32) -> u64 {
    derive(run_seed, Stream::Rollout, &[step, u64::from(group), u64::from(rollout)])
}

/// One seed for every answer of every question of a step: `[prompts][group size]`.
pub fn step_seeds(config: &RunConfig, step: u64) -> Vec<Vec<u64>> {
    let group =
        |g| (0..config.grpo.group_size).map(|r| rollout_seed(config.seed, step, g, r)).collect();
    (0..config.grpo.prompts_per_step).map(group).collect()
}

/// The policy's sampling options.
pub fn options(config: &SamplingConfig) -> SamplingOptions {
    SamplingOptions {
        temperature: config.temperature as f32,
        top_p: config.top_p as f32,
        top_k: config.top_k as usize,
        max_new: config.max_new_tokens as usize,
        greedy: false,
    }
}

/// Reward and account of every answer: `[prompts][group size]`.
pub fn score(
    mode: RewardMode,
    questions: &[Question],
    answers: &[Vec<Generated>],
    tokenizer: &PolicyTokenizer,
) -> Vec<Vec<(String, RewardBreakdown)>> {
    let one = |info: &SampleInfo, answer: &Generated| {
        let text = tokenizer.decode(&answer.ids);
        let breakdown = reward::score(mode, &info.truth, &text);
        (text, breakdown)
    };
    let group = |(question, answers): (&Question, &Vec<Generated>)| {
        answers.iter().map(|answer| one(&question.info, answer)).collect()
    };
    questions.iter().zip(answers).map(group).collect()
}

/// Where the groups of a step come from.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The step.
    pub step: u64,
    /// Updates behind the weights that answered.
    pub policy_version: u64,
}

/// Groups with their advantages, ready for the journal.
pub fn compare(
    origin: Origin,
    questions: &[Question],
    seeds: &[Vec<u64>],
    answers: &[Vec<Generated>],
    scores: Vec<Vec<(String, RewardBreakdown)>>,
    tokenizer: &PolicyTokenizer,
) -> Vec<Group> {
    let mut groups = Vec::new();
    for (index, scores) in scores.into_iter().enumerate() {
        let rewards: Vec<f64> = scores.iter().map(|(_, breakdown)| breakdown.total).collect();
        let advantages = advantage::grpo(&rewards);
        let mut rollouts = Vec::new();
        for (i, (text, reward)) in scores.into_iter().enumerate() {
            let (answer, advantage) = (&answers[index][i], advantages.values[i]);
            rollouts.push(rollout(i, seeds[index][i], answer, text, reward, advantage, tokenizer));
        }
        groups.push(Group {
            step: origin.step,
            index: index as u32,
            policy_version: origin.policy_version,
            sample: questions[index].info.clone(),
            rollouts,
            reward_mean: advantages.mean,
            reward_std: advantages.std,
            degenerate: advantages.degenerate,
        });
    }
    groups
}

fn rollout(
    index: usize,
    seed: u64,
    answer: &Generated,
    text: String,
    reward: RewardBreakdown,
    advantage: f64,
    tokenizer: &PolicyTokenizer,
) -> Rollout {
    Rollout {
        index: index as u32,
        seed,
        ids: answer.ids.clone(),
        pieces: answer.ids.iter().map(|&id| tokenizer.token(id)).collect(),
        logprobs: answer.logprobs.clone(),
        entropies: answer.entropies.clone(),
        text,
        finish: match answer.finish {
            policy::Finish::Eos => Finish::Eos,
            policy::Finish::Length => Finish::Length,
        },
        reward,
        advantage,
    }
}

/// What the update learns from.
pub fn lessons(questions: Vec<Question>, groups: &[Group]) -> Vec<ScoredGroup> {
    let answers = |group: &Group| {
        let scored = |r: &Rollout| Scored {
            ids: r.ids.clone(),
            old: r.logprobs.clone(),
            advantage: r.advantage,
        };
        group.rollouts.iter().map(scored).collect()
    };
    let pairs = questions.into_iter().zip(groups);
    pairs
        .map(|(question, group)| ScoredGroup { prompt: question.prompt, answers: answers(group) })
        .collect()
}
