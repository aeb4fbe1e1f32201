//! Who is signed in. Any 401 ends the session and leads to the sign-in page.

use crate::state::api;
use crate::state::remote::{Fault, FaultKind};
use leptos::prelude::*;
use shared::annotation::Role;
use shared::api::{Person, SessionBody};

/// What is known about the session.
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// Not asked yet.
    Asking,
    /// Somebody is signed in.
    In(SessionBody),
    /// Nobody is.
    Out,
    /// The server could not be asked.
    Unreachable(Fault),
}

/// The session, from context.
#[derive(Clone, Copy)]
pub struct Session {
    /// What is known.
    pub known: RwSignal<Known>,
}

impl Session {
    /// Provides the session and asks the server for it.
    pub fn provide() -> Self {
        let session = Self { known: RwSignal::new(Known::Asking) };
        provide_context(session);
        LOST.with(|lost| lost.set(Some(session)));
        // A sign-in link is about to answer the question itself.
        if crate::state::browser::query_value("token").is_none() {
            session.ask();
        }
        session
    }

    /// Asks the server who is signed in.
    pub fn ask(self) {
        leptos::task::spawn_local(async move {
            self.known.set(match api::session().await {
                Ok(body) => Known::In(body),
                Err(fault) if fault.kind == FaultKind::SignedOut => Known::Out,
                Err(fault) => Known::Unreachable(fault),
            });
        });
    }

    /// The person signed in.
    pub fn person(self) -> Option<Person> {
        self.known.with(|known| match known {
            Known::In(body) => Some(body.person.clone()),
            _ => None,
        })
    }

    /// The id of the person signed in.
    pub fn person_id(self) -> Option<u64> {
        self.person().map(|person| person.id)
    }

    /// Whether the person may do what `role` may.
    pub fn may(self, role: Role) -> bool {
        self.person().is_some_and(|person| person.role >= role)
    }

    /// Called where a request was answered with 401.
    pub fn lost() {
        if let Some(session) = LOST.with(std::cell::Cell::get) {
            session.known.set(Known::Out);
        }
    }
}

thread_local! {
    /// The one session, for requests made outside any view.
    static LOST: std::cell::Cell<Option<Session>> = const { std::cell::Cell::new(None) };
}

/// The session of the page.
pub fn use_session() -> Session {
    expect_context()
}
