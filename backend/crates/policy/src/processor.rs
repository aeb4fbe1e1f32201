//! Frames to patches: resize, scale to [-1, 1], cut, in the published processor's order.
//! It never decodes video.

use crate::config::{PolicyConfig, read_json};
use crate::error::PolicyError;
use crate::prompt::Clip;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::path::Path;

/// How a policy wants its frames and its prompt text: `preprocessor_config.json`, or
/// `video_preprocessor_config.json` where the folder has one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Processor {
    /// Frame size in pixels.
    pub size: FrameSize,
    /// Side of a patch in pixels.
    pub patch_size: usize,
    /// Frames in a patch.
    pub temporal_patch_size: usize,
    /// Patches a side that one visual token covers.
    pub merge_size: usize,
    /// Mean of each channel, on the scale 0 to 1.
    pub image_mean: [f64; 3],
    /// Spread of each channel, on the scale 0 to 1.
    pub image_std: [f64; 3],
    /// How clips and text become tokens.
    #[serde(default)]
    pub prompt_style: PromptStyle,
    /// Everything else, kept for saving.
    #[serde(flatten)]
    pub extra: crate::config::Extra,
}

/// The size frames are brought to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SizeFields", into = "SizeFields")]
pub enum FrameSize {
    /// Always this size; multiples of `patch_size * merge_size`.
    Fixed {
        /// Pixels.
        height: usize,
        /// Pixels.
        width: usize,
    },
    /// Sides near the source's, with the clip's volume (frames x height x width) in these bounds.
    Volume {
        /// Least pixels of a clip.
        shortest_edge: usize,
        /// Most pixels of a clip.
        longest_edge: usize,
    },
}

/// A [`FrameSize`] as the file has it. A fixed one also names its pixels as bounds, since other
/// programs insist on them.
#[derive(Serialize, Deserialize)]
struct SizeFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    height: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    width: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shortest_edge: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    longest_edge: Option<usize>,
}

impl From<FrameSize> for SizeFields {
    fn from(size: FrameSize) -> Self {
        let ((height, width), (least, most)) = match size {
            FrameSize::Fixed { height, width } => {
                ((Some(height), Some(width)), (height * width, height * width))
            }
            FrameSize::Volume { shortest_edge, longest_edge } => {
                ((None, None), (shortest_edge, longest_edge))
            }
        };
        Self { height, width, shortest_edge: Some(least), longest_edge: Some(most) }
    }
}

impl TryFrom<SizeFields> for FrameSize {
    type Error = &'static str;

    fn try_from(fields: SizeFields) -> Result<Self, Self::Error> {
        match fields {
            SizeFields { height: Some(height), width: Some(width), .. } => {
                Ok(Self::Fixed { height, width })
            }
            SizeFields {
                shortest_edge: Some(shortest_edge),
                longest_edge: Some(longest_edge),
                ..
            } => Ok(Self::Volume { shortest_edge, longest_edge }),
            _ => Err("size needs height and width, or shortest_edge and longest_edge"),
        }
    }
}

/// How clips and text become tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromptStyle {
    /// The published chat form: a user turn, then the assistant's.
    #[default]
    Chat,
    /// Only the time before each frame pair's tokens, the text, and `<|im_start|>`.
    Compact,
}

impl Processor {
    /// Reads the folder's processor settings.
    ///
    /// # Errors
    /// An unreadable file.
    pub fn load(dir: &Path) -> Result<Self, PolicyError> {
        let video = dir.join("video_preprocessor_config.json");
        if video.exists() {
            read_json(&video)
        } else {
            read_json(&dir.join("preprocessor_config.json"))
        }
    }

    /// Settings of the nano policy: 64 x 64 frames, compact prompts.
    pub fn nano() -> Self {
        let mut extra = crate::config::Extra::new();
        extra.insert("image_processor_type".into(), "Qwen2VLImageProcessorFast".into());
        Self {
            size: FrameSize::Fixed { height: 64, width: 64 },
            patch_size: 16,
            temporal_patch_size: 2,
            merge_size: 2,
            image_mean: [0.5; 3],
            image_std: [0.5; 3],
            prompt_style: PromptStyle::Compact,
            extra,
        }
    }

    /// Checks that the patches are those of the model.
    ///
    /// # Errors
    /// A sentence naming the size that differs.
    pub fn validate(&self, config: &PolicyConfig) -> Result<(), PolicyError> {
        let vision = &config.vision_config;
        let ours = (self.patch_size, self.temporal_patch_size, self.merge_size);
        let theirs = (vision.patch_size, vision.temporal_patch_size, vision.spatial_merge_size);
        if ours != theirs {
            return Err(PolicyError::Config(format!(
                "the processor's patch, temporal patch and merge sizes {ours:?} are not the model's {theirs:?}"
            )));
        }
        let unit = self.patch_size * self.merge_size;
        match self.size {
            FrameSize::Fixed { height, width }
                if height == 0 || width == 0 || height % unit + width % unit != 0 =>
            {
                Err(PolicyError::Config(format!(
                    "frame size {height} x {width} is no multiple of {unit}"
                )))
            }
            _ => Ok(()),
        }
    }

    /// The size in pixels (height, width) that a clip's frames get.
    ///
    /// # Errors
    /// An empty clip, or sides whose ratio is over 200.
    pub fn frame_size(
        &self,
        frames: usize,
        height: usize,
        width: usize,
    ) -> Result<(usize, usize), PolicyError> {
        if frames == 0 || height == 0 || width == 0 {
            return Err(PolicyError::Prompt("a clip has no frames".into()));
        }
        match self.size {
            FrameSize::Fixed { height, width } => Ok((height, width)),
            FrameSize::Volume { shortest_edge, longest_edge } => {
                self.fit(frames, height, width, shortest_edge, longest_edge)
            }
        }
    }

    /// `smart_resize` of the published video processor.
    fn fit(
        &self,
        frames: usize,
        height: usize,
        width: usize,
        least: usize,
        most: usize,
    ) -> Result<(usize, usize), PolicyError> {
        let unit = (self.patch_size * self.merge_size) as f64;
        let (h, w, t) = (height as f64, width as f64, frames as f64);
        if h.max(w) / h.min(w) > 200.0 {
            return Err(PolicyError::Prompt(format!(
                "frames of {width} x {height} pixels are too narrow"
            )));
        }
        let near = |side: f64| (side / unit).round_ties_even().max(1.0) * unit;
        let (mut high, mut wide) = (near(h), near(w));
        let deep = (frames.div_ceil(self.temporal_patch_size) * self.temporal_patch_size) as f64;
        if deep * high * wide > most as f64 {
            let shrink = (t * h * w / most as f64).sqrt();
            let down = |side: f64| ((side / shrink / unit).floor() * unit).max(unit);
            (high, wide) = (down(h), down(w));
        } else if deep * high * wide < least as f64 {
            let grow = (least as f64 / (t * h * w)).sqrt();
            let up = |side: f64| (side * grow / unit).ceil() * unit;
            (high, wide) = (up(h), up(w));
        }
        Ok((high as usize, wide as usize))
    }

    /// Patches `[t * h * w, channels * frames * patch * patch]` of a clip and its grid `[t, h, w]`
    /// in patches. An odd last frame is repeated.
    ///
    /// # Errors
    /// A clip whose bytes do not match its sizes.
    pub fn patches(&self, clip: &Clip) -> Result<(Vec<f32>, [usize; 3]), PolicyError> {
        let expected = clip.frames * clip.height * clip.width * 3;
        if clip.rgb.len() != expected {
            return Err(PolicyError::Prompt(format!(
                "a clip has {} bytes instead of {expected}",
                clip.rgb.len()
            )));
        }
        let (height, width) = self.frame_size(clip.frames, clip.height, clip.width)?;
        let rgb = resize(clip, height, width)?;
        let pairs = clip.frames.div_ceil(self.temporal_patch_size);
        let grid = [pairs, height / self.patch_size, width / self.patch_size];
        Ok((self.cut(&rgb, clip.frames, width, grid), grid))
    }

    /// Order: (t, h / merge, w / merge, merge, merge) patches of (channel, frame, y, x) numbers.
    fn cut(
        &self,
        rgb: &[u8],
        frames: usize,
        width: usize,
        [pairs, rows, cols]: [usize; 3],
    ) -> Vec<f32> {
        let (side, merge) = (self.patch_size, self.merge_size);
        let frame_bytes = rows * side * width * 3;
        let scale = self.scale();
        let mut out =
            Vec::with_capacity(pairs * rows * cols * 3 * self.temporal_patch_size * side * side);
        for pair in 0..pairs {
            for patch in 0..rows * cols {
                let (block, inner) = (patch / (merge * merge), patch % (merge * merge));
                let row = block / (cols / merge) * merge + inner / merge;
                let col = block % (cols / merge) * merge + inner % merge;
                for (channel, table) in scale.iter().enumerate() {
                    for step in 0..self.temporal_patch_size {
                        let frame = (pair * self.temporal_patch_size + step).min(frames - 1);
                        for y in row * side..(row + 1) * side {
                            let from = frame * frame_bytes + (y * width + col * side) * 3 + channel;
                            let line = &rgb[from..from + side * 3 - 2];
                            out.extend(line.iter().step_by(3).map(|&byte| table[byte as usize]));
                        }
                    }
                }
            }
        }
        out
    }

    /// The normalised value of each byte, per channel.
    fn scale(&self) -> [[f32; 256]; 3] {
        std::array::from_fn(|channel| {
            let (mean, std) = (self.image_mean[channel], self.image_std[channel]);
            std::array::from_fn(|byte| ((byte as f64 / 255.0 - mean) / std) as f32)
        })
    }
}

/// Frames `[frames, height, width, 3]`; the bytes as they are where the size already fits.
fn resize<'a>(clip: &Clip<'a>, height: usize, width: usize) -> Result<Cow<'a, [u8]>, PolicyError> {
    if (clip.height, clip.width) == (height, width) {
        return Ok(Cow::Borrowed(clip.rgb));
    }
    let failed = |error: String| PolicyError::Prompt(format!("frames cannot be resized: {error}"));
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    let mut resizer = Resizer::new();
    let mut out = Vec::with_capacity(clip.frames * height * width * 3);
    for frame in clip.rgb.chunks_exact(clip.height * clip.width * 3) {
        let source = ImageRef::new(clip.width as u32, clip.height as u32, frame, PixelType::U8x3)
            .map_err(|error| failed(error.to_string()))?;
        let mut target = Image::new(width as u32, height as u32, PixelType::U8x3);
        resizer
            .resize(&source, &mut target, &options)
            .map_err(|error| failed(error.to_string()))?;
        out.extend_from_slice(target.buffer());
    }
    Ok(Cow::Owned(out))
}
