//! Requests and answers of the REST interface under `/api/v1`, and the browser's live link.

use crate::annotation::Label;
use crate::config::Problem;
use serde::{Deserialize, Serialize};

mod labels;
mod live;
mod people;
mod replay;
mod runs;
mod steer;
mod studio;
mod system;
mod videos;

pub use labels::{Failure, FailuresBody, LabelBody};
pub use live::{FromBrowser, LIVE_PROTOCOL, ToBrowser};
pub use people::{InvitationBody, Invite, PeopleBody, Person, SessionBody, SignIn};
pub use replay::{ReplayBody, ReplayState};
pub use runs::{
    ATLAS_COLUMNS, AnswerGroup, AnswersBody, CLIP_FPS, ControlRequest, EventsBody, GroupBody,
    NewRun, ResultsBody, RolloutRow, RolloutsBody, Run, RunBody, RunsBody, SHEET_COLUMNS,
};
pub use steer::{ArchiveRequest, EditRequest, GroupCard, GroupsBody};
pub use studio::{
    AUDIT_SAMPLES, AuditBody, AuditCell, AuditRequest, AuditState, AuditTest, SampleBody,
    SampleRequest,
};
pub use system::{
    AwayInfo, ConfigBody, ConfigRequest, DeviceInfo, DevicesBody, Estimate, HealthBody,
    PoliciesBody, PolicyInfo, PresetInfo, PresetsBody, QueuedRun, Speed, Storage, StoragePart,
    Versions, WorkerInfo,
};
pub use videos::{NewUpload, Upload, UploadBody, UploadsBody, Video, VideoBody, VideosBody};

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
    pub problems: Vec<Problem>,
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

/// Where the next page starts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageMeta {
    /// To be sent as `after`; none on the last page.
    pub next: Option<String>,
}
