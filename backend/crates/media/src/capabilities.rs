//! What the FFmpeg found at run time can do, for the `doctor` command.

use crate::clip::CLIP_ENCODERS;
use crate::open;
use ffmpeg_the_third as ff;
use serde::Serialize;

/// Versions, licence and codecs of the FFmpeg in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    /// libavcodec's version, such as `59.37.100`.
    pub avcodec: String,
    /// libavformat's version.
    pub avformat: String,
    /// libswscale's version.
    pub swscale: String,
    /// Licence FFmpeg says it was built under.
    pub license: String,
    /// Encoders for the viewer's clips that are there, best first; empty means no clips.
    pub clip_encoders: Vec<String>,
    /// Video decoders that are there, of those this program uses.
    pub decoders: Vec<String>,
    /// Video decoders this program would use that are missing.
    pub missing_decoders: Vec<String>,
}

/// Asks FFmpeg; touches no file.
pub fn capabilities() -> Capabilities {
    open::init();
    let known =
        ["h264", "hevc", "vp8", "vp9", "libdav1d", "mpeg4", "mpeg2video", "mjpeg", "theora"];
    let (have, miss): (Vec<&str>, Vec<&str>) =
        known.into_iter().partition(|name| ff::codec::decoder::find_by_name(name).is_some());
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    Capabilities {
        avcodec: version(ff::codec::version()),
        avformat: version(ff::format::version()),
        swscale: version(ff::software::scaling::version()),
        license: ff::codec::license().to_owned(),
        clip_encoders: CLIP_ENCODERS
            .iter()
            .filter(|e| ff::codec::encoder::find_by_name(e.name).is_some())
            .map(|e| e.name.to_owned())
            .collect(),
        decoders: owned(have),
        missing_decoders: owned(miss),
    }
}

/// FFmpeg packs a version as major, minor, micro in 16, 8 and 8 bits.
fn version(packed: u32) -> String {
    format!("{}.{}.{}", packed >> 16, packed >> 8 & 255, packed & 255)
}
