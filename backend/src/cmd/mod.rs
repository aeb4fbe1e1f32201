//! One file per command: its arguments and what it does.

mod audit;
pub mod config;
pub mod dataset;
pub mod demo;
pub mod devices;
pub mod doctor;
pub mod frames;
pub mod generate;
pub mod logits;
pub mod perturb;
pub mod probe;
pub mod progress;
pub mod recipes;
pub mod replay;
pub mod sample;
pub mod score;
pub mod serve;
pub mod train;
pub mod warmup;
pub mod worker;
