//! Helpers that several test files share.
#![allow(dead_code, reason = "each test file uses a part")]

use media::FrameStrip;
use shared::task::{Dials, Difficulty, Perturbation, SampleSpec, Task};
use shared::video::{FrameSize, SamplePlan};
use tasks::warmup::scene;
use tasks::{Mixture, Portion, Sample, TaskError, generate};

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
    generate(strip, &SampleSpec::new(strip.video.clone(), task, seed)).expect("a sample")
}

/// Changes of the pixels of a frame, rather than of the order of frames.
pub fn pixel_changes() -> impl Iterator<Item = Perturbation> {
    Perturbation::ALL.iter().copied().filter(|kind| kind.is_of_pixels())
}

/// Every cell that is made from one strip of 48 frames, the jigsaws in all sizes of one digit.
pub fn all_tasks() -> Vec<Task> {
    let changes = pixel_changes().chain([Perturbation::Shuffle, Perturbation::StutterHold]);
    let mut all: Vec<Task> = changes.map(|perturbation| Task::Grounding { perturbation }).collect();
    all.extend(Difficulty::ALL.iter().map(|d| Task::Counting { difficulty: *d }));
    all.extend([2, 3, 4, 6, 8].map(|clips| Task::Jigsaw { clips }));
    all.extend([2, 3].map(|grid| Task::Spatial { grid }));
    all.extend([Task::Spotting, Task::Progress]);
    all
}

/// A mixture with the published values of all dials.
pub fn mixture(weights: &[(Task, f64)]) -> Result<Mixture, TaskError> {
    let of = |(task, weight): &(Task, f64)| Portion {
        task: *task,
        dials: Dials::default(),
        weight: *weight,
    };
    Mixture::new(weights.iter().map(of).collect())
}
