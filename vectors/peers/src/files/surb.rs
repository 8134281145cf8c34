//! surb.json, surb_parse.json and surb_recovery.json: reply blocks made, read, used and opened.

use crate::document::{hex, insert_bytes, Case, Document, Group};
use crate::inputs::Inputs;
use crate::outcome::{peer_error, travel};
use crate::peer::{BuiltSurb, Peer, Processed, ProcessedData};
use crate::randomness::{with_peer_randomness, Stream};
use serde_json::json;

const ACK: usize = 38;
const REGULAR: usize = 2065;
const HEADER_AND_ADDRESS: usize = 380;
const SEED: usize = 16;
const KEY: usize = 192;
const MOST: usize = 5;
/// Longest packet that is written whole.
const WHOLE: usize = 400;

fn build_surb(peer: &dyn Peer, inputs: &Inputs) -> BuiltSurb {
    with_peer_randomness(&inputs.label, || peer.build_surb(inputs))
        .expect("no panic")
        .unwrap_or_else(|error| panic!("{}: {error:?}", inputs.label))
}

pub fn surbs(peer: &dyn Peer) -> Document {
    let mut group = Group::from_crate("sphinx-packet", peer.release(), json!({}));
    let mut add = |version, hops, size, message, flags: &[&str]| {
        let comment = format!("SURB v{version}, {hops} hops, payload {size}");
        let inputs = Inputs::draw(&comment, version, hops, size, message);
        group.push(comment, flags, surb_case(peer, &inputs));
    };
    let old = peer.release() == "0.6.0";
    for version in if old { [258, 259] } else { [259, 260] } {
        let flags: &[&str] = if version == 260 { &["Recoverable"] } else { &[] };
        for hops in 1..=5 {
            for (size, message) in [(33, 16), (ACK, 21), (REGULAR, 100)] {
                add(version, hops, size, message, flags);
            }
        }
        add(version, 4, 32785, 50, flags);
        add(version, 4, ACK, 0, flags);
    }
    if old {
        for version in [1, 257] {
            add(version, 3, ACK, 10, &["ModLBlinding"]);
        }
        for version in [260, 0, 0xffff] {
            add(version, 3, ACK, 10, &["UnknownVersion"]);
        }
    }
    Document {
        algorithm: "SphinxSurb",
        schema: "sphinx_surb.schema.json",
        header: vec![
            "SURBs made by the crate, used by the crate with message; what each hop makes of the reply.",
            "In version 260 the final payload is still sealed: recovery opens it to message.",
        ],
        groups: vec![group],
    }
}

fn surb_case(peer: &dyn Peer, inputs: &Inputs) -> Case {
    let built = build_surb(peer, inputs);
    let (packet, first_hop) = peer
        .use_surb(&built.surb, &inputs.message, inputs.payload_size)
        .unwrap_or_else(|error| panic!("{}: {error:?}", inputs.label));
    let journey = travel(peer, inputs, &packet);
    let mut case = inputs.describe();
    case.insert("finalPadding".into(), hex(&journey.final_padding));
    case.insert("surb".into(), hex(&built.surb));
    if let Some(recovery) = built.recovery {
        let opened = peer.recover_reply(&recovery, &final_payload(peer, inputs, packet.clone()));
        assert_eq!(opened.expect("the crate opens its own reply"), inputs.message);
        case.insert("recovery".into(), hex(&recovery));
    }
    case.insert("firstHop".into(), hex(&first_hop));
    insert_bytes(&mut case, "packet", &packet, WHOLE);
    case.insert("outcomes".into(), json!(journey.outcomes));
    case.insert("result".into(), json!("valid"));
    case
}

/// What the final hop holds.
fn final_payload(peer: &dyn Peer, inputs: &Inputs, mut packet: Vec<u8>) -> Vec<u8> {
    for hop in &inputs.hops {
        let key = hop.private_key.expect("drawn with its key");
        match peer.process(&key, &packet) {
            Ok(Processed { data: ProcessedData::Forward { packet: next, .. }, .. }) => {
                packet = next
            }
            Ok(Processed { data: ProcessedData::Deliver { payload, .. }, .. }) => return payload,
            Err(error) => panic!("{}: {error:?}", inputs.label),
        }
    }
    unreachable!("the last hop delivers")
}

/// Whether this library reads these bytes as a SURB: 1..=5 seeds, or 1..=5 whole keys.
fn ours_reads(length: usize) -> Option<(&'static str, usize)> {
    let material = length.checked_sub(HEADER_AND_ADDRESS)?;
    let (kind, size) = if material < KEY { ("seeds", SEED) } else { ("keys", KEY) };
    let whole = material % size == 0 && (1..=MOST).contains(&(material / size));
    whole.then_some((kind, material / size))
}

pub fn parsing(peer: &dyn Peer) -> Document {
    let message = Stream::new("SURB message").bytes(12);
    let shared = json!({"message": hex(&message), "payloadSize": ACK});
    let mut group = Group::from_crate("sphinx-packet", peer.release(), shared);
    let label = "SURB to cut";
    let surb = build_surb(peer, &Inputs::draw(label, 259, 5, ACK, 0)).surb;
    let head = &surb[..HEADER_AND_ADDRESS];
    let material = Stream::new("SURB material").bytes(7 * KEY);
    let mut add = |comment: String, flag: &str, surb: &[u8]| {
        let mut case = Case::new();
        case.insert("surb".into(), hex(surb));
        let theirs = peer.use_surb(surb, &message, ACK);
        let peer_outcome = match &theirs {
            Ok(_) => json!({"accepted": true}),
            Err(error) => peer_error(error),
        };
        match ours_reads(surb.len()) {
            None => {
                case.insert("result".into(), json!("invalid"));
                case.insert("peerOutcome".into(), peer_outcome);
            }
            Some((kind, count)) => {
                case.insert("result".into(), json!("valid"));
                case.insert("material".into(), json!(kind));
                case.insert("count".into(), json!(count));
                case.insert("firstHop".into(), hex(&surb[348..HEADER_AND_ADDRESS]));
                match theirs {
                    Ok((packet, _)) => insert_bytes(&mut case, "packet", &packet, WHOLE),
                    Err(_) => _ = case.insert("peerOutcome".into(), peer_outcome),
                }
            }
        }
        group.push(comment, &[flag], case);
    };
    for length in [0, 1, 347, 348, 379, 380, 381, 395] {
        add(format!("{length} bytes"), "MaterialLength", &surb[..length]);
    }
    for seeds in 1..=5 {
        let length = HEADER_AND_ADDRESS + SEED * seeds;
        add(format!("{seeds} seeds"), "MaterialCount", &surb[..length]);
        add(
            format!("{seeds} seeds and 1 byte"),
            "MaterialLength",
            &[&surb[..length], &[0]].concat(),
        );
        add(format!("{seeds} seeds less 1 byte"), "MaterialLength", &surb[..length - 1]);
    }
    for seeds in [6, 7, 11] {
        let bytes = [head, &material[..SEED * seeds]].concat();
        add(format!("{seeds} seeds"), "MaterialCount", &bytes);
    }
    for keys in 1..=6 {
        let bytes = [head, &material[..KEY * keys]].concat();
        let flag = if keys <= MOST { "WholeKeys" } else { "MaterialCount" };
        add(format!("{keys} keys"), flag, &bytes);
    }
    for extra in [1, SEED, KEY - 1] {
        let bytes = [head, &material[..KEY + extra]].concat();
        add(format!("a key and {extra} bytes"), "MaterialLength", &bytes);
    }
    // The header is opaque to the user of a SURB.
    add("all zeros".into(), "OpaqueHeader", &[0; HEADER_AND_ADDRESS + SEED]);
    add("all ff".into(), "OpaqueHeader", &[0xff; HEADER_AND_ADDRESS + 2 * SEED]);
    Document {
        algorithm: "SphinxSurbParse",
        schema: "sphinx_surb_parse.schema.json",
        header: vec![
            "Bytes taken as a SURB; where they are one, the reply packet with message.",
            "result is this library's; peerOutcome is the crate's where it differs or refuses.",
            "Missing packet: the crate cannot use this SURB.",
        ],
        groups: vec![group],
    }
}

pub fn recovery(peer: &dyn Peer) -> Document {
    let mut group = Group::from_crate("sphinx-packet", peer.release(), json!({}));
    let mut add = |comment: String, flags: &[&str], recovery: &[u8], payload: &[u8]| {
        let mut case = Case::new();
        case.insert("recovery".into(), hex(recovery));
        case.insert("payload".into(), hex(payload));
        match peer.recover_reply(recovery, payload) {
            Ok(message) => {
                case.insert("result".into(), json!("valid"));
                case.insert("message".into(), hex(&message));
            }
            Err(error) => {
                case.insert("result".into(), json!("invalid"));
                case.insert("peerOutcome".into(), peer_error(&error));
            }
        }
        group.push(comment, flags, case);
    };
    let sealed = |hops, size| {
        let label = format!("recovery, {hops} hops, payload {size}");
        let inputs = Inputs::draw(&label, 260, hops, size, size - 17);
        let built = build_surb(peer, &inputs);
        let (packet, _) = peer.use_surb(&built.surb, &inputs.message, size).expect("good SURB");
        (built.recovery.expect("version 260"), final_payload(peer, &inputs, packet))
    };
    for hops in 1..=5 {
        for size in [33, ACK, 100] {
            let (recovery, payload) = sealed(hops, size);
            add(format!("{hops} hops, payload {size}"), &[], &recovery, &payload);
        }
    }
    let (good, payload) = sealed(3, ACK);
    let mut other = good.clone();
    other[..SEED].fill(0xee);
    // The identifier finds the material; it is no part of the keys.
    add("another identifier".into(), &["OtherIdentifier"], &other, &payload);
    other[..SEED].fill(0);
    add("identifier of zeros".into(), &["OtherIdentifier"], &other, &payload);
    for (i, hop) in ["first", "middle", "last"].iter().enumerate() {
        let mut wrong = good.clone();
        wrong[SEED * (i + 1)] ^= 1;
        add(format!("{hop} seed wrong"), &["WrongSeeds"], &wrong, &payload);
    }
    let (mut swapped, one_less) = (good.clone(), &good[..good.len() - SEED]);
    swapped[SEED..].rotate_left(SEED);
    add("seeds in another order".into(), &["WrongSeeds"], &swapped, &payload);
    add("the last seed missing".into(), &["WrongSeeds"], one_less, &payload);
    add("a seed too many".into(), &["WrongSeeds"], &[&good[..], &[1; SEED]].concat(), &payload);
    for length in [0, 1, 15, 16, 17, 31, 33, 47, 63] {
        let flag = ["RecoveryLength"];
        add(format!("recovery of {length} bytes"), &flag, &good[..length], &payload);
    }
    let six = [&good[..], &[1; 3 * SEED]].concat();
    add("six seeds".into(), &["RecoveryLength"], &six, &payload);
    for length in [0, 16, 17, 31, 32, 33, ACK - 1] {
        add(format!("payload of {length} bytes"), &["WrongPayload"], &good, &payload[..length]);
    }
    let mut flipped = payload.clone();
    flipped[20] ^= 4;
    add("a bit of the payload flipped".into(), &["WrongPayload"], &good, &flipped);
    let plain = [vec![0; 16], vec![7; 21], vec![1]].concat();
    add("a payload that was never sealed".into(), &["WrongPayload"], &good, &plain);
    Document {
        algorithm: "SphinxRecovery",
        schema: "sphinx_recovery.schema.json",
        header: vec![
            "Final payloads of replies to version 260 SURBs, and the creator's recovery material.",
        ],
        groups: vec![group],
    }
}
