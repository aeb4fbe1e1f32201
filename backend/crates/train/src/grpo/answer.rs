//! The parts of a step that ask the policy: answers, their scores, what the recipe adds to them,
//! and the update with the next answers beside it.

use super::Run;
use crate::checkpoint::Ahead;
use crate::error::{TrainError, panic_text};
use crate::metrics::{StepClock, timed};
use crate::recipes::contrast;
use crate::recipes::round::{Round, overlong};
use crate::rollout::{Drawn, Question, rollout_seed, step_seeds};
use crate::step::{ScoredGroup, UpdateReport};
use policy::{Generated, Policy, Prompt, SamplingOptions, generate, generate_after};
use shared::event::Phase;

/// Questions with their answers.
pub(super) struct Answered {
    pub questions: Vec<Question>,
    pub seeds: Vec<Vec<u64>>,
    pub answers: Vec<Vec<Generated>>,
    pub policy_version: u64,
}

impl Answered {
    /// What a checkpoint has to remember of it: questions follow from their indices.
    pub fn kept(&self) -> Ahead {
        Ahead { policy_version: self.policy_version, answers: self.answers.clone() }
    }
}

fn ask(
    policy: &Policy,
    questions: &[Question],
    seeds: &[Vec<u64>],
    sampling: &SamplingOptions,
) -> Result<Vec<Vec<Generated>>, TrainError> {
    Ok(generate(policy, &prompts(questions), seeds, sampling)?)
}

fn prompts(questions: &[Question]) -> Vec<Prompt> {
    questions.iter().map(|question| question.prompt.clone()).collect()
}

impl Run<'_, '_> {
    /// Takes the questions that a round still misses and answers them, `group_size` times each.
    pub(super) fn answer(
        &mut self,
        step: u64,
        round: &Round,
        clock: &mut StepClock,
    ) -> Result<Answered, TrainError> {
        let (count, first) = (round.missing(), round.asked());
        let next = self.state.next_sample + u64::from(first);
        self.recorder.at_work_on(format!("questions {next} to {}", next + u64::from(count) - 1));
        self.recorder.enter(Phase::Samples)?;
        let questions =
            timed(&mut clock.sample_secs, || self.asker.take(&self.state, next, count))?;
        self.recorder.enter(Phase::Rollout)?;
        let seeds = step_seeds(&self.inputs.config, step, first, count);
        let answers = timed(&mut clock.rollout_secs, || self.draw(&questions, &seeds))?;
        Ok(Answered { questions, seeds, answers, policy_version: self.state.policy_version })
    }

    /// Draws answers; where they will be learnt from as they are, what the policy read of the
    /// questions is kept for the update.
    fn draw(
        &mut self,
        questions: &[Question],
        seeds: &[Vec<u64>],
    ) -> Result<Vec<Vec<Generated>>, TrainError> {
        let config = &self.inputs.config;
        self.read = None;
        if config.select.refill == 0 {
            let prompts = prompts(questions);
            let joined = usize::from(config.select.label_rollout.is_on());
            let answers = config.grpo.group_size as usize + joined;
            self.read = self.learner.read(&prompts, answers);
            if let Some(read) = &self.read {
                return Ok(generate_after(&self.policy, read, &prompts, seeds, &self.sampling)?);
            }
        }
        ask(&self.policy, questions, seeds, &self.sampling)
    }

    /// Scores answers by the reward, with the penalty for length.
    pub(super) fn score(
        &self,
        questions: Vec<Question>,
        seeds: Vec<Vec<u64>>,
        answers: Vec<Vec<Generated>>,
    ) -> Vec<Drawn> {
        let config = &self.inputs.config;
        let longest = config.sampling.max_new_tokens;
        let one = |((question, seeds), answers): ((Question, Vec<u64>), Vec<Generated>)| {
            let tokenizer = &self.policy.tokenizer;
            let mut drawn = Drawn::score(config.reward, question, seeds, answers, tokenizer);
            for (bonus, answer) in drawn.bonus.iter_mut().zip(&drawn.answers) {
                *bonus += overlong(&config.select, longest, answer.ids.len());
            }
            drawn
        };
        questions.into_iter().zip(seeds).zip(answers).map(one).collect()
    }

    /// Where the recipe compares frames in order with shuffled ones: answers the newest questions
    /// with shuffled frames, half as often, and adds what good answers get.
    pub(super) fn bonuses(
        &self,
        step: u64,
        drawn: &mut [Drawn],
        first: u32,
        clock: &mut StepClock,
    ) -> Result<(), TrainError> {
        let config = &self.inputs.config;
        let size = config.grpo.group_size;
        let asked: Vec<usize> =
            (0..drawn.len()).filter(|at| drawn[*at].question.shuffled.is_some()).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let prompts: Vec<Prompt> =
            asked.iter().filter_map(|at| drawn[*at].question.shuffled.clone()).collect();
        let seed = |at: &usize| {
            let question = first + *at as u32;
            let more = size..size + size.div_ceil(2);
            more.map(|r| rollout_seed(config.seed, step, question, r)).collect()
        };
        let seeds: Vec<Vec<u64>> = asked.iter().map(seed).collect();
        self.recorder.enter(Phase::Rollout)?;
        let answers = timed(&mut clock.rollout_secs, || {
            generate(&self.policy, &prompts, &seeds, &self.sampling)
        })?;
        for (at, answers) in asked.into_iter().zip(answers) {
            let one = &mut drawn[at];
            let tokenizer = &self.policy.tokenizer;
            let other =
                Drawn::score(config.reward, one.question.clone(), Vec::new(), answers, tokenizer);
            let rewards = |drawn: &Drawn| -> Vec<f64> {
                drawn.scores.iter().map(|(_, reward)| reward.total).collect()
            };
            let more = contrast::bonuses(config.vision.contrast, &rewards(one), &rewards(&other));
            one.bonus.iter_mut().zip(more).for_each(|(bonus, more)| *bonus += more);
        }
        Ok(())
    }

    /// Updates the weights; with overlap the first questions of the next step are answered
    /// meanwhile, by the weights from before.
    pub(super) fn update(
        &mut self,
        step: u64,
        lessons: &[ScoredGroup],
    ) -> Result<UpdateReport, TrainError> {
        let config = &self.inputs.config;
        if !config.update.overlap.is_on() || step >= config.steps {
            let report = self.learner.update(lessons, self.read.take());
            self.policy.model = self.learner.plain();
            return Ok(report);
        }
        let count = config.grpo.prompts_per_step;
        let questions = self.asker.take(&self.state, self.state.next_sample, count)?;
        let seeds = step_seeds(config, step + 1, 0, count);
        let (policy, sampling, learner) = (&self.policy, &self.sampling, &mut self.learner);
        let (report, answers) = std::thread::scope(|scope| {
            let answers = scope.spawn(|| ask(policy, &questions, &seeds, sampling));
            let report = learner.update(lessons, None);
            let answers = answers
                .join()
                .unwrap_or_else(|payload| Err(TrainError::Panic(panic_text(&*payload))));
            (report, answers)
        });
        let policy_version = self.state.policy_version;
        self.ahead = Some(Answered { questions, seeds, answers: answers?, policy_version });
        self.policy.model = self.learner.plain();
        Ok(report)
    }
}
