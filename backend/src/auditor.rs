//! The generator audit on the library's videos: one at a time, beside everything else. It
//! reads videos, writes nothing, and is forgotten when the server ends.

use audit::{AuditConfig, AuditReport, CellReport, Probe};
use media::{MediaError, StripCache};
use shared::api::{AuditCell, AuditState, AuditTest};
use shared::task::Task;
use shared::video::{FrameSize, STRIP_FRAMES, SamplePlan};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tasks::Shelf;

/// Videos that are looked at, at most: their strips are held in memory.
pub const VIDEOS: usize = 24;

/// What is audited, on what.
#[derive(Clone, Debug)]
pub struct Job {
    /// The cells, with the published values of their dials.
    pub tasks: Vec<Task>,
    /// Samples of each.
    pub samples: u32,
    /// Files of the videos, at most [`VIDEOS`].
    pub videos: Vec<PathBuf>,
    /// Size of the frames that are looked at.
    pub size: FrameSize,
    /// Where strips are kept.
    pub strips: PathBuf,
}

/// Runs one audit at a time and remembers the newest.
#[derive(Default)]
pub struct Auditor {
    state: Mutex<Option<AuditState>>,
}

impl Auditor {
    /// How the newest audit stands; `None` before the first one.
    pub fn state(&self) -> Option<AuditState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins an audit; gives its first state, or the state of the one that still runs.
    pub fn begin(self: &Arc<Self>, job: Job) -> Result<AuditState, AuditState> {
        let cells: Vec<String> = job.tasks.iter().map(Task::cell).collect();
        let total = cells.len() * job.samples as usize;
        let begun = AuditState::Running { cells, done: 0, total };
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(running @ AuditState::Running { .. }) = state.as_ref() {
                return Err(running.clone());
            }
            *state = Some(begun.clone());
        }
        let own = Arc::clone(self);
        let work = Arc::clone(self);
        tokio::spawn(async move {
            let outcome = tokio::task::spawn_blocking(move || work.work(&job)).await;
            own.set(match outcome {
                Ok(Ok(report)) => finished(&report),
                Ok(Err(message)) => AuditState::Failed { message },
                Err(_) => AuditState::Failed { message: "the audit broke off".into() },
            });
        });
        Ok(begun)
    }

    fn set(&self, new: AuditState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = Some(new);
    }

    fn work(&self, job: &Job) -> Result<AuditReport, String> {
        let shelf = shelf(job).map_err(|error| error.to_string())?;
        let Job { tasks, samples, .. } = job;
        let config = AuditConfig { tasks: tasks.clone(), samples: *samples, seed: 1 };
        let cells: Vec<String> = tasks.iter().map(Task::cell).collect();
        let progress = |done: usize, total: usize| {
            self.set(AuditState::Running { cells: cells.clone(), done, total });
        };
        audit::run(&shelf, &config, progress).map_err(|error| error.to_string())
    }
}

/// The strips that the tasks need; a video that has too few frames for one is passed over.
fn shelf(job: &Job) -> Result<Shelf<Arc<media::FrameStrip>>, MediaError> {
    let cache = StripCache::open(&job.strips)?;
    let of = |count: u32| {
        let plan = SamplePlan { count, size: job.size };
        let wanted = job.tasks.iter().any(|task| task.source_frames() == count);
        let files = job.videos.iter().filter(move |_| wanted || count == STRIP_FRAMES);
        let strip = |file: &PathBuf| match media::strip(file, &plan, &cache) {
            Ok(strip) => Some(strip),
            Err(error) => {
                tracing::info!("an audit passes over {}: {error}", file.display());
                None
            }
        };
        files.filter_map(strip).collect::<Vec<_>>()
    };
    let dense = job.tasks.iter().map(Task::source_frames).max().unwrap_or(STRIP_FRAMES);
    let closer = if dense > STRIP_FRAMES { of(dense) } else { Vec::new() };
    Ok(Shelf { strips: of(STRIP_FRAMES), dense: closer })
}

fn finished(report: &AuditReport) -> AuditState {
    let cells = report.cells.iter().map(cell).collect();
    AuditState::Done { cells, videos: report.videos, limit: report.limit }
}

fn cell(report: &CellReport) -> AuditCell {
    AuditCell {
        cell: report.cell.clone(),
        problem: report.problem.clone(),
        samples: report.samples,
        unanswerable: report.unanswerable,
        proved: report.proofs.proved,
        tests: tests(report),
        rulings: report.rulings.iter().map(|ruling| ruling.why.clone()).collect(),
    }
}

/// What was measured, one line each, in the order of the report.
fn tests(report: &CellReport) -> Vec<AuditTest> {
    let mut tests = Vec::new();
    if let Some(floors) = &report.floors {
        let line = |what: &str, found: f64, against: f64, chance: f64| AuditTest {
            what: what.into(),
            found: Some(found),
            against: Some(against),
            chance: Some(chance),
        };
        let f = floors;
        tests.push(line("a constant answer", f.constant, f.constant_by_law, f.constant_chance));
        tests.push(line("a random answer", f.random, f.random_by_law, f.random_chance));
        tests.extend(floors.published.map(|published| AuditTest {
            what: "published floor".into(),
            found: None,
            against: Some(published),
            chance: None,
        }));
    }
    tests.extend(report.probes.iter().map(|probe: &Probe| AuditTest {
        what: format!("a probe of the {}", probe.sees),
        found: Some(probe.reached),
        against: Some(probe.floor),
        chance: probe.judged.then_some(probe.chance),
    }));
    tests.extend(report.balance.iter().map(|balance| AuditTest {
        what: format!("how even: {}", balance.of),
        found: None,
        against: None,
        chance: Some(balance.chance),
    }));
    tests.extend(report.duplicates.as_ref().map(|same| AuditTest {
        what: "pairs that look the same".into(),
        found: Some(same.pairs as f64),
        against: Some(same.expected),
        chance: Some(same.chance),
    }));
    tests
}
