//! Whole messages: from the sender's data through all nodes to the receiver, and the way of the
//! acknowledgements back.

use super::message_bytes::describe;
use super::{case, document};
use crate::blob::Blob;
use crate::document::{hex, sha256, Case, Document, Group};
use crate::message::{Leg, Message, Outgoing, Sent, Surb};
use crate::network::{address_bytes, Client, Network, Node};
use crate::nodes::{travel, Delivered};
use crate::randomness::{with_peer_randomness, Stream};
use crate::receiver::{Received, Receiver, HEAD};
use crate::release::{Release, Sender, Settings};
use nym_sphinx::chunking::fragment::Fragment;
use nym_sphinx::params::PacketSize;
use serde_json::{json, Value};

const REGULAR: u8 = 1;
const EXTENDED_32: u8 = 3;
const EXTENDED_8: u8 = 4;
const EXTENDED_16: u8 = 5;

/// Longest packet, and most packets of a message, that are written whole.
const WHOLE_PACKET: usize = 8557;
const WHOLE_PACKETS: usize = 2;
/// Longest data that is written whole.
const WHOLE_DATA: usize = 256;
/// An acknowledgement and the head stand before the fragment.
const OVERHEAD: usize = 19 + 386 + HEAD;

/// Alice's message to Bob, or cover to herself. She replies with SURBs that Bob made.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Plain { size: usize },
    Repliable { size: usize, surbs: usize },
    AdditionalSurbs { surbs: usize },
    Reply { size: usize, surbs: usize },
    SurbRequest { amount: u32 },
    Cover,
}

/// Two clients at different exits.
struct Scene<'a> {
    release: &'a dyn Release,
    network: Network,
    alice: Client,
    bob: Client,
}

/// A message under way.
struct Play {
    fields: Case,
    data: Option<Blob>,
    packets: Vec<Sent>,
    receiver: Receiver,
    /// With the same keys, to open what the receiver has used up.
    observer: Receiver,
}

impl Scene<'_> {
    fn sender(&self, client: &Client, stream: &mut Stream, settings: Settings) -> Box<dyn Sender> {
        let sender = self.release.sender(&self.network, client, stream.array(), settings);
        sender.unwrap_or_else(|error| panic!("a network of ours: {error:?}"))
    }

    fn receivers(&self, client: &Client) -> [Receiver; 2] {
        [(); 2].map(|()| Receiver::new(self.release.version(), client).expect("a known release"))
    }

    fn start(&self, kind: Kind, size_tag: u8, settings: Settings, stream: &mut Stream) -> Play {
        let mut alice = self.sender(&self.alice, stream, settings);
        let mut fields = Case::new();
        let to = if matches!(kind, Kind::Cover) { &self.alice } else { &self.bob };
        let [mut receiver, mut observer] = self.receivers(to);
        let mut bobs_surbs = |count: usize, stream: &mut Stream| {
            let mut bob = self.sender(&self.bob, stream, settings);
            let (_, surbs) = bob.repliable([0; 16], None, count).expect("a route");
            let bytes: Value = surbs.iter().map(|surb| hex(&surb.bytes)).collect();
            fields.insert("replySurbs".into(), bytes);
            surbs
        };
        let mut data = None;
        let mut draw = |size: usize, stream: &mut Stream| {
            let blob = Blob::draw(stream, size);
            let bytes = blob.bytes();
            data = Some(blob);
            bytes
        };
        let mut replies: Vec<Surb> = Vec::new();
        let message = match kind {
            Kind::Cover => None,
            Kind::Plain { size } => Some(Outgoing::Plain { data: draw(size, stream) }),
            Kind::Repliable { size, surbs } => {
                let data = Some(draw(size, stream));
                Some(Outgoing::Repliable { tag: stream.array(), data, surbs })
            }
            Kind::AdditionalSurbs { surbs } => {
                Some(Outgoing::Repliable { tag: stream.array(), data: None, surbs })
            }
            Kind::Reply { size, surbs } => {
                replies = bobs_surbs(surbs, stream);
                Some(Outgoing::Reply { data: draw(size, stream), surbs: replies.clone() })
            }
            Kind::SurbRequest { amount } => {
                replies = bobs_surbs(1, stream);
                Some(Outgoing::SurbRequest { amount, surbs: replies.clone() })
            }
        };
        let packets = match message {
            Some(message) => {
                let sent = alice.send(message, &to.recipient(), size_tag);
                sent.unwrap_or_else(|error| panic!("{kind:?}: {error:?}")).packets
            }
            None => {
                let leg = alice.cover(size_tag).expect("a route");
                vec![Sent { leg, fragment_id: [0; 5], delay_ns: None }]
            }
        };
        receiver.expect_replies(&replies);
        observer.expect_replies(&replies);
        Play { fields, data, packets, receiver, observer }
    }

    fn travel(&self, leg: &Leg) -> Delivered {
        travel(&self.network, leg).unwrap_or_else(|error| panic!("good packets: {error:?}"))
    }

    /// The fields of a case.
    fn play(&self, kind: Kind, size_tag: u8, settings: Settings, stream: &mut Stream) -> Case {
        let mut play = self.start(kind, size_tag, settings, stream);
        let size = PacketSize::try_from(size_tag).expect("one of the five");
        let count = play.packets.len();
        let whole = count <= WHOLE_PACKETS && size.size() <= WHOLE_PACKET;
        let (mut set_ids, mut packets, mut outcome) = (Vec::new(), Vec::new(), None);
        for sent in std::mem::take(&mut play.packets) {
            let end = self.travel(&sent.leg);
            let opened = play.observer.open(&end.message).expect("it is for them");
            if let Ok(fragment) = Fragment::try_from_bytes(&opened.content) {
                assert_eq!(fragment.fragment_identifier().to_bytes(), sent.fragment_id);
                set_ids.push(fragment.id());
            }
            packets.push(self.describe_packet(&opened.key, &sent, &end, whole));
            outcome = Some(play.receiver.receive(&end.message).expect("it is well-formed"));
        }
        set_ids.dedup();
        let mut fields = case(json!({
            "from": "alice",
            "to": if matches!(kind, Kind::Cover) { "alice" } else { "bob" },
            "packetSize": size.size(),
            "fragmentSize": size.plaintext_size() - OVERHEAD,
            "noMixHops": settings.no_mix_hops,
        }));
        fields.extend(play.fields);
        let message = match outcome {
            Some(Received::Message(message)) => received(&message, play.data.as_ref()),
            Some(Received::Cover) => case(json!({"kind": "cover"})),
            _ => panic!("{kind:?}: the message is not complete"),
        };
        fields.extend(message);
        fields.insert("setIds".into(), json!(set_ids));
        fields.insert("packets".into(), json!(packets));
        fields.insert("result".into(), json!("valid"));
        fields
    }

    fn describe_packet(&self, key: &[u8; 16], sent: &Sent, end: &Delivered, whole: bool) -> Value {
        let ack = end.ack.as_ref().expect("every packet brings one");
        let ack_end = self.travel(ack);
        let [mut alice, _] = self.receivers(&self.alice);
        let acked = alice.receive(&ack_end.message).expect("an acknowledgement");
        assert!(matches!(acked, Received::Ack(id) if id == sent.fragment_id));
        let mut fields = case(json!({
            "fragmentId": hex(&sent.fragment_id),
            "head": hex(&end.message[..HEAD]),
            "key": hex(key),
        }));
        if !whole {
            fields.insert("deliveredSha256".into(), sha256(&end.message));
            fields.insert("ackDelivered".into(), hex(&ack_end.message));
            return Value::Object(fields);
        }
        if let Some(delay_ns) = sent.delay_ns {
            fields.insert("expectedDelayNs".into(), json!(delay_ns.to_string()));
        }
        fields.extend(case(json!({
            "firstHop": hex(&address_bytes(sent.leg.first_hop)),
            "keyRotation": sent.leg.key_rotation,
            "packet": hex(&sent.leg.packet),
            "path": end.path,
            "destination": hex(&end.destination),
            "delivered": hex(&end.message),
            "ackFirstHop": hex(&address_bytes(ack.first_hop)),
            "ackPacket": hex(&ack.packet),
            "ackPath": ack_end.path,
            "ackDelivered": hex(&ack_end.message),
        })));
        Value::Object(fields)
    }

    fn group(&self) -> Group {
        let nodes: Value = self.network.nodes.iter().map(Node::describe).collect();
        let shared = json!({
            "rotationId": self.network.rotation_id,
            "nodes": nodes,
            "clients": [self.alice.describe("alice"), self.bob.describe("bob")],
        });
        Group::from_crate("nym-sphinx", self.release.version(), shared)
    }

    fn add(&self, group: &mut Group, kind: Kind, size_tag: u8, settings: Settings) {
        let size = PacketSize::try_from(size_tag).expect("one of the five").size();
        let straight = if settings.no_mix_hops { ", no mix hops" } else { "" };
        let comment = format!("{}, packets of {size}{straight}", words(kind));
        let id = self.network.rotation_id;
        let label = format!("{} {id}: {comment}", self.release.version());
        let fields = with_peer_randomness(&label, || {
            self.play(kind, size_tag, settings, &mut Stream::new(&label))
        });
        let fields = fields.unwrap_or_else(|panic| panic!("{label}: {panic}"));
        let flags: &[&str] = match (size_tag, settings.no_mix_hops) {
            (REGULAR, false) => &[],
            (REGULAR, true) => &["NoMixHops"],
            _ => &["ExtendedPacket"],
        };
        group.push(comment, flags, fields);
    }
}

/// A message that came out, long data by its seed.
fn received(message: &Message, sent: Option<&Blob>) -> Case {
    let mut fields = case(describe(message));
    if let (Some(blob), Some(data)) = (sent, fields.get_mut("data")) {
        assert_eq!(*data, hex(&blob.bytes()), "what was sent comes out");
        if blob.size > WHOLE_DATA {
            *data = blob.json();
        }
    }
    fields
}

fn words(kind: Kind) -> String {
    match kind {
        Kind::Plain { size } => format!("plain, {size} bytes"),
        Kind::Repliable { size, surbs } => format!("repliable, {size} bytes, {surbs} SURBs"),
        Kind::AdditionalSurbs { surbs } => format!("{surbs} additional SURBs"),
        Kind::Reply { size, surbs } => format!("reply, {size} bytes, {surbs} SURBs"),
        Kind::SurbRequest { amount } => format!("request for {amount} SURBs"),
        Kind::Cover => "cover".into(),
    }
}

const EVERY_KIND: [(Kind, u8); 22] = [
    (Kind::Plain { size: 0 }, REGULAR),
    (Kind::Plain { size: 1 }, REGULAR),
    (Kind::Plain { size: 100 }, REGULAR),
    (Kind::Plain { size: 1602 }, REGULAR),
    (Kind::Plain { size: 1603 }, REGULAR),
    (Kind::Plain { size: 5000 }, REGULAR),
    (Kind::Plain { size: 300_000 }, REGULAR),
    (Kind::Plain { size: 1 }, EXTENDED_8),
    (Kind::Plain { size: 50_000 }, EXTENDED_8),
    (Kind::Plain { size: 100_000 }, EXTENDED_16),
    (Kind::Plain { size: 300_000 }, EXTENDED_32),
    (Kind::Repliable { size: 1, surbs: 0 }, REGULAR),
    (Kind::Repliable { size: 20, surbs: 1 }, REGULAR),
    (Kind::Repliable { size: 2000, surbs: 10 }, REGULAR),
    (Kind::Repliable { size: 1000, surbs: 20 }, EXTENDED_32),
    (Kind::AdditionalSurbs { surbs: 2 }, REGULAR),
    (Kind::Reply { size: 1, surbs: 1 }, REGULAR),
    (Kind::Reply { size: 3000, surbs: 2 }, REGULAR),
    (Kind::Reply { size: 10_000, surbs: 8 }, REGULAR),
    (Kind::Reply { size: 20_000, surbs: 3 }, EXTENDED_8),
    (Kind::SurbRequest { amount: 10 }, REGULAR),
    (Kind::Cover, REGULAR),
];

const SOME_KINDS: [(Kind, u8); 4] = [
    (Kind::Plain { size: 300 }, REGULAR),
    (Kind::Repliable { size: 5, surbs: 1 }, REGULAR),
    (Kind::Reply { size: 40, surbs: 1 }, REGULAR),
    (Kind::Cover, EXTENDED_8),
];

const OLD_KINDS: [(Kind, u8); 10] = [
    (Kind::Plain { size: 1 }, REGULAR),
    (Kind::Plain { size: 20_000 }, REGULAR),
    (Kind::Repliable { size: 1, surbs: 0 }, REGULAR),
    (Kind::Repliable { size: 30, surbs: 1 }, REGULAR),
    (Kind::Repliable { size: 3000, surbs: 5 }, REGULAR),
    (Kind::AdditionalSurbs { surbs: 2 }, EXTENDED_8),
    (Kind::Reply { size: 40, surbs: 1 }, REGULAR),
    (Kind::Reply { size: 3000, surbs: 2 }, REGULAR),
    (Kind::SurbRequest { amount: 7 }, REGULAR),
    (Kind::Cover, REGULAR),
];

const STRAIGHT: [Kind; 3] = [
    Kind::Plain { size: 40 },
    Kind::Repliable { size: 3, surbs: 1 },
    Kind::Reply { size: 9, surbs: 1 },
];

fn scene(release: &dyn Release, rotation_id: u32) -> Scene<'_> {
    let network = Network::draw(&format!("messages {rotation_id}"), rotation_id);
    let exits = network.exits();
    let alice = Client::draw(&format!("messages {rotation_id}: alice"), exits[0]);
    let bob = Client::draw(&format!("messages {rotation_id}: bob"), exits[1]);
    Scene { release, network, alice, bob }
}

pub fn messages(release: &dyn Release) -> Document {
    let rotations: &[u32] = match release.version() {
        "2.0.0" => &[34, 35, u32::MAX],
        _ => &[34],
    };
    let mut groups = Vec::new();
    for (index, rotation_id) in rotations.iter().enumerate() {
        let scene = scene(release, *rotation_id);
        let mut group = scene.group();
        let kinds: &[(Kind, u8)] = match (release.version(), index) {
            ("2.0.0", 0) => &EVERY_KIND,
            ("2.0.0", _) => &SOME_KINDS,
            _ => &OLD_KINDS,
        };
        for (kind, size_tag) in kinds {
            scene.add(&mut group, *kind, *size_tag, Settings::default());
        }
        if release.version() == "2.0.0" && index == 0 {
            for kind in STRAIGHT {
                scene.add(&mut group, kind, REGULAR, Settings { no_mix_hops: true });
            }
        }
        groups.push(group);
    }
    document(
        "NymMessages",
        "nym_message.schema.json",
        &[
            "Messages between two clients of a network whose keys are all known. Long data stands \
             as seed and size. replySurbs: made by the receiver before, one for each packet.",
            "packets: head (an ephemeral key, or a digest of a reply's key) and key open what is \
             delivered. Where the packet is left out, what is delivered can be made of head, key \
             and the fragments of the message in setIds.",
            "path: nodes by their index. ackDelivered: what the sender gets back.",
        ],
        groups,
    )
}
