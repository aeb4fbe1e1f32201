//! Events of a run in the making: numbers them, writes the journal, then tells the sink; and
//! watches that a phase does not stand still.

use crate::error::TrainError;
use crate::journal::Journal;
use crate::sink::Sink;
use shared::edit::Edits;
use shared::event::{EventBody, Phase, RunEvent};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The one writer of a run's events.
pub struct Recorder<'a> {
    inner: Mutex<Inner<'a>>,
}

struct Inner<'a> {
    journal: Journal,
    sink: &'a mut dyn Sink,
    step: u64,
    phase: Phase,
    since: Instant,
    waiting: bool,
    /// What the phase is at.
    what: Option<String>,
}

impl<'a> Recorder<'a> {
    /// Writes to `journal` first and to `sink` then.
    pub fn new(journal: Journal, sink: &'a mut dyn Sink) -> Self {
        let inner = Inner {
            journal,
            sink,
            step: 0,
            phase: Phase::Load,
            since: Instant::now(),
            waiting: false,
            what: None,
        };
        Self { inner: Mutex::new(inner) }
    }

    // A panic while the lock was held leaves the journal as it is: appended or not.
    fn lock(&self) -> MutexGuard<'_, Inner<'a>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The edits that the journal held when it was opened.
    pub fn edits(&self) -> Edits {
        self.lock().journal.edits().clone()
    }

    /// Events from now on belong to this step.
    pub fn at_step(&self, step: u64) {
        self.lock().step = step;
    }

    /// Begins a phase and says so.
    ///
    /// # Errors
    /// A failing disk or sink.
    pub fn enter(&self, phase: Phase) -> Result<(), TrainError> {
        let mut inner = self.lock();
        inner.phase = phase;
        inner.since = Instant::now();
        inner.waiting = false;
        inner.emit(vec![EventBody::Phase { phase }])
    }

    /// What is worked on until the next call, for the watchdog to name.
    pub fn at_work_on(&self, what: String) {
        self.lock().what = Some(what);
    }

    /// The phase the run is in.
    pub fn phase(&self) -> Phase {
        self.lock().phase
    }

    /// A pause is no standstill: the watchdog is quiet until the next phase.
    pub fn rest(&self) {
        self.lock().waiting = true;
    }

    /// Writes events of the current step together.
    ///
    /// # Errors
    /// A failing disk or sink.
    pub fn emit(&self, bodies: Vec<EventBody>) -> Result<(), TrainError> {
        let mut inner = self.lock();
        inner.since = Instant::now();
        inner.emit(bodies)
    }

    /// Says `Stalled` once for every `limit` that a phase makes no progress, until the other
    /// end of `end` is dropped.
    pub fn watch(&self, limit: Duration, end: &Receiver<()>) {
        let mut told = 0;
        let tick = (limit / 8).max(Duration::from_millis(1));
        while end.recv_timeout(tick) == Err(RecvTimeoutError::Timeout) {
            let mut inner = self.lock();
            let times = (inner.since.elapsed().as_secs_f64() / limit.as_secs_f64()) as u64;
            if times > told && !inner.waiting {
                let (phase, secs) = (inner.phase, inner.since.elapsed().as_secs_f64());
                // A disk or sink that fails here fails at the run's own next event too.
                let what = inner.what.clone();
                let _ = inner.emit(vec![EventBody::Stalled { phase, secs, what }]);
            }
            told = times;
        }
    }
}

impl Inner<'_> {
    fn emit(&mut self, bodies: Vec<EventBody>) -> Result<(), TrainError> {
        let at = unix_time();
        let first = self.journal.next_seq();
        let event = |(seq, body)| RunEvent { seq, at, step: self.step, body };
        let events: Vec<RunEvent> = (first..).zip(bodies).map(event).collect();
        self.journal.append(&events)?;
        events.iter().try_for_each(|event| self.sink.emit(event))
    }
}

/// Unix time, seconds with milliseconds.
fn unix_time() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_millis() as f64 / 1000.0
}
