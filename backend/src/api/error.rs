//! The one error of the interface: a status, a code for programs, a sentence for people.

use crate::library::{AddError, FilesError};
use crate::pictures::PictureError;
use crate::supervisor::Gone;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use shared::annotation::{Label, Refusal};
use shared::api::{ApiError, ConflictBody, ErrorBody};
use shared::config::Problem;
use std::fmt::Display;
use store::StoreError;

/// Why a request is refused.
#[derive(Debug)]
pub struct Fail {
    status: StatusCode,
    error: ApiError,
    detail: Detail,
}

#[derive(Debug)]
enum Detail {
    None,
    Problems(Vec<Problem>),
    Newer(Option<Box<Label>>),
}

impl Fail {
    /// With a code and a sentence.
    pub fn new(status: StatusCode, code: &str, message: impl Display) -> Self {
        Self {
            status,
            error: ApiError { code: code.into(), message: message.to_string(), field: None },
            detail: Detail::None,
        }
    }

    /// The field at fault.
    pub fn at(mut self, field: &str) -> Self {
        self.error.field = Some(field.into());
        self
    }

    /// What was sent cannot be used.
    pub fn invalid(message: impl Display) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message)
    }

    /// There is no such thing.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no such {what}"))
    }

    /// It was there once; `message` says what to do.
    pub fn gone(message: impl Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "gone", message)
    }

    /// Something that is made one at a time is under way.
    pub fn busy(message: impl Display) -> Self {
        Self::new(StatusCode::CONFLICT, "busy", message)
    }

    /// The address is there, but not for this method.
    pub fn wrong_method() -> Self {
        let message = "this address does not take this method; see /api/v1/openapi.json";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", message)
    }

    /// Every problem of a config.
    pub fn problems(problems: Vec<Problem>) -> Self {
        let (message, field) = match problems.first() {
            Some(first) => (first.to_string(), Some(first.field.clone())),
            None => ("the config cannot be used".into(), None),
        };
        let mut fail = Self::invalid(message);
        fail.error.field = field;
        fail.detail = Detail::Problems(problems);
        fail
    }

    /// Our own fault: logged, and told without detail.
    pub fn internal(cause: &dyn Display) -> Self {
        tracing::error!("a request failed: {cause}");
        let message = "the server made an error; its log says which";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }
}

impl Display for Fail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.error.message)
    }
}

impl IntoResponse for Fail {
    fn into_response(self) -> Response {
        let Self { status, error, detail } = self;
        match detail {
            Detail::Newer(label) => {
                let label = label.map(|label| *label);
                (status, Json(ConflictBody { error, label })).into_response()
            }
            Detail::Problems(problems) => {
                (status, Json(ErrorBody { error, problems })).into_response()
            }
            Detail::None => {
                let problems = Vec::new();
                (status, Json(ErrorBody { error, problems })).into_response()
            }
        }
    }
}

/// How to get a link that works.
const NEW_LINK: &str = "start `videossr serve --new-link` on the server for a new one, or ask \
                        an admin for an invitation";

impl From<StoreError> for Fail {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::not_found(what),
            StoreError::BadLink(_) => {
                let message = format!("{error}; {NEW_LINK}");
                Self::new(StatusCode::UNAUTHORIZED, "bad_link", message)
            }
            StoreError::NoPlace => super::no_place(),
            StoreError::NameNeeded => Self::invalid(error).at("name"),
            StoreError::IllegalMove(_) => Self::new(StatusCode::CONFLICT, "not_now", error),
            StoreError::Refused { refusal, label } => refused(refusal, label),
            other => Self::internal(&other),
        }
    }
}

fn refused(refusal: Refusal, label: Option<Box<Label>>) -> Fail {
    let (status, code) = match refusal {
        Refusal::Stale { .. } => (StatusCode::CONFLICT, "stale"),
        Refusal::NotAllowed { .. } => (StatusCode::FORBIDDEN, "forbidden"),
        Refusal::NotNow(_) => (StatusCode::UNPROCESSABLE_ENTITY, "not_now"),
    };
    let mut fail = Fail::new(status, code, &refusal);
    if let Refusal::Stale { .. } = refusal {
        fail.detail = Detail::Newer(label);
    }
    fail
}

impl From<AddError> for Fail {
    fn from(error: AddError) -> Self {
        match error {
            AddError::Media(error) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_video", error)
            }
            AddError::Store(error) => error.into(),
            AddError::Io(error) => Self::internal(&error),
        }
    }
}

impl From<PictureError> for Fail {
    fn from(error: PictureError) -> Self {
        match error {
            PictureError::Io(error) => Self::internal(&error),
            other => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "no_picture", other),
        }
    }
}

impl From<FilesError> for Fail {
    fn from(error: FilesError) -> Self {
        match error {
            FilesError::Gone(_) => Self::new(StatusCode::CONFLICT, "video_gone", error),
            FilesError::Store(error) => error.into(),
        }
    }
}

impl From<Gone> for Fail {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::Ending => Self::new(StatusCode::SERVICE_UNAVAILABLE, "ending", gone),
            Gone::Broke => Self::internal(&gone),
        }
    }
}
