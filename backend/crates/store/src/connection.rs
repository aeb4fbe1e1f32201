//! Connections: one writer thread behind a bounded channel, a few readers.

use crate::error::{Result, StoreError};
use crate::schema;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Writes waiting at most; more callers wait in their own threads.
const WRITES_WAITING: usize = 256;
/// Idle reader connections kept.
const READERS_KEPT: usize = 8;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The database. Cheap to clone; the last clone dropped ends the writer.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    /// Declared before `writer`: closing it ends the thread that `writer` joins.
    jobs: Option<SyncSender<Job>>,
    writer: Option<JoinHandle<()>>,
    readers: Mutex<Vec<Connection>>,
}

impl Store {
    /// Opens or creates the database file and brings it to the newest version.
    pub fn open(path: &Path) -> Result<Self> {
        let mut connection = connect(path)?;
        schema::migrate(&mut connection)?;
        let (jobs, waiting) = sync_channel(WRITES_WAITING);
        let writer = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write_all(connection, waiting))
            .map_err(|cause| open_error(path, &cause))?;
        let inner = Inner {
            path: path.to_owned(),
            jobs: Some(jobs),
            writer: Some(writer),
            readers: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Runs `work` in one write transaction; its error rolls everything back. When this
    /// returns `Ok` the change is on the disk.
    pub(crate) fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = sync_channel(1);
        let job: Job = Box::new(move |connection| {
            let result = in_transaction(connection, work);
            // The caller may have gone; the change stands either way.
            let _ = reply.send(result);
        });
        let jobs = self.inner.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.send(job).map_err(|_| StoreError::Closed)?;
        answer.recv().map_err(|_| StoreError::Closed)?
    }

    /// Runs `work` on a reader connection: it sees the newest committed state.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = self.readers().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => reader(&self.inner.path)?,
        };
        let result = work(&connection);
        let mut readers = self.readers();
        if readers.len() < READERS_KEPT {
            readers.push(connection);
        }
        result
    }

    fn readers(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // A reader that panicked leaves a list of whole connections behind.
        self.inner.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.jobs.take();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

fn write_all(mut connection: Connection, jobs: Receiver<Job>) {
    for job in jobs {
        // A panic rolls its transaction back and reaches its caller as `Closed`; the
        // others must not suffer from it.
        let _ = catch_unwind(AssertUnwindSafe(|| job(&mut connection)));
    }
}

fn in_transaction<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let result = work(&tx)?;
    tx.commit()?;
    Ok(result)
}

fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path).map_err(|cause| open_error(path, &cause))?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn reader(path: &Path) -> Result<Connection> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn open_error(path: &Path, cause: &dyn std::fmt::Display) -> StoreError {
    StoreError::Open { path: path.display().to_string(), cause: cause.to_string() }
}
