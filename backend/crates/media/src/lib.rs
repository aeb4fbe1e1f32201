//! The only code that touches codecs: probing, decoding, the strip cache, and encoding what
//! the page shows. Sources are read-only; variable rates are handled by display times; a
//! hostile file costs bounded time and memory and ends as a [`MediaError`].

mod cache;
mod capabilities;
mod clip;
mod convert;
mod decode;
mod error;
mod hash;
mod index;
mod open;
mod picture;
mod probe;
mod reader;
mod strip;
mod yuv;

pub use cache::StripCache;
pub use capabilities::{Capabilities, capabilities};
pub use clip::encode_clip;
pub use decode::check_length;
pub use error::MediaError;
pub use hash::hash_file;
pub use open::{MAX_FRAMES, MAX_PIXELS, MAX_SECS};
pub use picture::{
    Picture, encode_atlas, encode_film, encode_jpeg, encode_jpeg_frame, encode_png, frame_name,
    read_png, thumbnail, write_frames, write_png,
};
pub use probe::{facts, probe};
pub use strip::{CANONICAL_SHORT_SIDE, FrameStrip, strip, strips};
