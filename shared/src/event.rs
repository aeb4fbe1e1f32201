//! What happens in a run, as the worker writes it: one line of the journal each.
//! The enum is closed; every screen is a fold of it (`fold`).

use crate::edit::{Edit, Edited};
use crate::rollout::Group;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One line of `journal.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEvent {
    /// From 1, without gaps.
    pub seq: u64,
    /// Unix time, seconds with milliseconds.
    pub at: f64,
    /// The training step it belongs to; 0 before the first.
    pub step: u64,
    /// What happened.
    #[serde(flatten)]
    pub body: EventBody,
}

/// The set of questions on clips that a run does not train on.
pub const HELD_OUT: &str = "held-out clips";

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventBody {
    /// A worker took the run up, fresh or resumed.
    RunStarted {
        /// Steps the config asks for.
        steps: u64,
        /// Device it runs on, such as `cpu`.
        device: String,
        /// Parameters of the policy.
        parameters: u64,
        /// The step it goes on from; 0 for a fresh run.
        resumed_from: u64,
    },
    /// A phase began.
    Phase {
        /// Which.
        phase: Phase,
    },
    /// A step was made.
    Step(StepMetrics),
    /// A group was answered and scored; in JSON it is under `group`.
    RolloutGroup(#[serde(with = "under_group")] Box<Group>),
    /// A checkpoint is whole on disk.
    Checkpoint {
        /// Folder under `checkpoints/`.
        folder: String,
        /// Size, bytes.
        bytes: u64,
    },
    /// The policy was evaluated greedily on fixed samples.
    Evaluation {
        /// Which set: `train clips` or `held-out clips`.
        set: String,
        /// Number of samples.
        samples: u64,
        /// Mean reward.
        reward_mean: f64,
        /// Half width of the 95 % bootstrap interval of the mean.
        reward_interval: f64,
        /// Mean reward by cell.
        by_cell: BTreeMap<String, f64>,
        /// Mean over the questions of the reward minus that at the run's start; none at the
        /// start itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change: Option<f64>,
        /// Half width of the 95 % bootstrap interval of the change, paired by question.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change_interval: Option<f64>,
    },
    /// A person asked for something, or the trainer did it.
    Control {
        /// What.
        control: Control,
        /// Requested or acknowledged.
        stage: ControlStage,
        /// Who asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// Unix time it was asked for, seconds, where the server passed it on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked_at: Option<f64>,
    },
    /// The trainer goes on with another learning rate or mixture than its config says.
    Edited(Edited),
    /// Something is odd but the run goes on.
    Warning {
        /// One sentence.
        message: String,
    },
    /// No progress for long in one phase.
    Stalled {
        /// The phase.
        phase: Phase,
        /// Seconds without progress.
        secs: f64,
        /// What it is at, such as `questions 112 to 119`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        what: Option<String>,
    },
    /// The run ended with an error.
    Failed {
        /// The phase it was in.
        phase: Phase,
        /// One sentence.
        cause: String,
    },
    /// The run ended: all steps made, or stopped by a person.
    Finished {
        /// Whether a person stopped it before its last step.
        stopped: bool,
    },
}

impl EventBody {
    /// The `kind` written to the journal.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::RunStarted { .. } => "run_started",
            Self::Phase { .. } => "phase",
            Self::Step(_) => "step",
            Self::RolloutGroup(_) => "rollout_group",
            Self::Checkpoint { .. } => "checkpoint",
            Self::Evaluation { .. } => "evaluation",
            Self::Control { .. } => "control",
            Self::Edited(_) => "edited",
            Self::Warning { .. } => "warning",
            Self::Stalled { .. } => "stalled",
            Self::Failed { .. } => "failed",
            Self::Finished { .. } => "finished",
        }
    }
}

/// A group has a `step` of its own, so it cannot lie flat beside the event's.
mod under_group {
    use super::Group;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize)]
    struct Out<'a> {
        group: &'a Group,
    }

    #[derive(Deserialize)]
    struct In {
        group: Box<Group>,
    }

    #[allow(clippy::borrowed_box, reason = "serde's `with` passes a reference to the field")]
    pub fn serialize<S: Serializer>(group: &Box<Group>, to: S) -> Result<S::Ok, S::Error> {
        Out { group }.serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Box<Group>, D::Error> {
        In::deserialize(from).map(|read| read.group)
    }
}

/// Where a run is inside a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Loading the policy.
    Load,
    /// Decoding videos into strips.
    Decode,
    /// Making samples.
    Samples,
    /// Answering.
    Rollout,
    /// Scoring.
    Reward,
    /// Updating the weights.
    Update,
    /// Writing a checkpoint.
    Checkpoint,
    /// Evaluating.
    Evaluate,
}

impl Phase {
    /// The name shown to people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Load => "loading the policy",
            Self::Decode => "decoding videos",
            Self::Samples => "making samples",
            Self::Rollout => "rollout",
            Self::Reward => "reward",
            Self::Update => "update",
            Self::Checkpoint => "writing a checkpoint",
            Self::Evaluate => "evaluation",
        }
    }
}

/// What a person may ask of a running trainer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// Wait after the current step.
    Pause,
    /// Go on.
    Resume,
    /// End after the current step, with a checkpoint.
    Stop,
    /// Write a checkpoint after the current step.
    Checkpoint,
}

/// What a person may ask of a running trainer, with what it takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Steers it.
    Control(Control),
    /// Changes it from the next step on.
    Edit(Edit),
}

/// How far a control request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlStage {
    /// Somebody asked.
    Requested,
    /// The trainer did it, at the event's step.
    Acknowledged,
}

/// Figures of one step. Shares are in 0..=1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// Mean reward over all rollouts.
    pub reward_mean: f64,
    /// Standard deviation of the reward over all rollouts.
    pub reward_std: f64,
    /// Mean reward by task family.
    pub reward_by_task: BTreeMap<String, f64>,
    /// Mean reward by (task, dial) cell.
    pub reward_by_cell: BTreeMap<String, f64>,
    /// Mean k3 estimate of the divergence from the reference policy, nats per token.
    pub kl: f64,
    /// Mean entropy at sampling, nats per token.
    pub entropy: f64,
    /// Tokens whose ratio was clipped.
    pub clip_share: f64,
    /// Questions without any spread of rewards, of all that were asked.
    pub dead_group_share: f64,
    /// Questions that were replaced for having no spread.
    #[serde(default)]
    pub replaced_groups: u64,
    /// Divergence from the weights that answered, at the update, nats per token (k1).
    #[serde(default)]
    pub approx_kl: f64,
    /// Mean distance of the log-probabilities at sampling from the trainer's, nats per token.
    #[serde(default)]
    pub logprob_gap: f64,
    /// Share of the commonest answer among all to one task, of the task where it is largest.
    #[serde(default)]
    pub constant_share: f64,
    /// Mean over tokens of how much likelier the video made them, nats; none where nothing was
    /// measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visual_dependency: Option<f64>,
    /// Updates between the weights that answered and those that were updated.
    #[serde(default)]
    pub weights_behind: u64,
    /// Probability of each cell under the curriculum; empty where the mixture is fixed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub curriculum: BTreeMap<String, f64>,
    /// Answers that did not have the asked form.
    pub parse_failure_share: f64,
    /// Global gradient norm before clipping.
    pub grad_norm: f64,
    /// Loss as minimised.
    pub loss: f64,
    /// Prompt tokens, mean per rollout.
    pub prompt_tokens: f64,
    /// New tokens, mean per rollout.
    pub new_tokens: f64,
    /// New tokens per second of rollout.
    pub tokens_per_sec: f64,
    /// Wall time of the step, seconds.
    pub step_secs: f64,
    /// Of it: making samples and waiting for them.
    pub sample_secs: f64,
    /// Of it: answering.
    pub rollout_secs: f64,
    /// Of it: scoring.
    pub reward_secs: f64,
    /// Of it: updating the weights.
    pub update_secs: f64,
    /// Learning rate used.
    pub learning_rate: f64,
    /// Memory that the trainer's process holds, bytes; none where the system does not say. On
    /// the CPU that is the device's memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Whether the update was skipped because its gradient was not finite or exploded.
    #[serde(default)]
    pub skipped: bool,
}

impl StepMetrics {
    /// Without times, paces and memory: what the same step must come to whenever it is made again.
    #[must_use]
    pub fn timeless(self) -> Self {
        Self {
            tokens_per_sec: 0.0,
            step_secs: 0.0,
            sample_secs: 0.0,
            rollout_secs: 0.0,
            reward_secs: 0.0,
            update_secs: 0.0,
            memory_bytes: None,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journal_lines_are_flat_and_survive() {
        let event = RunEvent {
            seq: 3,
            at: 1.5,
            step: 1,
            body: EventBody::Step(StepMetrics { reward_mean: 0.5, ..Default::default() }),
        };
        let text = serde_json::to_string(&event).expect("json");
        assert!(text.starts_with(r#"{"seq":3,"at":1.5,"step":1,"kind":"step","reward_mean":0.5"#));
        assert_eq!(serde_json::from_str::<RunEvent>(&text).expect("same"), event);
    }

    #[test]
    fn a_group_keeps_its_own_step_apart() {
        let text = format!(
            r#"{{"seq":2,"at":1.0,"step":3,"kind":"rollout_group","group":{{"step":3,"index":0,
            "policy_version":2,"sample":{{"video":"blake3:{}","task":"jigsaw","clips":6,"seed":1,
            "params":{{}},"question":"q","answer":"123456","truth":{{"order":"123456"}},
            "shapes":null,"sampling_fps":0.5,"width":64,"height":64,"frames":[]}},"rollouts":[],
            "reward_mean":0.0,"reward_std":0.0,"degenerate":true}}}}"#,
            "0".repeat(64)
        );
        let event: RunEvent = serde_json::from_str(&text).expect("a journal line");
        let again = serde_json::to_string(&event).expect("json");
        assert_eq!(serde_json::from_str::<RunEvent>(&again).expect("same"), event);
    }

    #[test]
    fn the_kind_written_is_the_kind_named() {
        for body in [
            EventBody::Phase { phase: Phase::Update },
            EventBody::Warning { message: "odd".into() },
            EventBody::Finished { stopped: true },
            EventBody::Control {
                control: Control::Pause,
                stage: ControlStage::Requested,
                by: None,
                asked_at: None,
            },
            EventBody::Edited(Edited {
                edit: Edit::LearningRate { value: 0.1 },
                before: Edit::LearningRate { value: 0.2 },
                from_step: 4,
                by: None,
                asked_at: None,
            }),
        ] {
            let value = serde_json::to_value(&body).expect("json");
            assert_eq!(value["kind"], body.kind());
        }
    }
}
