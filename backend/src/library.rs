//! Videos into the library: checked, named by their content, listed once.

use crate::app::App;
use media::MediaError;
use shared::api::{ToBrowser, Video};
use shared::video::{FrameSize, SamplePlan, VideoMeta};
use std::path::{Path, PathBuf};
use store::{Result as StoreResult, StoreError, StoredVideo};

/// Why a video was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// It cannot be read as a video.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// It cannot be put in its place.
    #[error("the video cannot be kept: {0}")]
    Io(#[from] std::io::Error),
    /// It cannot be written down.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where a new video's file stays.
pub enum Keep {
    /// Where it is.
    InPlace,
    /// Moved into the library; on any failure it is gone.
    Moved,
}

/// Probes a file and adds it; gives the library's video of that content and whether it is
/// new. Blocks.
pub fn add(
    app: &App,
    path: &Path,
    name: &str,
    keep: Keep,
    by: u64,
) -> Result<(Video, bool), AddError> {
    let meta = media::probe(path)?;
    let bytes = std::fs::metadata(path)?.len();
    let kept = match keep {
        Keep::InPlace => path.canonicalize()?,
        Keep::Moved => place_of(app, &meta, name),
    };
    if let Ok(found) = app.store.video(&meta.id) {
        return Ok((found.video, false));
    }
    if let Keep::Moved = keep {
        std::fs::rename(path, &kept)?;
    }
    let problem = problem_of(&meta);
    let video = Video { problem, meta, name: name.to_owned(), bytes, added_at: store::now() };
    let added = app.store.add_video(StoredVideo { video, path: kept.clone() }, by);
    if added.is_err() && matches!(keep, Keep::Moved) {
        // Nobody would ever find it there.
        let _ = std::fs::remove_file(&kept);
    }
    let (stored, new) = added?;
    if new {
        app.hub.tell(ToBrowser::Video { video: stored.video.clone() });
    }
    Ok((stored.video, new))
}

/// The paths of the videos that a run trains on: those named in its config, else the whole
/// library.
pub fn videos_of_run(app: &App, named: &[String]) -> StoreResult<Vec<String>> {
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    let videos = app.store.videos()?;
    Ok(videos
        .into_iter()
        .filter(|stored| stored.video.problem.is_none())
        .map(|stored| stored.path.to_string_lossy().into_owned())
        .collect())
}

fn place_of(app: &App, meta: &VideoMeta, name: &str) -> PathBuf {
    let extension = Path::new(name)
        .extension()
        .and_then(|extension| extension.to_str())
        .filter(|text| text.len() <= 5 && text.bytes().all(|c| c.is_ascii_alphanumeric()));
    let file = match extension {
        Some(extension) => format!("{}.{}", meta.id.hex(), extension.to_ascii_lowercase()),
        None => meta.id.hex().to_owned(),
    };
    app.data.videos().join(file)
}

fn problem_of(meta: &VideoMeta) -> Option<String> {
    let plan = SamplePlan::strip(FrameSize::ShortSide(64));
    plan.indices(meta.frames)
        .is_none()
        .then(|| format!("it has {} frames, and questions need at least 53", meta.frames))
}
