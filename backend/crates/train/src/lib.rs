//! Training: warm start, the GRPO loop, evaluation, checkpoints and the run folder.
//! It owns no database and no socket: it speaks through [`Sink`] and obeys [`Control`].

mod run;
mod grpo;
pub mod rollout;
pub mod loss;
pub mod step;
pub mod optim;
pub mod metrics;
pub mod eval;
pub mod warmup;
pub mod library;
pub mod prompts;
pub mod supply;
pub mod seed;
mod sink;
mod recorder;
pub mod journal;
pub mod records;
pub mod checkpoint;
pub mod bench;
mod error;

pub use error::{TrainError, panic_text};
pub use run::{Outcome, RunInputs, read_config, run};
pub use sink::{Control, NoControl, NoSink, Request, Sink};
