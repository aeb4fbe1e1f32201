//! What a sample's pixels are made from: its spec, and the files behind it.

use super::PictureError;
use media::{FrameStrip, StripCache};
use shared::task::SampleSpec;
use shared::video::{FrameSize, SamplePlan};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tasks::Sources;

/// A spec, with the file of the second video where it borrows frames.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// What is made.
    pub spec: SampleSpec,
    /// The file of the spec's other video.
    pub other: Option<PathBuf>,
}

/// The strips that a recipe is made from.
pub(super) struct Strips {
    own: Arc<FrameStrip>,
    other: Option<Arc<FrameStrip>>,
}

impl Strips {
    pub(super) fn sources(&self) -> Sources<'_> {
        Sources { strip: &self.own, other: self.other.as_deref() }
    }
}

impl Recipe {
    /// The strips of `source` and of the other video, from the cache or decoded. Blocks.
    pub(super) fn strips(
        &self,
        source: &Path,
        size: FrameSize,
        cache: &StripCache,
    ) -> Result<Strips, PictureError> {
        if !source.is_file() {
            return Err(PictureError::NoSource);
        }
        if self.other.as_ref().is_some_and(|other| !other.is_file()) {
            return Err(PictureError::NoOther);
        }
        let plan = SamplePlan { count: self.spec.task.source_frames(), size };
        let strip = |path: &Path| media::strip(path, &plan, cache);
        Ok(Strips { own: strip(source)?, other: self.other.as_deref().map(strip).transpose()? })
    }
}
