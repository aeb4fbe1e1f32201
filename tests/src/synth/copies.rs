//! Many runs from one, for lists: what a list shows of a run is copied row by row in the database.

use super::Folder;
use anyhow::Result;
use rusqlite::{Connection, params};

/// Copies of the run `?1`, as many as `?2`: each a second newer than the one before, with a name and
/// a reward of its own, in every state that a run without a worker can have.
const RUNS: &str = "
    WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
    INSERT INTO runs (id, name, config, videos, state, seq, step, steps, phase, device, owner,
                      created_at, best_train, archived)
    SELECT printf('%010x', i), name || ' ' || i, config, videos,
           CASE i % 3 WHEN 0 THEN 'finished' WHEN 1 THEN 'stopped' ELSE 'failed' END,
           seq, step, steps, phase, device, owner, created_at + i,
           (i * 7919 % 1000) / 1000.0, 0
    FROM n, runs WHERE id = ?1";

/// What their sparklines are drawn from.
const STEPS: &str = "
    WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
    INSERT INTO steps (run, step, reward_mean)
    SELECT printf('%010x', i), step, reward_mean * (0.5 + (i * 7919 % 1000) / 2000.0)
    FROM n, steps WHERE run = ?1";

impl Folder {
    /// Adds so many copies of a run. They have no events: they can be listed, not opened.
    pub fn copy_run(&self, run: &str, copies: u64) -> Result<()> {
        let mut connection = Connection::open(self.root.join("studio.db"))?;
        let tx = connection.transaction()?;
        let copies = i64::try_from(copies)?;
        for sql in [RUNS, STEPS] {
            tx.execute(sql, params![run, copies])?;
        }
        Ok(tx.commit()?)
    }
}
