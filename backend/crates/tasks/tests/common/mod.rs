//! Helpers that several test files share.
#![allow(dead_code)]

use media::FrameStrip;
use shared::task::{Difficulty, Perturbation, SampleSpec, Task};
use shared::video::{FrameSize, SamplePlan};
use tasks::warmup::scene;
use tasks::{Sample, generate};

/// A made video.
pub fn strip(seed: u64, size: FrameSize) -> FrameStrip {
    scene(seed, &SamplePlan::strip(size))
}

/// A made video as the nano policy sees it.
pub fn small(seed: u64) -> FrameStrip {
    strip(seed, FrameSize::Exact(64, 64))
}

/// The sample of a task.
pub fn sample(strip: &FrameStrip, task: Task, seed: u64) -> Sample {
    generate(strip, &SampleSpec { video: strip.video.clone(), task, seed }).expect("a sample")
}

/// Every cell, the jigsaws in all sizes that divide 48 frames.
pub fn all_tasks() -> Vec<Task> {
    let mut all: Vec<Task> =
        Perturbation::ALL.iter().map(|p| Task::Grounding { perturbation: *p }).collect();
    all.extend(Difficulty::ALL.iter().map(|d| Task::Counting { difficulty: *d }));
    all.extend([2, 3, 4, 6, 8].map(|clips| Task::Jigsaw { clips }));
    all
}
