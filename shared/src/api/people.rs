//! Signing in, invitations, people.

use super::PageMeta;
use crate::annotation::{PersonRef, Role};
use serde::{Deserialize, Serialize};

/// `POST /session`: trades a one-time token for a session cookie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// From a sign-in or invitation link.
    pub token: String,
    /// The name to go by; needed where the link does not carry one.
    #[serde(default)]
    pub name: String,
}

/// A person of the team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Stable id.
    pub id: u64,
    /// Name.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

impl Person {
    /// As shown beside what they did.
    pub fn as_ref(&self) -> PersonRef {
        PersonRef { id: self.id, name: self.name.clone() }
    }
}

/// `GET /session`, `POST /session`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionBody {
    /// Who is signed in.
    pub person: Person,
    /// Version of the server.
    pub version: String,
}

/// `POST /invitations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// What the new person may do.
    pub role: Role,
    /// Their name; may be empty, then they choose it.
    #[serde(default)]
    pub name: String,
}

/// Answer to `POST /invitations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationBody {
    /// Path and query of the link, good for one sign-in.
    pub link: String,
    /// What it makes of its reader.
    pub role: Role,
}

/// `GET /people`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeopleBody {
    /// Everybody, oldest first.
    pub people: Vec<Person>,
    /// There is one page only.
    #[serde(default)]
    pub meta: PageMeta,
}
