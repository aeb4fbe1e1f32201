//! What can go wrong with a media file, one clear sentence for people each.
//! It never holds a path: the sentence names the file's name only.

use std::path::Path;

/// Why a media file could not be used. `Display` is one sentence that names the file.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// Neither its content nor its structure is that of a known video container.
    #[error("`{file}` is not a video this program can read.")]
    NotAVideo {
        /// File name without its folder.
        file: String,
    },
    /// Zero bytes.
    #[error("`{file}` is empty.")]
    Empty {
        /// File name without its folder.
        file: String,
    },
    /// Looks like a video, but is cut short or damaged.
    #[error("`{file}` is damaged or cut short: {reason}.")]
    Corrupt {
        /// File name without its folder.
        file: String,
        /// What was found, as the end of a sentence.
        reason: String,
    },
    /// Fewer frames than the plan needs.
    #[error(
        "`{file}` is too short: it has {frames} frame(s), and {wanted} evenly spaced ones need a video of at least {needed}."
    )]
    TooShort {
        /// File name without its folder.
        file: String,
        /// Frames in the file.
        frames: u64,
        /// Frames the plan asks for.
        wanted: u32,
        /// Frames a video needs for that.
        needed: u64,
    },
    /// Sound, pictures or subtitles only.
    #[error("`{file}` has no video track.")]
    NoVideoTrack {
        /// File name without its folder.
        file: String,
    },
    /// A picture larger than the decoder may take.
    #[error("`{file}` is {width}x{height} pixels; the limit is {limit} pixels in all.")]
    TooLarge {
        /// File name without its folder.
        file: String,
        /// Coded width, pixels.
        width: u32,
        /// Coded height, pixels.
        height: u32,
        /// Most pixels a frame may have.
        limit: u64,
    },
    /// More frames or a longer duration than is taken.
    #[error("`{file}` is too long: {what}.")]
    TooLong {
        /// File name without its folder.
        file: String,
        /// The number found and the limit, as the end of a sentence.
        what: String,
    },
    /// A codec that is not taken, or that this FFmpeg cannot decode.
    #[error("`{file}` uses the video codec {codec}, which cannot be decoded here.")]
    UnsupportedCodec {
        /// File name without its folder.
        file: String,
        /// FFmpeg's codec name.
        codec: String,
    },
    /// None of the encoders that could write the clip is in this FFmpeg.
    #[error("this FFmpeg has none of the encoders {wanted}; install a build with one of them.")]
    NoEncoder {
        /// Names that were tried.
        wanted: String,
    },
    /// An encoder or scaler refused its input.
    #[error("the {stage} failed: {reason}.")]
    Encode {
        /// Which step.
        stage: &'static str,
        /// What it said.
        reason: String,
    },
    /// Pixels, sizes or a plan that make no sense together.
    #[error("{0}.")]
    BadInput(String),
    /// Reading or writing failed.
    #[error("`{file}` cannot be {verb}: {cause}.")]
    Io {
        /// File name without its folder.
        file: String,
        /// `read` or `written`.
        verb: &'static str,
        /// What the system said.
        cause: std::io::Error,
    },
}

impl MediaError {
    /// A short stable name of the kind, for logs and APIs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAVideo { .. } => "not_a_video",
            Self::Empty { .. } => "empty",
            Self::Corrupt { .. } => "corrupt",
            Self::TooShort { .. } => "too_short",
            Self::NoVideoTrack { .. } => "no_video_track",
            Self::TooLarge { .. } => "too_large",
            Self::TooLong { .. } => "too_long",
            Self::UnsupportedCodec { .. } => "unsupported_codec",
            Self::NoEncoder { .. } => "no_encoder",
            Self::Encode { .. } => "encode",
            Self::BadInput(_) => "bad_input",
            Self::Io { .. } => "io",
        }
    }

    pub(crate) fn read(path: &Path, cause: std::io::Error) -> Self {
        Self::Io { file: file_name(path), verb: "read", cause }
    }

    pub(crate) fn write(path: &Path, cause: std::io::Error) -> Self {
        Self::Io { file: file_name(path), verb: "written", cause }
    }

    pub(crate) fn corrupt(path: &Path, reason: impl Into<String>) -> Self {
        Self::Corrupt { file: file_name(path), reason: reason.into() }
    }

    pub(crate) fn encode(stage: &'static str, reason: impl ToString) -> Self {
        Self::Encode { stage, reason: reason.to_string() }
    }
}

/// The name that sentences use for a file.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
