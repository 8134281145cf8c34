//! What the published crates `sphinx-packet` 0.6.0 and 0.8.0 do, written down as test vectors.

pub mod document;
pub mod files;
pub mod header;
pub mod inputs;
pub mod notes;
pub mod odd_keys;
pub mod outcome;
pub mod peer;
pub mod primitives;
pub mod randomness;
