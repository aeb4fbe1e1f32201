//! The library: listing, adding, pictures and the files themselves.

use super::{Page, Path, Query, no_place};
use crate::api::error::Fail;
use crate::app::{App, blocking};
use crate::library;
use crate::pictures::{Picture, PictureError};
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::api::{VideoBody, VideosBody};
use shared::video::VideoId;
use std::path::Path as FilePath;
use std::sync::Arc;
use store::StoredVideo;
use tower_http::services::ServeFile;

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
