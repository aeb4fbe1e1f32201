//! Is a generator of samples fair? Per cell (task and main dial): the truth proved from the
//! pixels, shortcuts looked for, floors of answers that look at nothing, balance, duplicates.
//! Pure computation on strips and specs; it never reads a file and never trains on anything
//! that is kept.

mod cell;
mod cues;
mod draft;
mod facts;
mod law;
mod probe;
mod report;
mod shapes;
mod stats;
mod truth;

pub use draft::{Draft, Generator, Released};
pub use report::{AuditReport, Balance, CellReport, Duplicates, Floors, Probe, Proofs, Ruling};

use facts::Known;
use media::FrameStrip;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use shared::task::{Task, TaskKind};
use shared::video::STRIP_FRAMES;
use std::borrow::Borrow;
use std::sync::atomic::{AtomicUsize, Ordering};
use tasks::Shelf;

/// What is audited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditConfig {
    /// The cells, each with the published values of its dials.
    pub tasks: Vec<Task>,
    /// Samples of each cell; 20 or more. Fewer than about 100 show only gross faults.
    pub samples: u32,
    /// Chooses the samples.
    pub seed: u64,
}

impl Default for AuditConfig {
    /// 200 samples of every cell.
    fn default() -> Self {
        let tasks = TaskKind::ALL.iter().flat_map(|kind| kind.cells()).collect();
        Self { tasks, samples: 200, seed: 1 }
    }
}

/// Why nothing can be audited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// No strip was given.
    #[error("there is no video to make samples from")]
    NoVideo,
    /// Too few samples for any statement.
    #[error("{0} samples say nothing; ask for at least 20 of each cell")]
    TooFew(u32),
}

/// Audits the program's own generators. `progress` is told how many samples of how many are
/// done, from several threads. Deterministic in (strips, config).
///
/// Errors: [`AuditError`]; a cell that cannot be made from these videos is a line of the report.
pub fn run<S: Borrow<FrameStrip> + Sync>(
    shelf: &Shelf<S>,
    config: &AuditConfig,
    progress: impl Fn(usize, usize) + Sync,
) -> Result<AuditReport, AuditError> {
    run_with(&Released, shelf, config, progress)
}

/// Audits any generator. Errors: as [`run`].
pub fn run_with<S: Borrow<FrameStrip> + Sync>(
    generator: &dyn Generator,
    shelf: &Shelf<S>,
    config: &AuditConfig,
    progress: impl Fn(usize, usize) + Sync,
) -> Result<AuditReport, AuditError> {
    if shelf.strips.is_empty() {
        return Err(AuditError::NoVideo);
    }
    if config.samples < 20 {
        return Err(AuditError::TooFew(config.samples));
    }
    let (done, total) = (AtomicUsize::new(0), config.tasks.len() * config.samples as usize);
    let tick = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
    let (ordinary, dense) = (known(&shelf.strips), known(&shelf.dense));
    let one = |task: &Task| {
        let known = if task.source_frames() > STRIP_FRAMES { &dense } else { &ordinary };
        cell::audit(generator, known, *task, config, &tick)
    };
    let cells = config.tasks.par_iter().map(one).collect();
    Ok(report::rule(config, shelf.strips.len(), cells))
}

fn known<S: Borrow<FrameStrip>>(strips: &[S]) -> Known<'_> {
    Known::new(strips.iter().map(Borrow::borrow).collect())
}
