//! Who did what that needs rights.

use crate::connection::Store;
use crate::error::Result;
use crate::{count, int, now};
use rusqlite::{Connection, params};

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
}

impl Act {
    fn name(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::Invited => "invited",
            Self::AddedVideo => "added_video",
            Self::MadeRun => "made_run",
            Self::ControlledRun => "controlled_run",
        }
    }
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditLine {
    /// Unix time, seconds.
    pub at: f64,
    /// Who.
    pub person: u64,
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

    /// The newest lines, newest first.
    pub fn audit_log(&self, limit: u32) -> Result<Vec<AuditLine>> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT at, person, act, subject FROM audit ORDER BY id DESC LIMIT ?1",
            )?;
            let rows = statement.query_map([limit], |row| {
                Ok(AuditLine {
                    at: row.get(0)?,
                    person: count(row.get(1)?),
                    act: row.get(2)?,
                    subject: row.get(3)?,
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
