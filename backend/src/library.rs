//! Videos into the library: checked, named by their content, listed once. A run trains on the
//! videos that were fixed when it was made, wherever their files lie now.

use crate::app::App;
use media::MediaError;
use shared::api::{ToBrowser, Video};
use shared::video::{FrameSize, SamplePlan, VideoId, VideoMeta};
use std::path::{Path, PathBuf};
use store::{Store, StoreError, StoredVideo};

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
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Where it is.
    InPlace,
    /// Moved into the library; on any failure it is gone.
    Moved,
}

/// Probes a file and adds it; gives the library's video of that content and whether it is
/// new. Where the library's own file of that content is gone, this one takes its place.
/// Blocks.
pub fn add(
    app: &App,
    path: &Path,
    name: &str,
    keep: Keep,
    by: u64,
) -> Result<(Video, bool), AddError> {
    let meta = media::probe(path)?;
    let bytes = std::fs::metadata(path)?.len();
    let known = match app.store.video(&meta.id) {
        Ok(found) if found.path.is_file() => return Ok((found.video, false)),
        Ok(_) => true,
        Err(StoreError::NotFound(_)) => false,
        Err(error) => return Err(error.into()),
    };
    let kept = match keep {
        Keep::InPlace => path.canonicalize()?,
        Keep::Moved => place_of(app, &meta, name),
    };
    if keep == Keep::Moved {
        std::fs::rename(path, &kept)?;
    }
    let written = if known {
        app.store.move_video(&meta.id, &kept, by).map(|stored| (stored, false))
    } else {
        let problem = problem_of(&meta);
        let video = Video { problem, meta, name: name.to_owned(), bytes, added_at: store::now() };
        app.store.add_video(StoredVideo { video, path: kept.clone() }, by)
    };
    if written.is_err() && keep == Keep::Moved {
        // Nobody would ever find it there.
        let _ = std::fs::remove_file(&kept);
    }
    let (stored, new) = written?;
    app.hub.tell(ToBrowser::Video { video: stored.video.clone() });
    Ok((stored.video, new))
}

/// A video as listed; says so where its file is gone. Blocks.
pub fn listed(stored: StoredVideo) -> Video {
    let StoredVideo { mut video, path } = stored;
    if !path.is_file() {
        video.problem = Some(gone(&video.name));
    }
    video
}

/// What to say where a video's file is gone.
pub fn gone(name: &str) -> String {
    format!("the file of {name} is gone from the server's disk; add the same video again")
}

/// Whether questions can be made from a video now.
pub fn is_usable(stored: &StoredVideo) -> bool {
    stored.video.problem.is_none() && stored.path.is_file()
}

/// Videos of a run whose files are gone.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// Named in one sentence.
    #[error("this run trains on {0}, whose files are gone; add the same videos again")]
    Gone(String),
    /// The library cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The files of a run's videos, in the run's order. Blocks.
pub fn files_of(store: &Store, videos: &[VideoId]) -> Result<Vec<PathBuf>, FilesError> {
    let (mut files, mut missing) = (Vec::new(), Vec::new());
    for id in videos {
        match store.video(id) {
            Ok(found) if found.path.is_file() => files.push(found.path),
            Ok(found) => missing.push(found.video.name),
            Err(StoreError::NotFound(_)) => missing.push(id.as_str().to_owned()),
            Err(error) => return Err(error.into()),
        }
    }
    match missing.as_slice() {
        [] => Ok(files),
        names => Err(FilesError::Gone(names.join(", "))),
    }
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
