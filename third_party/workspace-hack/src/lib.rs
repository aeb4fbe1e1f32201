//! Empty on purpose: see the description in Cargo.toml.
