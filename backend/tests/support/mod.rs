//! A server in this process, people who are signed in, a browser's live link and a worker
//! that speaks the protocol without training anything.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unused_imports,
    reason = "a test may panic, and uses what it needs"
)]

mod events;
mod files;
mod live;
mod worker;

pub use events::{event, group, phase, started, step};
pub use files::{files_under, small_video, tiny_policy};
pub use live::Live;
pub use worker::FakeWorker;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::annotation::Role;
use shared::api::{Run, RunBody, VideosBody};
use shared::video::VideoId;
use std::time::Duration;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tower::ServiceExt;
use videossr::app::Options;
use videossr::server::Server;

pub type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// Longer than anything here takes; a test that waits this long has failed.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Fails the test where `work` takes too long.
pub async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(LIMIT, work).await {
        Ok(done) => done,
        Err(_) => panic!("waited too long for {what}"),
    }
}

pub struct TestServer {
    pub server: Server,
    pub dir: tempfile::TempDir,
    /// The page's files.
    pub dist: Option<std::path::PathBuf>,
}

/// An answer, its body read.
pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.bytes)))
    }

    pub fn read<T: DeserializeOwned>(&self) -> T {
        let value = self.json();
        serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{e}: {value}"))
    }

    /// The sentence of an error.
    pub fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap().to_owned()
    }
}

impl TestServer {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A server without local workers, changed as the test wants it.
    pub async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::on(dir, change).await
    }

    pub async fn on(dir: tempfile::TempDir, change: impl FnOnce(&mut Options)) -> Self {
        let policy = dir.path().join("policy");
        tiny_policy(&policy);
        let mut options = Options {
            workers: 0,
            dist: None,
            policy: Some(policy),
            ..Options::new(dir.path().join("data"), "127.0.0.1:0".parse().unwrap())
        };
        change(&mut options);
        let server = Server::start(options).await.unwrap();
        Self { server, dir, dist: None }
    }

    /// Ends the server and gives its directory to the next one.
    pub async fn end(self) -> tempfile::TempDir {
        soon("the server to end", self.server.end()).await;
        self.dir
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let router = videossr::api::router(&self.server.app, self.dist.as_deref());
        let response = soon("an answer", router.oneshot(request)).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, bytes: bytes.to_vec() }
    }

    /// The admin, signed in with the link that is printed at the start.
    pub async fn admin(&self) -> Person<'_> {
        let link = self.server.sign_in_link().await.unwrap();
        let (_, token) = link.split_once("token=").unwrap();
        self.sign_in(token, "Ada").await
    }

    pub async fn sign_in(&self, token: &str, name: &str) -> Person<'_> {
        let answer = self.try_sign_in(token, name).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        Person { test: self, cookie: cookie.split(';').next().unwrap().to_owned() }
    }

    pub async fn try_sign_in(&self, token: &str, name: &str) -> Answer {
        let body = json!({ "token": token, "name": name });
        let request = Request::post("/api/v1/session")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        self.send(request.unwrap()).await
    }
}

/// Somebody with a session.
#[derive(Clone)]
pub struct Person<'a> {
    pub test: &'a TestServer,
    pub cookie: String,
}

impl<'a> Person<'a> {
    /// Invites somebody and signs them in.
    pub async fn invite(&self, name: &str, role: Role) -> Person<'a> {
        let body = json!({ "role": role, "name": name });
        let answer = self.post("/api/v1/invitations", body).await;
        assert_eq!(answer.status, StatusCode::CREATED);
        let link = answer.json()["link"].as_str().unwrap().to_owned();
        let (_, token) = link.split_once("token=").unwrap();
        self.test.sign_in(token, "").await
    }

    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        Request::builder().method(method).uri(path).header(header::COOKIE, &self.cookie)
    }

    pub async fn get(&self, path: &str) -> Answer {
        let request = self.request(Method::GET, path).body(Body::empty());
        self.test.send(request.unwrap()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        self.test.send(request.unwrap()).await
    }

    pub async fn upload(&self, name: &str, bytes: Vec<u8>) -> Answer {
        let request = self
            .request(Method::POST, &format!("/api/v1/videos?name={name}"))
            .body(Body::from(bytes));
        self.test.send(request.unwrap()).await
    }

    /// Makes a run on a library with one small video.
    pub async fn make_run(&self) -> Run {
        let answer = self.upload("clip.webm", small_video(60)).await;
        assert!(answer.status.is_success(), "{}", answer.json());
        let answer = self.post("/api/v1/runs", json!({ "config": {} })).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json());
        answer.read::<RunBody>().run
    }

    /// The only video of the library.
    pub async fn only_video(&self) -> VideoId {
        let body: VideosBody = self.get("/api/v1/videos").await.read();
        body.videos[0].meta.id.clone()
    }

    pub async fn run(&self, id: &str) -> Run {
        self.get(&format!("/api/v1/runs/{id}")).await.read::<RunBody>().run
    }

    pub async fn control(&self, id: &str, control: &str) -> Answer {
        let path = format!("/api/v1/runs/{id}/control");
        self.post(&path, json!({ "control": control })).await
    }

    pub async fn live(&self) -> Live {
        let address = format!("ws://{}/ws", self.test.server.address);
        let mut request = address.into_client_request().unwrap();
        request.headers_mut().insert(header::COOKIE, self.cookie.parse().unwrap());
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        Live { socket }
    }
}
