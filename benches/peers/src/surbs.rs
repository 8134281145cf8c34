//! What somebody does who answers.

use crate::words::{all_from_hex, from_hex, text};
use sha2::digest::Output;
use sha2::{Digest, Sha256};
use sphinx_packet::surb::SURB;
use std::hint::black_box;

pub struct Surbs {
    payload_size: usize,
    message: Vec<u8>,
    surbs: Vec<Vec<u8>>,
}

impl Surbs {
    pub fn new(payload_size: usize, message: &str, surbs: &[&str]) -> Result<Self, String> {
        Ok(Self { payload_size, message: from_hex(message)?, surbs: all_from_hex(surbs)? })
    }

    pub fn parse(&self) -> Result<Vec<SURB>, String> {
        self.surbs.iter().map(|bytes| SURB::from_bytes(bytes).map_err(text)).collect()
    }

    pub fn answer(&self, parsed: Vec<SURB>) -> Result<usize, String> {
        for surb in parsed {
            black_box(self.reply(surb)?);
        }
        Ok(self.surbs.len())
    }

    pub fn outputs(&self) -> Result<Output<Sha256>, String> {
        let mut hash = Sha256::new();
        for surb in self.parse()? {
            hash.update(self.reply(surb)?);
        }
        Ok(hash.finalize())
    }

    fn reply(&self, surb: SURB) -> Result<Vec<u8>, String> {
        let (packet, _) = surb.use_surb(&self.message, self.payload_size).map_err(text)?;
        Ok(packet.to_bytes())
    }
}
