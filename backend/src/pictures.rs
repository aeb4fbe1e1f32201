//! Clips and still pictures for the page, made on demand and kept on disk by content: the
//! name of a file is a hash of everything it was made from, so it never goes stale.

mod kept;
mod recipe;
mod shown;

pub use recipe::Recipe;

use kept::Kept;
use media::StripCache;
use shared::api::{ATLAS_COLUMNS, CLIP_FPS, SHEET_COLUMNS};
use shared::task::SampleInfo;
use shared::video::{FrameSize, SamplePlan};
use shown::{InUse, Shown};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::{Mutex as AsyncMutex, Semaphore};

/// Changes whenever what is drawn or encoded does.
const VERSION: &str = "4";
/// The frames that people look at.
pub const VIEW: FrameSize = FrameSize::ShortSide(256);
/// Shorter side of a frame of a film strip, pixels.
const FILM_SIDE: u32 = 90;
/// Pictures made at once; training goes on beside them.
const AT_ONCE: usize = 2;
/// Kept on disk at most; the ones used longest ago go first.
const KEPT_BYTES: u64 = 2 << 30;

/// Why a picture cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The video's file is gone.
    #[error("the video's file is gone")]
    NoSource,
    /// The file of the video that frames are borrowed from is gone.
    #[error(
        "the file of the second video is gone from the server's disk; add the same video again"
    )]
    NoOther,
    /// The video or the encoder.
    #[error(transparent)]
    Media(#[from] media::MediaError),
    /// The sample.
    #[error(transparent)]
    Task(#[from] tasks::TaskError),
    /// The cache.
    #[error("a picture cannot be kept: {0}")]
    Io(#[from] std::io::Error),
    /// The maker panicked.
    #[error("the picture could not be made")]
    Broken,
}

/// What is shown.
#[derive(Clone, Debug)]
pub enum Picture {
    /// A sample as a clip of this size, one strip frame per picture.
    Clip(Box<Recipe>, FrameSize),
    /// A sample's frames in one picture of this size each, [`SHEET_COLUMNS`] to a row.
    Sheet(Box<Recipe>, FrameSize),
    /// A sample's frames side by side, small.
    Atlas(Box<Recipe>),
    /// A video's 48 frames side by side.
    Film,
    /// One frame from the middle of a video.
    Thumb,
}

impl Picture {
    fn key(&self) -> (String, &'static str) {
        match self {
            Self::Clip(recipe, size) => {
                let plan = SamplePlan::strip(*size).key();
                (format!("clip {plan} {}", recipe.spec.key()), "webm")
            }
            Self::Sheet(recipe, size) => {
                let plan = SamplePlan::strip(*size).key();
                (format!("sheet {plan} {}", recipe.spec.key()), "jpg")
            }
            Self::Atlas(recipe) => (format!("atlas {}", recipe.spec.key()), "jpg"),
            Self::Film => ("film".into(), "jpg"),
            Self::Thumb => ("thumb".into(), "jpg"),
        }
    }
}

/// Makes pictures and keeps them.
pub struct Pictures {
    kept: Kept,
    strips: StripCache,
    in_use: InUse,
    makers: Semaphore,
    /// Who waits for the same picture waits for one maker.
    making: Mutex<HashMap<PathBuf, Weak<AsyncMutex<()>>>>,
}

impl Pictures {
    /// Keeps pictures in `dir` and decoded strips in `strips`.
    pub fn open(dir: PathBuf, strips: &Path) -> Result<Self, PictureError> {
        Ok(Self {
            kept: Kept::open(dir, KEPT_BYTES)?,
            strips: StripCache::open(strips)?,
            in_use: InUse::default(),
            makers: Semaphore::new(AT_ONCE),
            making: Mutex::default(),
        })
    }

    /// The file of a picture of the video `source`, whose content hash is `video`.
    pub async fn file(
        self: &Arc<Self>,
        video: &str,
        source: PathBuf,
        picture: Picture,
    ) -> Result<PathBuf, PictureError> {
        let (key, extension) = picture.key();
        let name = blake3::hash(format!("{VERSION} {video} {key}").as_bytes()).to_hex();
        let path = self.kept.place(&format!("{name}.{extension}"));
        if self.kept.find(&path) {
            return Ok(path);
        }
        let turn = self.turn(&path);
        let _only_maker = turn.lock().await;
        if self.kept.find(&path) {
            return Ok(path);
        }
        let file = path.clone();
        self.work(move |pictures| pictures.make(&source, &picture, &file)).await?;
        Ok(path)
    }

    /// The sample of a recipe without its pixels, and whether people's frames show its answer.
    pub async fn sample(
        self: &Arc<Self>,
        source: PathBuf,
        recipe: Recipe,
    ) -> Result<(SampleInfo, bool), PictureError> {
        self.work(move |pictures| {
            let strips = recipe.strips(&source, VIEW, &pictures.strips)?;
            let plan = tasks::plan(&strips.sources(), &recipe.spec)?;
            let painted = tasks::paint(&strips.sources(), &plan)?;
            Ok((plan.info, painted.answerable))
        })
        .await
    }

    /// Runs `work` on a thread that may block, after others that wait for a place.
    async fn work<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, PictureError> + Send + 'static,
    ) -> Result<T, PictureError> {
        let _place = self.makers.acquire().await.map_err(|_| PictureError::Broken)?;
        let pictures = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&pictures))
            .await
            .map_err(|_| PictureError::Broken)?
    }

    fn turn(&self, path: &Path) -> Arc<AsyncMutex<()>> {
        let mut making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        making.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = making.get(path).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        making.insert(path.to_owned(), Arc::downgrade(&turn));
        turn
    }

    fn make(&self, source: &Path, picture: &Picture, file: &Path) -> Result<(), PictureError> {
        let bytes = match picture {
            Picture::Clip(recipe, size) => {
                let shown = self.shown(source, recipe, *size)?;
                media::encode_clip(&shown.rgb, shown.width, shown.height, CLIP_FPS)?
            }
            Picture::Sheet(recipe, size) => {
                let shown = self.shown(source, recipe, *size)?;
                media::encode_atlas(&shown.rgb, shown.width, shown.height, SHEET_COLUMNS)?
            }
            Picture::Atlas(recipe) => film(self.shown(source, recipe, VIEW)?.as_ref())?,
            Picture::Film => film(&self.frames(source)?)?,
            Picture::Thumb => {
                let shown = self.frames(source)?;
                media::thumbnail(shown.middle(), shown.width, shown.height)?
            }
        };
        if let Some(problem) = self.strips.problem() {
            tracing::warn!("decoded strips are not kept: {problem}");
        }
        Ok(self.kept.write(file, &bytes)?)
    }

    /// The sample again from its spec, its clips one after the other.
    fn shown(
        &self,
        source: &Path,
        recipe: &Recipe,
        size: FrameSize,
    ) -> Result<Arc<Shown>, PictureError> {
        let plan = SamplePlan::strip(size).key();
        let key = format!("{} {plan} {}", source.display(), recipe.spec.key());
        self.in_use.get(key, || {
            let strips = recipe.strips(source, size, &self.strips)?;
            let sample = tasks::generate(strips.sources(), &recipe.spec)?;
            let clips: Vec<Vec<u8>> = sample.clips.into_iter().map(|clip| clip.rgb).collect();
            Ok(Shown { width: sample.width, height: sample.height, rgb: clips.concat() })
        })
    }

    fn frames(&self, source: &Path) -> Result<Shown, PictureError> {
        if !source.is_file() {
            return Err(PictureError::NoSource);
        }
        let plan = SamplePlan::strip(VIEW);
        let strip = media::strip(source, &plan, &self.strips)?;
        Ok(Shown { width: strip.width, height: strip.height, rgb: strip.rgb.clone() })
    }
}

/// All frames in one row, made small: browsers refuse very wide pictures. A sample of fewer
/// frames leaves the last places black, so that a place is as wide in every row.
fn film(shown: &Shown) -> Result<Vec<u8>, PictureError> {
    let own = (shown.width, shown.height);
    let small = FrameSize::ShortSide(FILM_SIDE).of(own.0, own.1);
    Ok(media::encode_film(&shown.rgb, own, small, ATLAS_COLUMNS)?)
}
