//! Requests and answers of the REST interface under `/api/v1`, and the browser's live link.

use crate::annotation::{Label, PersonRef, Role};
use crate::config::RunConfig;
use crate::event::{Control, Phase, RunEvent};
use crate::fold::RunState;
use crate::rollout::Group;
use crate::task::TaskKind;
use crate::video::{VideoId, VideoMeta};
use serde::{Deserialize, Serialize};

/// Why a request was refused, as `{"error": {...}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError {
    /// For programs, such as `not_found`.
    pub code: String,
    /// One sentence for people.
    pub message: String,
    /// The field at fault, as a dotted key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// The envelope of an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ApiError,
    /// Every problem of a config, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<crate::config::Problem>,
}

/// A refused label operation made against an older version: status 409, reads as
/// [`ErrorBody`] too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConflictBody {
    /// What went wrong.
    pub error: ApiError,
    /// The newer label.
    pub label: Option<Label>,
}

/// `POST /session`: trades a one-time token for a session cookie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// From a sign-in or invitation link.
    pub token: String,
    /// The name to go by; needed where the link does not carry one.
    #[serde(default)]
    pub name: String,
}

/// A person of the team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Stable id.
    pub id: u64,
    /// Name.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

impl Person {
    /// As shown beside what they did.
    pub fn as_ref(&self) -> PersonRef {
        PersonRef { id: self.id, name: self.name.clone() }
    }
}

/// `GET /session`, `POST /session`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionBody {
    /// Who is signed in.
    pub person: Person,
    /// Version of the server.
    pub version: String,
}

/// `POST /invitations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// What the new person may do.
    pub role: Role,
    /// Their name; may be empty, then they choose it.
    #[serde(default)]
    pub name: String,
}

/// Answer to `POST /invitations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationBody {
    /// Path and query of the link, good for one sign-in.
    pub link: String,
    /// What it makes of its reader.
    pub role: Role,
}

/// `GET /people`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeopleBody {
    /// Everybody, oldest first.
    pub people: Vec<Person>,
}

/// A video of the library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Video {
    /// Facts of the file.
    pub meta: VideoMeta,
    /// File name.
    pub name: String,
    /// Size, bytes.
    pub bytes: u64,
    /// Unix time it was added, seconds.
    pub added_at: f64,
    /// Why no questions can be made from it, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// `GET /videos`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideosBody {
    /// The library, newest first.
    pub videos: Vec<Video>,
}

/// `POST /videos?name=FILE` (raw bytes), `GET /videos/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoBody {
    /// The video.
    pub video: Video,
}

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
}

/// `GET /runs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunsBody {
    /// Newest first.
    pub runs: Vec<Run>,
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

/// `GET /runs/{id}/events?after=&limit=`: a part of the journal, without gap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventsBody {
    /// Oldest first.
    pub events: Vec<RunEvent>,
    /// Where the next part starts.
    pub meta: PageMeta,
}

/// Frames in one row of `GET /runs/{id}/groups/{step}/{group}/atlas.jpg` and
/// `GET /videos/{id}/strip.jpg`: the whole strip, in display order, is one row.
pub const ATLAS_COLUMNS: u32 = crate::video::STRIP_FRAMES;

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

/// Where the next page starts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageMeta {
    /// To be sent as `after`; none on the last page.
    pub next: Option<String>,
}

/// A label with what a list shows beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What people said.
    pub label: Label,
    /// Name of the run.
    pub run_name: String,
    /// (task, dial) cell.
    pub cell: String,
    /// Task family.
    pub task: TaskKind,
    /// The question.
    pub question: String,
    /// The answer given.
    pub text: String,
    /// The right answer.
    pub truth: String,
    /// What it earned.
    pub reward: f64,
    /// File name of the video.
    pub video_name: String,
}

/// `GET /labels?state=`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailuresBody {
    /// Newest first; withdrawn ones are left out.
    pub failures: Vec<Failure>,
}

/// `POST /labels` (an [`crate::annotation::Op`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelBody {
    /// The label after the operation.
    pub label: Label,
}

/// What workers and server are made of, for `GET /health/details`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkerInfo {
    /// Name of the worker.
    pub name: String,
    /// Device it owns.
    pub device: String,
    /// Run it holds.
    pub run: Option<String>,
}

/// `GET /health/details`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthBody {
    /// Version of the server.
    pub version: String,
    /// Connected workers.
    pub workers: Vec<WorkerInfo>,
    /// Runs that wait for one.
    pub queued: u32,
    /// Free space where the data lies, bytes; none where it cannot be told.
    pub disk_free_bytes: Option<u64>,
}

/// A device of the server's machine, found or missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// As a config names it, such as `cpu` or `cuda:0`.
    pub name: String,
    /// `cpu` or `cuda`.
    pub kind: String,
    /// Whether a run can use it.
    pub available: bool,
    /// The reason where it is missing.
    pub why: Option<String>,
    /// Threads and instruction set, or the card's place.
    pub detail: Option<String>,
}

/// `GET /devices`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevicesBody {
    /// Found ones first.
    pub devices: Vec<DeviceInfo>,
}

/// A named run config.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PresetInfo {
    /// As in `--preset NAME`.
    pub name: String,
    /// One sentence.
    pub about: String,
    /// The values.
    pub config: RunConfig,
    /// The same as a TOML file.
    pub toml: String,
}

/// `GET /config/presets`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PresetsBody {
    /// The default first.
    pub presets: Vec<PresetInfo>,
}

/// Version of the browser's live link; a mismatch asks the reader to reload.
pub const LIVE_PROTOCOL: u32 = 1;

/// Browser -> server on `/ws`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromBrowser {
    /// Follow a run from the event after `after_seq`; replaces the run followed before.
    Subscribe {
        /// [`LIVE_PROTOCOL`].
        protocol: u32,
        /// Which run; none to hear only about runs and labels.
        run: Option<String>,
        /// Newest sequence number already seen.
        after_seq: u64,
    },
    /// For measuring the round trip.
    Ping {
        /// Echoed.
        sent_ms: f64,
    },
}

/// Server -> browser on `/ws`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToBrowser {
    /// Answer to `Subscribe`; asks for a reload where the protocols differ.
    Welcome {
        /// The server's [`LIVE_PROTOCOL`].
        protocol: u32,
    },
    /// Events of the followed run, in order, none twice. Groups that a view would drop
    /// again (all but the newest [`crate::fold::GROUPS_KEPT`] when it subscribes) are left
    /// out; nothing else is.
    Events {
        /// Which run.
        run: String,
        /// The events.
        events: Vec<RunEvent>,
    },
    /// A run was made or changed its state.
    Run {
        /// As listed.
        run: Run,
    },
    /// A label was made or changed.
    Label {
        /// As listed.
        failure: Box<Failure>,
    },
    /// A video was added.
    Video {
        /// As listed.
        video: Video,
    },
    /// Echo of `Ping`; also sent every few seconds as a sign of life.
    Pong {
        /// As sent, 0 where nobody asked.
        sent_ms: f64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_messages_survive_json() {
        let message = FromBrowser::Subscribe {
            protocol: LIVE_PROTOCOL,
            run: Some("r1".into()),
            after_seq: 4,
        };
        let text = serde_json::to_string(&message).expect("json");
        assert_eq!(serde_json::from_str::<FromBrowser>(&text).expect("same"), message);
        let message = ToBrowser::Events { run: "r1".into(), events: vec![] };
        let text = serde_json::to_string(&message).expect("json");
        assert_eq!(serde_json::from_str::<ToBrowser>(&text).expect("same"), message);
    }
}
