//! Runs, their journals, groups and rollouts.

use super::PageMeta;
use crate::annotation::{Label, PersonRef};
use crate::config::RunConfig;
use crate::event::{Control, Phase, RunEvent};
use crate::fold::RunState;
use crate::paired::SetResults;
use crate::rollout::Group;
use crate::task::TaskKind;
use crate::video::{STRIP_FRAMES, VideoId};
use serde::{Deserialize, Serialize};

/// A run as listed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Short id, unique.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Where it is in its life.
    pub state: RunState,
    /// Steps made.
    pub step: u64,
    /// Steps asked for.
    pub steps: u64,
    /// Mean reward of the newest steps.
    pub reward_mean: Option<f64>,
    /// Mean reward per step, thinned to at most 64 points, for a sparkline.
    #[serde(default)]
    pub spark: Vec<f32>,
    /// The phase it failed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_phase: Option<Phase>,
    /// Why it failed, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_cause: Option<String>,
    /// Device it runs on.
    pub device: String,
    /// Who made it.
    pub owner: PersonRef,
    /// Unix time it was made, seconds.
    pub created_at: f64,
    /// Newest event's sequence number.
    pub seq: u64,
    /// Best mean reward of an evaluation, on held-out clips where there are any.
    #[serde(default)]
    pub best: Option<f64>,
    /// Out of sight.
    #[serde(default)]
    pub archived: bool,
}

/// `GET /runs?after=&limit=`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunsBody {
    /// Newest first.
    pub runs: Vec<Run>,
    /// Where the next page starts.
    pub meta: PageMeta,
}

/// `GET /runs/{id}`, `POST /runs`, `POST /runs/{id}/control`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunBody {
    /// The run.
    pub run: Run,
    /// Its config.
    pub config: RunConfig,
}

/// `POST /runs`: keys left out take their defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewRun {
    /// Name for people; empty for a made-up one.
    #[serde(default)]
    pub name: String,
    /// A run config, whole or in part.
    pub config: serde_json::Value,
}

/// `POST /runs/{id}/control`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlRequest {
    /// What is asked. `Resume` also takes up a stopped or failed run from its newest
    /// whole checkpoint.
    pub control: Control,
}

/// `GET /runs/{id}/results/{step}`: the evaluations made after a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultsBody {
    /// One entry per set of questions; empty where none was asked then.
    pub sets: Vec<SetResults>,
}

/// `GET /runs/{id}/events?after=&limit=&groups=`: a part of the journal, without gap; with
/// `groups=false` without groups and phases, which curves do without.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventsBody {
    /// Oldest first.
    pub events: Vec<RunEvent>,
    /// Where the next part starts.
    pub meta: PageMeta,
}

/// Frames in one row of `GET /runs/{id}/groups/{step}/{group}/atlas.jpg` and
/// `GET /videos/{id}/strip.jpg`: the whole strip, in display order, is one row.
pub const ATLAS_COLUMNS: u32 = STRIP_FRAMES;

/// Frames in a row of `GET /runs/{id}/groups/{step}/{group}/atlas.jpg?size=view|policy`: all of
/// them in one picture, large; a sample of fewer has one row of its own length.
pub const SHEET_COLUMNS: u32 = 8;

/// Pictures per second of `GET /runs/{id}/groups/{step}/{group}/clip.webm?size=view|policy`:
/// slot k is on screen from `k / CLIP_FPS` to `(k + 1) / CLIP_FPS`.
pub const CLIP_FPS: u32 = 8;

/// `GET /runs/{id}/groups/{step}/{group}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupBody {
    /// The group.
    pub group: Group,
    /// File name of its video.
    pub video_name: String,
    /// What people said about its rollouts.
    pub labels: Vec<Label>,
    /// Number of groups in the step.
    pub groups_in_step: u32,
    /// `(step, group)` before this one, if any.
    pub previous: Option<(u64, u32)>,
    /// `(step, group)` after this one, if any.
    pub next: Option<(u64, u32)>,
}

/// One stored rollout as listed by `GET /runs/{id}/rollouts`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RolloutRow {
    /// Training step.
    pub step: u64,
    /// Group of the step.
    pub group: u32,
    /// Rollout of the group.
    pub rollout: u32,
    /// Task family.
    pub task: TaskKind,
    /// (task, dial) cell.
    pub cell: String,
    /// Source video.
    pub video: VideoId,
    /// The answer.
    pub text: String,
    /// What it earned.
    pub reward: f64,
    /// Against its group.
    pub advantage: f64,
    /// Whether it had the asked form.
    pub parsed: bool,
}

/// `GET /runs/{id}/rollouts?task=&cell=&max_reward=&parsed=&after=&limit=`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RolloutsBody {
    /// Newest first.
    pub rollouts: Vec<RolloutRow>,
    /// Where the next page starts.
    pub meta: PageMeta,
}

/// What every answer to one question said and earned: enough to compute rewards and advantages
/// again, and no more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerGroup {
    /// Training step.
    pub step: u64,
    /// Group of the step.
    pub group: u32,
    /// Task family.
    pub task: TaskKind,
    /// (task, dial) cell.
    pub cell: String,
    /// The truth as text.
    pub truth: String,
    /// The answers, in order.
    pub texts: Vec<String>,
    /// Tokens of each.
    pub tokens: Vec<u32>,
    /// What each earned.
    pub rewards: Vec<f64>,
    /// Added to each reward before answers were compared; empty where nothing was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bonus: Vec<f64>,
    /// Against the others.
    pub advantages: Vec<f64>,
}

impl AnswerGroup {
    /// What a group's answers said and earned.
    pub fn of(group: Group) -> Self {
        let task = &group.sample.spec.task;
        let rollouts = &group.rollouts;
        let bonus: Vec<f64> = rollouts.iter().map(|rollout| rollout.bonus).collect();
        Self {
            step: group.step,
            group: group.index,
            task: task.kind(),
            cell: task.cell(),
            truth: group.sample.truth.answer(),
            tokens: rollouts.iter().map(|rollout| rollout.ids.len() as u32).collect(),
            rewards: rollouts.iter().map(|rollout| rollout.reward.total).collect(),
            advantages: rollouts.iter().map(|rollout| rollout.advantage).collect(),
            bonus: if bonus.iter().all(|b| *b == 0.0) { Vec::new() } else { bonus },
            texts: group.rollouts.into_iter().map(|rollout| rollout.text).collect(),
        }
    }
}

/// `GET /runs/{id}/answers?after=&limit=`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswersBody {
    /// Oldest first.
    pub groups: Vec<AnswerGroup>,
    /// Where the next page starts.
    pub meta: PageMeta,
}
