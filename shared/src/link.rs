//! The worker protocol: a worker connects to `/worker` of a server and takes runs.
//!
//! The worker writes every event to its journal before it sends it and resends from the
//! last acknowledged sequence number, so that neither side's death loses one.

use crate::config::RunConfig;
use crate::event::{Order, RunEvent};
use serde::{Deserialize, Serialize};

/// Version of this protocol; a server refuses another one with a sentence.
pub const WORKER_PROTOCOL: u32 = 4;

/// The device of a worker that takes runs for every device.
pub const ANY_DEVICE: &str = "any";

/// File in the run directory that a worker holds locked for as long as it holds the run; the
/// system lets go of it when the worker dies, however it dies.
pub const LOCK_FILE: &str = "worker.lock";

/// File in the data directory that holds a random text of the server's.
pub const DISK_MARK: &str = "disk-mark";

/// Worker -> server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromWorker {
    /// First message.
    Hello {
        /// [`WORKER_PROTOCOL`].
        protocol: u32,
        /// Name for people.
        name: String,
        /// Device it owns; [`ANY_DEVICE`] where it takes runs for every device.
        device: String,
        /// The run it still holds after a lost connection.
        holding: Option<String>,
    },
    /// Answer to `Read`.
    HasRead {
        /// What the file holds; none where it cannot be read.
        text: Option<String>,
    },
    /// Events of the run it holds, durable in its journal, in order.
    Events {
        /// Which run.
        run: String,
        /// The events.
        events: Vec<RunEvent>,
    },
    /// The run ended and its journal is sent.
    Done {
        /// Which run.
        run: String,
    },
    /// The run ended in a way that its journal does not tell, or could not be taken up.
    GaveUp {
        /// Which run.
        run: String,
        /// Why, in one sentence.
        reason: String,
    },
    /// A sign of life, every few seconds.
    Alive,
}

/// Server -> worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToWorker {
    /// Answer to `Hello`: read this file, which is called [`DISK_MARK`]. Runs and videos are
    /// opened by path, so a worker that does not see this file could only fail them.
    Read {
        /// Absolute path.
        file: String,
    },
    /// Answer to `HasRead`.
    Welcome {
        /// Newest durable sequence number of the run it holds.
        acked: u64,
    },
    /// Refusal; the worker ends with this sentence.
    Refused {
        /// Why.
        reason: String,
    },
    /// Take this run.
    Start {
        /// Which run.
        run: String,
        /// Its config.
        config: Box<RunConfig>,
        /// Its run directory, on a disk both sides see. Where it holds a run already, the
        /// worker goes on from the newest whole checkpoint.
        run_dir: String,
        /// The policy folder to start from.
        policy_dir: String,
        /// The video files, in the order fixed when the run was made.
        videos: Vec<String>,
        /// Where decoded strips are kept.
        cache_dir: String,
        /// Newest durable sequence number of the run.
        acked: u64,
    },
    /// A person asks something of the trainer.
    Order {
        /// Which run.
        run: String,
        /// What.
        order: Order,
        /// Who asked.
        by: String,
        /// Unix time it was asked for, seconds.
        at: f64,
    },
    /// Events up to this one are durable at the server.
    Ack {
        /// Which run.
        run: String,
        /// Sequence number.
        seq: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_json() {
        let start = ToWorker::Start {
            run: "r".into(),
            config: Box::default(),
            run_dir: "d".into(),
            policy_dir: "p".into(),
            videos: vec!["v".into()],
            cache_dir: "c".into(),
            acked: 7,
        };
        let text = serde_json::to_string(&start).expect("json");
        assert_eq!(serde_json::from_str::<ToWorker>(&text).expect("same"), start);
    }
}
