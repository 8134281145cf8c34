//! What a sender does.

use crate::words::text;
use sphinx_packet::constants::{DESTINATION_ADDRESS_LENGTH, IDENTIFIER_LENGTH};
use sphinx_packet::crypto::{PrivateKey, PublicKey};
use sphinx_packet::header::delays::Delay;
use sphinx_packet::packet::builder::SphinxPacketBuilder;
use sphinx_packet::payload::PAYLOAD_OVERHEAD_SIZE;
use sphinx_packet::route::{Destination, DestinationAddressBytes, Node, NodeAddressBytes};
use sphinx_packet::version::Version;
use std::hint::black_box;

/// Packets built between two looks at the clock.
const BUILDS: usize = 8;

pub struct Sender {
    version: Version,
    payload_size: usize,
    message: Vec<u8>,
    route: Vec<Node>,
    delays: Vec<Delay>,
    destination: Destination,
}

impl Sender {
    pub fn new(version: u16, hops: u8, payload_size: usize) -> Result<Self, String> {
        let room = payload_size.checked_sub(PAYLOAD_OVERHEAD_SIZE).ok_or("too small a payload")?;
        if !(1..=5).contains(&hops) {
            return Err("1 to 5 hops were expected".into()); // the crate would panic
        }
        let key = |i| PublicKey::from(&PrivateKey::from([0x40 | i; 32]));
        let node = |i| Node::new(NodeAddressBytes::from_bytes([i; 32]), key(i));
        let address = DestinationAddressBytes::from_bytes([9; DESTINATION_ADDRESS_LENGTH]);
        Ok(Self {
            version: Version::new(version),
            payload_size,
            message: vec![7; room],
            route: (0..hops).map(node).collect(),
            delays: vec![Delay::new_from_millis(15); hops.into()],
            destination: Destination::new(address, [0; IDENTIFIER_LENGTH]),
        })
    }

    pub fn build(&self) -> Result<usize, String> {
        for _ in 0..BUILDS {
            let packet = SphinxPacketBuilder::new()
                .with_version(self.version)
                .with_payload_size(self.payload_size)
                .build_packet(&self.message, &self.route, &self.destination, &self.delays)
                .map_err(text)?;
            black_box(packet.to_bytes());
        }
        Ok(BUILDS)
    }
}
