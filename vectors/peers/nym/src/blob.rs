//! Long byte strings that stand in the files as a seed and a size.

use crate::document::hex;
use crate::randomness::Stream;
use serde_json::{json, Value};
use sha2::{Digest, Sha256};

/// The first `size` bytes of SHA-256(seed || i), i = 0, 1, .. in four bytes, the highest first.
#[derive(Clone)]
pub struct Blob {
    pub seed: [u8; 16],
    pub size: usize,
}

impl Blob {
    pub fn draw(stream: &mut Stream, size: usize) -> Self {
        Self { seed: stream.array(), size }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let block = |i: u32| Sha256::new().chain_update(self.seed).chain_update(i.to_be_bytes());
        (0..).flat_map(|i| block(i).finalize()).take(self.size).collect()
    }

    pub fn json(&self) -> Value {
        json!({"seed": hex(&self.seed), "size": self.size})
    }
}

/// A byte string in pieces: the short ones whole, the long ones as blobs.
#[derive(Default)]
pub struct Parts(Vec<Value>, Vec<u8>);

impl Parts {
    pub fn whole(mut self, bytes: &[u8]) -> Self {
        self.0.push(hex(bytes));
        self.1.extend(bytes);
        self
    }

    pub fn blob(mut self, blob: &Blob) -> Self {
        self.0.push(blob.json());
        self.1.extend(blob.bytes());
        self
    }

    pub fn bytes(&self) -> &[u8] {
        &self.1
    }

    pub fn json(&self) -> Value {
        json!(self.0)
    }
}
