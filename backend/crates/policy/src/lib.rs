//! The policy: the Qwen3-VL architecture at any size, its prompts and its generation.
//!
//! It knows tensors, not tasks, rewards or runs. What it produces is a function of
//! (weights, prompt, seed).

mod blackout;
pub mod config;
pub mod device;
pub mod error;
pub mod files;
pub mod generate;
pub mod layers;
pub mod model;
pub mod ops;
pub mod packed;
pub mod policy;
pub mod prefix;
pub mod processor;
pub mod prompt;
pub mod rng;
pub mod rope;
pub mod sample;
pub mod stages;
pub mod text;
pub mod tokenizer;
pub mod vision;
pub mod weights;

pub use config::PolicyConfig;
pub use device::{DeviceReport, devices, pick, tune_process};
pub use error::PolicyError;
pub use files::{generate_file, logits_file};
pub use generate::{Finish, Generated, SamplingOptions, generate};
pub use model::Model;
pub use packed::{Packed, PrefixId, SuffixId};
pub use policy::Policy;
pub use prefix::{Prefix, generate_after};
pub use processor::Processor;
pub use prompt::{Clip, Part, Prompt, VisualSpan};
pub use stages::Staged;
pub use tokenizer::PolicyTokenizer;
