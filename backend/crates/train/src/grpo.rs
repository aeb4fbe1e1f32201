//! The GRPO loop (VideoSSR, arXiv 2511.06281; GRPO, arXiv 2402.03300), top to bottom in the
//! order in which things happen. One update per batch of rollouts, so the log-probabilities
//! at sampling are the old ones.

use crate::checkpoint::{self, State};
use crate::error::TrainError;
use crate::eval::EvalSet;
use crate::metrics::{self, StepClock, timed};
use crate::recorder::Recorder;
use crate::records::Records;
use crate::rollout::{self, Origin, Question};
use crate::run::{Outcome, RunInputs};
use crate::sink::{Control, Request};
use crate::step::Learner;
use crate::supply::Supply;
use policy::{Generated, Policy, SamplingOptions, generate};
use shared::event::{self, ControlStage, EventBody, Phase};
use shared::rollout::Group;
use std::time::{Duration, Instant};

mod start;

/// How long a pause waits before it looks again.
const PAUSE_TICK: Duration = Duration::from_millis(500);

/// Makes all steps that are left, or as many as a person lets it.
///
/// # Errors
/// A policy or video set that cannot be used, a full disk, a lost sink, or a policy whose
/// probabilities are no longer numbers.
pub(crate) fn train(
    inputs: &RunInputs,
    resume: bool,
    recorder: &Recorder,
    control: &mut dyn Control,
) -> Result<Outcome, TrainError> {
    let config = &inputs.config;
    let mut run = Run::start(inputs, resume, recorder)?;
    if run.state.step == 0 {
        run.evaluate()?;
    }
    while run.state.step < config.steps {
        if run.obey(control)? == Wish::End {
            run.checkpoint()?;
            return Ok(Outcome::Stopped);
        }
        let step = run.state.step + 1;
        recorder.at_step(step);
        let began = Instant::now();
        let mut clock = StepClock::default();

        // 1. Questions, made ahead of time on another thread.
        recorder.enter(Phase::Samples)?;
        let questions = timed(&mut clock.sample_secs, || run.questions())?;
        let prompts: Vec<_> = questions.iter().map(|question| question.prompt.clone()).collect();
        let prompt_tokens: Vec<usize> = prompts.iter().map(|prompt| prompt.ids.len()).collect();

        // 2. Answers: group_size for each question, each with its own seed.
        recorder.enter(Phase::Rollout)?;
        let seeds = rollout::step_seeds(config, step);
        let answers = timed(&mut clock.rollout_secs, || {
            generate(&run.policy, &prompts, &seeds, &run.sampling)
        })?;
        refuse_nonsense(&answers)?;

        // 3. Rewards and advantages: each answer against the others of its group.
        recorder.enter(Phase::Reward)?;
        let origin = Origin { step, policy_version: run.state.policy_version };
        let groups: Vec<Group> = timed(&mut clock.reward_secs, || {
            let scores = rollout::score(config.reward, &questions, &answers, &run.policy.tokenizer);
            rollout::compare(origin, &questions, &seeds, &answers, scores, &run.policy.tokenizer)
        });

        // 4. One update on all groups together.
        recorder.enter(Phase::Update)?;
        let report = timed(&mut clock.update_secs, || {
            let report = run.learner.update(&rollout::lessons(questions, &groups));
            run.policy.model = run.learner.plain();
            report
        });
        run.state.policy_version += u64::from(!report.skipped);

        // 5. Say what happened.
        clock.step_secs = began.elapsed().as_secs_f64();
        let figures =
            metrics::of_step(&groups, &prompt_tokens, report, clock, config.optim.learning_rate);
        let mut events: Vec<EventBody> =
            groups.iter().map(|group| EventBody::RolloutGroup(Box::new(group.clone()))).collect();
        if report.skipped {
            events.push(EventBody::Warning {
                message: why_skipped(report.grad_norm, config.optim.skip_above),
            });
        }
        events.push(EventBody::Step(figures));
        run.state.step = step;
        run.state.next_sample += u64::from(config.grpo.prompts_per_step);
        run.records.add(step, groups)?;
        recorder.emit(events)?;

        // 6. Measure and keep.
        if due(step, config.evaluate.every) || (step == config.steps && config.evaluate.every > 0) {
            run.evaluate()?;
        }
        if due(step, config.checkpoint.every) || step == config.steps {
            run.checkpoint()?;
        }
    }
    Ok(Outcome::Finished)
}

/// What a person wants after the current step.
#[derive(PartialEq, Eq)]
enum Wish {
    GoOn,
    End,
}

struct Run<'a, 's> {
    inputs: &'a RunInputs,
    recorder: &'a Recorder<'s>,
    /// The weights that answer: plain, version `state.policy_version`.
    policy: Policy,
    learner: Learner,
    supply: Supply<Question>,
    records: Records,
    sampling: SamplingOptions,
    evaluations: Vec<EvalSet>,
    state: State,
}

impl Run<'_, '_> {
    fn questions(&mut self) -> Result<Vec<Question>, TrainError> {
        (0..self.inputs.config.grpo.prompts_per_step).map(|_| self.supply.take()).collect()
    }

    fn evaluate(&mut self) -> Result<(), TrainError> {
        if self.evaluations.is_empty() {
            return Ok(());
        }
        self.recorder.enter(Phase::Evaluate)?;
        let greedy = SamplingOptions { greedy: true, ..self.sampling };
        for set in &self.evaluations {
            let measured = set.ask(&self.policy, self.inputs.config.reward, &greedy)?;
            measured.write(&self.inputs.run_dir, self.state.step)?;
            self.recorder.emit(vec![measured.event()])?;
        }
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), TrainError> {
        self.recorder.enter(Phase::Checkpoint)?;
        let run_dir = &self.inputs.run_dir;
        // Rollouts first: a checkpoint promises that the steps before it are on disk.
        self.records.flush()?;
        let (folder, bytes) =
            checkpoint::save(run_dir, &self.policy, &self.learner.optim, &self.state)?;
        checkpoint::prune(run_dir, self.inputs.config.checkpoint.keep as usize)?;
        self.recorder.emit(vec![EventBody::Checkpoint { folder, bytes }])
    }

    /// Does what was asked since the last step.
    fn obey(&mut self, control: &mut dyn Control) -> Result<Wish, TrainError> {
        let mut paused = false;
        loop {
            let request = if paused { control.wait(PAUSE_TICK) } else { control.poll() };
            let Some(request) = request else {
                if paused {
                    continue;
                }
                return Ok(Wish::GoOn);
            };
            self.tell(&request, ControlStage::Requested)?;
            if request.control == event::Control::Checkpoint {
                self.checkpoint()?;
            }
            self.tell(&request, ControlStage::Acknowledged)?;
            match request.control {
                event::Control::Pause => paused = true,
                event::Control::Resume => paused = false,
                event::Control::Stop => return Ok(Wish::End),
                event::Control::Checkpoint => {}
            }
            if paused {
                self.recorder.rest();
            }
        }
    }

    fn tell(&self, request: &Request, stage: ControlStage) -> Result<(), TrainError> {
        self.recorder.emit(vec![EventBody::Control {
            control: request.control,
            stage,
            by: request.by.clone(),
        }])
    }
}

fn due(step: u64, every: u64) -> bool {
    every > 0 && step.is_multiple_of(every)
}

fn why_skipped(norm: f64, limit: f64) -> String {
    if norm.is_finite() {
        format!("update skipped: the gradient's norm {norm:.3e} is above {limit:.3e}")
    } else {
        "update skipped: the gradient is not finite".into()
    }
}

fn refuse_nonsense(answers: &[Vec<Generated>]) -> Result<(), TrainError> {
    let mut numbers =
        answers.iter().flatten().flat_map(|answer| answer.logprobs.iter().chain(&answer.entropies));
    if numbers.all(|number| number.is_finite()) {
        return Ok(());
    }
    Err(TrainError::Run(
        "the policy's probabilities are no longer numbers; go on from an older checkpoint".into(),
    ))
}
