//! Runs whose worker is away: waited for while it may be alive, then marked failed with
//! everything that their journals hold.

use super::desk::{Away, Desk};
use super::{Patience, Request};
use crate::journal::{Held, JournalReader, held};
use std::time::Duration;
use store::StoreError;

/// A dead worker's lock is free about this long after its connection ended.
const FIRST_LOOK: Duration = Duration::from_millis(300);

impl Desk {
    pub(super) fn expect_back(&mut self, run: &str, worker: &str) {
        self.counter += 1;
        let turn = self.counter;
        let worker = worker.to_owned();
        self.away.insert(run.to_owned(), Away { worker, turn });
        for (after, patience) in [(FIRST_LOOK, Patience::More), (self.setup.grace, Patience::Over)]
        {
            let (requests, run) = (self.requests.clone(), run.to_owned());
            self.timers.spawn(async move {
                tokio::time::sleep(after).await;
                if let Some(requests) = requests.upgrade() {
                    // The server may end meanwhile.
                    let _ = requests.send(Request::Check(run, turn, patience)).await;
                }
            });
        }
    }

    /// Looks after a run whose worker is away.
    pub fn check(&mut self, run: &str, turn: u64, patience: Patience) {
        let Some(away) = self.away.get(run).filter(|away| away.turn == turn) else { return };
        let worker = away.worker.clone();
        match (held(&self.setup.data.run(run)), patience) {
            (Held::No, _) => self.give_up(run, &format!("its worker ({worker}) died")),
            (_, Patience::Over) => {
                self.give_up(run, &format!("its worker ({worker}) is not heard of any more"));
            }
            _ => {}
        }
    }

    /// Marks a run failed after taking in what its journal holds beyond the database.
    pub(super) fn give_up(&mut self, run: &str, cause: &str) {
        self.away.remove(run);
        self.asked.remove(run);
        self.take_in_journal(run);
        self.fail(run, &format!("{cause}; resume takes the run up from its newest checkpoint"));
        self.note_end();
        self.look_at_queue();
    }

    fn take_in_journal(&self, run: &str) {
        let Some(stored) = self.logged("reading a run", |store| store.run(run)) else { return };
        let mut reader = JournalReader::after(&self.setup.data.run(run), stored.run.seq);
        loop {
            match reader.next_part() {
                Ok(events) if events.is_empty() => return,
                Ok(events) => {
                    let stored =
                        self.logged("storing a journal", |store| store.ingest(run, events));
                    let Some(ingested) = stored else { return };
                    self.setup.hub.reached(run, ingested.seq);
                }
                Err(error) => {
                    tracing::error!("the journal of run {run} cannot be read: {error}");
                    return;
                }
            }
        }
    }

    pub(super) fn fail(&self, run: &str, cause: &str) {
        match self.setup.store.fail_run(run, cause) {
            Ok(stored) => self.show(&stored),
            // Its journal told how it ended.
            Err(StoreError::IllegalMove(_)) => {
                if let Some(stored) = self.logged("reading a run", |store| store.run(run)) {
                    self.show(&stored);
                }
            }
            Err(error) => tracing::error!("run {run} cannot be marked failed: {error}"),
        }
    }
}
