//! Everything that can be decided without a browser: formatting, geometry, keys, checks.
//! It never touches the DOM, so its tests run natively.

pub mod form;
pub mod format;
pub mod keys;
pub mod lanes;
pub mod series;
pub mod summary;
pub mod whatif;
pub mod words;
