//! The library: listing, adding, pictures and the files themselves.

use super::{Page, Path, Query, Signed, no_place};
use crate::api::error::Fail;
use crate::app::{App, blocking};
use crate::library::{self, Keep};
use crate::pictures::{Picture, PictureError};
use crate::secret::new_id;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures::StreamExt;
use serde::Deserialize;
use shared::api::{VideoBody, VideosBody};
use shared::video::VideoId;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use store::StoredVideo;
use tokio::io::AsyncWriteExt;
use tower_http::services::ServeFile;

/// File names are at most this long, bytes.
const NAME_BYTES: usize = 200;

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(page): Query<Page>,
) -> Result<Json<VideosBody>, Fail> {
    let after = page.after.clone().map(VideoId::try_from).transpose().map_err(|_| no_place())?;
    let limit = page.with_next();
    let read = app.db(move |store| {
        let videos = store.videos_page(after.as_ref(), limit)?;
        Ok(videos.into_iter().map(library::listed).collect::<Vec<_>>())
    });
    let mut videos = read.await?;
    let meta = page.cut(&mut videos, |video| video.meta.id.hex().to_owned());
    Ok(Json(VideosBody { videos, meta }))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<VideoBody>, Fail> {
    let stored = find(&app, id).await?;
    let video = blocking(move || library::listed(stored)).await?;
    Ok(Json(VideoBody { video }))
}

#[derive(Deserialize)]
pub(super) struct Upload {
    #[serde(default)]
    name: String,
}

pub(super) async fn upload(
    State(app): State<Arc<App>>,
    Extension(signed): Extension<Signed>,
    Query(upload): Query<Upload>,
    body: Body,
) -> Result<impl IntoResponse, Fail> {
    let name = file_name(&upload.name);
    let coming = Incoming::create(&app, &name)?;
    coming.receive(body, app.upload_limit).await?;
    let added = blocking(move || {
        let added = library::add(&app, &coming.file, &name, Keep::Moved, signed.person.id);
        drop(coming);
        added
    });
    let (video, new) = added.await??;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(VideoBody { video })))
}

pub(super) async fn thumb(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Fail> {
    picture(&app, id, Picture::Thumb, request).await
}

pub(super) async fn film(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Fail> {
    picture(&app, id, Picture::Film, request).await
}

pub(super) async fn source(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Fail> {
    let stored = find(&app, id).await?;
    let mut response = send_file(&stored.path, request).await;
    if response.status() == StatusCode::NOT_FOUND {
        return Err(Fail::gone(library::gone(&stored.video.name)));
    }
    // The name was somebody's choice: a browser must never take the file for a page.
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !kind.is_some_and(|kind| kind.as_bytes().starts_with(b"video/")) {
        let bytes = HeaderValue::from_static("application/octet-stream");
        response.headers_mut().insert(header::CONTENT_TYPE, bytes);
    }
    Ok(response)
}

async fn picture(
    app: &App,
    id: String,
    picture: Picture,
    request: Request,
) -> Result<Response, Fail> {
    let stored = find(app, id).await?;
    video_picture(app, stored, picture, request).await
}

/// A picture made from a video of the library.
pub(super) async fn video_picture(
    app: &App,
    stored: StoredVideo,
    picture: Picture,
    request: Request,
) -> Result<Response, Fail> {
    let StoredVideo { video, path } = stored;
    let file = app.pictures.file(video.meta.id.hex(), path, picture).await;
    match file {
        Err(PictureError::NoSource) => Err(Fail::gone(library::gone(&video.name))),
        file => Ok(send_file(&file?, request).await),
    }
}

async fn find(app: &App, id: String) -> Result<StoredVideo, Fail> {
    let id = VideoId::try_from(id).map_err(|_| Fail::not_found("video"))?;
    app.db(move |store| store.video(&id)).await
}

/// A file whose address names its content: with byte ranges, and kept by browsers.
pub(super) async fn send_file(path: &FilePath, request: Request) -> Response {
    let mut response = match ServeFile::new(path).try_call(request).await {
        Ok(response) => response.map(Body::new),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Fail::gone("this file is gone from the server's disk").into_response();
        }
        Err(error) => return Fail::internal(&error).into_response(),
    };
    let keep = HeaderValue::from_static("private, max-age=31536000, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, keep);
    response
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

/// A video on its way in, in a folder of its own so that errors name it as people do.
/// Dropped, it leaves nothing behind.
struct Incoming {
    folder: PathBuf,
    file: PathBuf,
}

impl Incoming {
    fn create(app: &App, name: &str) -> Result<Self, Fail> {
        let id = new_id().map_err(|error| Fail::internal(&error))?;
        let folder = app.data.uploads().join(id);
        std::fs::create_dir(&folder).map_err(|error| Fail::internal(&error))?;
        let file = folder.join(name);
        Ok(Self { folder, file })
    }

    async fn receive(&self, body: Body, limit: u64) -> Result<(), Fail> {
        let create = tokio::fs::File::create(&self.file).await;
        let mut file = create.map_err(|error| Fail::internal(&error))?;
        let mut parts = body.into_data_stream();
        let mut bytes = 0;
        while let Some(part) = parts.next().await {
            let part = part.map_err(|_| cut_off())?;
            bytes += part.len() as u64;
            if bytes > limit {
                return Err(too_large(limit));
            }
            file.write_all(&part).await.map_err(|error| no_room(&error))?;
        }
        file.flush().await.map_err(|error| no_room(&error))
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::warn!("{} stays behind: {error}", self.folder.display());
        }
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
