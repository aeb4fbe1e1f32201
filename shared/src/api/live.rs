//! The browser's live link on `/ws`.

use super::{Failure, Run, Video};
use crate::event::RunEvent;
use serde::{Deserialize, Serialize};

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
    /// Events of the followed run, in order, none twice. What a view would drop again is left
    /// out of the past: all but the newest [`crate::fold::GROUPS_KEPT`] groups and all but
    /// the newest phase when it subscribes; nothing else is.
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
