//! A worker that speaks the protocol and trains nothing.

use super::{Socket, TestServer, soon};
use axum::http::header;
use futures::{SinkExt, StreamExt};
use shared::edit::Edit;
use shared::event::{Control, Order, RunEvent};
use shared::link::{ANY_DEVICE, FromWorker, ToWorker, WORKER_PROTOCOL};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

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
        let answer = match worker.hear().await {
            ToWorker::Read { file } => {
                let text = std::fs::read_to_string(file).ok();
                worker.say(&FromWorker::HasRead { text }).await;
                worker.hear().await
            }
            other => other,
        };
        match answer {
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

    /// Waits for a run to be handed out; gives its directory and its videos.
    pub async fn take(&mut self, id: &str) -> (String, Vec<String>) {
        match self.hear().await {
            ToWorker::Start { run, run_dir, videos, .. } => {
                assert_eq!(run, id);
                (run_dir, videos)
            }
            other => panic!("{other:?}"),
        }
    }

    /// Waits for a request to the trainer.
    pub async fn asked(&mut self) -> (Control, String) {
        match self.hear().await {
            ToWorker::Order { order: Order::Control(control), by, .. } => (control, by),
            other => panic!("{other:?}"),
        }
    }

    /// Waits for a change of the run.
    pub async fn asked_to_edit(&mut self) -> (Edit, f64) {
        match self.hear().await {
            ToWorker::Order { order: Order::Edit(edit), at, .. } => (edit, at),
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
