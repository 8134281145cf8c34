//! What the published crates of Nym's message layer do, written down as test vectors.

#[path = "../../src/document.rs"]
pub mod document;
#[path = "../../src/randomness.rs"]
pub mod randomness;

pub mod blob;
pub mod codec;
pub mod fields;
pub mod files;
pub mod message;
pub mod network;
pub mod nodes;
pub mod notes;
pub mod outcome;
pub mod receiver;
pub mod release;
