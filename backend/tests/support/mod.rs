//! A server in this process, people who are signed in, a browser's live link and a worker
//! that speaks the protocol without training anything.
#![allow(clippy::unwrap_used, dead_code, reason = "a test may panic, and uses what it needs")]

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use futures::{SinkExt, StreamExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::annotation::Role;
use shared::api::{FromBrowser, LIVE_PROTOCOL, Run, RunBody, ToBrowser};
use shared::event::{EventBody, Phase, RunEvent, StepMetrics};
use shared::fold::RunState;
use shared::link::{ANY_DEVICE, FromWorker, ToWorker, WORKER_PROTOCOL};
use shared::reward::{RewardMode, score};
use shared::rollout::{Finish, Group, Rollout};
use shared::task::{Perturbation, SampleInfo, SampleParams, SampleSpec, Task, Truth};
use shared::video::VideoId;
use std::path::Path;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tower::ServiceExt;
use videossr::app::Options;
use videossr::server::Server;

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
        std::fs::create_dir_all(&policy).unwrap();
        if !policy.join("config.json").exists() {
            std::fs::write(policy.join("config.json"), "{}").unwrap();
        }
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

type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A browser's live link.
pub struct Live {
    socket: Socket,
}

impl Live {
    pub async fn subscribe(&mut self, run: &str, after_seq: u64) {
        let message =
            FromBrowser::Subscribe { protocol: LIVE_PROTOCOL, run: Some(run.into()), after_seq };
        let text = serde_json::to_string(&message).unwrap();
        self.socket.send(Message::Text(text.into())).await.unwrap();
        self.until("welcome", |message| matches!(message, ToBrowser::Welcome { .. }).then_some(()))
            .await;
    }

    /// Waits for the message that `wanted` takes; passes the others over.
    pub async fn until<T>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(ToBrowser) -> Option<T>,
    ) -> T {
        let wait = async {
            loop {
                let message = self.socket.next().await.unwrap().unwrap();
                if let Message::Text(text) = message
                    && let Some(found) = wanted(serde_json::from_str(&text).unwrap())
                {
                    return found;
                }
            }
        };
        soon(what, wait).await
    }

    pub async fn run_in(&mut self, id: &str, state: RunState) -> Run {
        let what = format!("run {id} to be {state}");
        self.until(&what, |message| match message {
            ToBrowser::Run { run } if run.id == id && run.state == state => Some(run),
            _ => None,
        })
        .await
    }

    /// Sequence numbers of the events sent until `last` is among them.
    pub async fn seqs_to(&mut self, last: u64) -> Vec<u64> {
        let mut seqs = Vec::new();
        self.until("events", |message| {
            if let ToBrowser::Events { events, .. } = message {
                seqs.extend(events.iter().map(|event| event.seq));
            }
            seqs.contains(&last).then_some(())
        })
        .await;
        seqs
    }
}

/// A worker that trains nothing.
pub struct FakeWorker {
    socket: Socket,
    /// What it heard when it said hello.
    pub acked: u64,
}

impl FakeWorker {
    pub async fn join(test: &TestServer, holding: Option<&str>) -> Self {
        Self::try_join(test, WORKER_PROTOCOL, holding).await.unwrap()
    }

    /// `Err` is the sentence it is refused with.
    pub async fn try_join(
        test: &TestServer,
        protocol: u32,
        holding: Option<&str>,
    ) -> Result<Self, String> {
        let token = &test.server.app.worker_token.0;
        let address = format!("ws://{}/worker", test.server.address);
        let mut request = address.into_client_request().unwrap();
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let mut worker = Self { socket, acked: 0 };
        let hello = FromWorker::Hello {
            protocol,
            name: "fake".into(),
            device: ANY_DEVICE.into(),
            holding: holding.map(str::to_owned),
        };
        worker.say(&hello).await;
        match worker.hear().await {
            ToWorker::Welcome { acked } => worker.acked = acked,
            ToWorker::Refused { reason } => return Err(reason),
            other => panic!("{other:?}"),
        }
        Ok(worker)
    }

    pub async fn say(&mut self, message: &FromWorker) {
        let text = serde_json::to_string(message).unwrap();
        self.socket.send(Message::Text(text.into())).await.unwrap();
    }

    pub async fn hear(&mut self) -> ToWorker {
        let wait = async {
            loop {
                if let Message::Text(text) = self.socket.next().await.unwrap().unwrap() {
                    return serde_json::from_str(&text).unwrap();
                }
            }
        };
        soon("a message for the worker", wait).await
    }

    /// Waits for a run to be handed out; gives its directory and whether it resumes.
    pub async fn take(&mut self, id: &str) -> (String, bool) {
        match self.hear().await {
            ToWorker::Start { run, run_dir, resume, .. } => {
                assert_eq!(run, id);
                (run_dir, resume)
            }
            other => panic!("{other:?}"),
        }
    }

    /// Sends events and waits until they are durable.
    pub async fn report(&mut self, run: &str, events: Vec<RunEvent>) -> u64 {
        let run = run.to_owned();
        self.say(&FromWorker::Events { run, events }).await;
        match self.hear().await {
            ToWorker::Ack { seq, .. } => seq,
            other => panic!("{other:?}"),
        }
    }

    /// Dies without a word.
    pub fn die(self) {}
}

pub fn event(seq: u64, step: u64, body: EventBody) -> RunEvent {
    RunEvent { seq, at: seq as f64, step, body }
}

pub fn started(seq: u64, resumed_from: u64) -> RunEvent {
    let body =
        EventBody::RunStarted { steps: 9, device: "cpu".into(), parameters: 1, resumed_from };
    event(seq, resumed_from, body)
}

pub fn phase(seq: u64, step: u64, phase: Phase) -> RunEvent {
    event(seq, step, EventBody::Phase { phase })
}

pub fn step(seq: u64, step: u64) -> RunEvent {
    event(seq, step, EventBody::Step(StepMetrics::default()))
}

/// A group about a video of the library.
pub fn group(seq: u64, step: u64, index: u32, video: &VideoId) -> RunEvent {
    let truth = Truth::Grounding {
        span_secs: [1.0, 2.0],
        span_slots: [3, 6],
        source_span_secs: [1.0, 2.0],
    };
    let spec = SampleSpec {
        video: video.clone(),
        task: Task::Grounding { perturbation: Perturbation::Mirror },
        seed: 5,
    };
    let rollout = |index, text: &str| Rollout {
        index,
        seed: 1,
        ids: vec![1],
        pieces: vec![text.into()],
        logprobs: vec![-0.5],
        entropies: vec![0.5],
        text: text.into(),
        finish: Finish::Eos,
        reward: score(RewardMode::Smooth, &truth, text),
        advantage: 0.0,
    };
    let group = Group {
        step,
        index,
        policy_version: step,
        sample: SampleInfo {
            spec,
            params: SampleParams::default(),
            question: "When?".into(),
            answer: truth.answer(),
            truth: truth.clone(),
            shapes: None,
            sampling_fps: 3.0,
            width: 64,
            height: 64,
            frames: vec![],
        },
        rollouts: vec![rollout(0, "1.0-2.0"), rollout(1, "no idea")],
        reward_mean: 0.5,
        reward_std: 0.7,
        degenerate: false,
    };
    event(seq, step, EventBody::RolloutGroup(Box::new(group)))
}

/// A video of so many frames, each of its own colour.
pub fn small_video(frames: usize) -> Vec<u8> {
    let (width, height) = (64, 48);
    let mut rgb = Vec::new();
    for frame in 0..frames {
        let colour = [(frame * 4) as u8, 128, 255 - (frame * 4) as u8];
        rgb.extend(colour.repeat(width * height));
    }
    media::encode_clip(&rgb, width as u32, height as u32, 10).unwrap()
}

/// Every file under a folder.
pub fn files_under(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_under(&path));
        } else {
            files.push(path);
        }
    }
    files
}
