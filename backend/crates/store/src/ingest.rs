//! Worker events -> tables, in one transaction per batch.
//!
//! Idempotent by (run, seq): what was stored before is passed over, a gap is refused. The
//! state a run is in follows from its events here and nowhere else.

use crate::connection::Store;
use crate::error::{Result, StoreError};
use crate::int;
use crate::runs::{apply_move, load_row, set_failure};
use rusqlite::{Connection, params};
use shared::event::{Control, ControlStage, EventBody, HELD_OUT, RunEvent};
use shared::fold::RunMove;
use shared::rollout::Group;

/// What a batch did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ingested {
    /// Newest durable sequence number.
    pub seq: u64,
    /// Whether the run looks different in a list: its step or its state moved.
    pub run_changed: bool,
}

impl Store {
    /// Stores a batch of events of one run, all or none.
    pub fn ingest(&self, run: &str, events: Vec<RunEvent>) -> Result<Ingested> {
        let run = run.to_owned();
        self.write(move |tx| {
            let before = load_row(tx, &run)?.run;
            let mut seq = before.seq;
            for event in &events {
                if event.seq <= seq {
                    continue;
                }
                if event.seq != seq + 1 {
                    return Err(StoreError::Gap { run: run.clone(), have: seq, got: event.seq });
                }
                take(tx, &run, event)?;
                seq = event.seq;
            }
            tx.prepare_cached("UPDATE runs SET seq = ?2 WHERE id = ?1")?
                .execute(params![run, int(seq)])?;
            let after = load_row(tx, &run)?.run;
            Ok(Ingested {
                seq,
                run_changed: (before.state, before.step, before.best)
                    != (after.state, after.step, after.best),
            })
        })
    }
}

fn take(tx: &Connection, run: &str, event: &RunEvent) -> Result<()> {
    let group_index = match &event.body {
        EventBody::RolloutGroup(group) => Some(group.index),
        _ => None,
    };
    tx.prepare_cached(
        "INSERT INTO events (run, seq, step, kind, group_index, json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        run,
        int(event.seq),
        int(event.step),
        event.body.kind(),
        group_index,
        serde_json::to_string(event)?
    ])?;
    fold_tables(tx, run, event)?;
    fold_run(tx, run, event)
}

fn fold_tables(tx: &Connection, run: &str, event: &RunEvent) -> Result<()> {
    match &event.body {
        EventBody::RunStarted { resumed_from, .. } => forget_after(tx, run, *resumed_from),
        EventBody::Step(metrics) => {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO steps (run, step, reward_mean) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![run, int(event.step), metrics.reward_mean])?;
            Ok(())
        }
        EventBody::RolloutGroup(group) => put_group(tx, run, event.seq, group),
        _ => Ok(()),
    }
}

/// A resumed run makes the steps after its checkpoint again.
fn forget_after(tx: &Connection, run: &str, step: u64) -> Result<()> {
    for table in ["steps", "groups", "rollouts"] {
        let sql = format!("DELETE FROM {table} WHERE run = ?1 AND step > ?2");
        tx.prepare_cached(&sql)?.execute(params![run, int(step)])?;
    }
    Ok(())
}

fn put_group(tx: &Connection, run: &str, seq: u64, group: &Group) -> Result<()> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO groups (run, step, group_index, seq) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![run, int(group.step), group.index, int(seq)])?;
    let mut insert = tx.prepare_cached(
        "INSERT OR REPLACE INTO rollouts (run, step, group_index, rollout_index, task, cell,
                                          video, reward, advantage, parsed, text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    let spec = &group.sample.spec;
    for rollout in &group.rollouts {
        insert.execute(params![
            run,
            int(group.step),
            group.index,
            rollout.index,
            spec.task.kind().name(),
            spec.task.cell(),
            spec.video.as_str(),
            rollout.reward.total,
            rollout.advantage,
            rollout.reward.parsed,
            rollout.text
        ])?;
    }
    Ok(())
}

/// What the event means for the run's row.
fn fold_run(tx: &Connection, run: &str, event: &RunEvent) -> Result<()> {
    match &event.body {
        EventBody::RunStarted { steps, device, resumed_from, .. } => {
            tx.execute(
                "UPDATE runs SET step = ?2, steps = ?3, device = ?4 WHERE id = ?1",
                params![run, int(*resumed_from), int(*steps), device],
            )?;
        }
        EventBody::Phase { phase } => {
            tx.prepare_cached("UPDATE runs SET phase = ?2 WHERE id = ?1")?
                .execute(params![run, serde_json::to_string(phase)?])?;
        }
        EventBody::Step(_) => {
            tx.prepare_cached("UPDATE runs SET step = ?2 WHERE id = ?1")?
                .execute(params![run, int(event.step)])?;
        }
        EventBody::Evaluation { set, reward_mean, .. } => {
            let column = if set == HELD_OUT { "best_held_out" } else { "best_train" };
            let sql =
                format!("UPDATE runs SET {column} = max(coalesce({column}, ?2), ?2) WHERE id = ?1");
            tx.prepare_cached(&sql)?.execute(params![run, reward_mean])?;
        }
        EventBody::Failed { phase, cause } => set_failure(tx, run, *phase, cause)?,
        _ => {}
    }
    match move_of(&event.body) {
        Some(step) => move_if_allowed(tx, run, step),
        None => Ok(()),
    }
}

/// The move that an event reports.
fn move_of(body: &EventBody) -> Option<RunMove> {
    match body {
        EventBody::RunStarted { .. } => Some(RunMove::Begin),
        EventBody::Control { control, stage, .. } => match (control, stage) {
            (Control::Pause, ControlStage::Requested) => Some(RunMove::AskPause),
            (Control::Pause, ControlStage::Acknowledged) => Some(RunMove::Pause),
            (Control::Resume, ControlStage::Acknowledged) => Some(RunMove::Resume),
            (Control::Stop, ControlStage::Requested) => Some(RunMove::AskStop),
            _ => None,
        },
        EventBody::Failed { .. } => Some(RunMove::Fail),
        EventBody::Finished { stopped: true } => Some(RunMove::Stop),
        EventBody::Finished { stopped: false } => Some(RunMove::Finish),
        _ => None,
    }
}

/// A report of something that the state has passed already (a pause acknowledged while it
/// is stopping, a request that the server wrote down itself) changes nothing.
fn move_if_allowed(tx: &Connection, run: &str, step: RunMove) -> Result<()> {
    match apply_move(tx, run, step) {
        Err(StoreError::IllegalMove(_)) => Ok(()),
        other => other,
    }
}
