//! Everything that can be decided without a browser: formatting, geometry, keys, checks.
//! It never touches the DOM, so its tests run natively.

pub mod alerts;
pub mod compare;
pub mod dials;
pub mod draft;
pub mod evaluations;
pub mod feed;
pub mod form;
pub mod format;
pub mod garbled;
pub mod health;
pub mod keys;
pub mod lanes;
pub mod palette;
pub mod parts;
pub mod refresh;
pub mod run_file;
pub mod runs;
pub mod series;
pub mod studio;
pub mod summary;
pub mod timeline;
pub mod tokens;
pub mod tour;
pub mod view;
pub mod waiting;
pub mod whatif;
pub mod window;
pub mod words;
