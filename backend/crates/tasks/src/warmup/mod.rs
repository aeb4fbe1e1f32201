//! Variety and dense supervision for the warm start of a small policy: whole-strip
//! augmentation, scenes made by the program itself, and auxiliary questions.
//! None of it is part of the paper's tasks.

mod augment;
mod aux;
mod backdrop;
mod pixels;
mod scene;
mod sprite;

pub use augment::augment;
pub use aux::{AuxQuestion, aux_questions};
pub use scene::scene;
