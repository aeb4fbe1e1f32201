//! What the server and its workers are made of, and what they offer.

use super::PageMeta;
use crate::config::RunConfig;
use serde::{Deserialize, Serialize};

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
