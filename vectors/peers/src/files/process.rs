//! process.json: one node, one packet. Good ones, and every way of bad ones.

use crate::document::{hex, Case, Document, Group};
use crate::header::{HopSecret, ALPHA, HEADER, MAC};
use crate::inputs::{public_key, Inputs};
use crate::odd_keys::{draw_point, is_on_twist, low_order, non_canonical, with_top_bit};
use crate::outcome::node_outcome;
use crate::peer::Peer;
use crate::randomness::{with_peer_randomness, Stream};
use serde_json::json;

const ACK: usize = 38;
/// Just above the shortest payload that can be unwrapped, so that cutting crosses all limits.
const CUT_FROM: usize = 52;

pub fn document(peer: &dyn Peer) -> Document {
    let versions: &[u16] = if peer.release() == "0.6.0" { &[258, 259] } else { &[259, 260, 1] };
    let mut groups = Vec::new();
    for (i, &version) in versions.iter().enumerate() {
        for final_hop in [false, true] {
            let mut node = Node::new(peer, version, final_hop);
            node.accepted();
            node.flipped();
            node.forged();
            if i == 0 {
                node.lengths();
                node.low_order_alphas();
            }
            groups.push(node.group);
        }
    }
    Document {
        algorithm: "SphinxProcess",
        schema: "sphinx_process.schema.json",
        header: vec![
            "One node: private key and packet in; status, replay tag and what comes out.",
            "status is this library's; peerOutcome is what the crate says where it refuses, or where it accepts and we refuse.",
        ],
        groups,
    }
}

struct Node<'a> {
    peer: &'a dyn Peer,
    version: u16,
    final_hop: bool,
    private_key: [u8; 32],
    /// A good packet for this node, as it arrives.
    packet: Vec<u8>,
    secret: HopSecret,
    group: Group,
}

impl<'a> Node<'a> {
    fn new(peer: &'a dyn Peer, version: u16, final_hop: bool) -> Self {
        let hops = if final_hop { 1 } else { 3 };
        let label = format!("node v{version}, {hops} hops");
        let packet = build(peer, &Inputs::draw(&label, version, hops, ACK, 12));
        let private_key = Inputs::draw(&label, version, hops, ACK, 12).hops[0]
            .private_key
            .expect("drawn with its key");
        let secret = HopSecret::at_node(&private_key, &packet[..ALPHA].try_into().expect("32"));
        let shared = json!({
            "privateKey": hex(&private_key),
            "publicKey": hex(&public_key(private_key)),
        });
        let group = Group::from_crate("sphinx-packet", peer.release(), shared);
        Self { peer, version, final_hop, private_key, packet, secret, group }
    }

    fn add(&mut self, comment: &str, flags: &[&str], packet: &[u8]) {
        let kind = if self.final_hop { "final" } else { "forward" };
        let mut case = Case::new();
        case.insert("packet".into(), hex(packet));
        case.extend(node_outcome(self.peer, &self.private_key, packet));
        self.group.push(format!("v{} {kind}: {comment}", self.version), flags, case);
    }

    fn accepted(&mut self) {
        let packet = self.packet.clone();
        self.add("as built", &[], &packet);
        let mut top = packet.clone();
        top[ALPHA - 1] ^= 0x80;
        // X25519 ignores the bit: same secret, so the same replay tag. Not a new packet.
        self.add("top bit of alpha flipped", &["TopBitAlpha"], &top);
        for (cut, comment) in [(5, "payload cut to the shortest"), (1, "payload cut by one byte")] {
            self.add(comment, &["ChangedLength"], &packet[..packet.len() - cut]);
        }
        for extra in [1, 31, 64] {
            let longer = [&packet[..], &vec![0; extra]].concat();
            self.add(&format!("payload extended by {extra} bytes"), &["ChangedLength"], &longer);
        }
        for byte in [0, 15, 31, 32, ACK - 1] {
            let mut flipped = packet.clone();
            flipped[HEADER + byte] ^= 1 << (byte % 8);
            let comment = format!("payload byte {byte} flipped");
            self.add(&comment, &["FlippedPayload"], &flipped);
        }
    }

    fn flipped(&mut self) {
        let places: &[(usize, &str, &str)] = &[
            (0, "alpha", "FlippedAlpha"),
            (1, "alpha", "FlippedAlpha"),
            (15, "alpha", "FlippedAlpha"),
            (31, "alpha", "FlippedAlpha"),
            (32, "MAC", "FlippedMac"),
            (39, "MAC", "FlippedMac"),
            (40, "MAC", "FlippedMac"),
            (47, "MAC", "FlippedMac"),
            (48, "routing flag", "FlippedRouting"),
            (49, "version byte 0", "FlippedRouting"),
            (50, "version", "FlippedRouting"),
            (51, "version", "FlippedRouting"),
            (52, "address", "FlippedRouting"),
            (83, "address", "FlippedRouting"),
            (84, "delay or identifier", "FlippedRouting"),
            (91, "delay or identifier", "FlippedRouting"),
            (92, "inner MAC", "FlippedRouting"),
            (107, "inner MAC", "FlippedRouting"),
            (108, "inner routing", "FlippedRouting"),
            (200, "inner routing", "FlippedRouting"),
            (287, "inner routing", "FlippedRouting"),
            (288, "filler", "FlippedRouting"),
            (347, "filler", "FlippedRouting"),
        ];
        for (i, &(byte, field, flag)) in places.iter().enumerate() {
            // Bit 7 of byte 31 is the one bit of alpha that does not count.
            let bit = (5 * i + 1) % if byte == 31 { 7 } else { 8 };
            let mut packet = self.packet.clone();
            packet[byte] ^= 1 << bit;
            self.add(&format!("bit {bit} of byte {byte} ({field}) flipped"), &[flag], &packet);
        }
        for bit in [0, 1, 7] {
            let mut packet = self.packet.clone();
            packet[ALPHA + MAC - 1] ^= 1 << bit;
            self.add(
                &format!("bit {bit} of the MAC's last byte flipped"),
                &["FlippedMac"],
                &packet,
            );
        }
        let mut packet = self.packet.clone();
        packet[ALPHA..ALPHA + MAC].fill(0);
        self.add("MAC of zeros", &["FlippedMac"], &packet);
        packet[..HEADER].fill(0xff);
        self.add("header of ff", &["FlippedMac"], &packet);
        let other = Node::with_other_key(self);
        self.add("built for another node", &["WrongKey"], &other);
    }

    fn with_other_key(&self) -> Vec<u8> {
        build(self.peer, &Inputs::draw("another node", self.version, 2, ACK, 12))
    }

    /// Authentic headers with odd content.
    fn forged(&mut self) {
        let alpha = self.packet[..ALPHA].to_vec();
        let payload = self.packet[HEADER..].to_vec();
        let routing = self.secret.open(&self.packet);
        let change = |node: &mut Self, comment: &str, flag: &str, changes: &[(usize, u8)]| {
            let mut routing = routing.clone();
            changes.iter().for_each(|&(at, value)| routing[at] = value);
            let packet = node.secret.seal(&alpha, &routing, &payload);
            node.add(comment, &[flag], &packet);
        };
        for flag in [0, 3, 4, 0x7f, 0x81, 0x82, 0xff] {
            change(self, &format!("routing flag {flag}"), "BadRoutingFlag", &[(0, flag)]);
        }
        let swapped = if self.final_hop { 1 } else { 2 };
        change(self, "read as the other kind of hop", "SwappedFlag", &[(0, swapped)]);
        for byte in [1, 0xff] {
            change(self, &format!("version byte 0 is {byte}"), "VersionByteZero", &[(1, byte)]);
        }
        // Each layer has its own version bytes and nothing ties them together. 0.6.0 blinds
        // versions 1 and 257 in its own way, which a forward hop would show.
        let mod_l = self.peer.release() == "0.6.0" && !self.final_hop;
        for version in [0u16, 1, 2, 256, 257, 258, 259, 260, 261, 0x8000, 0xffff] {
            let [high, low] = version.to_be_bytes();
            let legacy = [1, 257].contains(&version);
            let flag = if mod_l && legacy { "ModLBlinding" } else { "OtherVersion" };
            let comment = format!("version set to {version}");
            change(self, &comment, flag, &[(2, high), (3, low)]);
        }
        self.forged_alphas(&routing, &payload);
        let short = self.secret.seal(&alpha, &[vec![3], routing[1..].to_vec()].concat(), &[0; 20]);
        self.add("routing flag 3 and a short payload", &["BadRoutingFlag"], &short);
        let mut bad_mac = self.packet[..HEADER + 20].to_vec();
        bad_mac[ALPHA] ^= 1;
        self.add("a bad MAC and a short payload", &["FlippedMac"], &bad_mac);
    }

    /// Alphas that no sender makes, in packets that are right in all else.
    fn forged_alphas(&mut self, routing: &[u8], payload: &[u8]) {
        let mut alphas: Vec<(String, &str, [u8; 32])> = vec![
            ("a random point of the curve".into(), "OddAlpha", draw_point("alpha curve", false)),
            ("a random point of the twist".into(), "OddAlpha", draw_point("alpha twist", true)),
            ("a twist point, top bit".into(), "OddAlpha", with_top_bit(draw_point("alpha", true))),
        ];
        for small in [2, 3, 9, 18] {
            let alpha = non_canonical(small);
            let place = if is_on_twist(&alpha) { "twist" } else { "curve" };
            let comment = format!("p + {small} on the {place}");
            alphas.push((comment.clone(), "NonCanonicalAlpha", alpha));
            alphas.push((comment + ", top bit", "NonCanonicalAlpha", with_top_bit(alpha)));
        }
        for (comment, flag, alpha) in alphas {
            let secret = HopSecret::at_node(&self.private_key, &alpha);
            let packet = secret.seal(&alpha, routing, payload);
            self.add(&format!("alpha is {comment}"), &[flag], &packet);
        }
    }

    fn lengths(&mut self) {
        let hops = if self.final_hop { 1 } else { 3 };
        let label = format!("node v{}, {hops} hops", self.version);
        let mut inputs = Inputs::draw(&label, self.version, hops, CUT_FROM, 12);
        inputs.hops[0].private_key = Some(self.private_key);
        let packet = build(self.peer, &inputs);
        let short: &[usize] = if self.final_hop {
            &[0, 1, 2, 16, 31, 32, 33, 47, 48, 49, 64, 127, 200, 256, 300, 346, 347, 348, 349, 364]
        } else {
            &[0, 31, 348, 364]
        };
        for &length in short {
            self.add(&format!("{length} bytes"), &["BadLength"], &packet[..length]);
        }
        for length in HEADER + 17..HEADER + 33 {
            self.add(&format!("{length} bytes"), &["ShortPayload"], &packet[..length]);
        }
        for length in HEADER + 33..=HEADER + CUT_FROM {
            if self.final_hop || length % 4 == 0 {
                self.add(&format!("{length} bytes"), &["ChangedLength"], &packet[..length]);
            }
        }
    }

    fn low_order_alphas(&mut self) {
        let routing = self.secret.open(&self.packet);
        let payload = self.packet[HEADER..].to_vec();
        for (name, alpha) in low_order() {
            // Anybody can make this MAC: the shared secret is zero for every node.
            let packet = HopSecret::from_shared(&[0; 32]).seal(&alpha, &routing, &payload);
            self.add(&format!("alpha is {name}, MAC right"), &["LowOrderAlpha"], &packet);
        }
        for (name, alpha) in low_order().into_iter().step_by(3) {
            let mut packet = self.packet.clone();
            packet[..ALPHA].copy_from_slice(&alpha);
            self.add(&format!("alpha is {name}, MAC wrong"), &["LowOrderAlpha"], &packet);
        }
        let mut random = Stream::new("low order, short payload").bytes(HEADER + 20);
        random[..ALPHA].fill(0);
        self.add("alpha is 0, short payload", &["LowOrderAlpha"], &random);
    }
}

fn build(peer: &dyn Peer, inputs: &Inputs) -> Vec<u8> {
    with_peer_randomness(&inputs.label, || peer.build(inputs))
        .expect("no panic")
        .expect("good inputs")
}
