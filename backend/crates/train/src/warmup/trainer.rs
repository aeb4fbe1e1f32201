//! The updates of a warm start, in the order in which they happen.

use super::items::{Item, ItemMaker};
use super::lesson::{Lesson, Tally};
use super::measure::{ask_all, describe, eval_sets};
use super::probe::Probe;
use super::{Progress, WarmupInputs, card};
use crate::error::TrainError;
use crate::eval::EvalSet;
use crate::library::Library;
use crate::optim::{AdamW, GradientSet};
use crate::prompts::{PromptMaker, plan_of};
use crate::supply::Supply;
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use policy::{Model, Policy};
use shared::reward::RewardMode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

/// Weight of the probe's loss beside the answers'.
const PROBE_WEIGHT: f64 = 0.5;
/// Items made ahead of time.
const STOCK: usize = 48;
/// Steps between lines of the log.
const LOG_EVERY: u64 = 50;
/// Share of the schedule between evaluations.
const CHECK_EVERY: f64 = 0.125;

/// A policy while it learns.
pub(super) struct Trainer<'a> {
    inputs: &'a WarmupInputs,
    policy: Policy,
    model: Model,
    probe: Probe,
    optim: AdamW,
    probe_optim: AdamW,
    supply: Supply<Item>,
    share: Arc<AtomicU32>,
    sets: Vec<EvalSet>,
    last_sets: Vec<EvalSet>,
    names: (Vec<String>, Vec<String>),
    started: Instant,
    /// Seconds spent on evaluations, which the schedule does not count.
    checking: f64,
    tally: Tally,
    device: Device,
}

impl<'a> Trainer<'a> {
    /// Ready for the first update.
    pub fn new(
        inputs: &'a WarmupInputs,
        policy: Policy,
        seen: Library,
        unseen: Library,
        device: Device,
    ) -> Result<Self, TrainError> {
        let config = &inputs.config;
        let prompts = PromptMaker::of(&policy);
        let sets = |per_cell| eval_sets(&seen, &unseen, config, per_cell, &prompts);
        let (few, many) = (sets(inputs.check_questions)?, sets(inputs.card_questions)?);
        let names =
            |library: &Library| library.entries.iter().map(|entry| entry.name.clone()).collect();
        let names = (names(&seen), names(&unseen));
        let maker = ItemMaker {
            prompts,
            library: seen,
            plan: plan_of(&policy.processor),
            mixture: config.mixture.clone(),
            config: config.warmup.clone(),
            seed: config.seed,
        };
        let share = Arc::new(AtomicU32::new(0));
        let supply = start_supply(maker, config.warmup.augment, share.clone())?;
        // The second moment forgets faster than in PyTorch's default: the task is short.
        let optim = || AdamW::new(config.optim.weight_decay).with_beta_2(0.98);
        Ok(Self {
            inputs,
            model: policy.model.clone().train(),
            probe: Probe::new(policy.config.text_config.hidden_size, &device).train(),
            policy,
            optim: optim(),
            probe_optim: optim(),
            supply,
            share,
            sets: few,
            last_sets: many,
            names,
            started: Instant::now(),
            checking: 0.0,
            tally: Tally::default(),
            device,
        })
    }

    /// Makes every update, then writes the folder and its card.
    pub fn run(&mut self, say: &mut dyn FnMut(&Progress)) -> Result<(), TrainError> {
        let mut step = 0;
        let mut next_check = CHECK_EVERY;
        loop {
            let share = self.share_done(step);
            if share >= 1.0 {
                break;
            }
            self.share.store((share * 1000.0) as u32, Ordering::Relaxed);
            self.update(self.learning_rate(share))?;
            step += 1;
            if step % LOG_EVERY == 0 {
                let line = self.tally.line();
                say(&Progress { step, share, line });
            }
            if share >= next_check {
                next_check += CHECK_EVERY;
                self.check(step, share, say)?;
            }
        }
        self.finish(step, say)
    }

    /// Share of the schedule behind us: of the clock where there is a budget, else of the steps.
    fn share_done(&self, step: u64) -> f64 {
        match self.inputs.minutes {
            Some(minutes) => {
                (self.started.elapsed().as_secs_f64() - self.checking) / (60.0 * minutes)
            }
            None => step as f64 / self.inputs.config.warmup.steps as f64,
        }
    }

    /// Rises for 2 % of the schedule, then falls to a tenth along a cosine.
    fn learning_rate(&self, share: f64) -> f64 {
        let peak = self.inputs.config.warmup.learning_rate;
        if share < 0.02 {
            return peak * (share / 0.02).max(0.01);
        }
        let down = (share - 0.02) / 0.98;
        peak * (0.1 + 0.9 * 0.5 * (1.0 + (std::f64::consts::PI * down).cos()))
    }

    fn update(&mut self, lr: f64) -> Result<(), TrainError> {
        let waiting = Instant::now();
        let batch = self.inputs.config.warmup.batch;
        let items = (0..batch).map(|_| self.supply.take()).collect::<Result<Vec<_>, _>>()?;
        self.tally.waited += waiting.elapsed().as_secs_f64();
        let lesson = Lesson::of(&items);
        let loss = self.loss(&lesson);
        let (gradients, probe_gradients) = GradientSet::of_both(loss, &self.model, &self.probe);
        let clip = self.inputs.config.optim.grad_clip;
        let norm = gradients.norm();
        if !norm.is_finite() {
            return Err(TrainError::Panic(
                "the warm start's gradient is not finite; lower the learning rate".into(),
            ));
        }
        let scale = (clip / (norm + 1e-6)).min(1.0);
        self.model = self.optim.step(self.model.clone(), &gradients, lr, scale);
        self.probe = self.probe_optim.step(self.probe.clone(), &probe_gradients, lr, 1.0);
        Ok(())
    }

    /// Weighted mean of the answers' cross-entropy, and the probe's.
    fn loss(&mut self, lesson: &Lesson) -> Tensor<1> {
        let device = self.device.clone().autodiff();
        let hidden = self.model.forward(&lesson.packed); // [rows, hidden]
        let told = self.model.select(hidden.clone(), &lesson.rows); // [targets, hidden]
        let logp = self.model.logprobs(told, &lesson.targets, 1.0); // [targets]
        let weights = TensorData::new(lesson.weights.clone(), [lesson.weights.len()]);
        let weights = Tensor::from_data(weights, &device);
        let answers =
            (logp.clone() * weights).sum().neg() / f64::from(lesson.weights.iter().sum::<f32>());
        let pairs = self.model.select(hidden, &lesson.pair_rows); // [pairs, hidden]
        let probe = self.probe.loss(pairs, &lesson.pairs, &device);
        self.tally.add(lesson, &logp.inner(), &probe);
        answers + probe * PROBE_WEIGHT
    }

    fn check(
        &mut self,
        step: u64,
        share: f64,
        say: &mut dyn FnMut(&Progress),
    ) -> Result<(), TrainError> {
        let began = Instant::now();
        self.policy.model = self.model.clone().valid();
        for (greedy, sampled) in ask_all(&self.sets, &self.policy, RewardMode::Smooth)? {
            say(&Progress { step, share, line: format!("greedy  {}", describe(&greedy)) });
            say(&Progress { step, share, line: format!("sampled {}", describe(&sampled)) });
        }
        self.policy.save(&self.inputs.out)?;
        self.checking += began.elapsed().as_secs_f64();
        self.tally = Tally::default();
        Ok(())
    }

    fn finish(&mut self, step: u64, say: &mut dyn FnMut(&Progress)) -> Result<(), TrainError> {
        self.policy.model = self.model.clone().valid();
        let measured = ask_all(&self.last_sets, &self.policy, RewardMode::Smooth)?;
        for (greedy, sampled) in &measured {
            say(&Progress { step, share: 1.0, line: format!("greedy  {}", describe(greedy)) });
            say(&Progress { step, share: 1.0, line: format!("sampled {}", describe(sampled)) });
        }
        self.policy.save(&self.inputs.out)?;
        let made = card::Made {
            inputs: self.inputs,
            steps: step,
            minutes: self.started.elapsed().as_secs_f64() / 60.0,
            parameters: self.policy.model.num_params(),
            seen: &self.names.0,
            unseen: &self.names.1,
            measured: &measured,
        };
        card::write(&made)
    }
}

fn start_supply(
    maker: ItemMaker,
    augment: f64,
    share: Arc<AtomicU32>,
) -> Result<Supply<Item>, TrainError> {
    Supply::start("warm-up items", STOCK, move |index| {
        // Augmentation grows over the first half of the schedule.
        let share = f64::from(share.load(Ordering::Relaxed)) / 1000.0;
        maker.make(index, augment * (0.2 + 1.6 * share).min(1.0))
    })
}
