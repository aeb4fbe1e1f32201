//! Migrations, forward only: each runs once, in order, inside a transaction.

use crate::error::{Result, StoreError};
use rusqlite::Connection;

/// Every migration; its place, from 1, is the `user_version` after it. Never edit one that
/// was released: add the next.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_start.sql"),
    include_str!("../migrations/0002_videos_of_runs.sql"),
    include_str!("../migrations/0003_run_lists.sql"),
];

/// Brings the database to the newest version.
pub(crate) fn migrate(connection: &mut Connection) -> Result<()> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (index, sql) in MIGRATIONS.iter().enumerate().skip(found as usize) {
        let tx = connection.transaction()?;
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", index as i64 + 1)?;
        tx.commit()?;
    }
    Ok(())
}
