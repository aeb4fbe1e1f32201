//! What handlers take from a request. What is wrong with it is said as every other error is.

use super::error::Fail;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Request, WebSocketUpgrade};
use axum::http::request::Parts;

/// Reads a JSON body.
pub(super) struct Body<T>(pub T);

impl<T, S> FromRequest<S> for Body<T>
where
    T: serde::de::DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Fail;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fail> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(JsonRejection::JsonDataError(error)) => Err(Fail::invalid(error.body_text())),
            Err(error) => Err(Fail::new(error.status(), "bad_request", error.body_text())),
        }
    }
}

/// Reads the query.
pub(super) struct Query<T>(pub T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: serde::de::DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fail> {
        axum::extract::Query::<T>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|error| Fail::invalid(error.body_text()))
    }
}

/// Reads what varies in the path; a number that is none is an address that nothing is at.
pub(super) struct Path<T>(pub T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: serde::de::DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fail> {
        axum::extract::Path::<T>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(path)| Self(path))
            .map_err(|_| Fail::not_found("address"))
    }
}

/// The upgrade to a WebSocket; a request that asks for none is told so.
pub(super) struct Upgrade(pub WebSocketUpgrade);

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fail> {
        WebSocketUpgrade::from_request_parts(parts, state).await.map(Self).map_err(|error| {
            let message = format!("a WebSocket is served here ({})", error.body_text());
            Fail::new(error.status(), "no_websocket", message)
        })
    }
}
