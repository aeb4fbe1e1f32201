//! The GRPO loop (VideoSSR, arXiv 2511.06281; GRPO, arXiv 2402.03300), top to bottom in the
//! order in which things happen. One update per batch of rollouts, so the log-probabilities
//! at sampling are the old ones.

use crate::checkpoint::{self, State};
use crate::error::TrainError;
use crate::eval::EvalSet;
use crate::library::Library;
use crate::metrics::{self, StepClock, timed};
use crate::optim::AdamW;
use crate::prompts::{PromptMaker, plan_of};
use crate::recorder::Recorder;
use crate::records::Records;
use crate::rollout::{self, Origin, Question};
use crate::run::{Outcome, RunInputs};
use crate::seed::{Stream, derive};
use crate::sink::{Control, Request};
use crate::step::Learner;
use crate::supply::Supply;
use burn::module::Module;
use burn::tensor::Device;
use media::StripCache;
use policy::{Generated, Policy, SamplingOptions, generate};
use shared::config::RunConfig;
use shared::event::{self, ControlStage, EventBody, Phase};
use shared::rollout::Group;
use std::time::{Duration, Instant};
use tasks::Mixture;

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

impl<'a, 's> Run<'a, 's> {
    fn start(
        inputs: &'a RunInputs,
        resume: bool,
        recorder: &'a Recorder<'s>,
    ) -> Result<Self, TrainError> {
        let config = &inputs.config;
        let newest = if resume { checkpoint::newest(&inputs.run_dir)? } else { None };
        recorder.at_step(newest.as_ref().map_or(0, |(step, _)| *step));
        recorder.enter(Phase::Load)?;
        let device = policy::pick(&config.device)?;
        let start = Policy::load(&inputs.policy_dir, &device)?;
        let fresh = State {
            step: 0,
            policy_version: 0,
            seed: config.seed,
            next_sample: 0,
            start_policy: fingerprint(&start),
        };
        let mut optim = AdamW::new(config.optim.weight_decay);
        let (policy, state) = match &newest {
            Some((_, dir)) => {
                let state = same_run(checkpoint::state(dir)?, &fresh)?;
                optim.load(&dir.join("optimizer.safetensors"), &device)?;
                (Policy::load(&dir.join("policy"), &device)?, state)
            }
            None => (start.clone(), fresh),
        };
        recorder.emit(vec![EventBody::RunStarted {
            steps: config.steps,
            device: config.device.clone(),
            parameters: policy.model.num_params() as u64,
            resumed_from: state.step,
        }])?;
        let library = decode(inputs, &policy, recorder)?;
        let prompts = PromptMaker::of(&policy);
        let evaluations = evaluations(config, &library, &prompts)?;
        Ok(Self {
            inputs,
            recorder,
            learner: learner(config, &start, &policy, optim, &device),
            supply: supply(config, library, prompts, state.next_sample)?,
            records: Records::open(&inputs.run_dir, state.step)?,
            sampling: rollout::options(&config.sampling),
            evaluations,
            policy,
            state,
        })
    }

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

fn decode(inputs: &RunInputs, policy: &Policy, recorder: &Recorder) -> Result<Library, TrainError> {
    recorder.enter(Phase::Decode)?;
    let cache = StripCache::open(&inputs.cache_dir)
        .map_err(|error| TrainError::Videos(error.to_string()))?;
    let library = Library::load(&inputs.videos, &plan_of(&policy.processor), &cache, |_| ())?;
    let warnings =
        library.problems.iter().map(|problem| EventBody::Warning { message: problem.clone() });
    recorder.emit(warnings.collect())?;
    library.not_empty()
}

fn learner(
    config: &RunConfig,
    start: &Policy,
    policy: &Policy,
    optim: AdamW,
    device: &Device,
) -> Learner {
    Learner {
        model: policy.model.clone().train(),
        reference: (config.grpo.kl_coef > 0.0).then(|| start.model.clone()),
        optim,
        device: device.clone(),
        grpo: config.grpo.clone(),
        settings: config.optim.clone(),
        temperature: config.sampling.temperature as f32,
    }
}

/// Questions from `first` on; two steps' worth wait in stock.
fn supply(
    config: &RunConfig,
    library: Library,
    prompts: PromptMaker,
    first: u64,
) -> Result<Supply<Question>, TrainError> {
    let wrong = |error: tasks::TaskError| TrainError::Sample(error.to_string());
    let mixture = Mixture::from_config(&config.mixture).map_err(wrong)?;
    let (ids, seed) = (library.ids(), derive(config.seed, Stream::Sample, &[]));
    let stock = 2 * config.grpo.prompts_per_step as usize;
    Supply::start("samples", stock, move |index| {
        let spec = tasks::spec_at(&ids, &mixture, seed, first + index).map_err(wrong)?;
        let strip = library.strip(&spec.video).expect("specs name videos of the library");
        Question::of(&tasks::generate(strip, &spec).map_err(wrong)?, &prompts)
    })
}

fn evaluations(
    config: &RunConfig,
    library: &Library,
    prompts: &PromptMaker,
) -> Result<Vec<EvalSet>, TrainError> {
    if config.evaluate.every == 0 {
        return Ok(Vec::new());
    }
    let set = EvalSet::new(
        "train clips",
        library,
        &config.mixture,
        config.evaluate.samples,
        config.seed,
        prompts,
    )?;
    Ok(vec![set])
}

/// The checkpoint's state, if it belongs to this config and start policy.
fn same_run(found: State, expected: &State) -> Result<State, TrainError> {
    if found.seed != expected.seed {
        return Err(TrainError::Run("the checkpoint belongs to a run with another seed".into()));
    }
    if found.start_policy != expected.start_policy {
        return Err(TrainError::Run("the start policy has changed since the run began".into()));
    }
    Ok(found)
}

/// FNV-1a over all weights: tells one policy from another, not a defence.
fn fingerprint(policy: &Policy) -> String {
    format!("{:016x}", crate::optim::weights_hash(&policy.model))
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
