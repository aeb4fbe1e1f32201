//! Frame files under the hash of their bytes, `frames/ab/ab12....jpg`: the same picture is kept
//! once, and a file tells by its name whether it is whole. It never decides what is kept.
//!
//! They are written where they stay: a build that is broken off may leave half of one, which its
//! name betrays when the build goes on. Thousands of files made in one folder aside and then
//! renamed took a quarter of a build.

use crate::error::DatasetError;
use crate::files::make_folder;
use media::MediaError;
use shared::config::{DatasetSpec, ImageForm};
use std::path::{Path, PathBuf};

/// Folder of frames within a dataset.
pub(crate) const FRAMES: &str = "frames";
/// Hex digits of a name: 128 bits of BLAKE3.
const DIGITS: usize = 32;

/// Where frames are put.
#[derive(Debug)]
pub(crate) struct FrameStore {
    root: PathBuf,
    form: ImageForm,
    quality: u8,
}

impl FrameStore {
    /// Under the folder of a dataset; its 256 subfolders are made.
    pub fn open(root: &Path, spec: &DatasetSpec) -> Result<Self, DatasetError> {
        for first in 0..=255u8 {
            make_folder(&root.join(FRAMES).join(format!("{first:02x}")))?;
        }
        let quality = spec.quality.clamp(1, 100) as u8;
        Ok(Self { root: root.to_owned(), form: spec.images, quality })
    }

    /// `[height, width, 3]` as the bytes of a file. Errors: a side that the form cannot hold.
    pub fn encode(&self, rgb: &[u8], size: (u32, u32)) -> Result<Vec<u8>, MediaError> {
        match self.form {
            ImageForm::Jpeg => media::encode_jpeg_frame(rgb, size.0, size.1, self.quality),
            ImageForm::Png => media::encode_png(rgb, size.0, size.1),
        }
    }

    /// Puts a file in its place; returns its path from the dataset's folder.
    pub fn put(&self, bytes: &[u8]) -> Result<String, DatasetError> {
        let ending = match self.form {
            ImageForm::Jpeg => "jpg",
            ImageForm::Png => "png",
        };
        let name = digits(bytes);
        let path = format!("{FRAMES}/{}/{name}.{ending}", &name[..2]);
        let file = self.root.join(&path);
        std::fs::write(&file, bytes).map_err(|cause| {
            // Half a file is no use, should there be room for less than half a file again.
            let _ = std::fs::remove_file(&file);
            DatasetError::write(&file, cause)
        })?;
        Ok(path)
    }
}

/// Whether the file at a path from a dataset's folder holds what its name says.
pub(crate) fn is_whole(root: &Path, path: &str) -> bool {
    let name = Path::new(path).file_stem().and_then(|stem| stem.to_str());
    std::fs::read(root.join(path)).is_ok_and(|bytes| name == Some(&digits(&bytes)))
}

fn digits(bytes: &[u8]) -> String {
    let mut hex = blake3::hash(bytes).to_hex().to_string();
    hex.truncate(DIGITS);
    hex
}
