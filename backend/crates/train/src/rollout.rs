//! Prompts to scored groups: answer, score, compare.

use crate::error::TrainError;
use crate::prompts::PromptMaker;
use crate::recipes::contrast;
use crate::seed::{Stream, derive};
use policy::{Generated, PolicyTokenizer, Prompt, SamplingOptions};
use shared::advantage::{self, Advantages, Answered, Compared};
use shared::config::{RunConfig, SamplingConfig};
use shared::reward::{self, RewardBreakdown, RewardMode};
use shared::rollout::{Finish, Group, Rollout};
use shared::task::SampleInfo;
use tasks::Sample;

/// A question ready to be asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The sample without its pixels.
    pub info: SampleInfo,
    /// The prompt.
    pub prompt: Prompt,
    /// The same with its frames shuffled, where a recipe compares the two and the task allows it.
    pub shuffled: Option<Prompt>,
    /// Tokens of the true answer, the end included.
    pub label: Vec<u32>,
}

/// Makes questions of samples as a run's recipe needs them.
#[derive(Clone)]
pub struct QuestionMaker {
    prompts: PromptMaker,
    contrast: bool,
    blank: bool,
}

impl QuestionMaker {
    /// For the recipe of a config.
    pub fn new(prompts: PromptMaker, config: &RunConfig) -> Self {
        let vision = &config.vision;
        Self { prompts, contrast: vision.contrast > 0.0, blank: vision.blank.is_on() }
    }

    /// The question of a sample.
    ///
    /// # Errors
    /// A clip that does not fit the policy.
    pub fn ask(&self, sample: &Sample) -> Result<Question, TrainError> {
        let mut question = Question::of(sample, &self.prompts)?;
        if self.contrast && contrast::applies(&sample.info.spec.task) {
            question.shuffled = Some(self.prompts.ask(&contrast::shuffled(sample))?);
        }
        if self.blank {
            question.prompt = self.prompts.blacked_out(&question.prompt, 1.0, 0);
        }
        Ok(question)
    }
}

impl Question {
    /// The plain question of a sample.
    ///
    /// # Errors
    /// A clip that does not fit the policy.
    pub fn of(sample: &Sample, prompts: &PromptMaker) -> Result<Self, TrainError> {
        let label = prompts.answer(&sample.info.truth.answer())?;
        Ok(Self { info: sample.info.clone(), prompt: prompts.ask(sample)?, shuffled: None, label })
    }
}

/// Seed of one rollout: a function of (run seed, step, question of the step, rollout).
pub fn rollout_seed(run_seed: u64, step: u64, question: u32, rollout: u32) -> u64 {
    derive(run_seed, Stream::Rollout, &[step, u64::from(question), u64::from(rollout)])
}

/// One seed for every answer of `count` questions of a step, the first of which is question
/// `first` of the step: `[count][group size]`.
pub fn step_seeds(config: &RunConfig, step: u64, first: u32, count: u32) -> Vec<Vec<u64>> {
    let group =
        |q| (0..config.grpo.group_size).map(|r| rollout_seed(config.seed, step, q, r)).collect();
    (first..first + count).map(group).collect()
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

/// A question with its answers and what they earned.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// The question.
    pub question: Question,
    /// Seed of each answer.
    pub seeds: Vec<u64>,
    /// The answers.
    pub answers: Vec<Generated>,
    /// Each answer as text, and its reward.
    pub scores: Vec<(String, RewardBreakdown)>,
    /// Added to each reward before answers are compared.
    pub bonus: Vec<f64>,
}

impl Drawn {
    /// Scores the answers to a question; the bonus is 0.
    pub fn score(
        mode: RewardMode,
        question: Question,
        seeds: Vec<u64>,
        answers: Vec<Generated>,
        tokenizer: &PolicyTokenizer,
    ) -> Self {
        let one = |answer: &Generated| {
            let text = tokenizer.decode(&answer.ids);
            let breakdown = reward::score(mode, &question.info.truth, &text);
            (text, breakdown)
        };
        let scores = answers.iter().map(one).collect();
        let bonus = vec![0.0; answers.len()];
        Self { question, seeds, answers, scores, bonus }
    }

    /// Rewards with what the recipe adds.
    pub fn worth(&self) -> Vec<f64> {
        let pairs = self.scores.iter().zip(&self.bonus);
        pairs.map(|((_, reward), bonus)| reward.total + bonus).collect()
    }

    fn answered(&self) -> Answered {
        Answered {
            task: self.question.info.spec.task.kind(),
            rewards: self.worth(),
            tokens: self.answers.iter().map(|answer| answer.ids.len()).collect(),
        }
    }
}

/// Where the groups of a step come from.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The step.
    pub step: u64,
    /// Updates behind the weights that answered.
    pub policy_version: u64,
}

/// Advantages of a whole batch, see [`advantage::of_run`].
pub fn compare(config: &RunConfig, drawn: &[Drawn]) -> Compared {
    let groups = drawn.iter().map(Drawn::answered).collect();
    advantage::of_run(config, groups, |i| drawn[i].question.label.len())
}

/// Groups as the journal has them.
pub fn groups(
    origin: Origin,
    drawn: &[Drawn],
    advantages: &[Advantages],
    tokenizer: &PolicyTokenizer,
) -> Vec<Group> {
    let group = |(index, (drawn, advantages)): (usize, (&Drawn, &Advantages))| Group {
        step: origin.step,
        index: index as u32,
        policy_version: origin.policy_version,
        sample: drawn.question.info.clone(),
        rollouts: (0..drawn.answers.len())
            .map(|i| rollout(drawn, i, advantages.values[i], tokenizer))
            .collect(),
        reward_mean: advantages.mean,
        reward_std: advantages.std,
        degenerate: advantages.degenerate,
    };
    drawn.iter().zip(advantages).enumerate().map(group).collect()
}

fn rollout(drawn: &Drawn, index: usize, advantage: f64, tokenizer: &PolicyTokenizer) -> Rollout {
    let (answer, (text, reward)) = (&drawn.answers[index], &drawn.scores[index]);
    Rollout {
        index: index as u32,
        seed: drawn.seeds[index],
        ids: answer.ids.clone(),
        pieces: answer.ids.iter().map(|&id| tokenizer.token(id)).collect(),
        logprobs: answer.logprobs.clone(),
        entropies: answer.entropies.clone(),
        text: text.clone(),
        finish: match answer.finish {
            policy::Finish::Eos => Finish::Eos,
            policy::Finish::Length => Finish::Length,
        },
        reward: reward.clone(),
        bonus: drawn.bonus[index],
        visual: Vec::new(),
        advantage,
    }
}
