//! Types, rules and formulas that the trainer, the server and the page share.
//!
//! Pure by design: no I/O, no clock, no system randomness, no panics; it builds for native
//! targets and for wasm32, so that browser and trainer run the same rewards and parsing.

pub mod advantage;
pub mod annotation;
pub mod answer;
pub mod api;
pub mod chance;
pub mod config;
pub mod curves;
pub mod edit;
pub mod event;
pub mod fold;
pub mod link;
pub mod math;
pub mod paired;
pub mod recipe;
pub mod reward;
pub mod rollout;
pub mod task;
pub mod time;
pub mod video;
