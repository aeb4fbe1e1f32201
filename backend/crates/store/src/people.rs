//! People, one-time sign-in links and sessions. Secrets are stored as hashes only.

use crate::audit::{Act, write_line};
use crate::connection::Store;
use crate::error::{Result, StoreError};
use crate::{count, int};
use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::annotation::Role;
use shared::api::Person;

/// A random secret as handed to a person, in hex. The database sees its hash only.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    /// Never into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// What is stored. The secrets are 256 random bits, so a fast hash does.
    fn hash(&self) -> [u8; 32] {
        *blake3::hash(self.0.as_bytes()).as_bytes()
    }
}

/// A sign-in link to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What the link carries.
    pub secret: Secret,
    /// Who signs in with it; `None` makes a new person.
    pub person: Option<u64>,
    /// The role of a new person.
    pub role: Role,
    /// The name of a new person; empty to let them choose.
    pub name: String,
    /// Unix time, seconds.
    pub expires_at: f64,
}

const UNKNOWN: &str = "is not known here";
const USED: &str = "was used already";
const EXPIRED: &str = "has expired";

impl Store {
    /// The oldest admin; made on the first call.
    pub fn first_admin(&self, at: f64) -> Result<Person> {
        self.write(move |tx| {
            let found = tx
                .query_row(
                    "SELECT id, name, role FROM people WHERE role = ?1 ORDER BY id LIMIT 1",
                    [Role::Admin.name()],
                    person_row,
                )
                .optional()?;
            match found {
                Some(person) => person,
                None => insert_person(tx, "Admin", Role::Admin, at),
            }
        })
    }

    /// Everybody, oldest first.
    pub fn people(&self) -> Result<Vec<Person>> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT id, name, role FROM people ORDER BY id")?;
            let rows = statement.query_map([], person_row)?;
            rows.map(|row| row?).collect()
        })
    }

    /// Makes a one-time sign-in link; `by` is the admin who invites, `None` the program.
    pub fn add_token(&self, token: NewToken, by: Option<u64>, at: f64) -> Result<()> {
        self.write(move |tx| {
            tx.execute(
                "INSERT INTO sign_in_tokens (hash, person, role, name, created_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    token.secret.hash(),
                    token.person.map(int),
                    token.role.name(),
                    token.name,
                    at,
                    token.expires_at
                ],
            )?;
            match by {
                Some(by) => write_line(tx, by, Act::Invited, token.role.name()),
                None => Ok(()),
            }
        })
    }

    /// Uses a link up and opens a session for its person. A non-empty `name` names (or
    /// renames) the person. [`StoreError::NameNeeded`] leaves the link good.
    pub fn sign_in(
        &self,
        link: &Secret,
        name: &str,
        session: &Secret,
        session_ends: f64,
        at: f64,
    ) -> Result<Person> {
        let (link, session) = (link.hash(), session.hash());
        let name = name.trim().to_owned();
        self.write(move |tx| {
            let person = use_link(tx, &link, &name, at)?;
            tx.execute(
                "INSERT INTO sessions (hash, person, created_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4)",
                params![session, int(person.id), at, session_ends],
            )?;
            tx.execute("DELETE FROM sessions WHERE expires_at < ?1", [at])?;
            write_line(tx, person.id, Act::SignedIn, "")?;
            Ok(person)
        })
    }

    /// Who a session belongs to, `None` for an unknown or expired one.
    pub fn session_person(&self, session: &Secret, at: f64) -> Result<Option<Person>> {
        let hash = session.hash();
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT p.id, p.name, p.role FROM sessions s JOIN people p ON p.id = s.person
                 WHERE s.hash = ?1 AND s.expires_at >= ?2",
            )?;
            statement.query_row(params![hash, at], person_row).optional()?.transpose()
        })
    }

    /// Ends a session.
    pub fn sign_out(&self, session: &Secret) -> Result<()> {
        let hash = session.hash();
        self.write(move |tx| {
            tx.execute("DELETE FROM sessions WHERE hash = ?1", [hash])?;
            Ok(())
        })
    }
}

struct Link {
    person: Option<i64>,
    role: String,
    name: String,
    expires_at: f64,
    used: bool,
}

fn use_link(tx: &Connection, hash: &[u8; 32], name: &str, at: f64) -> Result<Person> {
    let link = tx
        .query_row(
            "SELECT person, role, name, expires_at, used_at IS NOT NULL
             FROM sign_in_tokens WHERE hash = ?1",
            [hash],
            |row| {
                Ok(Link {
                    person: row.get(0)?,
                    role: row.get(1)?,
                    name: row.get(2)?,
                    expires_at: row.get(3)?,
                    used: row.get(4)?,
                })
            },
        )
        .optional()?
        .ok_or(StoreError::BadLink(UNKNOWN))?;
    if link.used {
        return Err(StoreError::BadLink(USED));
    }
    if link.expires_at < at {
        return Err(StoreError::BadLink(EXPIRED));
    }
    tx.execute("UPDATE sign_in_tokens SET used_at = ?2 WHERE hash = ?1", params![hash, at])?;
    match link.person {
        Some(person) => known_person(tx, person, name),
        None => {
            let chosen = if name.is_empty() { &link.name } else { name };
            if chosen.is_empty() {
                return Err(StoreError::NameNeeded);
            }
            insert_person(tx, chosen, role(&link.role)?, at)
        }
    }
}

fn known_person(tx: &Connection, id: i64, name: &str) -> Result<Person> {
    if !name.is_empty() {
        tx.execute("UPDATE people SET name = ?2 WHERE id = ?1", params![id, name])?;
    }
    tx.query_row("SELECT id, name, role FROM people WHERE id = ?1", [id], person_row)?
}

fn insert_person(tx: &Connection, name: &str, role: Role, at: f64) -> Result<Person> {
    tx.execute(
        "INSERT INTO people (name, role, created_at) VALUES (?1, ?2, ?3)",
        params![name, role.name(), at],
    )?;
    Ok(Person { id: count(tx.last_insert_rowid()), name: name.to_owned(), role })
}

fn person_row(row: &Row<'_>) -> rusqlite::Result<Result<Person>> {
    let (id, name, text): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(role(&text).map(|role| Person { id: count(id), name, role }))
}

fn role(text: &str) -> Result<Role> {
    text.parse().map_err(StoreError::Record)
}
