//! Datasets: Parquet rows and frame files made from a folder of videos, and rows of others taken
//! over. What a row asks is decided in `tasks`; a source video is only read, never written.

mod assemble;
mod build;
mod crew;
mod draw;
mod error;
mod files;
mod frames;
mod import;
mod make;
mod manifest;
mod part;
mod reader;
mod rows;
mod scan;
mod shares;
mod verify;

pub use build::{BuildInputs, Progress, Stage, Summary, build};
pub use error::DatasetError;
pub use import::{Imported, RowProblem, dataset_name, datasets_folder, import};
pub use make::plan_for;
pub use manifest::{FrameFacts, Manifest, RowFacts, VideoFacts};
pub use reader::Dataset;
pub use rows::{ExtraInfo, Message, RewardModel, Row, VideoRef};
pub use scan::VideoProblem;
pub use verify::{Verdict, verify};
