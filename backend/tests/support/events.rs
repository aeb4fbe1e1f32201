//! Events as a trainer writes them.

use shared::event::{EventBody, Phase, RunEvent, StepMetrics};
use shared::reward::{RewardMode, score};
use shared::rollout::{Finish, Group, Rollout};
use shared::task::{Perturbation, SampleInfo, SampleParams, SampleSpec, Task, Truth};
use shared::video::VideoId;

pub fn event(seq: u64, step: u64, body: EventBody) -> RunEvent {
    RunEvent { seq, at: seq as f64, step, body }
}

pub fn started(seq: u64, resumed_from: u64) -> RunEvent {
    let body =
        EventBody::RunStarted { steps: 9, device: "cpu".into(), parameters: 1, resumed_from };
    event(seq, resumed_from, body)
}

pub fn phase(seq: u64, step: u64, phase: Phase) -> RunEvent {
    event(seq, step, EventBody::Phase { phase })
}

pub fn step(seq: u64, step: u64) -> RunEvent {
    event(seq, step, EventBody::Step(StepMetrics::default()))
}

/// A group about a video of the library.
pub fn group(seq: u64, step: u64, index: u32, video: &VideoId) -> RunEvent {
    let truth = Truth::Grounding {
        span_secs: [1.0, 2.0],
        span_slots: [3, 6],
        source_span_secs: [1.0, 2.0],
    };
    let task = Task::Grounding { perturbation: Perturbation::Mirror };
    let spec = SampleSpec::new(video.clone(), task, 5);
    let rollout = |index, text: &str| Rollout {
        index,
        seed: 1,
        ids: vec![1],
        pieces: vec![text.into()],
        logprobs: vec![-0.5],
        entropies: vec![0.5],
        text: text.into(),
        finish: Finish::Eos,
        reward: score(RewardMode::Smooth, &truth, text),
        bonus: 0.0,
        visual: vec![],
        advantage: 0.0,
    };
    let group = Group {
        step,
        index,
        policy_version: step,
        sample: SampleInfo {
            spec,
            params: SampleParams::default(),
            question: "When?".into(),
            answer: truth.answer(),
            truth: truth.clone(),
            shapes: None,
            sampling_fps: 3.0,
            width: 64,
            height: 64,
            frames: vec![],
        },
        rollouts: vec![rollout(0, "1.0-2.0"), rollout(1, "no idea")],
        reward_mean: 0.5,
        reward_std: 0.7,
        degenerate: false,
    };
    event(seq, step, EventBody::RolloutGroup(Box::new(group)))
}
