//! LIONESS as sphinx-packet 0.6.0 has it.

use crate::words::{all_from_hex, text};
use blake2::VarBlake2b;
use chacha::ChaCha;
use lioness::{Lioness, RAW_KEY_SIZE};
use sha2::digest::Output;
use sha2::{Digest, Sha256};

pub struct Blocks(Vec<([u8; RAW_KEY_SIZE], Vec<u8>)>);

impl Blocks {
    pub fn new(items: &[&str]) -> Result<Self, String> {
        let mut pairs = Vec::new();
        for pair in all_from_hex(items)?.chunks(2) {
            let [key, block] = pair else { return Err("a key has no block".into()) };
            let key = key.as_slice().try_into().map_err(|_| "a key has 192 bytes")?;
            pairs.push((key, block.clone()));
        }
        Ok(Self(pairs))
    }

    pub fn encrypt(&mut self) -> Result<usize, String> {
        for (key, block) in &mut self.0 {
            Lioness::<VarBlake2b, ChaCha>::new_raw(key).encrypt(block).map_err(text)?;
        }
        Ok(self.0.len())
    }

    pub fn decrypt(&mut self) -> Result<usize, String> {
        for (key, block) in &mut self.0 {
            Lioness::<VarBlake2b, ChaCha>::new_raw(key).decrypt(block).map_err(text)?;
        }
        Ok(self.0.len())
    }

    pub fn outputs(&mut self) -> Result<Output<Sha256>, String> {
        let mut hash = Sha256::new();
        self.encrypt()?;
        for (_, block) in &self.0 {
            hash.update(block);
        }
        self.decrypt()?;
        Ok(hash.finalize())
    }
}
