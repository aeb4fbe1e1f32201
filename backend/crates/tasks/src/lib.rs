//! Pretext tasks: from a strip and a spec to a question, its pixels and its true answer.
//! Pure in (strip, spec): the same spec gives the same bytes on any machine. It knows no
//! tokens and no models, and it reads no file.

mod answerable;
mod blur;
mod counting;
mod draw;
mod error;
mod grounding;
mod jigsaw;
mod math;
mod mixture;
mod perturb;
mod question;
mod resample;
mod rng;
mod sample;
pub mod warmup;

pub use error::TaskError;
pub use media::Picture;
pub use mixture::{Mixture, sample_at, spec_at};
pub use perturb::{Dials, perturb};
pub use question::question;
pub use rng::Rng;
pub use sample::{ClipFrames, Sample, generate};
