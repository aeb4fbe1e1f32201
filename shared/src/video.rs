//! Videos and strips as values: identity, facts, and how frames are chosen.
//! It never touches a codec: `media` does.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Content hash of a video file, written `blake3:<64 hex digits>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VideoId(String);

/// Why a text is not a [`VideoId`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a video id is `blake3:` and 64 hex digits, not `{0}`")]
pub struct NotAVideoId(pub String);

impl VideoId {
    /// From the 32 bytes of a BLAKE3 hash.
    pub fn from_hash(hash: &[u8; 32]) -> Self {
        let mut text = String::from("blake3:");
        for byte in hash {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
        Self(text)
    }

    /// The whole text, with the prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hex digits alone: safe as a file name and in a URL.
    pub fn hex(&self) -> &str {
        self.0.strip_prefix("blake3:").unwrap_or(&self.0)
    }
}

impl TryFrom<String> for VideoId {
    type Error = NotAVideoId;
    /// Accepts the id with or without its prefix.
    fn try_from(text: String) -> Result<Self, NotAVideoId> {
        let hex = text.strip_prefix("blake3:").unwrap_or(&text);
        let lower_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        if hex.len() == 64 && hex.bytes().all(lower_hex) {
            Ok(Self(format!("blake3:{hex}")))
        } else {
            Err(NotAVideoId(text))
        }
    }
}

impl From<VideoId> for String {
    fn from(id: VideoId) -> Self {
        id.0
    }
}

impl fmt::Display for VideoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Facts of a video file, as `videossr probe` prints them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoMeta {
    /// Content hash.
    pub id: VideoId,
    /// From the first frame's display time to the end of the last one, seconds.
    pub duration_secs: f64,
    /// Decodable frames of the chosen track, counted from packets.
    pub frames: u64,
    /// Width as shown, after rotation, pixels.
    pub width: u32,
    /// Height as shown, after rotation, pixels.
    pub height: u32,
    /// `frames / duration_secs`.
    pub fps_avg: f64,
    /// Whether frame intervals differ by more than rounding explains.
    pub variable_rate: bool,
    /// Clockwise turn applied for showing: 0, 90, 180 or 270 degrees.
    pub rotation: u16,
    /// FFmpeg's codec name.
    pub codec: String,
}

/// The size of a strip's frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrameSize {
    /// Keeps the aspect ratio; the shorter side gets this many pixels (even sizes).
    ShortSide(u32),
    /// Exactly this width and height; the picture is squeezed to fit.
    Exact(u32, u32),
}

impl FrameSize {
    /// Width and height in pixels for a source of `width` x `height` as shown.
    /// Never enlarges under `ShortSide`; both sides are even and at least 2.
    pub fn of(self, width: u32, height: u32) -> (u32, u32) {
        match self {
            Self::Exact(w, h) => (w, h),
            Self::ShortSide(side) => {
                let short = width.min(height).max(1);
                let side = side.min(short);
                let even = |long: u32| {
                    let scaled = f64::from(long) * f64::from(side) / f64::from(short);
                    (((scaled / 2.0).round() as u32) * 2).max(2)
                };
                (even(width), even(height))
            }
        }
    }
}

/// How frames are chosen from a video (VideoSSR `sample_frames`): `count` frames, evenly
/// spaced by index over the window from 5 % to 95 % of all frames.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplePlan {
    /// Frames in the strip; the paper uses 48.
    pub count: u32,
    /// Size of each frame.
    pub size: FrameSize,
}

/// Frames in a strip unless said otherwise (VideoSSR, section 4).
pub const STRIP_FRAMES: u32 = 48;

impl SamplePlan {
    /// The paper's 48 frames at the given size.
    pub fn strip(size: FrameSize) -> Self {
        Self { count: STRIP_FRAMES, size }
    }

    /// Source frame index of every slot, for a video of `frames` frames:
    /// `start = int(.05 N)`, `end = int(.95 N)`, `step = (end - start) / count`,
    /// `index_i = start + i * step`. `None` when the window holds fewer than `count` frames.
    pub fn indices(&self, frames: u64) -> Option<Vec<u64>> {
        // Floor of N/20 and of 19N/20 in integers equals int(.05 N), int(.95 N) without rounding.
        let start = frames / 20;
        let end = (frames as u128 * 19 / 20) as u64;
        let window = end.saturating_sub(start);
        let count = u64::from(self.count);
        if count == 0 || window < count {
            return None;
        }
        let step = window / count;
        Some((0..count).map(|slot| start + slot * step).collect())
    }

    /// Label clock of the strip, frames per second: `count / duration` over the FULL
    /// duration, as the release does. The label time of slot k is `k / sampling_fps`.
    pub fn sampling_fps(&self, duration_secs: f64) -> f64 {
        f64::from(self.count) / duration_secs
    }

    /// A short text that names the plan; part of cache keys.
    pub fn key(&self) -> String {
        match self.size {
            FrameSize::ShortSide(s) => format!("{}-s{s}", self.count),
            FrameSize::Exact(w, h) => format!("{}-{w}x{h}", self.count),
        }
    }
}

/// One frame of a strip on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrameRef {
    /// Position in the strip, from 0.
    pub slot: u32,
    /// Frame index in the source, in display order, from 0.
    pub source_index: u64,
    /// Display time in the source, seconds from the source's first frame.
    pub pts_secs: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_follow_the_release() {
        let plan = SamplePlan::strip(FrameSize::ShortSide(256));
        let got = plan.indices(1000).expect("long enough");
        assert_eq!((got[0], got[1], got[47]), (50, 68, 50 + 47 * 18));
        assert_eq!(plan.indices(52), None);
        assert_eq!(plan.indices(53).map(|v| v.len()), Some(48));
        assert_eq!(plan.indices(0), None);
    }

    #[test]
    fn sizes_keep_the_aspect_and_never_enlarge() {
        assert_eq!(FrameSize::ShortSide(256).of(1280, 720), (456, 256));
        assert_eq!(FrameSize::ShortSide(256).of(214, 160), (214, 160));
        assert_eq!(FrameSize::Exact(64, 64).of(1280, 720), (64, 64));
    }

    #[test]
    fn video_ids_are_checked() {
        let id = VideoId::from_hash(&[0xab; 32]);
        assert_eq!(id.hex().len(), 64);
        assert_eq!(VideoId::try_from(id.hex().to_owned()), Ok(id.clone()));
        assert!(VideoId::try_from("blake3:short".to_owned()).is_err());
        assert!(VideoId::try_from(format!("blake3:{}", "G".repeat(64))).is_err());
    }
}
