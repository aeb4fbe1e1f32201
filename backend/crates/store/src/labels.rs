//! The annotation log and the labels it folds to. A label is never changed in place: the
//! row is the fold of its operations and can be made again from them.

use crate::connection::Store;
use crate::error::{Result, StoreError};
use crate::int;
use crate::rollouts::find_group;
use crate::videos::name_of;
use rusqlite::{Connection, OptionalExtension, params};
use shared::annotation::{Label, LabelState, Op, PersonRef, Role, RolloutRef, apply};
use shared::api::{Failure, Person};

/// Labels listed at once.
const LISTED: u32 = 1000;

impl Store {
    /// Takes one operation in: checked against the newest label and written with it in one
    /// transaction.
    pub fn label(&self, op: Op, by: &Person, at: f64) -> Result<Label> {
        let (person, role) = (by.as_ref(), by.role);
        self.write(move |tx| {
            let target = &op.target;
            let known = find_group(tx, &target.run, target.step, target.group)?
                .is_some_and(|group| group.rollouts.iter().any(|r| r.index == target.rollout));
            if !known {
                return Err(StoreError::NotFound("rollout"));
            }
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
            let rows = statement.query_map(params![run, int(step), group], json_row)?;
            rows.map(|row| Ok(serde_json::from_str(&row?)?)).collect()
        })
    }

    /// Labels in a state (or all that were not withdrawn), newest first, with what a list
    /// shows beside them.
    pub fn failures(&self, state: Option<LabelState>) -> Result<Vec<Failure>> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT json FROM labels
                 WHERE (?1 IS NULL AND state <> 'withdrawn') OR state = ?1
                 ORDER BY at DESC LIMIT ?2",
            )?;
            let rows =
                statement.query_map(params![state.map(LabelState::name), LISTED], json_row)?;
            let mut failures = Vec::new();
            for row in rows {
                let label = serde_json::from_str(&row?)?;
                failures.extend(beside(connection, label)?);
            }
            Ok(failures)
        })
    }

    /// One label with what a list shows beside it.
    pub fn failure(&self, label: Label) -> Result<Failure> {
        self.read(|connection| beside(connection, label)?.ok_or(StoreError::NotFound("rollout")))
    }

    /// Makes the labels again from the annotation log; gives the number of operations.
    pub fn rebuild(&self) -> Result<u64> {
        self.write(|tx| {
            tx.execute("DELETE FROM labels", [])?;
            let mut statement =
                tx.prepare("SELECT at, person, person_name, json FROM label_ops ORDER BY seq")?;
            let mut rows = statement.query([])?;
            let mut operations = 0;
            while let Some(row) = rows.next()? {
                let by = PersonRef { id: crate::count(row.get(1)?), name: row.get(2)? };
                let op: Op = serde_json::from_str(&row.get::<_, String>(3)?)?;
                // It was allowed when it was taken in; roles may have changed since.
                fold_op(tx, &op, &by, Role::Admin, row.get(0)?)?;
                operations += 1;
            }
            Ok(operations)
        })
    }
}

fn fold_op(tx: &Connection, op: &Op, by: &PersonRef, role: Role, at: f64) -> Result<Label> {
    let before = find_label(tx, &op.target)?;
    let after = apply(before.as_ref(), op, by, role, at)
        .map_err(|refusal| StoreError::Refused { refusal, label: before.clone().map(Box::new) })?;
    let target = &after.target;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO labels (run, step, group_index, rollout_index, version, state,
                                        at, json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        target.run,
        int(target.step),
        target.group,
        target.rollout,
        int(after.version),
        after.state.name(),
        at,
        serde_json::to_string(&after)?
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

fn beside(connection: &Connection, label: Label) -> Result<Option<Failure>> {
    let target = &label.target;
    let Some(group) = find_group(connection, &target.run, target.step, target.group)? else {
        return Ok(None);
    };
    let Some(rollout) = group.rollouts.iter().find(|r| r.index == target.rollout) else {
        return Ok(None);
    };
    let run_name = connection
        .prepare_cached("SELECT name FROM runs WHERE id = ?1")?
        .query_row([&target.run], |row| row.get(0))
        .optional()?
        .unwrap_or_default();
    Ok(Some(Failure {
        run_name,
        cell: group.sample.spec.task.cell(),
        task: group.sample.spec.task.kind(),
        question: group.sample.question.clone(),
        text: rollout.text.clone(),
        truth: group.sample.answer.clone(),
        reward: rollout.reward.total,
        video_name: name_of(connection, &group.sample.spec.video)?,
        label,
    }))
}

fn json_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<String> {
    row.get(0)
}
