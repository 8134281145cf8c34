//! The two crates behind one trait: same calls, plain bytes in and out.

use crate::inputs::Inputs;

pub struct Processed {
    pub replay_tag: [u8; 32],
    pub version: u16,
    pub data: ProcessedData,
}

pub enum ProcessedData {
    Forward { next_hop: [u8; 32], delay_ns: u64, packet: Vec<u8> },
    Deliver { destination: [u8; 32], identifier: [u8; 16], payload: Vec<u8> },
}

/// What the crate said: its error's kind and text ("Panic" when it did not return at all).
#[derive(Clone, Debug)]
pub struct PeerError {
    pub kind: String,
    pub text: String,
}

impl PeerError {
    pub fn panic(text: String) -> Self {
        Self { kind: "Panic".into(), text }
    }
}

pub struct BuiltSurb {
    pub surb: Vec<u8>,
    /// Only the creator of a version 260 SURB has this.
    pub recovery: Option<Vec<u8>>,
}

pub type PeerResult<T> = Result<T, PeerError>;

pub trait Peer: Sync {
    /// The crate's version.
    fn release(&self) -> &'static str;
    fn build(&self, inputs: &Inputs) -> PeerResult<Vec<u8>>;
    fn process(&self, private_key: &[u8; 32], packet: &[u8]) -> PeerResult<Processed>;
    fn recover_message(&self, payload: &[u8]) -> PeerResult<Vec<u8>>;
    fn build_surb(&self, inputs: &Inputs) -> PeerResult<BuiltSurb>;
    fn parse_surb(&self, surb: &[u8]) -> PeerResult<usize>;
    fn use_surb(
        &self,
        surb: &[u8],
        message: &[u8],
        payload_size: usize,
    ) -> PeerResult<(Vec<u8>, [u8; 32])>;
    /// Opens a version 260 reply.
    fn recover_reply(&self, recovery: &[u8], payload: &[u8]) -> PeerResult<Vec<u8>>;
}

pub const PEERS: [&dyn Peer; 2] = [&SphinxPacket060, &SphinxPacket080];

/// The crate of this version.
pub fn peer(release: &str) -> Option<&'static dyn Peer> {
    PEERS.into_iter().find(|peer| peer.release() == release)
}

// The crates' types have the same names but are different types: one text, two expansions.
macro_rules! peer {
    ($name:ident, $sphinx:ident, $release:literal, $surb:item, $recover:item) => {
        pub struct $name;

        const _: () = {
            use $sphinx::crypto::{PrivateKey, PublicKey};
            use $sphinx::header::delays::Delay;
            use $sphinx::packet::builder::SphinxPacketBuilder;
            use $sphinx::payload::Payload;
            use $sphinx::route::{Destination, DestinationAddressBytes, Node, NodeAddressBytes};
            use $sphinx::surb::SURB;
            use $sphinx::version::Version;
            use $sphinx::{Error, ProcessedPacketData, SphinxPacket};

            fn failed(error: Error) -> PeerError {
                PeerError { kind: format!("{:?}", error.kind()), text: error.to_string() }
            }

            fn route(inputs: &Inputs) -> Vec<Node> {
                let node = |hop: &crate::inputs::Hop| {
                    Node::new(
                        NodeAddressBytes::from_bytes(hop.address),
                        PublicKey::from(hop.public_key),
                    )
                };
                inputs.hops.iter().map(node).collect()
            }

            fn delays(inputs: &Inputs) -> Vec<Delay> {
                inputs.hops.iter().map(|hop| Delay::new_from_nanos(hop.delay_ns)).collect()
            }

            fn destination(inputs: &Inputs) -> Destination {
                let address = DestinationAddressBytes::from_bytes(inputs.destination);
                Destination::new(address, inputs.identifier)
            }

            $surb
            $recover

            impl Peer for $name {
                fn release(&self) -> &'static str {
                    $release
                }

                fn build(&self, inputs: &Inputs) -> PeerResult<Vec<u8>> {
                    SphinxPacketBuilder::new()
                        .with_version(Version::new(inputs.version))
                        .with_payload_size(inputs.payload_size)
                        .with_initial_secret(&PrivateKey::from(inputs.initial_secret))
                        .build_packet(
                            &inputs.message,
                            &route(inputs),
                            &destination(inputs),
                            &delays(inputs),
                        )
                        .map(|packet| packet.to_bytes())
                        .map_err(failed)
                }

                fn process(&self, private_key: &[u8; 32], packet: &[u8]) -> PeerResult<Processed> {
                    let packet = SphinxPacket::from_bytes(packet).map_err(failed)?;
                    let secret = packet
                        .header
                        .compute_expanded_shared_secret(&PrivateKey::from(*private_key));
                    let replay_tag = *secret.replay_tag();
                    let processed = packet.process_with_expanded_secret(&secret).map_err(failed)?;
                    let data = match processed.data {
                        ProcessedPacketData::ForwardHop {
                            next_hop_packet,
                            next_hop_address,
                            delay,
                        } => ProcessedData::Forward {
                            next_hop: next_hop_address.to_bytes(),
                            delay_ns: delay.to_nanos(),
                            packet: next_hop_packet.to_bytes(),
                        },
                        ProcessedPacketData::FinalHop { destination, identifier, payload } => {
                            ProcessedData::Deliver {
                                destination: destination.as_bytes(),
                                identifier,
                                payload: payload.into_bytes(),
                            }
                        }
                    };
                    Ok(Processed { replay_tag, version: processed.version.value(), data })
                }

                fn recover_message(&self, payload: &[u8]) -> PeerResult<Vec<u8>> {
                    Payload::from_bytes(payload)
                        .and_then(Payload::recover_plaintext)
                        .map_err(failed)
                }

                fn build_surb(&self, inputs: &Inputs) -> PeerResult<BuiltSurb> {
                    make_surb(inputs).map_err(failed)
                }

                fn parse_surb(&self, surb: &[u8]) -> PeerResult<usize> {
                    SURB::from_bytes(surb).map(|surb| surb.materials_count()).map_err(failed)
                }

                fn use_surb(
                    &self,
                    surb: &[u8],
                    message: &[u8],
                    payload_size: usize,
                ) -> PeerResult<(Vec<u8>, [u8; 32])> {
                    SURB::from_bytes(surb)
                        .and_then(|surb| surb.use_surb(message, payload_size))
                        .map(|(packet, first_hop)| (packet.to_bytes(), first_hop.to_bytes()))
                        .map_err(failed)
                }

                fn recover_reply(&self, recovery: &[u8], payload: &[u8]) -> PeerResult<Vec<u8>> {
                    open_reply(recovery, payload)
                }
            }
        };
    };
}

peer!(
    SphinxPacket060,
    sphinx_packet_0_6_0,
    "0.6.0",
    fn make_surb(inputs: &Inputs) -> Result<BuiltSurb, Error> {
        use sphinx_packet_0_6_0::surb::SURBMaterial;
        let material = SURBMaterial::new(route(inputs), delays(inputs), destination(inputs))
            .with_version(Version::new(inputs.version));
        let surb = SURB::new(PrivateKey::from(inputs.initial_secret), material)?;
        Ok(BuiltSurb { surb: surb.to_bytes(), recovery: None })
    },
    fn open_reply(_: &[u8], _: &[u8]) -> PeerResult<Vec<u8>> {
        let text = "0.6.0 knows no recoverable SURBs".into();
        Err(PeerError { kind: "Missing".into(), text })
    }
);

peer!(
    SphinxPacket080,
    sphinx_packet_0_8_0,
    "0.8.0",
    fn make_surb(inputs: &Inputs) -> Result<BuiltSurb, Error> {
        use sphinx_packet_0_8_0::surb::SURBMaterial;
        let version = Version::new(inputs.version);
        let secret = PrivateKey::from(inputs.initial_secret);
        let material =
            SURBMaterial::new(route(inputs), delays(inputs), destination(inputs), version);
        if version.uses_single_seed_surb() {
            let (surb, recovery) = SURB::new_recoverable(secret, material)?;
            return Ok(BuiltSurb { surb: surb.to_bytes(), recovery: Some(recovery.to_bytes()) });
        }
        let surb = SURB::new(secret, material)?;
        Ok(BuiltSurb { surb: surb.to_bytes(), recovery: None })
    },
    fn open_reply(recovery: &[u8], payload: &[u8]) -> PeerResult<Vec<u8>> {
        use sphinx_packet_0_8_0::surb::SurbReplyRecovery;
        let recovery = SurbReplyRecovery::from_bytes(recovery).map_err(failed)?;
        let payload = Payload::from_bytes(payload).map_err(failed)?;
        recovery.recover_plaintext(payload).map_err(failed)
    }
);
