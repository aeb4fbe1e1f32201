//! Journals, groups and rollouts as read by screens.

use crate::connection::Store;
use crate::error::{Result, StoreError};
use crate::videos::name_of;
use crate::{count, int};
use rusqlite::{Connection, OptionalExtension, Row, Rows, ToSql, params};
use shared::api::RolloutRow;
use shared::curves::{Curves, STEPS_SENT};
use shared::event::{EventBody, RunEvent};
use shared::rollout::Group;
use shared::task::TaskKind;
use shared::video::VideoId;

/// Bytes of events given at once at most; one event may be larger.
const EVENT_BYTES: usize = 1 << 20;

/// An event as stored: its JSON is passed on without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEvent {
    /// Sequence number.
    pub seq: u64,
    /// A [`RunEvent`].
    pub json: String,
}

/// What of a run's past a replay leaves out; by default nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayFrom {
    /// Groups before this sequence number are left out, and phases.
    pub first_group: u64,
    /// Phases before this sequence number are left out.
    pub first_phase: u64,
    /// Of the steps before `first_group` only every so-manieth is given.
    pub every: u64,
}

impl Default for ReplayFrom {
    fn default() -> Self {
        Self { first_group: 0, first_phase: 0, every: 1 }
    }
}

/// A group and its neighbours.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupPlace {
    /// The group.
    pub group: Group,
    /// File name of its video, empty where it left the library.
    pub video_name: String,
    /// Groups of the step.
    pub groups_in_step: u32,
    /// `(step, group)` before this one.
    pub previous: Option<(u64, u32)>,
    /// `(step, group)` after this one.
    pub next: Option<(u64, u32)>,
}

/// Which rollouts are wanted; what is `None` is not asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RolloutFilter {
    /// Task family.
    pub task: Option<TaskKind>,
    /// (task, dial) cell.
    pub cell: Option<String>,
    /// Rewards up to this one.
    pub max_reward: Option<f64>,
    /// Whether the answer had the asked form.
    pub parsed: Option<bool>,
    /// Only rollouts before this `(step, group, rollout)`, exclusive.
    pub before: Option<(u64, u32, u32)>,
    /// Rows at most.
    pub limit: u32,
}

impl Store {
    /// Events of a run after `after`, oldest first: at most `limit`, and about 1 MiB.
    pub fn events_after(&self, run: &str, after: u64, limit: u32) -> Result<Vec<RawEvent>> {
        self.replay_after(run, after, limit, ReplayFrom::default())
    }

    /// The same, leaving out what `from` says.
    pub fn replay_after(
        &self,
        run: &str,
        after: u64,
        limit: u32,
        from: ReplayFrom,
    ) -> Result<Vec<RawEvent>> {
        self.read(|connection| {
            // The far past first, without reading over its groups.
            let mut events = connection
                .prepare_cached(
                    "SELECT seq, json FROM events
                     WHERE run = ?1 AND seq > ?2 AND seq < ?3
                     AND group_index IS NULL AND kind <> 'phase'
                     AND (kind <> 'step' OR step = 1 OR step % ?4 = 0)
                     ORDER BY seq LIMIT ?5",
                )
                .and_then(|mut statement| {
                    let first = int(from.first_group);
                    let every = int(from.every.max(1));
                    raw_events(statement.query(params![run, int(after), first, every, limit])?)
                })?;
            let room = limit.saturating_sub(events.len() as u32);
            let mut statement = connection.prepare_cached(
                "SELECT seq, json FROM events
                 WHERE run = ?1 AND seq > ?2 AND seq >= ?3 AND (kind <> 'phase' OR seq >= ?4)
                 ORDER BY seq LIMIT ?5",
            )?;
            let values =
                params![run, int(after), int(from.first_group), int(from.first_phase), room];
            events.extend(raw_events(statement.query(values)?)?);
            Ok(events)
        })
    }

    /// Every figure of every step that stands.
    pub fn curves(&self, run: &str) -> Result<Curves> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT json FROM events
                 WHERE run = ?1 AND group_index IS NULL AND kind <> 'phase'
                 AND kind IN ('step', 'run_started') ORDER BY seq",
            )?;
            let mut rows = statement.query([run])?;
            let mut curves = Curves::default();
            while let Some(row) = rows.next()? {
                let json = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
                let event: RunEvent = serde_json::from_str(json)?;
                match &event.body {
                    EventBody::Step(metrics) => curves.push(event.step, metrics),
                    EventBody::RunStarted { resumed_from, .. } => curves.cut_after(*resumed_from),
                    _ => {}
                }
            }
            Ok(curves)
        })
    }

    /// What a view that begins now keeps of the past: the `groups` newest groups and the
    /// newest phase.
    pub fn replay_from(&self, run: &str, groups: usize) -> Result<ReplayFrom> {
        self.read(|connection| {
            let group = connection
                .prepare_cached(
                    "SELECT seq FROM events WHERE run = ?1 AND group_index IS NOT NULL
                     ORDER BY seq DESC LIMIT 1 OFFSET ?2",
                )?
                .query_row(params![run, groups.saturating_sub(1) as i64], |row| row.get(0))
                .optional()?;
            let phase = connection
                .prepare_cached(
                    "SELECT seq FROM events WHERE run = ?1 AND kind = 'phase'
                     ORDER BY seq DESC LIMIT 1",
                )?
                .query_row([run], |row| row.get(0))
                .optional()?;
            let steps = connection
                .prepare_cached("SELECT step FROM runs WHERE id = ?1")?
                .query_row([run], |row| row.get(0))
                .optional()?;
            let (first_group, first_phase) = (group.map_or(0, count), phase.map_or(0, count));
            Ok(ReplayFrom {
                // The newest phase may have more groups behind it than a view keeps.
                first_group: first_group.min(first_phase),
                first_phase,
                every: steps.map_or(1, count).div_ceil(STEPS_SENT).max(1),
            })
        })
    }

    /// A group with its neighbours.
    pub fn group(&self, run: &str, step: u64, index: u32) -> Result<GroupPlace> {
        self.read(|connection| {
            let group =
                find_group(connection, run, step, index)?.ok_or(StoreError::NotFound("group"))?;
            let video_name = name_of(connection, &group.sample.spec.video)?;
            let groups_in_step = connection
                .prepare_cached("SELECT count(*) FROM groups WHERE run = ?1 AND step = ?2")?
                .query_row(params![run, int(step)], |row| row.get(0))?;
            Ok(GroupPlace {
                group,
                video_name,
                groups_in_step,
                previous: neighbour(connection, run, step, index, BEFORE)?,
                next: neighbour(connection, run, step, index, AFTER)?,
            })
        })
    }

    /// The groups of a run after a `(step, group)`, oldest first, at most `limit`; `read` takes
    /// from each what is wanted, so that no more is held.
    pub fn groups_after<T>(
        &self,
        run: &str,
        after: (u64, u32),
        limit: u32,
        read: impl Fn(Group) -> T,
    ) -> Result<Vec<T>> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT e.json FROM groups g JOIN events e ON e.run = g.run AND e.seq = g.seq
                 WHERE g.run = ?1 AND (g.step, g.group_index) > (?2, ?3)
                 ORDER BY g.step, g.group_index LIMIT ?4",
            )?;
            let mut rows = statement.query(params![run, int(after.0), after.1, limit])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let json: String = row.get(0)?;
                if let Some(group) = read_group(&json)? {
                    found.push(read(group));
                }
            }
            Ok(found)
        })
    }

    /// One page of rollouts, newest first. Every row is unique, so a page's last row is
    /// where the next one starts.
    pub fn rollouts(&self, run: &str, filter: &RolloutFilter) -> Result<Vec<RolloutRow>> {
        let task = filter.task.map(TaskKind::name);
        let mut sql = String::from(
            "SELECT step, group_index, rollout_index, task, cell, video, text, reward,
                    advantage, parsed
             FROM rollouts WHERE run = ?",
        );
        let mut values: Vec<&dyn ToSql> = vec![&run];
        if let Some(task) = &task {
            sql.push_str(" AND task = ?");
            values.push(task);
        }
        if let Some(cell) = &filter.cell {
            sql.push_str(" AND cell = ?");
            values.push(cell);
        }
        if let Some(max_reward) = &filter.max_reward {
            sql.push_str(" AND reward <= ?");
            values.push(max_reward);
        }
        match filter.parsed {
            // Written out, so that the index of unreadable answers is found.
            Some(true) => sql.push_str(" AND parsed = 1"),
            Some(false) => sql.push_str(" AND parsed = 0"),
            None => {}
        }
        let before = filter.before.map(|(step, group, rollout)| (int(step), group, rollout));
        if let Some((step, group, rollout)) = &before {
            sql.push_str(" AND (step, group_index, rollout_index) < (?, ?, ?)");
            values.extend([step as &dyn ToSql, group, rollout]);
        }
        sql.push_str(" ORDER BY step DESC, group_index DESC, rollout_index DESC LIMIT ?");
        values.push(&filter.limit);
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(&values[..], rollout_row)?;
            rows.map(|row| row?).collect()
        })
    }
}

fn raw_events(mut rows: Rows<'_>) -> rusqlite::Result<Vec<RawEvent>> {
    let (mut events, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let json: String = row.get(1)?;
        bytes += json.len();
        if bytes > EVENT_BYTES && !events.is_empty() {
            break;
        }
        events.push(RawEvent { seq: count(row.get(0)?), json });
    }
    Ok(events)
}

/// The newest group of that name, also where a resume made the run forget it: labels
/// outlive a resume.
pub(crate) fn find_group(
    connection: &Connection,
    run: &str,
    step: u64,
    index: u32,
) -> Result<Option<Group>> {
    let json: Option<String> = connection
        .prepare_cached(
            "SELECT json FROM events WHERE run = ?1 AND step = ?2 AND group_index = ?3
             ORDER BY seq DESC LIMIT 1",
        )?
        .query_row(params![run, int(step), index], |row| row.get(0))
        .optional()?;
    json.map_or(Ok(None), |json| read_group(&json))
}

/// The group that an event holds.
fn read_group(json: &str) -> Result<Option<Group>> {
    match serde_json::from_str::<RunEvent>(json)?.body {
        EventBody::RolloutGroup(group) => Ok(Some(*group)),
        _ => Ok(None),
    }
}

const BEFORE: &str = "SELECT step, group_index FROM groups
     WHERE run = ?1 AND (step, group_index) < (?2, ?3)
     ORDER BY step DESC, group_index DESC LIMIT 1";
const AFTER: &str = "SELECT step, group_index FROM groups
     WHERE run = ?1 AND (step, group_index) > (?2, ?3)
     ORDER BY step, group_index LIMIT 1";

fn neighbour(
    connection: &Connection,
    run: &str,
    step: u64,
    index: u32,
    sql: &str,
) -> Result<Option<(u64, u32)>> {
    Ok(connection
        .prepare_cached(sql)?
        .query_row(params![run, int(step), index], |row| Ok((count(row.get(0)?), row.get(1)?)))
        .optional()?)
}

fn rollout_row(row: &Row<'_>) -> rusqlite::Result<Result<RolloutRow>> {
    let (task, video): (String, String) = (row.get(3)?, row.get(5)?);
    let (step, group, rollout) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (cell, text) = (row.get(4)?, row.get(6)?);
    let (reward, advantage, parsed) = (row.get(7)?, row.get(8)?, row.get(9)?);
    let read = || -> Result<RolloutRow> {
        Ok(RolloutRow {
            step: count(step),
            group,
            rollout,
            task: task.parse().map_err(StoreError::Record)?,
            cell,
            video: VideoId::try_from(video)
                .map_err(|error| StoreError::Record(error.to_string()))?,
            text,
            reward,
            advantage,
            parsed,
        })
    };
    Ok(read())
}
