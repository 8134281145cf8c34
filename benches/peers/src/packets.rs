//! What a node does.

use crate::words::{all_from_hex, text};
use sha2::digest::Output;
use sha2::{Digest, Sha256};
use sphinx_packet::crypto::PrivateKey;
use sphinx_packet::{ProcessedPacketData, SphinxPacket};
use std::hint::black_box;

/// Packets processed between two looks at the clock, at least.
const PROCESSED: usize = 64;

pub struct Packets {
    private_key: PrivateKey,
    packets: Vec<Vec<u8>>,
}

impl Packets {
    pub fn new(key: [u8; 32], packets: &[&str]) -> Result<Self, String> {
        Ok(Self { private_key: PrivateKey::from(key), packets: all_from_hex(packets)? })
    }

    pub fn process(&self) -> Result<usize, String> {
        let mut operations = 0;
        while operations < PROCESSED {
            for bytes in &self.packets {
                let packet = SphinxPacket::from_bytes(black_box(bytes)).map_err(text)?;
                black_box(packet.process(&self.private_key).map_err(text)?);
            }
            operations += self.packets.len();
        }
        Ok(operations)
    }

    pub fn outputs(&self) -> Result<Output<Sha256>, String> {
        let mut hash = Sha256::new();
        for bytes in &self.packets {
            let packet = SphinxPacket::from_bytes(bytes).map_err(text)?;
            match packet.process(&self.private_key).map_err(text)?.data {
                ProcessedPacketData::ForwardHop { next_hop_packet, .. } => {
                    hash.update(next_hop_packet.to_bytes());
                }
                ProcessedPacketData::FinalHop { payload, .. } => hash.update(payload.as_bytes()),
            }
        }
        Ok(hash.finalize())
    }
}
