//! The two releases behind one trait: same calls, plain bytes in and out.
//!
//! 1.21.6 is as its default settings have it: packets of version 258 and lists of SURBs with
//! whole keys, in layout 1.

use crate::message::{Leg, Message, Outgoing, Prepared, Surb};
use crate::network::{Client, Network};
use crate::outcome::{Outcome, PeerError};
use std::time::Duration;

/// The means that clients of the network use.
const MEAN_DELAY: Duration = Duration::from_millis(15);

/// How a client sends.
#[derive(Clone, Copy, Default)]
pub struct Settings {
    /// Packets go straight to the exit.
    pub no_mix_hops: bool,
}

pub trait Sender: Send {
    /// Packets of the size with this tag. Recipients of replies are those who made the SURBs.
    fn send(&mut self, message: Outgoing, recipient: &[u8; 96], size_tag: u8) -> Outcome<Prepared>;

    /// A packet to oneself that says nothing.
    fn cover(&mut self, size_tag: u8) -> Outcome<Leg>;

    /// The body of a repliable message, and its SURBs.
    fn repliable(
        &mut self,
        tag: [u8; 16],
        data: Option<Vec<u8>>,
        surbs: usize,
    ) -> Outcome<(Vec<u8>, Vec<Surb>)>;
}

pub trait Release: Sync {
    fn version(&self) -> &'static str;

    /// A client; its own randomness starts from `seed`.
    fn sender(
        &self,
        network: &Network,
        client: &Client,
        seed: [u8; 32],
        settings: Settings,
    ) -> Outcome<Box<dyn Sender>>;

    /// Reads a message that is padded.
    fn read(&self, padded: &[u8]) -> Outcome<Message>;

    /// Reads the body of a repliable message.
    fn read_repliable(&self, body: &[u8]) -> Outcome<Message>;

    /// Uses a SURB for `message`, which fills a packet of the size with this tag.
    fn use_surb(&self, surb: &Surb, message: &[u8], size_tag: u8) -> Outcome<Leg>;
}

pub const RELEASES: [&dyn Release; 2] = [&release_2_0_0::Release200, &release_1_21_6::Release1216];

/// The release of this version.
pub fn release(version: &str) -> Option<&'static dyn Release> {
    RELEASES.into_iter().find(|release| release.version() == version)
}

fn too_few(needed: usize, given: usize) -> PeerError {
    PeerError::new("TooFewSurbs", format!("{needed} SURBs are needed, {given} are there"))
}

// The releases' types have the same names but are different types: one text, two expansions.
// `legacy` is an argument that 2.0.0 no longer has.
macro_rules! release {
    (
        $module:ident, $name:ident, $version:literal,
        sphinx: $sphinx:ident, topology: $topology:ident, crypto: $crypto:ident, rand: $rand:ident,
        legacy: [$($legacy:tt)*],
        data: [$($data:ident: $data_tag:literal),+],
        more: [$($more:ident: $more_tag:literal),+],
        heartbeat: [$($heartbeat:ident: $heartbeat_tag:literal),+],
    ) => {
        pub mod $module {
            use super::{too_few, Release, Sender, Settings, MEAN_DELAY};
            use crate::message::{Leg, Message, Outgoing, Prepared, Sent, Surb};
            use crate::network::{Client, Network};
            use crate::outcome::{failed, Outcome};
            use $crypto::asymmetric::{ed25519, x25519};
            use $rand::{rngs::StdRng, SeedableRng};
            use $sphinx::acknowledgements::AckKey;
            use $sphinx::addressing::clients::Recipient;
            use $sphinx::anonymous_replies::requests::{
                RepliableMessage, RepliableMessageContent, ReplyMessage, ReplyMessageContent,
            };
            use $sphinx::anonymous_replies::{ReplySurb, ReplySurbWithKeyRotation};
            use $sphinx::cover::generate_loop_cover_packet;
            use $sphinx::forwarding::packet::MixPacket;
            use $sphinx::message::{NymMessage, PaddedMessage};
            use $sphinx::params::{PacketSize, PacketType, SphinxKeyRotation};
            use $sphinx::preparer::{MessagePreparer, PreparedFragment};
            use $topology::{
                CachedEpochRewardedSet, NymRouteProvider, NymTopology, NymTopologyMetadata,
                RoutingNode, SupportedRoles,
            };

            pub struct $name;

            struct OneClient {
                address: Recipient,
                ack_key: AckKey,
                topology: NymRouteProvider,
                preparer: MessagePreparer<StdRng>,
                rng: StdRng,
            }

            fn topology(network: &Network) -> Outcome<NymRouteProvider> {
                let mut roles = CachedEpochRewardedSet::default();
                let mut nodes = Vec::new();
                for (node_id, node) in (1..).zip(&network.nodes) {
                    match node.layer {
                        1 => roles.layer1.insert(node_id),
                        2 => roles.layer2.insert(node_id),
                        3 => roles.layer3.insert(node_id),
                        _ => roles.exit_gateways.insert(node_id),
                    };
                    nodes.push(RoutingNode {
                        node_id,
                        mix_host: node.address,
                        entry: None,
                        identity_key: ed25519::PublicKey::from_bytes(&node.identity)
                            .map_err(failed)?,
                        sphinx_key: x25519::PublicKey::from(node.public_key()),
                        supported_roles: SupportedRoles {
                            mixnode: node.layer > 0,
                            mixnet_entry: node.layer == 0,
                            mixnet_exit: node.layer == 0,
                        },
                    });
                }
                let metadata =
                    NymTopologyMetadata::new(network.rotation_id, 0, std::time::UNIX_EPOCH);
                Ok(NymTopology::new(metadata, roles, nodes).into())
            }

            fn leg(packet: &MixPacket) -> Outcome<Leg> {
                Ok(Leg {
                    first_hop: packet.next_hop_address(),
                    key_rotation: packet.key_rotation() as u8,
                    packet: packet.packet().to_bytes().map_err(failed)?,
                })
            }

            fn sent(prepared: PreparedFragment) -> Outcome<Sent> {
                Ok(Sent {
                    leg: leg(&prepared.mix_packet)?,
                    fragment_id: prepared.fragment_identifier.to_bytes(),
                    delay_ns: Some(prepared.total_delay.to_nanos()),
                })
            }

            fn plain_surbs(surbs: &[ReplySurbWithKeyRotation]) -> Vec<Surb> {
                let plain = |surb: &ReplySurbWithKeyRotation| Surb {
                    key_rotation: surb.key_rotation() as u8,
                    bytes: surb.inner_reply_surb().to_bytes(),
                };
                surbs.iter().map(plain).collect()
            }

            fn their_surb(surb: &Surb) -> Outcome<ReplySurbWithKeyRotation> {
                let rotation = SphinxKeyRotation::try_from(surb.key_rotation).map_err(failed)?;
                let inner = ReplySurb::from_bytes(&surb.bytes).map_err(failed)?;
                Ok(inner.with_key_rotation(rotation))
            }

            fn plain_repliable(message: RepliableMessage) -> Message {
                let (content, surbs, data) = match message.content {
                    $(RepliableMessageContent::$data(it) => {
                        ($data_tag, plain_surbs(&it.reply_surbs), it.message)
                    })+
                    $(RepliableMessageContent::$more(it) => {
                        ($more_tag, plain_surbs(&it.reply_surbs), Vec::new())
                    })+
                    $(RepliableMessageContent::$heartbeat(it) => {
                        ($heartbeat_tag, plain_surbs(&it.additional_reply_surbs), Vec::new())
                    })+
                };
                Message::Repliable { tag: message.sender_tag.to_bytes(), content, surbs, data }
            }

            pub fn plain_message(message: NymMessage) -> Message {
                match message {
                    NymMessage::Plain(data) => Message::Plain(data),
                    NymMessage::Repliable(message) => plain_repliable(message),
                    NymMessage::Reply(reply) => match reply.content {
                        ReplyMessageContent::Data { message } => Message::Reply(message),
                        ReplyMessageContent::SurbRequest { recipient, amount } => {
                            Message::SurbRequest { recipient: recipient.to_bytes(), amount }
                        }
                    },
                }
            }

            impl OneClient {
                fn make_surbs(
                    &mut self,
                    count: usize,
                ) -> Outcome<(Vec<ReplySurbWithKeyRotation>, Vec<Surb>)> {
                    let made = self
                        .preparer
                        .generate_reply_surbs($($legacy)* count, &self.topology)
                        .map_err(failed)?;
                    let plain = plain_surbs(&made);
                    Ok((made, plain))
                }

                fn make_repliable(
                    &mut self,
                    tag: [u8; 16],
                    data: Option<Vec<u8>>,
                    surbs: usize,
                ) -> Outcome<(RepliableMessage, Vec<Surb>)> {
                    let (made, plain) = self.make_surbs(surbs)?;
                    let message = match data {
                        Some(data) => {
                            RepliableMessage::new_data($($legacy)* data, tag.into(), made)
                        }
                        None => {
                            RepliableMessage::new_additional_surbs($($legacy)* tag.into(), made)
                        }
                    };
                    Ok((message, plain))
                }

                fn send_forward(
                    &mut self,
                    message: NymMessage,
                    recipient: &[u8; 96],
                    size: PacketSize,
                ) -> Outcome<Vec<Sent>> {
                    let recipient = Recipient::try_from_bytes(*recipient).map_err(failed)?;
                    let fragments = self.preparer.pad_and_split_message(message, size);
                    let prepare = |fragment| {
                        let prepared = self.preparer.prepare_chunk_for_sending(
                            fragment,
                            &self.topology,
                            &self.ack_key,
                            &recipient,
                            PacketType::Mix,
                        );
                        sent(prepared.map_err(failed)?)
                    };
                    fragments.into_iter().map(prepare).collect()
                }

                fn send_reply(
                    &mut self,
                    reply: ReplyMessage,
                    surbs: &[Surb],
                    size: PacketSize,
                ) -> Outcome<Vec<Sent>> {
                    let message = NymMessage::new_reply(reply);
                    let fragments = self.preparer.pad_and_split_message(message, size);
                    if surbs.len() < fragments.len() {
                        return Err(too_few(fragments.len(), surbs.len()));
                    }
                    let prepare = |(fragment, surb)| {
                        let prepared = self.preparer.prepare_reply_chunk_for_sending(
                            fragment,
                            &self.topology,
                            &self.ack_key,
                            their_surb(surb)?,
                            PacketType::Mix,
                        );
                        sent(prepared.map_err(failed)?)
                    };
                    fragments.into_iter().zip(surbs).map(prepare).collect()
                }
            }

            impl Sender for OneClient {
                fn send(
                    &mut self,
                    message: Outgoing,
                    recipient: &[u8; 96],
                    size_tag: u8,
                ) -> Outcome<Prepared> {
                    let size = PacketSize::try_from(size_tag).map_err(failed)?;
                    let mut made = Vec::new();
                    let packets = match message {
                        Outgoing::Plain { data } => {
                            self.send_forward(NymMessage::new_plain(data), recipient, size)?
                        }
                        Outgoing::Repliable { tag, data, surbs } => {
                            let (message, plain) = self.make_repliable(tag, data, surbs)?;
                            made = plain;
                            self.send_forward(NymMessage::new_repliable(message), recipient, size)?
                        }
                        Outgoing::Reply { data, surbs } => {
                            self.send_reply(ReplyMessage::new_data_message(data), &surbs, size)?
                        }
                        Outgoing::SurbRequest { amount, surbs } => {
                            let request =
                                ReplyMessage::new_surb_request_message(self.address, amount);
                            self.send_reply(request, &surbs, size)?
                        }
                    };
                    Ok(Prepared { packets, surbs: made })
                }

                fn cover(&mut self, size_tag: u8) -> Outcome<Leg> {
                    let packet = generate_loop_cover_packet(
                        &mut self.rng,
                        $($legacy)*
                        &self.topology,
                        &self.ack_key,
                        &self.address,
                        MEAN_DELAY,
                        MEAN_DELAY,
                        PacketSize::try_from(size_tag).map_err(failed)?,
                        PacketType::Mix,
                    );
                    leg(&packet.map_err(failed)?)
                }

                fn repliable(
                    &mut self,
                    tag: [u8; 16],
                    data: Option<Vec<u8>>,
                    surbs: usize,
                ) -> Outcome<(Vec<u8>, Vec<Surb>)> {
                    let (message, plain) = self.make_repliable(tag, data, surbs)?;
                    Ok((message.into_bytes(), plain))
                }
            }

            impl Release for $name {
                fn version(&self) -> &'static str {
                    $version
                }

                fn sender(
                    &self,
                    network: &Network,
                    client: &Client,
                    seed: [u8; 32],
                    settings: Settings,
                ) -> Outcome<Box<dyn Sender>> {
                    let address = Recipient::try_from_bytes(client.recipient()).map_err(failed)?;
                    let preparer = MessagePreparer::new(
                        StdRng::from_seed(seed),
                        false,
                        address,
                        MEAN_DELAY,
                        MEAN_DELAY,
                        $($legacy)*
                        settings.no_mix_hops,
                    );
                    // Another stream: the preparer does not share its own.
                    let rng = StdRng::from_seed(seed.map(|byte| !byte));
                    Ok(Box::new(OneClient {
                        address,
                        ack_key: AckKey::try_from_bytes(&client.ack_key).expect("16 bytes"),
                        topology: topology(network)?,
                        preparer,
                        rng,
                    }))
                }

                fn read(&self, padded: &[u8]) -> Outcome<Message> {
                    let padded = PaddedMessage::new_reconstructed(padded.to_vec());
                    padded.remove_padding().map(plain_message).map_err(failed)
                }

                fn read_repliable(&self, body: &[u8]) -> Outcome<Message> {
                    RepliableMessage::try_from_bytes(body).map(plain_repliable).map_err(failed)
                }

                fn use_surb(&self, surb: &Surb, message: &[u8], size_tag: u8) -> Outcome<Leg> {
                    let size = PacketSize::try_from(size_tag).map_err(failed)?;
                    let used = their_surb(surb)?.apply_surb(message, size, PacketType::Mix);
                    leg(&MixPacket::from_applied_surb(used.map_err(failed)?, PacketType::Mix))
                }
            }
        }
    };
}

release!(
    release_2_0_0, Release200, "2.0.0",
    sphinx: nym_sphinx, topology: nym_topology, crypto: nym_crypto, rand: rand,
    legacy: [],
    data: [DataV2: 3],
    more: [AdditionalSurbsV2: 4],
    heartbeat: [HeartbeatV2: 5],
);

release!(
    release_1_21_6, Release1216, "1.21.6",
    sphinx: nym_sphinx_1_21_6, topology: nym_topology_1_21_6, crypto: nym_crypto_1_21_6,
    rand: rand_0_8,
    legacy: [true,],
    data: [DataV2: 3, Data: 0],
    more: [AdditionalSurbsV2: 4, AdditionalSurbs: 1],
    heartbeat: [HeartbeatV2: 5, Heartbeat: 2],
);
