//! Groups as a feed lists them: found by their answers, newest first.

use crate::connection::Store;
use crate::error::{Result, StoreError};
use crate::{count, int};
use rusqlite::{Connection, Row, ToSql, params};
use shared::api::GroupCard;
use shared::task::TaskKind;
use shared::video::VideoId;

/// Rewards closer than this are equal.
const EQUAL: f64 = 1e-9;

/// Which groups are wanted: those of which an answer is all of this. What is `None` is not
/// asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupFilter {
    /// Task family.
    pub task: Option<TaskKind>,
    /// Rewards from this one on.
    pub min_reward: Option<f64>,
    /// Rewards up to this one.
    pub max_reward: Option<f64>,
    /// Whether the answer had the asked form.
    pub parsed: Option<bool>,
    /// Words of the answer, in any case of letters.
    pub text: Option<String>,
    /// Whether all answers of the group earned the same.
    pub dead: Option<bool>,
    /// Only groups before this `(step, group)`, exclusive.
    pub before: Option<(u64, u32)>,
    /// Groups at most.
    pub limit: u32,
}

impl Store {
    /// One page of groups, newest first. Answers are looked at in that order until the page is
    /// full, so what is rare in a long run takes longest.
    pub fn groups(&self, run: &str, filter: &GroupFilter) -> Result<Vec<GroupCard>> {
        self.read(|connection| {
            let places = places(connection, run, filter)?;
            places.into_iter().map(|(step, group)| card(connection, run, step, group)).collect()
        })
    }
}

fn places(connection: &Connection, run: &str, filter: &GroupFilter) -> Result<Vec<(i64, u32)>> {
    let task = filter.task.map(TaskKind::name);
    let text = filter.text.as_ref().map(|text| text.to_lowercase());
    let before = filter.before.map(|(step, group)| (int(step), group));
    let mut sql = String::from("SELECT step, group_index FROM rollouts r WHERE run = ?");
    let mut values: Vec<&dyn ToSql> = vec![&run];
    if let Some(task) = &task {
        sql.push_str(" AND task = ?");
        values.push(task);
    }
    if let Some(least) = &filter.min_reward {
        sql.push_str(" AND reward >= ?");
        values.push(least);
    }
    if let Some(most) = &filter.max_reward {
        sql.push_str(" AND reward <= ?");
        values.push(most);
    }
    match filter.parsed {
        // Written out, so that the index of unreadable answers is found.
        Some(true) => sql.push_str(" AND parsed = 1"),
        Some(false) => sql.push_str(" AND parsed = 0"),
        None => {}
    }
    if let Some(text) = &text {
        sql.push_str(" AND instr(lower(text), ?) > 0");
        values.push(text);
    }
    if let Some((step, group)) = &before {
        sql.push_str(" AND (step, group_index) < (?, ?)");
        values.extend([step as &dyn ToSql, group]);
    }
    if let Some(dead) = filter.dead {
        let sign = if dead { "<" } else { ">=" };
        sql.push_str(&format!(
            " AND (SELECT max(reward) - min(reward) FROM rollouts o WHERE o.run = r.run
                   AND o.step = r.step AND o.group_index = r.group_index) {sign} {EQUAL}"
        ));
    }
    sql.push_str(" GROUP BY step, group_index ORDER BY step DESC, group_index DESC LIMIT ?");
    values.push(&filter.limit);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(&values[..], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn card(connection: &Connection, run: &str, step: i64, group: u32) -> Result<GroupCard> {
    let question: String = connection
        .prepare_cached(
            "SELECT json_extract(e.json, '$.group.sample.question') FROM groups g
             JOIN events e ON e.run = g.run AND e.seq = g.seq
             WHERE g.run = ?1 AND g.step = ?2 AND g.group_index = ?3",
        )?
        .query_row(params![run, step, group], |row| row.get(0))?;
    let mut statement = connection.prepare_cached(
        "SELECT task, cell, video, reward, advantage, parsed FROM rollouts
         WHERE run = ?1 AND step = ?2 AND group_index = ?3 ORDER BY rollout_index",
    )?;
    let rows = statement.query_map(params![run, step, group], answer)?;
    let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    let ((task, cell, video), ..) = rows.first().cloned().ok_or(StoreError::NotFound("group"))?;
    Ok(GroupCard {
        step: count(step),
        group,
        task: task.parse().map_err(StoreError::Record)?,
        cell,
        video: VideoId::try_from(video).map_err(|error| StoreError::Record(error.to_string()))?,
        question,
        answers: rows.iter().map(|(_, answer, _)| *answer).collect(),
        unparsed: rows.iter().map(|(.., parsed)| u32::from(!parsed)).sum(),
    })
}

type Answer = ((String, String, String), (f64, f64), bool);

fn answer(row: &Row<'_>) -> rusqlite::Result<Answer> {
    let place = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok((place, (row.get(3)?, row.get(4)?), row.get(5)?))
}
