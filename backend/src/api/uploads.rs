//! Videos that come in parts, and in one piece.

use super::{Body, Path, Query, Signed};
use crate::api::error::Fail;
use crate::app::{App, blocking};
use crate::library::{self, Keep};
use crate::uploads::{Held, HoldError};
use axum::body::Body as RawBody;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use futures::StreamExt;
use serde::Deserialize;
use shared::api::{NewUpload, Upload, UploadBody, UploadsBody, VideoBody};
use std::io::SeekFrom;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

/// File names are at most this long, bytes.
const NAME_BYTES: usize = 200;

#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(default)]
    name: String,
}

/// A video in one piece.
pub(super) async fn whole(
    State(app): State<Arc<App>>,
    Extension(signed): Extension<Signed>,
    Query(asked): Query<Named>,
    body: RawBody,
) -> Result<impl IntoResponse, Fail> {
    let name = file_name(&asked.name);
    let folder = app.uploads.folder().map_err(|error| Fail::internal(&error))?;
    let coming = Incoming { file: folder.join(&name), folder };
    let file = File::create(&coming.file).await.map_err(|error| no_room(&error))?;
    receive(file, body, app.upload_limit, || too_large(app.upload_limit)).await?;
    let added = blocking(move || {
        let added = library::add(&app, &coming.file, &name, Keep::Moved, signed.person.id);
        drop(coming);
        added
    });
    let (video, new) = added.await??;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(VideoBody { video })))
}

/// A folder that goes when it is dropped.
struct Incoming {
    folder: PathBuf,
    /// Named as people do, for errors name it.
    file: PathBuf,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::warn!("{} stays behind: {error}", self.folder.display());
        }
    }
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(signed): Extension<Signed>,
) -> Result<Json<UploadsBody>, Fail> {
    let found = blocking(move || app.uploads.of(signed.person.id)).await?;
    let uploads = found.map_err(|error| Fail::internal(&error))?;
    Ok(Json(UploadsBody { uploads }))
}

pub(super) async fn begin(
    State(app): State<Arc<App>>,
    Extension(signed): Extension<Signed>,
    Body(asked): Body<NewUpload>,
) -> Result<impl IntoResponse, Fail> {
    if asked.bytes > app.upload_limit {
        return Err(too_large(app.upload_limit));
    }
    let file = NewUpload { name: file_name(&asked.name), ..asked };
    let begun = blocking(move || {
        let begun = app.uploads.begin(signed.person.id, file);
        begun.map(|begun| (begun, crate::data::free_bytes(&app.data.uploads())))
    });
    let ((upload, new), free) = begun.await?.map_err(|error| no_room(&error))?;
    let missing = upload.file.bytes - upload.received.min(upload.file.bytes);
    if let Some(free) = free.filter(|free| *free < missing) {
        return Err(too_full(free, missing));
    }
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(UploadBody { upload, video: None })))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(signed): Extension<Signed>,
    Path(id): Path<String>,
) -> Result<Json<UploadBody>, Fail> {
    let found = blocking(move || app.uploads.find(signed.person.id, &id)).await?;
    let upload = found.map_err(|error| Fail::internal(&error))?;
    let upload = upload.ok_or_else(|| Fail::not_found("upload"))?;
    Ok(Json(UploadBody { upload, video: None }))
}

#[derive(Deserialize)]
pub(super) struct At {
    /// Where the part starts, bytes.
    at: u64,
}

/// The next part of a file; with the last one the video is added.
pub(super) async fn add(
    State(app): State<Arc<App>>,
    Extension(signed): Extension<Signed>,
    Path(id): Path<String>,
    Query(part): Query<At>,
    body: RawBody,
) -> Result<Json<UploadBody>, Fail> {
    let by = signed.person.id;
    let held = hold(&app, by, id).await?;
    let Upload { received, file: NewUpload { bytes, .. }, .. } = held.upload;
    if part.at != received {
        let message = format!("{received} bytes of this file have come; go on from there");
        return Err(Fail::new(StatusCode::CONFLICT, "elsewhere", message));
    }
    let file = open_at(&held.file(), received).await.map_err(|error| no_room(&error))?;
    let longer = || Fail::invalid(format!("more came than the {bytes} bytes that were announced"));
    let came = receive(file, body, bytes - received, longer).await?;
    let upload = Upload { received: received + came, ..held.upload.clone() };
    if upload.received < bytes {
        return Ok(Json(UploadBody { upload, video: None }));
    }
    let added = blocking(move || finish(&app, held, by)).await?;
    Ok(Json(UploadBody { upload, video: Some(added?) }))
}

/// A whole file becomes a video, or is refused; either way it is on its way no longer. Blocks.
fn finish(app: &App, held: Held, by: u64) -> Result<shared::api::Video, library::AddError> {
    let added = library::add(app, &held.file(), &held.upload.file.name, Keep::Moved, by);
    if let Err(error) = held.end() {
        tracing::warn!("an upload that has ended stays behind: {error}");
    }
    added.map(|(video, _)| video)
}

pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    Extension(signed): Extension<Signed>,
    Path(id): Path<String>,
) -> Result<StatusCode, Fail> {
    let held = hold(&app, signed.person.id, id).await?;
    let ended = blocking(move || held.end()).await?;
    ended.map_err(|error| Fail::internal(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn hold(app: &Arc<App>, by: u64, id: String) -> Result<Held, Fail> {
    let uploads = Arc::clone(&app.uploads);
    let held = blocking(move || uploads.hold(by, &id)).await?;
    held.map_err(|error| match error {
        HoldError::Unknown => Fail::not_found("upload"),
        HoldError::Busy => Fail::new(StatusCode::CONFLICT, "busy", error),
        HoldError::Io(error) => Fail::internal(&error),
    })
}

/// A file to be written from a place on. Not its end: where a broken request's last bytes come
/// late, they meet the same bytes there.
async fn open_at(path: &FilePath, at: u64) -> std::io::Result<File> {
    let mut file = File::options().write(true).open(path).await?;
    file.seek(SeekFrom::Start(at)).await?;
    Ok(file)
}

/// Writes what comes, at most `limit` bytes; gives how many they were. What came stays, whatever
/// ends it.
async fn receive(
    mut file: File,
    body: RawBody,
    limit: u64,
    too_long: impl Fn() -> Fail,
) -> Result<u64, Fail> {
    let mut parts = body.into_data_stream();
    let mut bytes = 0;
    while let Some(part) = parts.next().await {
        let Ok(part) = part else {
            file.flush().await.map_err(|error| no_room(&error))?;
            return Err(cut_off());
        };
        if bytes + part.len() as u64 > limit {
            return Err(too_long());
        }
        file.write_all(&part).await.map_err(|error| no_room(&error))?;
        bytes += part.len() as u64;
    }
    file.flush().await.map_err(|error| no_room(&error))?;
    Ok(bytes)
}

/// The last part of a name, without anything a file system could stumble over.
fn file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut name: String = last.chars().filter(|c| !c.is_control()).collect();
    while name.len() > NAME_BYTES {
        name.remove(0);
    }
    match name.trim().trim_start_matches('.') {
        "" => "video".into(),
        name => name.to_owned(),
    }
}

fn cut_off() -> Fail {
    Fail::new(StatusCode::BAD_REQUEST, "cut_off", "the upload was cut off; send it again")
}

fn too_large(limit: u64) -> Fail {
    let message = format!(
        "the file is larger than {} MiB, the most this server takes; cut it into parts",
        limit >> 20
    );
    Fail::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
}

fn too_full(free: u64, missing: u64) -> Fail {
    let message = format!(
        "the server's disk has {} MiB left and the file needs {} MiB; make room there first",
        free >> 20,
        missing.div_ceil(1 << 20)
    );
    Fail::new(StatusCode::INSUFFICIENT_STORAGE, "no_room", message)
}

fn no_room(error: &std::io::Error) -> Fail {
    tracing::error!("an upload failed: {error}");
    let message = format!("the server cannot keep the file: {error}");
    Fail::new(StatusCode::INSUFFICIENT_STORAGE, "no_room", message)
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn names_are_made_harmless() {
        for (given, name) in [
            ("a.mp4", "a.mp4"),
            ("../../etc/passwd", "passwd"),
            ("C:\\clips\\b.mov", "b.mov"),
            ("..", "video"),
            ("", "video"),
            (" x\n.mp4 ", "x.mp4"),
        ] {
            assert_eq!(file_name(given), name);
        }
        assert!(file_name(&"ü".repeat(500)).len() <= 200);
    }
}
