//! The one database: people, library, runs with their journals, rollouts and labels.
//! It never talks to the network and never touches a tensor.
//!
//! SQLite in WAL mode with `synchronous=FULL`: what a call has acknowledged survives a power
//! cut. One thread writes, behind a bounded channel; readers have connections of their own.
//! Every method blocks: call it from a thread that may.

mod audit;
mod cards;
mod connection;
mod error;
mod ingest;
mod labels;
mod people;
mod rollouts;
mod runs;
mod schema;
mod videos;

pub use audit::{Act, AuditLine};
pub use cards::GroupFilter;
pub use connection::Store;
pub use error::{Result, StoreError};
pub use ingest::Ingested;
pub use labels::LabelPlace;
pub use people::{NewToken, Secret};
pub use rollouts::{GroupPlace, RawEvent, ReplayFrom, RolloutFilter};
pub use runs::{NewRunRow, StoredRun};
pub use videos::StoredVideo;

/// Unix time, seconds with milliseconds.
pub fn now() -> f64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0.0, |since| since.as_millis() as f64 / 1000.0)
}

/// Version of the SQLite in use.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// SQLite knows signed integers only; counters here never come near the difference.
fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Back from [`int`].
fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
