//! Policies, videos and runs for the tests of this crate.
#![allow(dead_code, reason = "each test file uses a part")]

use policy::{Policy, PolicyConfig, PolicyTokenizer, Processor};
use shared::config::{MixtureItem, RunConfig};
use shared::event::{self, RunEvent};
use shared::task::{Difficulty, Perturbation, SampleSpec, Task};
use shared::video::{FrameSize, SamplePlan};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use train::prompts::PromptMaker;
use train::rollout::Question;
use train::{Control, Outcome, RunInputs, TrainError};

/// A folder that comes with the program.
pub fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../static").join(name)
}

/// The warm policy that comes with the program.
pub fn nano() -> PathBuf {
    shipped("nano")
}

/// A policy on the CPU.
pub fn load(dir: &Path) -> Policy {
    Policy::load(dir, &policy::pick("cpu").expect("the CPU")).expect("a policy")
}

/// A fresh policy with one layer each.
pub fn fresh(seed: u64) -> Policy {
    let corpus = vec!["When is the picture mirrored? 0123456789.,-".to_owned()];
    let tokenizer = PolicyTokenizer::train(&corpus, 300).expect("a tokenizer");
    let mut config = PolicyConfig::nano(tokenizer.vocab_size());
    config.text_config.num_hidden_layers = 2;
    config.vision_config.depth = 1;
    let device = policy::pick("cpu").expect("the CPU");
    Policy::fresh(config, tokenizer, Processor::nano(), seed, &device)
}

/// A question about a rendered scene.
pub fn question(policy: &Policy, task: Task, seed: u64) -> Question {
    let strip = tasks::warmup::scene(seed, &SamplePlan::strip(FrameSize::Exact(64, 64)));
    let spec = SampleSpec::new(strip.video.clone(), task, seed);
    let sample = tasks::generate(&strip, &spec).expect("a sample");
    Question::of(&sample, &PromptMaker::of(policy)).expect("a prompt")
}

/// Writes videos of rendered scenes and gives their folder.
pub fn videos(dir: &Path, count: u64) -> PathBuf {
    let videos = dir.join("videos");
    std::fs::create_dir_all(&videos).expect("a folder");
    for seed in 0..count {
        let plan = SamplePlan { count: 72, size: FrameSize::Exact(64, 64) };
        let scene = tasks::warmup::scene(100 + seed, &plan);
        let clip =
            media::encode_clip(&scene.rgb, scene.width, scene.height, 12).expect("an encoder");
        std::fs::write(videos.join(format!("scene-{seed}.webm")), clip).expect("written");
    }
    videos
}

/// A short run of the nano policy on two easy cells.
pub fn config(steps: u64) -> RunConfig {
    let mut config = RunConfig { seed: 5, steps, ..RunConfig::default() };
    config.mixture = vec![
        MixtureItem::of(Task::Counting { difficulty: Difficulty::Easy }, 1.0),
        MixtureItem::of(Task::Grounding { perturbation: Perturbation::ZoomOut }, 1.0),
    ];
    config.grpo.prompts_per_step = 2;
    config.grpo.group_size = 4;
    config.evaluate.every = 0;
    config.checkpoint.every = 0;
    config
}

/// The inputs of a run below `dir`.
pub fn inputs(dir: &Path, run: &str, config: RunConfig) -> RunInputs {
    RunInputs {
        config,
        run_dir: dir.join(run),
        policy_dir: nano(),
        videos: vec![dir.join("videos")],
        cache_dir: dir.join("strips"),
    }
}

/// Runs to the end and gives the events.
pub fn run(
    inputs: RunInputs,
    resume: bool,
    control: &mut dyn Control,
) -> (Result<Outcome, TrainError>, Vec<RunEvent>) {
    let mut events = Vec::new();
    let mut sink = |event: &RunEvent| events.push(event.clone());
    let outcome = train::run(inputs, resume, &mut sink, control);
    (outcome, events)
}

/// Asks for one thing after a number of steps, then for the others while paused.
pub struct Script {
    after: u32,
    polls: u32,
    wishes: Vec<event::Control>,
}

impl Script {
    pub fn new(after: u32, wishes: &[event::Control]) -> Self {
        Self { after, polls: 0, wishes: wishes.iter().rev().copied().collect() }
    }
}

impl Control for Script {
    fn poll(&mut self) -> Option<train::Request> {
        self.polls += 1;
        if self.polls <= self.after { None } else { self.wishes.pop().map(train::Request::of) }
    }

    fn wait(&mut self, _timeout: Duration) -> Option<train::Request> {
        self.wishes.pop().map(train::Request::of)
    }
}

/// Every file below a folder with its bytes.
pub fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(name, bytes)| {
                (PathBuf::from(path.file_name().expect("named")).join(name), bytes)
            }));
        } else {
            found.insert(
                PathBuf::from(path.file_name().expect("named")),
                std::fs::read(&path).expect("read"),
            );
        }
    }
    found
}
