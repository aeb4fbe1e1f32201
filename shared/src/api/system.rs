//! What the server and its workers are made of, and what they offer.

use super::PageMeta;
use crate::config::RunConfig;
use serde::{Deserialize, Serialize};

/// A worker that is connected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkerInfo {
    /// Name of the worker.
    pub name: String,
    /// Device it owns.
    pub device: String,
    /// Run it holds.
    pub run: Option<String>,
    /// Unix time it connected, seconds.
    #[serde(default)]
    pub joined_at: f64,
    /// Unix time it last said anything, seconds; it does every few seconds.
    #[serde(default)]
    pub heard_at: f64,
}

/// A run whose worker is away and waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwayInfo {
    /// The run.
    pub run: String,
    /// Name of the worker.
    pub worker: String,
}

/// A run that waits for a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueuedRun {
    /// Which run.
    pub run: String,
    /// Name for people.
    pub name: String,
    /// Device it asks for.
    pub device: String,
    /// Unix time it was made, seconds.
    pub created_at: f64,
}

/// A part of the data directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoragePart {
    /// File or folder below the data directory.
    pub name: String,
    /// Size of all files in it, bytes.
    pub bytes: u64,
    /// Number of files.
    pub files: u64,
    /// Whether it can be deleted at any time: it is made again when it is needed.
    pub spare: bool,
}

/// What the data directory holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Storage {
    /// Its parts, in a fixed order.
    pub parts: Vec<StoragePart>,
    /// Free space where it lies, bytes; none where it cannot be told.
    pub free_bytes: Option<u64>,
    /// Unix time it was measured, seconds.
    pub measured_at: f64,
}

/// Versions of what the server is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// libavcodec's.
    pub avcodec: String,
    /// SQLite's.
    pub sqlite: String,
    /// Video decoders that the FFmpeg in use lacks.
    pub missing_decoders: Vec<String>,
    /// Whether FFmpeg can make clips for the page.
    pub makes_clips: bool,
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
    /// Unix time of the answer by the server's clock, seconds.
    pub now: f64,
    /// Seconds since the server started.
    pub uptime_secs: f64,
    /// Local workers the server keeps alive.
    pub local_workers: u32,
    /// Runs whose worker is away.
    pub away: Vec<AwayInfo>,
    /// Runs that wait for a worker, longest waiting first.
    pub queue: Vec<QueuedRun>,
    /// What lies on the disk.
    pub storage: Storage,
    /// What the server is made of.
    pub versions: Versions,
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
    /// There is one page only.
    #[serde(default)]
    pub meta: PageMeta,
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
    /// There is one page only.
    #[serde(default)]
    pub meta: PageMeta,
}

/// `POST /config/check`: a config as a file or as a value; keys left out take the first preset's
/// values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConfigRequest {
    /// The text of a `run.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toml: Option<String>,
    /// Or a config, whole or in part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<serde_json::Value>,
}

/// The answer to [`ConfigRequest`], where nothing is wrong with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfigBody {
    /// The whole config.
    pub config: RunConfig,
    /// The same as a TOML file, with the sentence of every field.
    pub toml: String,
    /// What such a run will take, where its policy can be read.
    pub estimate: Option<Estimate>,
}

/// What a run will take, about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Parameters of the policy.
    pub parameters: u64,
    /// Bytes of an update's pass with weights, gradients and moments. Counted from the sizes;
    /// within a third of what was measured on the CPU at 2 and 51 million parameters.
    pub memory_bytes: u64,
    /// Seconds of a step and where they were measured; none before the first run like it.
    pub speed: Option<Speed>,
}

/// How fast a run with the same policy and device was, scaled to the asked number of tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// Seconds of a step.
    pub step_secs: f64,
    /// The run it was measured on.
    pub run: String,
    /// Its name.
    pub run_name: String,
}

/// A policy that a run can start from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyInfo {
    /// What a config names; empty for the one that comes with the program.
    pub path: String,
    /// One line for people.
    pub name: String,
}

/// `GET /policies`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoliciesBody {
    /// The one that comes with the program, then checkpoints, those of the newest run first.
    pub policies: Vec<PolicyInfo>,
    /// There is one page only.
    #[serde(default)]
    pub meta: PageMeta,
}
