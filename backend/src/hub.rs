//! News for browsers: what changed, and how far each run's events are durable.
//!
//! News is a hint. What a browser is sent of a run's events is read from the store, so a
//! slow one misses nothing: it reads more at once.

use shared::api::ToBrowser;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{broadcast, watch};

/// News kept for a slow browser; one that falls further behind is sent the lists again.
const NEWS_KEPT: usize = 256;

/// Tells browsers what changed.
pub struct Hub {
    news: broadcast::Sender<Arc<ToBrowser>>,
    sessions: watch::Sender<()>,
    runs: Mutex<HashMap<String, watch::Sender<u64>>>,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            news: broadcast::channel(NEWS_KEPT).0,
            sessions: watch::channel(()).0,
            runs: Mutex::default(),
        }
    }
}

impl Hub {
    /// A run, label or video was made or changed.
    pub fn tell(&self, message: ToBrowser) {
        // Nobody listening is fine.
        let _ = self.news.send(Arc::new(message));
    }

    /// News from now on.
    pub fn news(&self) -> broadcast::Receiver<Arc<ToBrowser>> {
        self.news.subscribe()
    }

    /// Somebody's session ended.
    pub fn session_ended(&self) {
        self.sessions.send_replace(());
    }

    /// Hears whenever a session ends: whoever serves one looks whether it is theirs.
    pub fn sessions(&self) -> watch::Receiver<()> {
        self.sessions.subscribe()
    }

    /// Events of a run are durable up to `seq`.
    pub fn reached(&self, run: &str, seq: u64) {
        if let Some(sender) = self.followed().get(run) {
            sender.send_if_modified(|known| {
                let further = seq > *known;
                *known = seq.max(*known);
                further
            });
        }
    }

    /// Hears whenever a run's events reach further.
    pub fn follow(&self, run: &str) -> watch::Receiver<u64> {
        self.followed().entry(run.to_owned()).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    /// The runs that somebody follows; the others cost nothing.
    fn followed(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<u64>>> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.retain(|_, sender| sender.receiver_count() > 0);
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_nobody_follows_are_forgotten() {
        let hub = Hub::default();
        let kept = hub.follow("kept");
        for number in 0..100 {
            drop(hub.follow(&format!("made up {number}")));
        }
        assert_eq!(hub.followed().keys().collect::<Vec<_>>(), ["kept"]);
        hub.reached("kept", 7);
        assert_eq!(*kept.borrow(), 7);
        hub.reached("kept", 3);
        assert_eq!(*kept.borrow(), 7, "never back");
    }
}
