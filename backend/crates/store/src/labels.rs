//! The annotation log and the labels it folds to. A label is never changed in place: the
//! row is the fold of its operations.

use crate::connection::Store;
use crate::error::{Result, StoreError};
use crate::int;
use crate::rollouts::find_group;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use shared::annotation::{Label, LabelState, Op, PersonRef, Role, RolloutRef, apply};
use shared::api::{Failure, Person};
use shared::task::TaskKind;
use shared::video::VideoId;

/// Where a label stands in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelPlace {
    /// Unix time of its newest operation, seconds.
    pub at: f64,
    /// Which rollout.
    pub target: RolloutRef,
}

/// What a list shows of the rollout beside its label.
#[derive(Serialize, Deserialize)]
struct Beside {
    cell: String,
    task: TaskKind,
    question: String,
    text: String,
    truth: String,
    reward: f64,
}

const FAILURES: &str = "SELECT l.json, l.beside, r.name, v.name FROM labels l
     LEFT JOIN runs r ON r.id = l.run LEFT JOIN videos v ON v.id = l.video";

impl Store {
    /// Takes one operation in: checked against the newest label and written with it in one
    /// transaction.
    pub fn label(&self, op: Op, by: &Person, at: f64) -> Result<Label> {
        let (person, role) = (by.as_ref(), by.role);
        self.write(move |tx| {
            let label = fold_op(tx, &op, &person, role, at)?;
            tx.prepare_cached(
                "INSERT INTO label_ops (at, person, person_name, json) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                at,
                int(person.id),
                person.name,
                serde_json::to_string(&op)?
            ])?;
            Ok(label)
        })
    }

    /// What people said about the rollouts of one group; withdrawn labels are left out.
    pub fn group_labels(&self, run: &str, step: u64, group: u32) -> Result<Vec<Label>> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT json FROM labels
                 WHERE run = ?1 AND step = ?2 AND group_index = ?3 AND state <> 'withdrawn'
                 ORDER BY rollout_index",
            )?;
            let rows = statement
                .query_map(params![run, int(step), group], |row| row.get::<_, String>(0))?;
            rows.map(|row| Ok(serde_json::from_str(&row?)?)).collect()
        })
    }

    /// One page of the labels in a state (or all that were not withdrawn), newest first, from
    /// the one after `after` on, with what a list shows beside them. A label that changes
    /// meanwhile moves to the front.
    pub fn failures(
        &self,
        state: Option<LabelState>,
        after: Option<&LabelPlace>,
        limit: u32,
    ) -> Result<Vec<Failure>> {
        self.read(|connection| {
            let sql = format!(
                "{FAILURES} WHERE ((?1 IS NULL AND l.state <> 'withdrawn') OR l.state = ?1)
                 AND (?2 IS NULL
                      OR (l.at, l.run, l.step, l.group_index, l.rollout_index)
                         < (?2, ?3, ?4, ?5, ?6))
                 ORDER BY l.at DESC, l.run DESC, l.step DESC, l.group_index DESC,
                          l.rollout_index DESC
                 LIMIT ?7"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let target = after.map(|place| &place.target);
            let values = params![
                state.map(LabelState::name),
                after.map(|place| place.at),
                target.map(|target| &target.run),
                target.map(|target| int(target.step)),
                target.map(|target| target.group),
                target.map(|target| target.rollout),
                limit
            ];
            let rows = statement.query_map(values, failure_row)?;
            rows.map(|row| row?).collect()
        })
    }

    /// One label with what a list shows beside it.
    pub fn failure(&self, target: &RolloutRef) -> Result<Failure> {
        self.read(|connection| {
            let sql = format!(
                "{FAILURES} WHERE l.run = ?1 AND l.step = ?2 AND l.group_index = ?3
                 AND l.rollout_index = ?4"
            );
            let place = params![target.run, int(target.step), target.group, target.rollout];
            connection
                .prepare_cached(&sql)?
                .query_row(place, failure_row)
                .optional()?
                .ok_or(StoreError::NotFound("label"))?
        })
    }
}

fn fold_op(tx: &Connection, op: &Op, by: &PersonRef, role: Role, at: f64) -> Result<Label> {
    let (video, beside) = find_beside(tx, &op.target)?.ok_or(StoreError::NotFound("rollout"))?;
    let before = find_label(tx, &op.target)?;
    let after = apply(before.as_ref(), op, by, role, at)
        .map_err(|refusal| StoreError::Refused { refusal, label: before.clone().map(Box::new) })?;
    let target = &after.target;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO labels (run, step, group_index, rollout_index, version, state,
                                        at, json, video, beside)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        target.run,
        int(target.step),
        target.group,
        target.rollout,
        int(after.version),
        after.state.name(),
        at,
        serde_json::to_string(&after)?,
        video.as_str(),
        serde_json::to_string(&beside)?
    ])?;
    Ok(after)
}

fn find_label(connection: &Connection, target: &RolloutRef) -> Result<Option<Label>> {
    let json: Option<String> = connection
        .prepare_cached(
            "SELECT json FROM labels
             WHERE run = ?1 AND step = ?2 AND group_index = ?3 AND rollout_index = ?4",
        )?
        .query_row(params![target.run, int(target.step), target.group, target.rollout], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(json.map(|json| serde_json::from_str(&json)).transpose()?)
}

fn find_beside(tx: &Connection, target: &RolloutRef) -> Result<Option<(VideoId, Beside)>> {
    let Some(group) = find_group(tx, &target.run, target.step, target.group)? else {
        return Ok(None);
    };
    let Some(rollout) = group.rollouts.into_iter().find(|r| r.index == target.rollout) else {
        return Ok(None);
    };
    let sample = group.sample;
    let beside = Beside {
        cell: sample.spec.task.cell(),
        task: sample.spec.task.kind(),
        question: sample.question,
        text: rollout.text,
        truth: sample.answer,
        reward: rollout.reward.total,
    };
    Ok(Some((sample.spec.video, beside)))
}

fn failure_row(row: &Row<'_>) -> rusqlite::Result<Result<Failure>> {
    let (label, beside): (String, String) = (row.get(0)?, row.get(1)?);
    // A video may have left the library.
    let (run, video): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
    let read = || -> Result<Failure> {
        let Beside { cell, task, question, text, truth, reward } = serde_json::from_str(&beside)?;
        Ok(Failure {
            label: serde_json::from_str(&label)?,
            run_name: run.unwrap_or_default(),
            cell,
            task,
            question,
            text,
            truth,
            reward,
            video_name: video.unwrap_or_default(),
        })
    };
    Ok(read())
}
