//! Videos that come in parts: broken off, gone on with after a restart, given up.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::json;
use shared::annotation::Role;
use shared::api::{Upload, UploadBody, UploadsBody, VideosBody};
use support::{Answer, Person, TestServer, files_under, small_video};

async fn begin(person: &Person<'_>, name: &str, bytes: usize) -> Upload {
    let body = json!({ "name": name, "bytes": bytes, "modified_ms": 5 });
    let answer = person.post("/api/v1/uploads", body).await;
    assert!(answer.status.is_success(), "{}", answer.json());
    answer.read::<UploadBody>().upload
}

async fn part(person: &Person<'_>, id: &str, at: usize, body: Body) -> Answer {
    let path = format!("/api/v1/uploads/{id}?at={at}");
    person.test.send(person.request(Method::PATCH, &path).body(body).unwrap()).await
}

async fn give_up(person: &Person<'_>, id: &str) -> StatusCode {
    let path = format!("/api/v1/uploads/{id}");
    let request = person.request(Method::DELETE, &path).body(Body::empty()).unwrap();
    person.test.send(request).await.status
}

/// A body whose connection breaks after these bytes.
fn broken(bytes: Vec<u8>) -> Body {
    let gone = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    Body::from_stream(futures::stream::iter([Ok(bytes), Err(gone())]))
}

#[tokio::test]
async fn a_file_goes_on_where_it_stopped_after_a_restart_too() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let bytes = small_video(60);
    let (third, half) = (bytes.len() / 3, bytes.len() / 2);
    let id = begin(&admin, "a.webm", bytes.len()).await.id;
    let first = part(&admin, &id, 0, bytes[..third].to_vec().into()).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.json());
    let cut = part(&admin, &id, third, broken(bytes[third..half].to_vec())).await;
    assert_eq!(cut.status, StatusCode::BAD_REQUEST);
    assert_eq!(begin(&admin, "a.webm", bytes.len()).await.received, half as u64);
    let elsewhere = part(&admin, &id, third, bytes[third..].to_vec().into()).await;
    assert_eq!(elsewhere.status, StatusCode::CONFLICT);
    assert!(elsewhere.message().contains(&half.to_string()), "{}", elsewhere.message());

    let cookie = admin.cookie.clone();
    let test = TestServer::on(test.end().await, |_| {}).await;
    let admin = again(&test, cookie).await;
    let known: UploadsBody = admin.get("/api/v1/uploads").await.read();
    assert_eq!((known.uploads[0].received, known.uploads.len()), (half as u64, 1));
    let last = part(&admin, &id, half, bytes[half..].to_vec().into()).await;
    assert_eq!(last.status, StatusCode::OK, "{}", last.json());
    let video = last.read::<UploadBody>().video.unwrap();
    assert_eq!((video.name.as_str(), video.bytes), ("a.webm", bytes.len() as u64));
    let listed: VideosBody = admin.get("/api/v1/videos").await.read();
    assert_eq!(listed.videos, [video]);
    assert_eq!(files_under(&test.server.app.data.uploads()).len(), 0);
    let ended = part(&admin, &id, bytes.len(), Body::empty()).await;
    assert_eq!(ended.status, StatusCode::NOT_FOUND);
}

/// The admin on a server that was started again; the cookie's name holds the port.
async fn again<'a>(test: &'a TestServer, cookie: String) -> Person<'a> {
    let (_, secret) = cookie.split_once('=').unwrap();
    Person { test, cookie: format!("{}={secret}", test.server.app.cookie) }
}

#[tokio::test]
async fn what_is_no_video_or_too_long_is_refused_and_leaves_nothing() {
    let test = TestServer::with(|options| options.upload_limit = 1 << 20).await;
    let admin = test.admin().await;
    let large = json!({ "name": "big.mp4", "bytes": (1 << 20) + 1 });
    let large = admin.post("/api/v1/uploads", large).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);

    let notes = b"these are notes, not frames".repeat(50);
    let id = begin(&admin, "notes.mp4", notes.len()).await.id;
    let longer = part(&admin, &id, 0, [notes.clone(), notes.clone()].concat().into()).await;
    assert_eq!(longer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(longer.message().contains("announced"), "{}", longer.message());
    let refused = part(&admin, &id, 0, notes.into()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.message().contains("notes.mp4"), "{}", refused.message());
    assert_eq!(files_under(&test.server.app.data.uploads()).len(), 0);
}

#[tokio::test]
async fn an_upload_is_given_up_by_whom_it_belongs_to() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let other = admin.invite("Bo", Role::Admin).await;
    let id = begin(&admin, "a.webm", 100).await.id;
    assert_eq!(give_up(&other, &id).await, StatusCode::NOT_FOUND);
    assert_eq!(part(&other, &id, 0, vec![0; 9].into()).await.status, StatusCode::NOT_FOUND);
    assert_eq!(give_up(&admin, &id).await, StatusCode::NO_CONTENT);
    assert_eq!(give_up(&admin, &id).await, StatusCode::NOT_FOUND);
    assert_eq!(files_under(&test.server.app.data.uploads()).len(), 0);
}
