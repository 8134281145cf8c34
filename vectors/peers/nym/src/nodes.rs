//! The nodes of a network: the way of a packet from its first hop to a client.

use crate::codec;
use crate::message::Leg;
use crate::network::Network;
use crate::outcome::{failed, Outcome, PeerError};
use bytes::BytesMut;
use nym_sphinx::forwarding::packet::MixPacket;
use nym_sphinx::params::{PacketType, SphinxKeyRotation};
use nym_sphinx::{NymPacket, PrivateKey};
use nym_sphinx_framing::codec::NymCodec;
use nym_sphinx_framing::packet::FramedNymPacket;
use nym_sphinx_framing::processing::{process_framed_packet, MixProcessingResultData};
use tokio_util::codec::Decoder;

/// More hops than any packet has room for.
const MANY_HOPS: usize = 6;

pub struct Delivered {
    /// Identity of the client that it is for.
    pub destination: [u8; 32],
    /// Nodes by their index, the last one included.
    pub path: Vec<usize>,
    /// Sum of what the packet told its nodes to wait.
    pub delay_ns: u64,
    /// What the last node hands to the client.
    pub message: Vec<u8>,
    /// What the last node sends on.
    pub ack: Option<Leg>,
}

pub fn leg(packet: MixPacket) -> Outcome<Leg> {
    Ok(Leg {
        first_hop: packet.next_hop_address(),
        key_rotation: packet.key_rotation() as u8,
        packet: packet.packet().to_bytes().map_err(failed)?,
    })
}

pub fn mix_packet(leg: &Leg) -> Outcome<MixPacket> {
    Ok(MixPacket::new(
        leg.first_hop.into(),
        NymPacket::sphinx_from_bytes(&leg.packet).map_err(failed)?,
        PacketType::Mix,
        SphinxKeyRotation::try_from(leg.key_rotation).map_err(failed)?,
    ))
}

/// The frame between two nodes, encoded and decoded again.
fn over_the_wire(packet: MixPacket) -> Outcome<FramedNymPacket> {
    let frame = codec::encode(FramedNymPacket::from_mix_packet(packet, false));
    let decoded = NymCodec.decode(&mut BytesMut::from(frame.as_slice())).map_err(failed)?;
    decoded.ok_or_else(|| PeerError::new("Frame", "an encoded frame is not whole"))
}

/// Takes a packet through the nodes. Nobody waits.
pub fn travel(network: &Network, start: &Leg) -> Outcome<Delivered> {
    let (mut path, mut delay_ns) = (Vec::new(), 0);
    let mut packet = mix_packet(start)?;
    while path.len() < MANY_HOPS {
        let address = packet.next_hop_address();
        let at = network.find(address).ok_or_else(|| {
            PeerError::new("NoNode", format!("the network has no node at {address}"))
        })?;
        path.push(at);
        let key = PrivateKey::from(network.nodes[at].sphinx_key);
        let processed = process_framed_packet(over_the_wire(packet)?, &key).map_err(failed)?;
        match processed.processing_data {
            MixProcessingResultData::ForwardHop { packet: next, delay } => {
                delay_ns += delay.map_or(0, |delay| delay.to_nanos());
                packet = next;
            }
            MixProcessingResultData::FinalHop { final_hop_data: end } => {
                return Ok(Delivered {
                    destination: end.destination.as_bytes(),
                    path,
                    delay_ns,
                    message: end.message,
                    ack: end.forward_ack.map(leg).transpose()?,
                });
            }
        }
    }
    Err(PeerError::new("TooLong", "the packet does not come to an end"))
}
