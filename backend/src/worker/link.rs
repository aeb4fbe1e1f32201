//! The connection to the server.

use super::WorkerConfig;
use super::held::HeldRun;
use futures::{SinkExt, StreamExt};
use shared::event::RunEvent;
use shared::link::{ANY_DEVICE, DISK_MARK, FromWorker, ToWorker, WORKER_PROTOCOL};
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A sign of life is sent this often.
const BEAT: Duration = Duration::from_secs(5);
/// A server that says nothing for this long, not even to a ping, is gone.
const SILENCE: Duration = Duration::from_secs(20);

/// Why a link ended.
pub(super) enum End {
    /// The server may come back.
    Lost(String),
    /// The server does not want this worker.
    Refused(String),
    /// The worker was asked to end.
    Left,
}

/// Why there is no link.
pub(super) enum ConnectError {
    /// Trying again makes no sense.
    Refused(String),
    /// The server may come back.
    Away(String),
}

/// An open connection.
pub(super) struct Link {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    beat: Interval,
    heard: Instant,
}

/// Connects and signs in.
pub(super) async fn connect(config: &WorkerConfig) -> Result<Link, ConnectError> {
    let refused = |error: &dyn std::fmt::Display| {
        ConnectError::Refused(format!("{} is no address of a server: {error}", config.server))
    };
    let mut request =
        address(&config.server).into_client_request().map_err(|error| refused(&error))?;
    let bearer = HeaderValue::from_str(&format!("Bearer {}", config.token));
    let bearer = bearer.map_err(|_| {
        ConnectError::Refused("the token holds characters that no token has".into())
    })?;
    request.headers_mut().insert(header::AUTHORIZATION, bearer);
    match timeout(SILENCE, connect_async(request)).await {
        Ok(Ok((socket, _))) => {
            let mut beat = interval(BEAT);
            beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let heard = Instant::now();
            Ok(Link { socket, beat, heard })
        }
        Ok(Err(Error::Http(answer))) if answer.status() == StatusCode::UNAUTHORIZED => {
            let reason = "the server does not know this token";
            Err(ConnectError::Refused(reason.into()))
        }
        Ok(Err(error)) => Err(ConnectError::Away(error.to_string())),
        Err(_) => Err(ConnectError::Away("no answer".into())),
    }
}

/// `http` and `ws` mean the same here; the path is fixed.
fn address(server: &str) -> String {
    let server = server.trim_end_matches('/');
    let server = match server.split_once("://") {
        Some(("http", host)) => format!("ws://{host}"),
        Some(("https", host)) => format!("wss://{host}"),
        Some(_) => server.to_owned(),
        None => format!("ws://{server}"),
    };
    format!("{server}/worker")
}

impl Link {
    /// Says hello and hears from where the held run's events are wanted.
    pub async fn hello(
        &mut self,
        config: &WorkerConfig,
        held: Option<&mut HeldRun>,
    ) -> Result<(), End> {
        self.send(&FromWorker::Hello {
            protocol: WORKER_PROTOCOL,
            name: config.name.clone(),
            device: config.device.clone().unwrap_or_else(|| ANY_DEVICE.into()),
            holding: held.as_ref().map(|held| held.run.clone()),
        })
        .await?;
        loop {
            match self.next().await? {
                Some(ToWorker::Read { file }) => {
                    // Nothing else on this machine is the server's business.
                    let mark = Path::new(&file).ends_with(DISK_MARK);
                    let text = mark.then(|| std::fs::read_to_string(&file).ok()).flatten();
                    self.send(&FromWorker::HasRead { text }).await?;
                }
                Some(ToWorker::Welcome { acked }) => {
                    if let Some(held) = held {
                        held.resend_after(acked);
                    }
                    return Ok(());
                }
                Some(ToWorker::Refused { reason }) => return Err(End::Refused(reason)),
                Some(_) => return Err(lost("it does not say welcome")),
                None => {}
            }
        }
    }

    /// The next message, or `None` when a sign of life is due. Safe to give up waiting for.
    pub async fn next(&mut self) -> Result<Option<ToWorker>, End> {
        loop {
            let silent = tokio::time::timeout_at(self.heard + SILENCE, self.socket.next());
            let message = tokio::select! {
                message = silent => message.map_err(|_| lost("silence"))?,
                _ = self.beat.tick() => return Ok(None),
            };
            self.heard = Instant::now();
            match message {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(&text).map(Some).map_err(lost);
                }
                Some(Ok(Message::Close(_))) | None => return Err(lost("closed")),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(lost(error)),
            }
        }
    }

    /// A sign of life, and a ping that the server answers by itself.
    pub async fn alive(&mut self) -> Result<(), End> {
        self.send(&FromWorker::Alive).await?;
        self.socket.send(Message::Ping(Vec::new().into())).await.map_err(lost)
    }

    /// Events of the held run.
    pub async fn events(&mut self, run: String, events: Vec<RunEvent>) -> Result<(), End> {
        self.send(&FromWorker::Events { run, events }).await
    }

    /// The run ended as its journal says.
    pub async fn done(&mut self, run: String) -> Result<(), End> {
        self.send(&FromWorker::Done { run }).await
    }

    /// The run cannot go on here.
    pub async fn gave_up(&mut self, run: String, reason: String) -> Result<(), End> {
        self.send(&FromWorker::GaveUp { run, reason }).await
    }

    async fn send(&mut self, message: &FromWorker) -> Result<(), End> {
        let text = serde_json::to_string(message).map_err(lost)?;
        match timeout(SILENCE, self.socket.send(Message::Text(text.into()))).await {
            Ok(sent) => sent.map_err(lost),
            Err(_) => Err(lost("nobody takes what is sent")),
        }
    }
}

fn lost(why: impl std::fmt::Display) -> End {
    End::Lost(why.to_string())
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (given, asked) in [
            ("http://a:1/", "ws://a:1/worker"),
            ("https://a", "wss://a/worker"),
            ("ws://a:1", "ws://a:1/worker"),
            ("a:1", "ws://a:1/worker"),
        ] {
            assert_eq!(address(given), asked);
        }
    }
}
