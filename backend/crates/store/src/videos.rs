//! The library of videos.

use crate::audit::{Act, write_line};
use crate::connection::Store;
use crate::error::{Result, StoreError};
use crate::{count, int};
use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::api::Video;
use shared::video::VideoId;
use std::path::{Path, PathBuf};

/// A video with the place of its file.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredVideo {
    /// As listed.
    pub video: Video,
    /// Where the file lies.
    pub path: PathBuf,
}

const COLUMNS: &str = "name, bytes, added_at, problem, meta, path";

impl Store {
    /// Adds a video unless one with the same content is there; gives the one in the
    /// library and whether it is new.
    pub fn add_video(&self, new: StoredVideo, by: u64) -> Result<(StoredVideo, bool)> {
        let meta = serde_json::to_string(&new.video.meta)?;
        self.write(move |tx| {
            if let Some(found) = find(tx, &new.video.meta.id)? {
                return Ok((found, false));
            }
            let video = &new.video;
            tx.execute(
                "INSERT INTO videos (id, name, bytes, added_at, problem, meta, path)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    video.meta.id.as_str(),
                    video.name,
                    int(video.bytes),
                    video.added_at,
                    video.problem,
                    meta,
                    new.path.to_string_lossy()
                ],
            )?;
            write_line(tx, by, Act::AddedVideo, &video.name)?;
            Ok((new, true))
        })
    }

    /// One video.
    pub fn video(&self, id: &VideoId) -> Result<StoredVideo> {
        self.read(|connection| find(connection, id)?.ok_or(StoreError::NotFound("video")))
    }

    /// The library, newest first.
    pub fn videos(&self) -> Result<Vec<StoredVideo>> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM videos ORDER BY added_at DESC, id DESC");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([], video_row)?;
            rows.map(|row| row?).collect()
        })
    }

    /// One page of the library, newest first, from the one after the video `after` on.
    ///
    /// # Errors
    /// [`StoreError::NoPlace`] where there is no such video.
    pub fn videos_page(&self, after: Option<&VideoId>, limit: u32) -> Result<Vec<StoredVideo>> {
        if let Some(after) = after {
            self.video(after).map_err(StoreError::no_place)?;
        }
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM videos WHERE ?1 IS NULL
                 OR (added_at, id) < (SELECT added_at, id FROM videos WHERE id = ?1)
                 ORDER BY added_at DESC, id DESC LIMIT ?2"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let after = after.map(VideoId::as_str);
            let rows = statement.query_map(params![after, limit], video_row)?;
            rows.map(|row| row?).collect()
        })
    }

    /// Writes down that a video's file lies somewhere else now.
    pub fn move_video(&self, id: &VideoId, path: &Path, by: u64) -> Result<StoredVideo> {
        let (id, path) = (id.clone(), path.to_string_lossy().into_owned());
        self.write(move |tx| {
            tx.execute("UPDATE videos SET path = ?2 WHERE id = ?1", params![id.as_str(), path])?;
            let moved = find(tx, &id)?.ok_or(StoreError::NotFound("video"))?;
            write_line(tx, by, Act::AddedVideo, &moved.video.name)?;
            Ok(moved)
        })
    }
}

fn find(connection: &Connection, id: &VideoId) -> Result<Option<StoredVideo>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM videos WHERE id = ?1"))?
        .query_row([id.as_str()], video_row)
        .optional()?
        .transpose()
}

/// File name of a video, empty where it left the library.
pub(crate) fn name_of(connection: &Connection, id: &VideoId) -> Result<String> {
    let name = connection
        .prepare_cached("SELECT name FROM videos WHERE id = ?1")?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()?;
    Ok(name.unwrap_or_default())
}

fn video_row(row: &Row<'_>) -> rusqlite::Result<Result<StoredVideo>> {
    let (name, bytes, added_at, problem) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    let (meta, path): (String, String) = (row.get(4)?, row.get(5)?);
    Ok(serde_json::from_str(&meta).map_err(StoreError::from).map(|meta| StoredVideo {
        video: Video { meta, name, bytes: count(bytes), added_at, problem },
        path: PathBuf::from(path),
    }))
}
