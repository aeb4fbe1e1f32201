//! One file or folder per screen.

pub mod compare;
pub mod failures;
pub mod group;
pub mod health;
pub mod missing;
pub mod new_run;
pub mod review;
pub mod run;
pub mod runs;
pub mod sign_in;
pub mod studio;
pub mod team;
pub mod videos;
