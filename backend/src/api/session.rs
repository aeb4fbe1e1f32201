//! Signing in and out, invitations, people.

use super::{Body, Page, Query, Signed, no_place};
use crate::api::error::Fail;
use crate::app::App;
use crate::secret::new_secret;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use axum::{Extension, Json};
use serde_json::{Value, json};
use shared::api::{InvitationBody, Invite, PageMeta, PeopleBody, Person, SessionBody, SignIn};
use std::sync::Arc;
use store::{NewToken, Secret};

const DAY_SECS: u32 = 86_400;
/// A session lasts this long.
const SESSION_DAYS: u32 = 30;
/// An invitation is good for this long.
const INVITATION_DAYS: u32 = 7;
/// Names are at most this long, characters.
const NAME_LENGTH: usize = 80;

/// Path and query of a sign-in link.
pub fn link(token: &Secret) -> String {
    format!("/sign-in?token={}", token.0)
}

pub(super) async fn sign_in(
    State(app): State<Arc<App>>,
    Body(body): Body<SignIn>,
) -> Result<impl IntoResponse, Fail> {
    if body.name.chars().count() > NAME_LENGTH {
        return Err(Fail::invalid("this name is too long").at("name"));
    }
    let session = new_secret().map_err(|error| Fail::internal(&error))?;
    let cookie = cookie(&app, &session.0, SESSION_DAYS * DAY_SECS);
    let person = app
        .db(move |store| {
            let (link, at) = (Secret(body.token), store::now());
            let ends = at + f64::from(SESSION_DAYS * DAY_SECS);
            store.sign_in(&link, &body.name, &session, ends, at)
        })
        .await?;
    Ok((cookie, session_body(person)))
}

pub(super) async fn show(Extension(signed): Extension<Signed>) -> Json<SessionBody> {
    session_body(signed.person)
}

pub(super) async fn sign_out(
    State(app): State<Arc<App>>,
    Extension(signed): Extension<Signed>,
) -> Result<impl IntoResponse, Fail> {
    app.db(move |store| store.sign_out(&signed.session)).await?;
    app.hub.session_ended();
    Ok((StatusCode::NO_CONTENT, cookie(&app, "", 0)))
}

pub(super) async fn invite(
    State(app): State<Arc<App>>,
    Extension(signed): Extension<Signed>,
    Body(body): Body<Invite>,
) -> Result<impl IntoResponse, Fail> {
    let secret = new_secret().map_err(|error| Fail::internal(&error))?;
    let (link, role) = (link(&secret), body.role);
    app.db(move |store| {
        let at = store::now();
        let token = NewToken {
            secret,
            person: None,
            role,
            name: body.name.trim().to_owned(),
            expires_at: at + f64::from(INVITATION_DAYS * DAY_SECS),
        };
        store.add_token(token, Some(signed.person.id), at)
    })
    .await?;
    Ok((StatusCode::CREATED, Json(InvitationBody { link, role })))
}

pub(super) async fn people(State(app): State<Arc<App>>) -> Result<Json<PeopleBody>, Fail> {
    let people = app.db(|store| store.people()).await?;
    Ok(Json(PeopleBody { people, meta: PageMeta::default() }))
}

pub(super) async fn audit(
    State(app): State<Arc<App>>,
    Query(page): Query<Page>,
) -> Result<Json<Value>, Fail> {
    let before = page.after.as_deref().map(|id| id.parse().map_err(|_| no_place())).transpose()?;
    let limit = page.with_next();
    let mut lines = app.db(move |store| store.audit_log(before, limit)).await?;
    let meta = page.cut(&mut lines, |line| line.id.to_string());
    Ok(Json(json!({ "lines": lines, "meta": meta })))
}

fn session_body(person: Person) -> Json<SessionBody> {
    Json(SessionBody { person, version: env!("CARGO_PKG_VERSION").into() })
}

fn cookie(app: &App, value: &str, secs: u32) -> AppendHeaders<[(header::HeaderName, String); 1]> {
    let name = &app.cookie;
    let secure = if app.public_url.starts_with("https://") { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={secs}{secure}");
    AppendHeaders([(header::SET_COOKIE, text)])
}
