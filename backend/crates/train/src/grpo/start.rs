//! What a run needs before its first step: the start policy, or the newest checkpoint and the
//! videos that the run began with.

use super::Run;
use super::answer::Answered;
use super::asker::Asker;
use crate::checkpoint::{self, Ahead, State};
use crate::error::TrainError;
use crate::eval::{self, EvalSet};
use crate::library::Library;
use crate::loss::Objective;
use crate::optim::{AdamW, weights_hash};
use crate::prompts::{PromptMaker, plan_of};
use crate::recorder::Recorder;
use crate::records::Records;
use crate::rollout;
use crate::run::RunInputs;
use crate::step::Learner;
use burn::module::Module;
use burn::tensor::Device;
use media::StripCache;
use policy::Policy;
use shared::config::RunConfig;
use shared::event::{EventBody, HELD_OUT, Phase};
use shared::recipe::{Curriculum, Precision};
use std::collections::BTreeSet;
use std::path::PathBuf;

impl<'a, 's> Run<'a, 's> {
    /// Loads everything and says `run_started`.
    pub(super) fn start(
        inputs: &'a RunInputs,
        resume: bool,
        recorder: &'a Recorder<'s>,
    ) -> Result<Self, TrainError> {
        let config = &inputs.config;
        checkpoint::sweep(&inputs.run_dir)?;
        let newest = if resume { checkpoint::newest(&inputs.run_dir)? } else { None };
        recorder.at_step(newest.as_ref().map_or(0, |(step, _)| *step));
        recorder.enter(Phase::Load)?;
        let device = policy::pick(&config.device)?;
        let mut start = Policy::load(&inputs.policy_dir, &device)?;
        let Taken { mut policy, optim, state } = take_up(config, newest, &start, &device)?;
        if config.precision == Precision::Bf16 {
            (start, policy) = (start.mixed()?, policy.mixed()?);
        }
        recorder.emit(vec![EventBody::RunStarted {
            steps: config.steps,
            device: config.device.clone(),
            parameters: policy.model.num_params() as u64,
            resumed_from: state.as_ref().map_or(0, |state| state.step),
        }])?;
        let Clips { train, held_out } = clips(inputs, &policy, state.as_ref(), recorder)?;
        let mut state = state.unwrap_or_else(|| State {
            step: 0,
            policy_version: 0,
            seed: config.seed,
            next_sample: 0,
            start_policy: fingerprint(&start),
            videos: train.pins(),
            held_out: held_out.pins(),
            progress: None,
            collapsed: BTreeSet::new(),
            ahead: None,
            evaluated: None,
            best: None,
        });
        if config.select.curriculum == Curriculum::Dump {
            state.progress.get_or_insert_default();
        }
        let prompts = PromptMaker::of(&policy);
        let edits = recorder.edits();
        // As the step of the checkpoint was made: answers drawn ahead belong to its questions.
        let edited = edits.config_at(config, state.step);
        let mut asker = Asker::new(&edited, &train, prompts.clone(), state.next_sample)?;
        let ahead = state.ahead.take().map(|ahead| resumed(config, &mut asker, &state, ahead));
        Ok(Self {
            inputs,
            recorder,
            learner: learner(&edited, &start, &policy, optim, &device),
            evaluations: evaluations(config, &train, &held_out, &prompts)?,
            asker,
            ahead: ahead.transpose()?,
            read: None,
            records: Records::open(&inputs.run_dir, state.step)?,
            sampling: rollout::options(&config.sampling),
            policy,
            state,
            edits,
            edited,
            prompts,
            library: train,
        })
    }
}

/// Where a run goes on.
struct Taken {
    policy: Policy,
    optim: AdamW,
    /// None where nothing was made yet.
    state: Option<State>,
}

/// The newest checkpoint, if it belongs to this config and start policy; else the start policy.
fn take_up(
    config: &RunConfig,
    newest: Option<(u64, PathBuf)>,
    start: &Policy,
    device: &Device,
) -> Result<Taken, TrainError> {
    let mut optim = AdamW::new(config.optim.weight_decay);
    let Some((_, dir)) = newest else {
        return Ok(Taken { policy: start.clone(), optim, state: None });
    };
    let state = checkpoint::state(&dir)?;
    if state.seed != config.seed {
        return Err(TrainError::Run("the checkpoint belongs to a run with another seed".into()));
    }
    if state.start_policy != fingerprint(start) {
        return Err(TrainError::Run("the start policy has changed since the run began".into()));
    }
    optim.load(&dir.join("optimizer.safetensors"), device)?;
    Ok(Taken { policy: Policy::load(&dir.join("policy"), device)?, optim, state: Some(state) })
}

/// FNV-1a over all weights: tells one policy from another, not a defence.
fn fingerprint(policy: &Policy) -> String {
    format!("{:016x}", weights_hash(&policy.model))
}

/// The videos of a run.
struct Clips {
    train: Library,
    held_out: Library,
}

/// Those that the run began with; for a new run all that can be used, less those held out.
fn clips(
    inputs: &RunInputs,
    policy: &Policy,
    state: Option<&State>,
    recorder: &Recorder,
) -> Result<Clips, TrainError> {
    recorder.enter(Phase::Decode)?;
    let cache = StripCache::open(&inputs.cache_dir)
        .map_err(|error| TrainError::Videos(error.to_string()))?;
    let plan = plan_of(&policy.processor);
    let mut all = Library::load(&inputs.videos, &plan, &cache, |_| ())?;
    all.densify(&inputs.config.mixture, &plan, &cache);
    if let Some(problem) = cache.problem() {
        let message = format!("decoded strips cannot be kept for the next run: {problem}");
        recorder.emit(vec![EventBody::Warning { message }])?;
    }
    if let Some(state) = state {
        let (train, held_out) = (all.pinned(&state.videos)?, all.pinned(&state.held_out)?);
        return Ok(Clips { train, held_out });
    }
    let names = &inputs.config.held_out;
    let odd = all.problems.iter().cloned().chain(all.strangers(names));
    recorder.emit(odd.map(|message| EventBody::Warning { message }).collect())?;
    let (train, held_out) = all.not_empty()?.split(names);
    if train.entries.is_empty() {
        return Err(TrainError::Videos("every video is held out; leave one to train on".into()));
    }
    Ok(Clips { train, held_out })
}

fn learner(
    config: &RunConfig,
    start: &Policy,
    policy: &Policy,
    optim: AdamW,
    device: &Device,
) -> Learner {
    let reference = start.model.clone();
    let narrow = config.precision == Precision::Bf16;
    Learner {
        model: policy.model.clone().train(),
        reference: if narrow { reference.narrowed() } else { reference },
        optim,
        device: device.clone(),
        objective: Objective {
            grpo: config.grpo.clone(),
            update: config.update.clone(),
            papo: config.vision.papo,
        },
        settings: config.optim.clone(),
        temperature: config.sampling.temperature as f32,
        longest: config.sampling.max_new_tokens as usize,
    }
}

/// Answers that the checkpoint brought, with their questions made again.
fn resumed(
    config: &RunConfig,
    asker: &mut Asker,
    state: &State,
    ahead: Ahead,
) -> Result<Answered, TrainError> {
    let count = ahead.answers.len() as u32;
    Ok(Answered {
        questions: asker.take(state, state.next_sample, count)?,
        seeds: rollout::step_seeds(config, state.step + 1, 0, count),
        answers: ahead.answers,
        policy_version: ahead.policy_version,
    })
}

/// Fixed questions on the clips trained on, and on those held out where there are any.
fn evaluations(
    config: &RunConfig,
    train: &Library,
    held_out: &Library,
    prompts: &PromptMaker,
) -> Result<Vec<EvalSet>, TrainError> {
    if config.evaluate.every == 0 {
        return Ok(Vec::new());
    }
    let sets = [("train clips", train), (HELD_OUT, held_out)];
    let asked = sets.into_iter().filter(|(_, library)| !library.entries.is_empty());
    asked
        .map(|(name, library)| {
            let samples = config.evaluate.samples;
            let (asked, seed) = (eval::asked(config).0, eval::seed(config));
            EvalSet::new(name, library, &asked, samples, seed, prompts)
        })
        .collect()
}
