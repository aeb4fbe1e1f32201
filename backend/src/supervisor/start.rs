//! The queue: waiting runs go to idle workers, longest waiting first.

use super::desk::{Desk, Setup, Worker};
use crate::admission::policy_dir;
use crate::library;
use shared::api::ToBrowser;
use shared::fold::RunMove;
use shared::link::{ANY_DEVICE, ToWorker};
use std::path::Path;
use store::{StoreError, StoredRun};

/// Why a run cannot be handed out.
enum Unfit {
    /// By its own fault: it fails with this sentence.
    Run(String),
    /// By the database's: it stays where it is.
    Store(StoreError),
}

impl Desk {
    /// Gives waiting runs to idle workers, longest waiting first.
    pub fn look_at_queue(&mut self) {
        if self.ending.is_some() || self.ended {
            return;
        }
        let queued = self.logged("reading the queue", |store| store.queued_runs());
        for stored in queued.unwrap_or_default() {
            let run = stored.run.id.clone();
            if self.holder(&run).is_some() {
                // Its last worker has not quite let go of it.
                continue;
            }
            let fits = |worker: &&mut Worker| {
                let device = &worker.device;
                worker.run.is_none()
                    && !worker.link.is_closed()
                    && (device == ANY_DEVICE || *device == stored.config.device)
            };
            let Some(worker) = self.workers.values_mut().find(fits) else { continue };
            match start(&self.setup, worker, stored) {
                Ok(()) => drop(self.asked.remove(&run)),
                Err(Unfit::Run(cause)) => self.fail(&run, &cause),
                Err(Unfit::Store(error)) => tracing::error!("run {run} is not started: {error}"),
            }
        }
    }
}

/// Hands a run to a worker.
fn start(setup: &Setup, worker: &mut Worker, stored: StoredRun) -> Result<(), Unfit> {
    let run = stored.run.id.clone();
    let videos = match library::files_of(&setup.store, &stored.videos) {
        Ok(files) => files.iter().map(|file| text(file)).collect(),
        Err(library::FilesError::Store(error)) => return Err(Unfit::Store(error)),
        Err(gone) => return Err(Unfit::Run(gone.to_string())),
    };
    let policy = policy_dir(setup.policy.as_deref(), &stored.config);
    let taken = setup.store.move_run(&run, &[RunMove::Take]).map_err(Unfit::Store)?;
    let message = ToWorker::Start {
        run: run.clone(),
        run_dir: text(&setup.data.run(&run)),
        policy_dir: policy.map(|folder| absolute(&folder)).unwrap_or_default(),
        videos,
        cache_dir: text(&setup.data.strips()),
        acked: taken.run.seq,
        config: Box::new(stored.config),
    };
    worker.run = Some(run);
    worker.send(message);
    setup.hub.tell(ToBrowser::Run { run: taken.run });
    Ok(())
}

/// A worker may have another current directory.
fn absolute(path: &Path) -> String {
    text(&path.canonicalize().unwrap_or_else(|_| path.to_owned()))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
