//! build.json: everything a packet is a function of, the packet, and what each hop makes of it.

use crate::document::{hex, insert_bytes, Case, Document, Group};
use crate::header::{final_padding, sender_secrets};
use crate::inputs::Inputs;
use crate::odd_keys::{odd_keys, OddKey};
use crate::outcome::{peer_error, travel};
use crate::peer::Peer;
use crate::randomness::with_peer_randomness;
use serde_json::json;

const SMALLEST: usize = 33;
const ACK: usize = 38;
const MEDIUM: usize = 1000;
const REGULAR: usize = 2065;
const EXTENDED: [usize; 3] = [8209, 16401, 32785];
const OVERHEAD: usize = 17;
/// Longest packet that is written whole; the hash of longer ones checks a builder as well.
const WHOLE: usize = 3000;

pub fn document(peer: &dyn Peer) -> Document {
    let mut group = Group::from_crate("sphinx-packet", peer.release(), json!({}));
    let file = &mut File { peer, group: &mut group };
    file.regular();
    file.extended();
    file.other_versions();
    file.odd_content();
    file.odd_public_keys();
    file.refusals();
    Document {
        algorithm: "SphinxBuild",
        schema: "sphinx_build.schema.json",
        header: vec![
            "Packets built by the crate; what each hop of the route makes of them, by the crate.",
            "A packet is a function of all inputs but privateKey, hops[0].address and the last delayNs.",
            "outcomes are missing where a public key has no known private key.",
        ],
        groups: vec![group],
    }
}

struct File<'a> {
    peer: &'a dyn Peer,
    group: &'a mut Group,
}

impl File<'_> {
    fn regular(&mut self) {
        let versions: &[u16] =
            if self.peer.release() == "0.6.0" { &[258, 259] } else { &[258, 259, 260] };
        for &version in versions {
            for hops in 1..=5 {
                for size in [SMALLEST, ACK, MEDIUM, REGULAR] {
                    // Full messages are as long as packets; some are enough.
                    let message = if hops % 2 == 1 { size - OVERHEAD } else { size / 4 };
                    self.drawn(version, hops, size, message.min(600), &[], WHOLE);
                }
            }
            self.drawn(version, 4, REGULAR, REGULAR - OVERHEAD, &[], WHOLE);
        }
    }

    fn extended(&mut self) {
        for (i, size) in EXTENDED.into_iter().enumerate() {
            for (version, hops) in [(258, 4), (259, 1 + i), (260, 5)] {
                self.drawn(version, hops, size, 100, &["ExtendedPayload"], WHOLE);
            }
        }
        if self.peer.release() != "0.6.0" {
            // One long packet whole, for tests that process and do not build.
            self.drawn(259, 3, EXTENDED[0], 64, &["ExtendedPayload"], usize::MAX);
        }
    }

    fn other_versions(&mut self) {
        for version in [1, 257] {
            // 0.6.0 derives these by scalars mod l on both sides, 0.8.0 as all others.
            let old = self.peer.release() == "0.6.0";
            let flags: &[&str] = if old { &["ModLBlinding"] } else { &["LegacyVersion"] };
            for (hops, size) in [(1, ACK), (2, ACK), (3, SMALLEST), (4, REGULAR), (5, ACK)] {
                self.drawn(version, hops, size, 10, flags, WHOLE);
            }
        }
        for version in [0, 2, 256, 261, 0x8000, 0xffff] {
            for (hops, size) in [(1, ACK), (3, ACK)] {
                self.drawn(version, hops, size, 10, &["UnknownVersion"], WHOLE);
            }
        }
    }

    fn odd_content(&mut self) {
        let zeros_and_ends: [(&str, Vec<u8>); 6] = [
            ("an empty message", vec![]),
            ("a message of one 01", vec![1]),
            ("a message that ends in 01 00", [vec![7; 9], vec![1, 0]].concat()),
            ("a message of zeros", vec![0; 21]),
            ("the longest message, all 01", vec![1; 21]),
            ("the longest message, all ff", vec![0xff; 21]),
        ];
        for (comment, message) in zeros_and_ends {
            let mut inputs = Inputs::draw(comment, 259, 2, ACK, 0);
            inputs.message = message;
            self.built(&inputs, comment, &["MessageContent"], WHOLE);
        }
        for (comment, delay_ns) in [("delays of 0", 0), ("delays of 2^64 - 1", u64::MAX)] {
            let mut inputs = Inputs::draw(comment, 259, 4, ACK, 5);
            inputs.hops.iter_mut().for_each(|hop| hop.delay_ns = delay_ns);
            self.built(&inputs, comment, &["DelayLimits"], WHOLE);
        }
        for (comment, byte) in [("all fields zero", 0), ("all fields ff", 0xff)] {
            let mut inputs = Inputs::draw(comment, 259, 3, ACK, 5);
            inputs.destination = [byte; 32];
            inputs.identifier = [byte; 16];
            inputs.hops.iter_mut().for_each(|hop| hop.address = [byte; 32]);
            self.built(&inputs, comment, &["OpaqueFields"], WHOLE);
        }
        // The bits that clamping sets and clears must make no difference.
        for (comment, first, last) in [
            ("initial secret of zeros", 0x00, 0x00),
            ("initial secret of ff", 0xff, 0xff),
            ("initial secret with low bits set", 0x07, 0x40),
            ("initial secret with top bits 11", 0xf8, 0xc0),
        ] {
            for version in [258, 259] {
                let mut inputs = Inputs::draw("clamping", version, 3, ACK, 5);
                let middle = if first == last { first } else { 0x5a };
                inputs.initial_secret = [middle; 32];
                inputs.initial_secret[0] = first;
                inputs.initial_secret[31] = last;
                self.built(&inputs, comment, &["UnclampedSecret"], WHOLE);
            }
        }
        // Twice the same node: nothing forbids it.
        let mut inputs = Inputs::draw("the same node three times", 259, 3, ACK, 5);
        inputs.hops = vec![inputs.hops[0].clone(); 3];
        self.built(&inputs, "the same node three times", &["RepeatedHop"], WHOLE);
    }

    fn odd_public_keys(&mut self) {
        let versions = if self.peer.release() == "0.6.0" { [258, 259] } else { [259, 260] };
        for (i, key) in odd_keys().into_iter().enumerate() {
            self.odd_key(&key, versions[i % 2], 1, 0);
            let mostly_alike = ["NonCanonicalKey", "LowOrderKey"].contains(&key.flag);
            // Beyond the first hop the key meets a blinding factor: where shortcuts differ.
            self.odd_key(&key, versions[i % 2], 3, 1 + i % 2);
            if !mostly_alike {
                self.odd_key(&key, versions[(i + 1) % 2], 5, 4);
                self.odd_key(&key, versions[i % 2], 3, 0);
            }
        }
    }

    fn odd_key(&mut self, key: &OddKey, version: u16, hops: usize, at: usize) {
        let comment = format!("v{version}, hop {} of {hops}: {}", at + 1, key.comment);
        let mut inputs = Inputs::draw(&comment, version, hops, ACK, 5);
        inputs.hops[at].private_key = key.private_key;
        inputs.hops[at].public_key = key.public_key;
        self.built(&inputs, &comment, &[key.flag], WHOLE);
    }

    fn refusals(&mut self) {
        for (hops, comment) in [(0, "no hops"), (6, "six hops")] {
            self.refused(&Inputs::draw(comment, 259, hops, ACK, 5), comment, "RouteLength");
        }
        for size in [0, 16, 17, 31, 32] {
            let comment = format!("payload size {size}");
            self.refused(&Inputs::draw(&comment, 259, 2, size, 0), &comment, "PayloadSize");
        }
        for size in [SMALLEST, ACK, REGULAR] {
            let comment = format!("a message one byte too long for payload size {size}");
            let inputs = Inputs::draw(&comment, 259, 2, size, size - OVERHEAD + 1);
            self.refused(&inputs, &comment, "LongMessage");
        }
    }

    fn drawn(
        &mut self,
        version: u16,
        hops: usize,
        size: usize,
        message: usize,
        flags: &[&str],
        whole: usize,
    ) {
        let comment = format!("v{version}, {hops} hops, payload {size}, message {message}");
        self.built(&Inputs::draw(&comment, version, hops, size, message), &comment, flags, whole);
    }

    fn built(&mut self, inputs: &Inputs, comment: &str, flags: &[&str], whole: usize) {
        let packet = with_peer_randomness(comment, || self.peer.build(inputs))
            .expect("no panic")
            .unwrap_or_else(|error| panic!("{comment}: {error:?}"));
        let mut case = inputs.describe();
        if flags.contains(&"LowOrderKey") {
            // This library refuses the key: everybody knows the secret of such a hop.
            case.insert("result".into(), json!("invalid"));
            case.insert("peerOutcome".into(), json!({"accepted": true}));
            return self.group.push(comment, flags, case);
        }
        if inputs.hops.iter().all(|hop| hop.private_key.is_some()) {
            let journey = travel(self.peer, inputs, &packet);
            case.insert("finalPadding".into(), hex(&journey.final_padding));
            add_packet(&mut case, &packet, whole);
            case.insert("outcomes".into(), json!(journey.outcomes));
        } else {
            let keys: Vec<_> = inputs.hops.iter().map(|hop| hop.public_key).collect();
            let secrets = sender_secrets(&inputs.initial_secret, &keys);
            case.insert("finalPadding".into(), hex(&final_padding(&packet, &secrets)));
            add_packet(&mut case, &packet, whole);
        }
        self.group.push(comment, flags, case);
    }

    fn refused(&mut self, inputs: &Inputs, comment: &str, flag: &str) {
        let outcome = with_peer_randomness(comment, || self.peer.build(inputs));
        let error = match outcome {
            Ok(Ok(_)) => panic!("{comment}: the crate built it"),
            Ok(Err(error)) => error,
            Err(text) => crate::peer::PeerError::panic(text),
        };
        let mut case = inputs.describe();
        case.insert("result".into(), json!("invalid"));
        case.insert("peerOutcome".into(), peer_error(&error));
        self.group.push(comment, &[flag], case);
    }
}

fn add_packet(case: &mut Case, packet: &[u8], whole: usize) {
    insert_bytes(case, "packet", packet, whole);
    case.insert("result".into(), json!("valid"));
}
