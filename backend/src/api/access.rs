//! Who may do what: the session cookie, the role each endpoint needs, and that requests
//! which change something come from our own page.

use crate::api::error::Fail;
use crate::app::App;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use axum_extra::extract::CookieJar;
use shared::annotation::Role;
use shared::api::Person;
use std::sync::Arc;
use store::Secret;

/// Who may use an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// Signed-in people with at least this role.
    Needs(Role),
}

/// Who is signed in; there for every handler behind [`Access::Needs`].
#[derive(Clone, Debug)]
pub struct Signed {
    /// The person.
    pub person: Person,
    /// Their session, for signing out.
    pub session: Secret,
}

/// Lets a request through to its handler, or says why not.
pub(super) async fn check(
    State((app, access)): State<(Arc<App>, Access)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Fail> {
    if let Access::Needs(role) = access {
        let signed = signed_in(&app, request.headers()).await?;
        if signed.person.role < role {
            let message = format!("{role} rights are needed for this");
            return Err(Fail::new(StatusCode::FORBIDDEN, "forbidden", message));
        }
        request.extensions_mut().insert(signed);
    }
    Ok(next.run(request).await)
}

async fn signed_in(app: &App, headers: &HeaderMap) -> Result<Signed, Fail> {
    let signed_out = || Fail::new(StatusCode::UNAUTHORIZED, "signed_out", "sign in first");
    let jar = CookieJar::from_headers(headers);
    let cookie = jar.get(&app.cookie).ok_or_else(signed_out)?;
    let session = Secret(cookie.value().to_owned());
    let asked = session.clone();
    let person = app
        .db(move |store| store.session_person(&asked, store::now()))
        .await?
        .ok_or_else(signed_out)?;
    Ok(Signed { person, session })
}

/// Refuses requests that another site's page makes with our cookie: those that change
/// something, and the upgrade to a WebSocket. Programs send neither header.
pub(super) async fn same_origin(request: Request, next: Next) -> Result<Response, Fail> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let upgrade = request.headers().contains_key(header::UPGRADE);
    if (!safe || upgrade) && is_foreign(request.headers()) {
        let message = "this request comes from another site";
        return Err(Fail::new(StatusCode::FORBIDDEN, "foreign_origin", message));
    }
    Ok(next.run(request).await)
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // Browsers set this one themselves; a page cannot.
    match text("sec-fetch-site") {
        Some("same-origin" | "none") => return false,
        Some(_) => return true,
        None => {}
    }
    let Some(origin) = text("origin") else {
        return headers.contains_key("origin");
    };
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_none() || host != text("host")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_pages_are_told_from_our_own() {
        for (headers, foreign) in [
            (&[("host", "a:1")][..], false),
            (&[("host", "a:1"), ("origin", "http://a:1")], false),
            (&[("host", "a:1"), ("origin", "http://a:2")], true),
            (&[("host", "a:1"), ("origin", "null")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "http://b")], false),
            (&[("sec-fetch-site", "same-site"), ("host", "a"), ("origin", "http://a")], true),
            (&[("sec-fetch-site", "cross-site")], true),
        ] {
            let map: HeaderMap = headers
                .iter()
                .map(|(name, value)| {
                    let name: axum::http::HeaderName = name.parse().expect("a name");
                    (name, value.parse().expect("a value"))
                })
                .collect();
            assert_eq!(is_foreign(&map), foreign, "{headers:?}");
        }
    }
}
