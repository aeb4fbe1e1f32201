//! The GRPO loop (VideoSSR, arXiv 2511.06281; GRPO, arXiv 2402.03300), top to bottom in the
//! order in which things happen. What recipes differ in stands in [`crate::recipes`]; nothing
//! here asks which one is chosen.

use crate::checkpoint::{self, State};
use crate::error::TrainError;
use crate::eval::{self, EvalSet};
use crate::health;
use crate::library::Library;
use crate::metrics::{self, Gathered, StepClock, timed};
use crate::prompts::PromptMaker;
use crate::recipes::evidence;
use crate::recipes::round::{Batch, Round};
use crate::recorder::Recorder;
use crate::records::Records;
use crate::rollout::{self, Origin};
use crate::run::{Outcome, RunInputs};
use crate::sink::{Control, Request};
use crate::step::Learner;
use answer::Answered;
use asker::Asker;
use policy::{Generated, Policy, Prefix, SamplingOptions};
use shared::config::RunConfig;
use shared::edit::{Edit, Edited, Edits};
use shared::event::{self, ControlStage, EventBody, Order, Phase};
use shared::rollout::Group;
use std::time::{Duration, Instant};

mod answer;
mod asker;
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
        run.take_edits_up_to(step)?;
        recorder.at_step(step);
        let began = Instant::now();
        let mut clock = StepClock::default();

        // 1. Questions, answers and rewards; where the recipe refills, until enough questions
        // are worth an update.
        let mut round = Round::new(config);
        let mut version = run.state.policy_version;
        while round.missing() > 0 {
            let Answered { questions, seeds, answers, policy_version } = match run.ahead.take() {
                Some(ahead) => ahead,
                None => run.answer(step, &round, &mut clock)?,
            };
            version = version.min(policy_version);
            refuse_nonsense(&answers)?;
            recorder.enter(Phase::Reward)?;
            let mut drawn = timed(&mut clock.reward_secs, || run.score(questions, seeds, answers));
            run.bonuses(step, &mut drawn, round.asked(), &mut clock)?;
            round.add(drawn);
        }
        let Batch { drawn, asked, dead, replaced } = round.finish();
        let prompt_tokens: usize = drawn.iter().map(|one| one.question.prompt.ids.len()).sum();
        let mut gathered = Gathered {
            prompt_tokens: prompt_tokens as f64 / drawn.len().max(1) as f64,
            asked,
            dead,
            replaced,
            weights_behind: run.state.policy_version - version,
            curriculum: run.asker.probabilities(&run.state),
        };

        // 2. Advantages: each answer against the others of its group or batch.
        let compared = rollout::compare(config, &drawn);
        let origin = Origin { step, policy_version: version };
        let mut groups: Vec<Group> =
            rollout::groups(origin, &drawn, &compared.advantages, &run.policy.tokenizer);

        // 3. One update on all groups together, after what the recipe wants to know of them; with
        // overlap the next questions are answered meanwhile.
        recorder.enter(Phase::Update)?;
        run.state.next_sample += u64::from(asked);
        let stale = gathered.weights_behind > 0;
        let report = timed(&mut clock.update_secs, || {
            evidence::see(&run.policy, config, step, &drawn, &mut groups);
            let evidence = evidence::gather(&run.policy, config, step, &drawn, stale);
            let lessons = evidence::lessons(config, drawn, &compared, &evidence, stale);
            run.update(step, &lessons)
        })?;
        run.state.policy_version += report.updates;

        // 4. Say what happened.
        if let Some(progress) = &mut run.state.progress {
            progress.observe(&groups);
        }
        clock.step_secs = began.elapsed().as_secs_f64();
        let mut warnings = health::collapses(&mut run.state.collapsed, &groups);
        if report.skipped {
            warnings.push(why_skipped(report.grad_norm, config.optim.skip_above));
        }
        gathered.curriculum.retain(|_, probability| *probability > 0.0);
        let rate = run.learner.settings.learning_rate;
        let figures = metrics::of_step(&groups, gathered, report, clock, rate);
        let mut events: Vec<EventBody> =
            groups.iter().map(|group| EventBody::RolloutGroup(Box::new(group.clone()))).collect();
        events.extend(warnings.into_iter().map(|message| EventBody::Warning { message }));
        events.push(EventBody::Step(figures));
        run.state.step = step;
        run.records.add(step, groups)?;
        recorder.emit(events)?;

        // 5. Measure and keep.
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
    asker: Asker,
    /// Answers to the next step's first questions, drawn during the last update.
    ahead: Option<Answered>,
    /// What the weights read of the questions of this step, until they change.
    read: Option<Prefix>,
    records: Records,
    sampling: SamplingOptions,
    evaluations: Vec<EvalSet>,
    state: State,
    /// What people changed while the run went on.
    edits: Edits,
    /// The config of the step under way: the run's own with the edits up to it. Evaluations
    /// stay as the run began, so that they can be compared.
    edited: RunConfig,
    prompts: PromptMaker,
    library: Library,
}

impl Run<'_, '_> {
    fn evaluate(&mut self) -> Result<(), TrainError> {
        if self.evaluations.is_empty() {
            return Ok(());
        }
        self.recorder.enter(Phase::Evaluate)?;
        let greedy = SamplingOptions { greedy: true, ..self.sampling };
        for set in &self.evaluations {
            let score = eval::asked(&self.inputs.config).1;
            let measured = set.ask(&self.policy, score, &greedy)?;
            measured.write(&self.inputs.run_dir, self.state.step)?;
            let start = (self.state.step > 0).then(|| measured.earlier(&self.inputs.run_dir, 0));
            self.recorder.emit(vec![measured.event(start.flatten().as_deref())])?;
            // The last set counts: the clips held out, where there are any.
            self.state.evaluated = Some((self.state.step, eval::mean(&measured.all())));
        }
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), TrainError> {
        self.recorder.enter(Phase::Checkpoint)?;
        let run_dir = &self.inputs.run_dir;
        // Rollouts first: a checkpoint promises that the steps before it are on disk.
        self.records.flush()?;
        self.state.ahead = self.ahead.as_ref().map(Answered::kept);
        self.state.judge();
        let (folder, bytes) =
            checkpoint::save(run_dir, &self.policy, &self.learner.optim, &self.state)?;
        let best = self.state.best.map(|(step, _)| step);
        checkpoint::prune(run_dir, self.inputs.config.checkpoint.keep as usize, best)?;
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
            let control = match &request.order {
                Order::Control(control) => *control,
                Order::Edit(edit) => {
                    self.edit(edit.clone(), &request)?;
                    continue;
                }
            };
            self.tell(control, &request, ControlStage::Requested)?;
            if control == event::Control::Checkpoint {
                self.checkpoint()?;
            }
            self.tell(control, &request, ControlStage::Acknowledged)?;
            match control {
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

    fn tell(
        &self,
        control: event::Control,
        request: &Request,
        stage: ControlStage,
    ) -> Result<(), TrainError> {
        let (by, asked_at) = (request.by.clone(), request.at);
        self.recorder.emit(vec![EventBody::Control { control, stage, by, asked_at }])
    }

    /// Writes an edit down, which the next step is made with.
    fn edit(&mut self, edit: Edit, request: &Request) -> Result<(), TrainError> {
        let from_step = self.state.step + 1;
        let config = self.edits.config_at(&self.inputs.config, from_step);
        if let Some(problem) = edit.problems(&config).first() {
            let message = format!("an edit was refused: {problem}");
            return self.recorder.emit(vec![EventBody::Warning { message }]);
        }
        let before = edit.of(&config);
        let (by, asked_at) = (request.by.clone(), request.at);
        let edited = Edited { edit, before, from_step, by, asked_at };
        self.recorder.emit(vec![EventBody::Edited(edited.clone())])?;
        self.edits.take(edited);
        Ok(())
    }

    /// From here on everything is made as the edits up to this step say. Answers drawn ahead
    /// stay: their questions were asked before.
    fn take_edits_up_to(&mut self, step: u64) -> Result<(), TrainError> {
        let config = self.edits.config_at(&self.inputs.config, step);
        if config == self.edited {
            return Ok(());
        }
        self.learner.settings = config.optim.clone();
        if config.mixture != self.edited.mixture {
            let asked = self.ahead.as_ref().map_or(0, |ahead| ahead.questions.len() as u64);
            let first = self.state.next_sample + asked;
            self.asker = Asker::new(&config, &self.library, self.prompts.clone(), first)?;
        }
        self.edited = config;
        Ok(())
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
