//! Who did what that needs rights.

use crate::connection::Store;
use crate::error::Result;
use crate::{count, int, now};
use rusqlite::{Connection, params};
use serde::Serialize;
use shared::annotation::PersonRef;

/// A privileged act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Signed in with a link.
    SignedIn,
    /// Made an invitation.
    Invited,
    /// Added a video.
    AddedVideo,
    /// Made a run.
    MadeRun,
    /// Asked something of a run.
    ControlledRun,
    /// Changed a run that goes on.
    EditedRun,
    /// Put a run out of sight, or back.
    ArchivedRun,
}

impl Act {
    fn name(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::Invited => "invited",
            Self::AddedVideo => "added_video",
            Self::MadeRun => "made_run",
            Self::ControlledRun => "controlled_run",
            Self::EditedRun => "edited_run",
            Self::ArchivedRun => "archived_run",
        }
    }
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditLine {
    /// Counts up.
    pub id: u64,
    /// Unix time, seconds.
    pub at: f64,
    /// Who.
    pub person: PersonRef,
    /// What, such as `made_run`.
    pub act: String,
    /// On what.
    pub subject: String,
}

impl Store {
    /// Writes one line.
    pub fn audit(&self, person: u64, act: Act, subject: &str) -> Result<()> {
        let subject = subject.to_owned();
        self.write(move |tx| write_line(tx, person, act, &subject))
    }

    /// Lines before the line `before`, or the newest, newest first.
    pub fn audit_log(&self, before: Option<u64>, limit: u32) -> Result<Vec<AuditLine>> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT a.id, a.at, p.id, p.name, a.act, a.subject
                 FROM audit a JOIN people p ON p.id = a.person
                 WHERE ?1 IS NULL OR a.id < ?1 ORDER BY a.id DESC LIMIT ?2",
            )?;
            let rows = statement.query_map(params![before.map(int), limit], |row| {
                Ok(AuditLine {
                    id: count(row.get(0)?),
                    at: row.get(1)?,
                    person: PersonRef { id: count(row.get(2)?), name: row.get(3)? },
                    act: row.get(4)?,
                    subject: row.get(5)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

/// Writes one line inside a transaction that does the act itself.
pub(crate) fn write_line(tx: &Connection, person: u64, act: Act, subject: &str) -> Result<()> {
    tx.prepare_cached("INSERT INTO audit (at, person, act, subject) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![now(), int(person), act.name(), subject])?;
    Ok(())
}
