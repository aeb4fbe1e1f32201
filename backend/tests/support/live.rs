//! A browser's live link.

use super::{Socket, soon};
use futures::{SinkExt, StreamExt};
use shared::api::{FromBrowser, LIVE_PROTOCOL, Run, ToBrowser};
use shared::fold::RunState;
use tokio_tungstenite::tungstenite::Message;

/// A browser's live link.
pub struct Live {
    pub(super) socket: Socket,
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

    /// Waits until the server ends the link; gives the reason it names.
    pub async fn end(mut self) -> Option<String> {
        let wait = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(frame))) => {
                        return frame.map(|frame| frame.reason.as_str().to_owned());
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                }
            }
        };
        soon("the end of the link", wait).await
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
