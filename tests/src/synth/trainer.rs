//! A run being written step by step, in the order of the trainer's own loop: journal first, then
//! the database.

use super::answers::{look, rollout, said};
use super::{Bodies, EPOCH, End, Plan};
use anyhow::{Context, Result};
use media::FrameStrip;
use shared::advantage::{Answered, of_run};
use shared::api::Person;
use shared::chance::{Draws, splitmix};
use shared::config::RunConfig;
use shared::edit::{Edit, Edited};
use shared::event::{Control, ControlStage, EventBody, HELD_OUT, Phase, RunEvent};
use shared::fold::RunMove;
use shared::paired::{SampleResult, Score};
use shared::rollout::Group;
use shared::task::SampleInfo;
use shared::video::VideoId;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{NewRunRow, Store};
use tasks::{Mixture, Sources};
use train::eval::Measured;
use train::journal::Journal;
use train::metrics::{Gathered, StepClock, of_step};
use train::step::UpdateReport;

/// Events written together.
const BATCH: usize = 2000;
/// Questions of an evaluation.
const ASKED: u64 = 48;
/// Parameters of the nano policy, about.
const PARAMETERS: u64 = 4_000_000;
/// Keeps the questions of evaluations apart from those of steps.
const EVALUATION: u64 = 0x65_76_61_6c;

/// Writes one run.
pub struct Trainer {
    plan: Plan,
    id: String,
    dir: PathBuf,
    store: Store,
    strips: Vec<Arc<FrameStrip>>,
    videos: Vec<VideoId>,
    mixture: Mixture,
    journal: Journal,
    /// Locked for as long as the run is held, as a worker does it.
    _held: File,
    waiting: Vec<RunEvent>,
    by: String,
    /// How fast it learns: the learning rate it was set up with, in usual ones.
    pace: f64,
    /// Keys what is drawn by chance: two runs that ask the same and learn otherwise answer
    /// otherwise.
    key: u64,
    step: u64,
    at: f64,
}

impl Trainer {
    pub(super) fn begin(
        root: &Path,
        store: Store,
        strips: Vec<Arc<FrameStrip>>,
        plan: Plan,
        owner: &Person,
    ) -> Result<Self> {
        let name = plan.name.bytes().fold(plan.config.seed, |key, b| splitmix(key ^ u64::from(b)));
        let id = format!("{:010x}", name >> 24);
        let dir = root.join("runs").join(&id);
        std::fs::create_dir_all(&dir)?;
        std::fs::write(dir.join("run.toml"), toml::to_string(&plan.config)?)?;
        let held = File::create(dir.join(shared::link::LOCK_FILE))?;
        held.try_lock()?;
        let videos: Vec<VideoId> = strips.iter().map(|strip| strip.video.clone()).collect();
        let row = NewRunRow {
            id: id.clone(),
            name: plan.name.clone(),
            config: plan.config.clone(),
            videos: videos.clone(),
            owner: owner.id,
            at: EPOCH,
        };
        store.add_run(row)?;
        let (rate, usual) =
            (plan.config.optim.learning_rate, RunConfig::default().optim.learning_rate);
        let mut trainer = Self {
            pace: rate / usual,
            key: plan.config.seed ^ rate.to_bits() ^ usual.to_bits(),
            mixture: Mixture::from_config(&plan.config.mixture)?,
            journal: Journal::open(&dir)?,
            _held: held,
            waiting: Vec::new(),
            by: owner.name.clone(),
            step: 0,
            at: EPOCH,
            plan,
            id,
            dir,
            store,
            strips,
            videos,
        };
        if trainer.plan.end != End::Queued {
            trainer.load()?;
        }
        Ok(trainer)
    }

    /// The run's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The newest step made.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Everything it has written so far.
    pub fn journal(&self) -> Result<Vec<RunEvent>> {
        Ok(train::journal::read(&self.dir)?)
    }

    fn load(&mut self) -> Result<()> {
        self.store.move_run(&self.id, &[RunMove::Take])?;
        let (steps, device) = (self.plan.config.steps, self.plan.config.device.clone());
        self.enter(Phase::Load);
        self.enter(Phase::Decode);
        self.say(EventBody::RunStarted { steps, device, parameters: PARAMETERS, resumed_from: 0 });
        if self.plan.config.evaluate.every > 0 && self.plan.made() > 0 {
            self.evaluate()?;
        }
        self.flush()
    }

    /// Makes that many steps more.
    pub fn make(&mut self, steps: u64) -> Result<()> {
        for _ in 0..steps {
            self.make_step()?;
            if self.waiting.len() >= BATCH {
                self.flush()?;
            }
        }
        self.flush()
    }

    /// Ends the run as planned and gives its id.
    pub fn end(mut self) -> Result<String> {
        match self.plan.end.clone() {
            End::Finished => self.say(EventBody::Finished { stopped: false }),
            End::Stopped(_) => {
                self.steered(Control::Stop);
                self.say(EventBody::Finished { stopped: true });
            }
            End::Failed(_, phase, cause) => {
                self.enter(phase);
                self.say(EventBody::Failed { phase, cause });
            }
            End::Open(_) | End::Queued => {}
        }
        self.flush()?;
        Ok(self.id)
    }

    fn make_step(&mut self) -> Result<()> {
        self.step += 1;
        let (step, config) = (self.step, self.plan.config.clone());
        self.incidents();
        for phase in [Phase::Samples, Phase::Rollout, Phase::Reward, Phase::Update] {
            self.enter(phase);
        }
        let mut draws = Draws::new(splitmix(self.key ^ splitmix(step)));
        let groups = self.groups(&mut draws)?;
        let (update, clock) = (update(self.skill(), &mut draws), clock(&mut draws));
        let gathered = Gathered {
            prompt_tokens: 1200.0 + (draws.unit() * 40.0).round(),
            asked: groups.len() as u32,
            ..Gathered::default()
        };
        let mut figures = of_step(&groups, gathered, update, clock, config.optim.learning_rate);
        // That of this process would differ from run to run.
        figures.memory_bytes = Some(1_200_000_000 + (draws.unit() * 5e7) as u64);
        self.at += clock.step_secs;
        if step.is_multiple_of(self.plan.groups_every) {
            groups.into_iter().for_each(|group| self.say_group(group));
        }
        self.say(EventBody::Step(figures));
        if due(step, config.evaluate.every) {
            self.evaluate()?;
        }
        if due(step, config.checkpoint.every) {
            self.enter(Phase::Checkpoint);
            self.say(EventBody::Checkpoint { folder: step.to_string(), bytes: 48_000_000 });
        }
        Ok(())
    }

    /// What people and the trainer note in passing: a pause, an edit, a warning.
    fn incidents(&mut self) {
        let (step, quarter) = (self.step, self.plan.config.steps / 4);
        if quarter == 0 || !step.is_multiple_of(quarter) {
            return;
        }
        match step / quarter {
            1 => {
                self.steered(Control::Pause);
                self.steered(Control::Resume);
            }
            2 => {
                let message = "counting: nearly all answers are the same".into();
                self.say(EventBody::Warning { message });
            }
            3 => {
                let rate = self.plan.config.optim.learning_rate;
                let (edit, before) = (rate / 2.0, rate);
                self.plan.config.optim.learning_rate = edit;
                let rate = |value| Edit::LearningRate { value };
                self.say(EventBody::Edited(Edited {
                    edit: rate(edit),
                    before: rate(before),
                    from_step: step,
                    by: Some(self.by.clone()),
                    asked_at: Some(self.at),
                }));
            }
            _ => {}
        }
    }

    fn steered(&mut self, control: Control) {
        for stage in [ControlStage::Requested, ControlStage::Acknowledged] {
            let (by, asked_at) = (Some(self.by.clone()), Some(self.at));
            self.say(EventBody::Control { control, stage, by, asked_at });
        }
    }

    /// How good the policy is by now, 0 to 1.
    fn skill(&self) -> f64 {
        let done = self.step as f64 / self.plan.config.steps.max(1) as f64;
        0.2 + 0.65 * (1.0 - (-3.0 * done * self.pace).exp())
    }

    fn groups(&self, draws: &mut Draws) -> Result<Vec<Group>> {
        let config = &self.plan.config;
        let many = u64::from(config.grpo.prompts_per_step);
        let first = (self.step - 1) * many;
        let mut groups = (0..many)
            .map(|index| {
                self.group(index as u32, self.question(config.seed, first + index)?, draws)
            })
            .collect::<Result<Vec<Group>>>()?;
        let answered = groups.iter().map(|group| Answered {
            task: group.sample.spec.task.kind(),
            rewards: group.rollouts.iter().map(|rollout| rollout.reward.total).collect(),
            tokens: group.rollouts.iter().map(|rollout| rollout.ids.len()).collect(),
        });
        let compared = of_run(config, answered.collect(), |_| 0);
        for (group, worth) in groups.iter_mut().zip(compared.advantages) {
            (group.reward_mean, group.reward_std) = (worth.mean, worth.std);
            group.degenerate = worth.degenerate;
            for (rollout, value) in group.rollouts.iter_mut().zip(worth.values) {
                rollout.advantage = value;
            }
        }
        Ok(groups)
    }

    fn group(&self, index: u32, sample: SampleInfo, draws: &mut Draws) -> Result<Group> {
        let config = &self.plan.config;
        let (many, skill) = (config.grpo.group_size, self.skill());
        let alike = draws.unit() < self.plan.alike;
        let measured = draws.unit() < config.vision.measure;
        let mut text = said(&sample, skill, draws);
        let rollouts = (0..many)
            .map(|index| {
                if index > 0 && !alike {
                    text = said(&sample, skill, draws);
                }
                let mut answer =
                    rollout(index, text.clone(), (config.reward, &sample.truth), draws);
                if measured {
                    look(&mut answer, draws);
                }
                answer
            })
            .collect();
        Ok(Group {
            step: self.step,
            index,
            policy_version: self.step - 1,
            sample,
            rollouts,
            reward_mean: 0.0,
            reward_std: 0.0,
            degenerate: false,
        })
    }

    /// The question at a place of the sequence that a seed names.
    fn question(&self, seed: u64, place: u64) -> Result<SampleInfo> {
        let spec = tasks::spec_at(&self.videos, &self.mixture, seed, place)?;
        let find = |video: &VideoId| {
            self.strips.iter().map(|strip| &**strip).find(|strip| strip.video == *video)
        };
        let strip = find(&spec.video).context("a video of the folder")?;
        let sources = Sources { strip, other: spec.other.as_ref().and_then(find) };
        Ok(tasks::plan(&sources, &spec)?.info)
    }

    /// Answers to the same questions after every so many steps.
    fn evaluate(&mut self) -> Result<()> {
        self.enter(Phase::Evaluate);
        let config = &self.plan.config;
        let held = if config.held_out.is_empty() { "train clips" } else { HELD_OUT };
        let score = Score::Reward(config.reward);
        let mut draws = Draws::new(splitmix(self.key ^ EVALUATION ^ self.step));
        let mut samples = Vec::new();
        for place in 0..ASKED {
            let sample = self.question(config.seed ^ EVALUATION, place)?;
            let said = said(&sample, self.skill(), &mut draws);
            let reward = score.of(&sample.truth, &said);
            samples.push(SampleResult { spec: sample.spec, truth: sample.truth, said, reward });
        }
        let rewards = samples.iter().map(|s| (s.spec.task.cell(), s.reward)).collect();
        let measured = Measured { set: held.into(), rewards, score, samples };
        measured.write(&self.dir, self.step)?;
        let start = (self.step > 0).then(|| measured.earlier(&self.dir, 0)).flatten();
        self.say(measured.event(start.as_deref()));
        Ok(())
    }

    fn enter(&mut self, phase: Phase) {
        self.say(EventBody::Phase { phase });
    }

    fn say_group(&mut self, mut group: Group) {
        if self.plan.bodies == Bodies::Bare {
            group.sample.frames.clear();
            for rollout in &mut group.rollouts {
                rollout.ids.clear();
                rollout.pieces.clear();
                rollout.logprobs.clear();
                rollout.entropies.clear();
                rollout.visual.clear();
                rollout.reward.parts.clear();
            }
        }
        self.say(EventBody::RolloutGroup(Box::new(group)));
    }

    fn say(&mut self, body: EventBody) {
        let seq = self.journal.next_seq() + self.waiting.len() as u64;
        let at = (self.at * 1000.0).round() / 1000.0;
        self.waiting.push(RunEvent { seq, at, step: self.step, body });
    }

    fn flush(&mut self) -> Result<()> {
        let events = std::mem::take(&mut self.waiting);
        self.journal.append(&events)?;
        self.store.ingest(&self.id, events)?;
        Ok(())
    }
}

fn due(step: u64, every: u64) -> bool {
    every > 0 && step.is_multiple_of(every)
}

/// What an update might report of itself.
fn update(skill: f64, draws: &mut Draws) -> UpdateReport {
    let mut noise = |size: f64| size * (0.7 + 0.6 * draws.unit());
    UpdateReport {
        loss: noise(0.02) * (1.0 - skill),
        kl: noise(0.03) * skill,
        clip_share: noise(0.01),
        grad_norm: noise(0.8) * (1.3 - skill),
        approx_kl: noise(4e-4),
        logprob_gap: noise(2e-6),
        updates: 1,
        skipped: false,
    }
}

fn clock(draws: &mut Draws) -> StepClock {
    let mut part = |secs: f64| secs * (0.85 + 0.3 * draws.unit());
    let (sample_secs, rollout_secs) = (part(0.08), part(0.6));
    let (reward_secs, update_secs) = (part(0.002), part(0.5));
    let step_secs = sample_secs + rollout_secs + reward_secs + update_secs;
    StepClock { sample_secs, rollout_secs, reward_secs, update_secs, step_secs }
}
