//! One module per vector file.

pub mod build;
pub mod message;
pub mod process;
pub mod surb;
