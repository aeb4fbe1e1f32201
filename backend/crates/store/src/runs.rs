//! Runs and their state. Every change of state goes through `RunState::after`.

use crate::audit::{Act, write_line};
use crate::connection::Store;
use crate::error::{Result, StoreError};
use crate::{count, int};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use shared::annotation::PersonRef;
use shared::api::Run;
use shared::config::RunConfig;
use shared::event::Phase;
use shared::fold::{IllegalMove, RunMove, RunState};
use shared::video::VideoId;

/// Points of a sparkline at most.
const SPARK_POINTS: u64 = 64;
/// Steps that the mean reward of a list is taken over.
const NEWEST_STEPS: u64 = 10;

/// A run to be made.
#[derive(Clone, Debug)]
pub struct NewRunRow {
    /// Short id, unique.
    pub id: String,
    /// Empty for a made-up one.
    pub name: String,
    /// Its config.
    pub config: RunConfig,
    /// The videos it trains on, now and whenever it is resumed.
    pub videos: Vec<VideoId>,
    /// Who makes it.
    pub owner: u64,
    /// Unix time, seconds.
    pub at: f64,
}

/// A run as the supervisor needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    /// As listed.
    pub run: Run,
    /// Its config.
    pub config: RunConfig,
    /// The videos it trains on, in this order.
    pub videos: Vec<VideoId>,
    /// Newest phase reported.
    pub phase: Option<Phase>,
}

const COLUMNS: &str = "r.id, r.name, r.state, r.step, r.steps, r.failed_phase, r.failed_cause,
    r.device, p.id, p.name, r.created_at, r.seq, r.config, r.videos, r.phase,
    coalesce(r.best_held_out, r.best_train), r.archived";

impl Store {
    /// Writes a run down and queues it.
    pub fn add_run(&self, new: NewRunRow) -> Result<StoredRun> {
        let config = serde_json::to_string(&new.config)?;
        let videos = serde_json::to_string(&new.videos)?;
        self.write(move |tx| {
            let queued = RunState::Draft.after(RunMove::Queue)?;
            tx.execute(
                "INSERT INTO runs (id, name, config, videos, state, steps, device, owner,
                                   created_at, queued_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)",
                params![
                    new.id,
                    new.name,
                    config,
                    videos,
                    queued.name(),
                    int(new.config.steps),
                    new.config.device,
                    int(new.owner),
                    new.at
                ],
            )?;
            if new.name.is_empty() {
                tx.execute("UPDATE runs SET name = 'Run ' || number WHERE id = ?1", [&new.id])?;
            }
            write_line(tx, new.owner, Act::MadeRun, &new.id)?;
            load(tx, &new.id)
        })
    }

    /// One run.
    pub fn run(&self, id: &str) -> Result<StoredRun> {
        self.read(|connection| load(connection, id))
    }

    /// Every run, newest first.
    pub fn runs(&self) -> Result<Vec<StoredRun>> {
        self.runs_where("ORDER BY r.number DESC", [])
    }

    /// One page of runs, newest first, from the one after the run `after` on.
    ///
    /// # Errors
    /// [`StoreError::NoPlace`] where there is no such run.
    pub fn runs_page(&self, after: Option<&str>, limit: u32) -> Result<Vec<StoredRun>> {
        if let Some(after) = after {
            self.read(|connection| state_of(connection, after)).map_err(StoreError::no_place)?;
        }
        self.runs_where(
            "WHERE ?1 IS NULL OR r.number < (SELECT number FROM runs WHERE id = ?1)
             ORDER BY r.number DESC LIMIT ?2",
            params![after, limit],
        )
    }

    /// Runs that wait for a worker, longest waiting first.
    pub fn queued_runs(&self) -> Result<Vec<StoredRun>> {
        self.runs_where("WHERE r.state = 'queued' ORDER BY r.queued_at, r.number", [])
    }

    /// Runs that a worker held when the database was last written.
    pub fn live_runs(&self) -> Result<Vec<StoredRun>> {
        let mut runs = self.runs_where("ORDER BY r.number", [])?;
        runs.retain(|stored| stored.run.state.is_live());
        Ok(runs)
    }

    fn runs_where(&self, tail: &str, values: impl Params) -> Result<Vec<StoredRun>> {
        self.read(|connection| {
            let sql =
                format!("SELECT {COLUMNS} FROM runs r JOIN people p ON p.id = r.owner {tail}");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(values, run_row)?;
            rows.map(|row| with_curve(connection, row??)).collect()
        })
    }

    /// Makes the moves in order, or none of them where one is not allowed.
    pub fn move_run(&self, id: &str, moves: &[RunMove]) -> Result<StoredRun> {
        let (id, moves) = (id.to_owned(), moves.to_vec());
        self.write(move |tx| {
            for step in moves {
                apply_move(tx, &id, step)?;
            }
            load(tx, &id)
        })
    }

    /// A worker that was thought lost still holds the run: it is live again.
    pub fn adopt_run(&self, id: &str) -> Result<StoredRun> {
        let id = id.to_owned();
        self.write(move |tx| {
            let moves: &[RunMove] = match state_of(tx, &id)? {
                RunState::Failed => &[RunMove::Queue, RunMove::Take, RunMove::Begin],
                RunState::Queued => &[RunMove::Take, RunMove::Begin],
                _ => &[],
            };
            for step in moves {
                apply_move(tx, &id, *step)?;
            }
            load(tx, &id)
        })
    }

    /// Puts a run out of sight, or back.
    ///
    /// # Errors
    /// [`StoreError::IllegalMove`] where a worker holds it.
    pub fn archive_run(&self, id: &str, archived: bool, by: u64) -> Result<StoredRun> {
        let id = id.to_owned();
        self.write(move |tx| {
            let from = state_of(tx, &id)?;
            if archived && (from.is_live() || from == RunState::Queued) {
                return Err(IllegalMove { from, verb: "be archived" }.into());
            }
            tx.execute("UPDATE runs SET archived = ?2 WHERE id = ?1", params![id, archived])?;
            write_line(tx, by, Act::ArchivedRun, &format!("{id} {archived}"))?;
            load(tx, &id)
        })
    }

    /// Marks a live run failed in its newest phase.
    pub fn fail_run(&self, id: &str, cause: &str) -> Result<StoredRun> {
        let (id, cause) = (id.to_owned(), cause.to_owned());
        self.write(move |tx| {
            let phase = load(tx, &id)?.phase.unwrap_or(Phase::Load);
            apply_move(tx, &id, RunMove::Fail)?;
            set_failure(tx, &id, phase, &cause)?;
            load(tx, &id)
        })
    }
}

/// One move of the state machine. Queueing again clears the failure.
pub(crate) fn apply_move(tx: &Connection, id: &str, step: RunMove) -> Result<()> {
    let state = state_of(tx, id)?;
    let next = state.after(step)?;
    tx.prepare_cached("UPDATE runs SET state = ?2 WHERE id = ?1")?
        .execute(params![id, next.name()])?;
    if step == RunMove::Queue {
        tx.execute(
            "UPDATE runs SET failed_phase = NULL, failed_cause = NULL, phase = NULL, queued_at = ?2
             WHERE id = ?1",
            params![id, crate::now()],
        )?;
    }
    Ok(())
}

pub(crate) fn set_failure(tx: &Connection, id: &str, phase: Phase, cause: &str) -> Result<()> {
    tx.execute(
        "UPDATE runs SET failed_phase = ?2, failed_cause = ?3 WHERE id = ?1",
        params![id, serde_json::to_string(&phase)?, cause],
    )?;
    Ok(())
}

fn state_of(tx: &Connection, id: &str) -> Result<RunState> {
    let text: Option<String> = tx
        .prepare_cached("SELECT state FROM runs WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    text.ok_or(StoreError::NotFound("run"))?.parse().map_err(StoreError::Record)
}

pub(crate) fn load(connection: &Connection, id: &str) -> Result<StoredRun> {
    with_curve(connection, load_row(connection, id)?)
}

/// A run without its sparkline, which takes a look at every step.
pub(crate) fn load_row(connection: &Connection, id: &str) -> Result<StoredRun> {
    let sql =
        format!("SELECT {COLUMNS} FROM runs r JOIN people p ON p.id = r.owner WHERE r.id = ?1");
    connection
        .prepare_cached(&sql)?
        .query_row([id], run_row)
        .optional()?
        .ok_or(StoreError::NotFound("run"))?
}

fn run_row(row: &Row<'_>) -> rusqlite::Result<Result<StoredRun>> {
    let state: String = row.get(2)?;
    let failed_phase: Option<String> = row.get(5)?;
    let config: String = row.get(12)?;
    let phase: Option<String> = row.get(14)?;
    let run = Run {
        id: row.get(0)?,
        name: row.get(1)?,
        state: RunState::Draft,
        step: count(row.get(3)?),
        steps: count(row.get(4)?),
        reward_mean: None,
        spark: Vec::new(),
        failed_phase: None,
        failed_cause: row.get(6)?,
        device: row.get(7)?,
        owner: PersonRef { id: count(row.get(8)?), name: row.get(9)? },
        created_at: row.get(10)?,
        seq: count(row.get(11)?),
        best: row.get(15)?,
        archived: row.get(16)?,
    };
    let videos: String = row.get(13)?;
    let read = || -> Result<StoredRun> {
        Ok(StoredRun {
            run: Run {
                state: state.parse().map_err(StoreError::Record)?,
                failed_phase: phase_of(failed_phase)?,
                ..run
            },
            config: serde_json::from_str(&config)?,
            videos: serde_json::from_str(&videos)?,
            phase: phase_of(phase)?,
        })
    };
    Ok(read())
}

fn phase_of(text: Option<String>) -> Result<Option<Phase>> {
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
}

/// Adds the sparkline and the mean reward of the newest steps.
fn with_curve(connection: &Connection, mut stored: StoredRun) -> Result<StoredRun> {
    let run = &mut stored.run;
    if run.step == 0 {
        return Ok(stored);
    }
    let width = run.step.div_ceil(SPARK_POINTS);
    let mut statement = connection.prepare_cached(
        "SELECT avg(reward_mean) FROM steps WHERE run = ?1
         GROUP BY (step - 1) / ?2 ORDER BY (step - 1) / ?2",
    )?;
    let points = statement.query_map(params![run.id, int(width)], |row| row.get::<_, f64>(0))?;
    run.spark =
        points.map(|point| point.map(|value| value as f32)).collect::<rusqlite::Result<_>>()?;
    run.reward_mean = connection
        .prepare_cached("SELECT avg(reward_mean) FROM steps WHERE run = ?1 AND step > ?2")?
        .query_row(params![run.id, int(run.step.saturating_sub(NEWEST_STEPS))], |row| row.get(0))?;
    Ok(stored)
}
