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
mod mixture;
mod paint;
mod perturb;
mod plan;
mod progress;
mod question;
mod resample;
mod rng;
mod sample;
mod source;
mod spatial;
mod speed;
mod spotting;
pub mod warmup;

pub use error::TaskError;
pub use media::Picture;
pub use mixture::{Mixture, Portion, Shelf, sample_at, spec_at};
pub use paint::{Painted, PaintedFrame, paint};
pub use perturb::{Strengths, perturb};
pub use plan::{Plan, Shown, plan};
pub use question::question;
pub use rng::Rng;
pub use sample::{ClipFrames, Sample, generate};
pub use source::Sources;
