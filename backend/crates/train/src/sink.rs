//! How a run speaks and listens: events go out through a [`Sink`], requests come in through a
//! [`Control`] between steps. It knows no socket.

use crate::error::TrainError;
use shared::event::{self, Order, RunEvent};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// Receives every event after it is safe in the journal, in order, without gaps.
pub trait Sink: Send {
    /// Takes one event. It must not wait for a slow reader: a run stands still meanwhile.
    ///
    /// # Errors
    /// The run ends with this error; nothing is lost, the journal has the event.
    fn emit(&mut self, event: &RunEvent) -> Result<(), TrainError>;
}

/// A request to a running trainer.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What is asked.
    pub order: Order,
    /// Who asks, for the log.
    pub by: Option<String>,
    /// Unix time it was asked for, seconds.
    pub at: Option<f64>,
}

impl Request {
    /// A request without a name.
    pub fn of(control: event::Control) -> Self {
        Self { order: Order::Control(control), by: None, at: None }
    }
}

/// Where requests come from.
pub trait Control: Send {
    /// The next request, if one waits. Called between steps.
    fn poll(&mut self) -> Option<Request>;

    /// Waits for a request, at most this long. Called while paused.
    fn wait(&mut self, timeout: Duration) -> Option<Request>;
}

impl<F: FnMut(&RunEvent) + Send> Sink for F {
    fn emit(&mut self, event: &RunEvent) -> Result<(), TrainError> {
        self(event);
        Ok(())
    }
}

/// Asks for nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoControl;

impl Control for NoControl {
    fn poll(&mut self) -> Option<Request> {
        None
    }

    fn wait(&mut self, timeout: Duration) -> Option<Request> {
        std::thread::sleep(timeout);
        None
    }
}

/// A channel as control. While paused, a closed channel asks for a stop: nobody is left to
/// say go on.
impl Control for Receiver<Request> {
    fn poll(&mut self) -> Option<Request> {
        self.try_recv().ok()
    }

    fn wait(&mut self, timeout: Duration) -> Option<Request> {
        match self.recv_timeout(timeout) {
            Ok(request) => Some(request),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Request::of(event::Control::Stop)),
        }
    }
}
