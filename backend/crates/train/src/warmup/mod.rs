//! Supervised warm start of a small policy: every strip is shown once and asked several
//! questions, which share the clips as a prefix. It ends where GRPO begins.

mod card;
mod corpus;
pub mod items;
mod probe;

use crate::error::TrainError;
use crate::eval::{EvalSet, Measured, mean};
use crate::library::Library;
use crate::optim::{AdamW, GradientSet};
use crate::prompts::{PromptMaker, plan_of};
use crate::supply::Supply;
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use items::{Item, ItemMaker};
use media::StripCache;
use policy::{Model, Packed, Policy, PolicyConfig, PolicyTokenizer, Processor, SamplingOptions};
use probe::Probe;
use shared::config::RunConfig;
use shared::reward::RewardMode;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

/// Most entries of a fresh tokenizer.
const VOCABULARY: usize = 512;
/// Weight of the probe's loss beside the answers'.
const PROBE_WEIGHT: f64 = 0.5;
/// Items made ahead of time.
const STOCK: usize = 48;
/// Steps between lines of the log.
const LOG_EVERY: u64 = 50;
/// Share of the schedule between evaluations.
const CHECK_EVERY: f64 = 0.125;

/// What a warm start needs.
pub struct WarmupInputs {
    /// Seed, mixture, `warmup`, gradient clip, device.
    pub config: RunConfig,
    /// Video files or folders.
    pub videos: Vec<PathBuf>,
    /// Where decoded strips are kept.
    pub cache_dir: PathBuf,
    /// The policy folder to write.
    pub out: PathBuf,
    /// A policy to go on from, with a fresh optimizer; none for a fresh nano policy.
    pub from: Option<PathBuf>,
    /// Wall-clock budget; the schedule then follows the clock, not the steps.
    pub minutes: Option<f64>,
    /// Questions per cell of the evaluations while it runs; 0 for none.
    pub check_questions: u32,
    /// Questions per cell of the last evaluation, which the card tells; 0 for none.
    pub card_questions: u32,
    /// The command line, for the policy's card.
    pub command: String,
}

/// How far a warm start is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Updates made.
    pub step: u64,
    /// Share of the schedule, 0..=1.
    pub share: f64,
    /// One line of figures.
    pub line: String,
}

/// Makes a fresh nano policy (or takes the given one), trains it and writes its folder with a card. `say` is told of
/// the progress; the folder is written at every evaluation too, so that a break loses little.
///
/// # Errors
/// No usable video, a sample that cannot be made, or an unwritable folder.
pub fn warmup(inputs: &WarmupInputs, say: &mut dyn FnMut(&Progress)) -> Result<(), TrainError> {
    let config = &inputs.config;
    let device = policy::pick(&config.device)?;
    let cache =
        StripCache::open(&inputs.cache_dir).map_err(|e| TrainError::Videos(e.to_string()))?;
    // A policy to go on from need not look at frames of the nano size.
    let processor = match &inputs.from {
        Some(dir) => Processor::load(dir)?,
        None => Processor::nano(),
    };
    let library = Library::load(&inputs.videos, &plan_of(&processor), &cache, |_| ())?;
    let (seen, unseen) = library.split(&config.warmup.held_out);
    for problem in &library.problems {
        say(&Progress { step: 0, share: 0.0, line: format!("passed over: {problem}") });
    }
    let policy = match &inputs.from {
        Some(dir) => Policy::load(dir, &device)?,
        None => fresh_policy(config, &library, &device)?,
    };
    let mut trainer = Trainer::new(inputs, policy, seen, unseen, device)?;
    trainer.run(say)
}

/// A fresh nano policy whose tokenizer knows the questions.
fn fresh_policy(
    config: &RunConfig,
    library: &Library,
    device: &Device,
) -> Result<Policy, TrainError> {
    let strip = match library.entries.first() {
        Some(entry) => entry.strip.clone(),
        None => Arc::new(tasks::warmup::scene(1, &plan_of(&Processor::nano()))),
    };
    let tokenizer = PolicyTokenizer::train(&corpus::corpus(&strip, &config.mixture)?, VOCABULARY)?;
    let sizes = PolicyConfig::nano(tokenizer.vocab_size());
    Ok(Policy::fresh(sizes, tokenizer, Processor::nano(), config.seed, device))
}

/// Sums between two lines of the log.
#[derive(Default)]
struct Tally {
    answers: BTreeMap<&'static str, (f64, f64)>,
    probe: f64,
    steps: f64,
    rows: f64,
    since: Option<Instant>,
    waited: f64,
}

struct Trainer<'a> {
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
    fn new(
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

    fn run(&mut self, say: &mut dyn FnMut(&Progress)) -> Result<(), TrainError> {
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
        let device = self.device.clone().autodiff();
        let hidden = self.model.forward(&lesson.packed, &device); // [rows, hidden]
        let logp = self.model.logprobs(
            self.model.select(hidden.clone(), &lesson.rows),
            &lesson.targets,
            1.0,
        ); // [targets]
        let weight = Tensor::from_data(
            TensorData::new(lesson.weights.clone(), [lesson.weights.len()]),
            &device,
        );
        let answers =
            (logp.clone() * weight).sum().neg() / f64::from(lesson.weights.iter().sum::<f32>());
        let pairs = self.model.select(hidden, &lesson.pair_rows); // [pairs, hidden]
        let probe = self.probe.loss(pairs, &lesson.pairs, &device);
        self.tally.add(&lesson, &logp.inner(), &probe);
        let (gradients, probe_gradients) =
            GradientSet::of_both(answers + probe * PROBE_WEIGHT, &self.model, &self.probe);
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

/// Questions on seen and on held-out videos, where there are any.
fn eval_sets(
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
fn ask_all(
    sets: &[EvalSet],
    policy: &Policy,
    mode: RewardMode,
) -> Result<Vec<(Measured, Measured)>, TrainError> {
    let both = |set: &EvalSet| {
        Ok((set.ask(policy, mode, &answers(true))?, set.ask(policy, mode, &answers(false))?))
    };
    sets.iter().map(both).collect()
}

/// What the policy in `inputs.out` scores by cell on seen and held-out videos, as Markdown.
///
/// # Errors
/// An unusable policy or video set.
pub fn measure(inputs: &WarmupInputs, mode: RewardMode) -> Result<String, TrainError> {
    let config = &inputs.config;
    let policy = Policy::load(&inputs.out, &policy::pick(&config.device)?)?;
    let cache =
        StripCache::open(&inputs.cache_dir).map_err(|e| TrainError::Videos(e.to_string()))?;
    let library =
        Library::load(&inputs.videos, &plan_of(&policy.processor), &cache, |_| ())?.not_empty()?;
    let (seen, unseen) = library.split(&config.warmup.held_out);
    let sets = eval_sets(&seen, &unseen, config, inputs.card_questions, &PromptMaker::of(&policy))?;
    let measured = ask_all(&sets, &policy, mode)?;
    Ok(measured.iter().map(|(greedy, sampled)| card::table(greedy, sampled)).collect())
}

/// How evaluations answer.
fn answers(greedy: bool) -> SamplingOptions {
    SamplingOptions { temperature: 1.0, top_p: 1.0, top_k: 0, max_new: 16, greedy }
}

fn describe(measured: &Measured) -> String {
    let cells = measured.cells();
    let cells: Vec<String> =
        cells.iter().map(|(cell, rewards)| format!("{cell} {:.2}", mean(rewards))).collect();
    format!("{:<6} {:.3} | {}", measured.set, mean(&measured.all()), cells.join(", "))
}

/// A batch of items as numbers.
struct Lesson {
    packed: Packed,
    rows: Vec<usize>,
    targets: Vec<u32>,
    weights: Vec<f32>,
    /// Family name of each target of a real question, empty for helpers.
    families: Vec<&'static str>,
    pair_rows: Vec<usize>,
    pairs: Vec<items::PairTruth>,
}

impl Lesson {
    fn of(items: &[Item]) -> Self {
        let mut lesson = Self {
            packed: Packed::new(),
            rows: Vec::new(),
            targets: Vec::new(),
            weights: Vec::new(),
            families: Vec::new(),
            pair_rows: Vec::new(),
            pairs: Vec::new(),
        };
        for item in items {
            let prefix = lesson.packed.prefix(&item.shown);
            let start = lesson.packed.prefix_rows(prefix).start;
            for taught in &item.taught {
                let suffix = lesson.packed.suffix(prefix, &taught.ids);
                lesson.rows.extend(lesson.packed.target_rows(suffix, taught.from));
                let targets = &taught.ids[taught.from..];
                lesson.targets.extend_from_slice(targets);
                lesson.weights.extend(targets.iter().map(|_| taught.weight));
                let family = if taught.real { item.kind.name() } else { "helpers" };
                lesson.families.extend(targets.iter().map(|_| family));
            }
            lesson.pair_rows.extend(item.pairs.iter().map(|pair| start + pair.token));
            lesson.pairs.extend_from_slice(&item.pairs);
        }
        lesson
    }
}

impl Tally {
    fn add(&mut self, lesson: &Lesson, logp: &Tensor<1>, probe: &Tensor<1>) {
        self.since.get_or_insert_with(Instant::now);
        let logp = logp.clone().into_data();
        for (family, value) in lesson.families.iter().zip(logp.iter::<f32>()) {
            let sums = self.answers.entry(family).or_default();
            sums.0 -= f64::from(value);
            sums.1 += 1.0;
        }
        self.probe += f64::from(probe.clone().into_scalar::<f32>());
        self.steps += 1.0;
        self.rows += lesson.packed.len() as f64;
    }

    /// Mean cross-entropy by family, probe loss, speed; starts over.
    fn line(&mut self) -> String {
        let done = std::mem::take(self);
        let secs = done.since.map_or(1.0, |since| since.elapsed().as_secs_f64());
        let losses: Vec<String> = done
            .answers
            .iter()
            .map(|(family, (sum, count))| format!("{family} {:.3}", sum / count))
            .collect();
        format!(
            "loss {} probe {:.3} | {:.0} ms/step, {:.0} rows/step, {:.0} % waiting",
            losses.join(" "),
            done.probe / done.steps,
            1000.0 * secs / done.steps,
            done.rows / done.steps,
            100.0 * done.waited / secs,
        )
    }
}
