//! Repeatable bytes: each case draws from a stream named after it, so that adding a case changes
//! no other.

use sha2::{Digest, Sha256};
use std::any::Any;

const SEED: &str = "sphinxcore peer vectors 1";

/// SHA-256(seed, label, counter) for counter = 0, 1, ..
pub struct Stream {
    prefix: Sha256,
    counter: u32,
    block: Vec<u8>,
}

impl Stream {
    pub fn new(label: &str) -> Self {
        let mut prefix = Sha256::new();
        prefix.update(SEED);
        prefix.update([0]);
        prefix.update(label);
        prefix.update([0]);
        Self { prefix, counter: 0, block: Vec::new() }
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        while self.block.len() < length {
            let mut hash = self.prefix.clone();
            hash.update(self.counter.to_be_bytes());
            self.counter += 1;
            self.block.extend_from_slice(&hash.finalize());
        }
        self.block.drain(..length).collect()
    }

    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        self.bytes(N).try_into().expect("bytes() gives what was asked for")
    }

    pub fn u64(&mut self) -> u64 {
        u64::from_be_bytes(self.array())
    }
}

/// Runs `work` with the peers' randomness restarted from `label`.
///
/// A new thread, because the generator of sphinx-packet 0.8.0 is seeded once per thread. A panic
/// of the peer comes back as its text.
pub fn with_peer_randomness<T: Send>(
    label: &str,
    work: impl FnOnce() -> T + Send,
) -> Result<T, String> {
    getrandom_0_2::seed(Stream::new(&format!("peer randomness: {label}")).u64());
    std::thread::scope(|scope| scope.spawn(work).join()).map_err(panic_text)
}

/// What a panic said.
pub fn panic_text(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
}
