//! Training: warm start, the GRPO loop, evaluation, checkpoints and the run folder.
//! It owns no database and no socket: it speaks through [`Sink`] and obeys [`Control`].

pub mod bench;
pub mod checkpoint;
pub mod compare;
mod error;
pub mod eval;
mod grpo;
mod health;
pub mod journal;
pub mod library;
pub mod loss;
pub mod metrics;
pub mod optim;
pub mod prompts;
pub mod recipes;
mod recorder;
pub mod records;
pub mod replay;
pub mod rollout;
mod run;
pub mod seed;
mod sink;
pub mod step;
pub mod supply;
pub mod warmup;

pub use error::{TrainError, panic_text};
pub use run::{Outcome, RunInputs, read_config, run};
pub use sink::{Control, NoControl, Request, Sink};
