//! A node's outcome in the words of this library, and in the peer's where they differ.

use crate::document::{hex, insert_bytes, Case};
use crate::header::{HopSecret, ALPHA, HEADER};
use crate::inputs::Inputs;
use crate::peer::{Peer, PeerError, Processed, ProcessedData};
use serde_json::{json, Value};
use x25519_dalek::x25519;

/// Longest output that is written whole; others by their SHA-256.
const WHOLE: usize = HEADER + 64;
const SHORTEST_PACKET: usize = HEADER + 17;

pub fn peer_error(error: &PeerError) -> Value {
    json!({"kind": error.kind, "text": error.text})
}

/// Fields of an accepted packet: status, tag, version and what comes out.
fn accepted(peer: &dyn Peer, processed: &Processed) -> Case {
    let mut case = Case::new();
    let status = match processed.data {
        ProcessedData::Forward { .. } => "forward",
        ProcessedData::Deliver { .. } => "deliver",
    };
    case.insert("status".into(), json!(status));
    case.insert("replayTag".into(), hex(&processed.replay_tag));
    case.insert("version".into(), json!(processed.version));
    match &processed.data {
        ProcessedData::Forward { next_hop, delay_ns, packet } => {
            case.insert("nextHop".into(), hex(next_hop));
            case.insert("delayNs".into(), json!(delay_ns.to_string()));
            insert_bytes(&mut case, "nextPacket", packet, WHOLE);
        }
        ProcessedData::Deliver { destination, identifier, payload } => {
            case.insert("destination".into(), hex(destination));
            case.insert("identifier".into(), hex(identifier));
            insert_bytes(&mut case, "payload", payload, WHOLE);
            match peer.recover_message(payload) {
                Ok(message) => insert_bytes(&mut case, "message", &message, WHOLE),
                Err(error) => _ = case.insert("messageError".into(), peer_error(&error)),
            }
        }
    }
    case
}

/// The reason this library gives for refusing `packet`, or None if it takes it.
fn our_refusal(
    peer_error: Option<&PeerError>,
    secret_is_zero: bool,
    length: usize,
) -> Option<&str> {
    if length < SHORTEST_PACKET {
        return Some("bad_length");
    }
    if secret_is_zero {
        // The peers go on with the zero secret; nothing such a packet holds is secret.
        return Some("bad_public_value");
    }
    let error = peer_error?;
    Some(match (error.kind.as_str(), error.text.contains("MAC")) {
        ("InvalidHeader", true) => "bad_mac",
        ("InvalidRouting", _) => "bad_routing_flag",
        ("InvalidPayload", _) => "bad_payload_length",
        _ => panic!("no status for {error:?}"),
    })
}

/// One node, one packet: `result`, `status` and all that goes with it.
pub fn node_outcome(peer: &dyn Peer, private_key: &[u8; 32], packet: &[u8]) -> Case {
    let alpha: Option<[u8; 32]> = packet.get(..ALPHA).and_then(|bytes| bytes.try_into().ok());
    let shared = alpha.map(|alpha| x25519(*private_key, alpha));
    let outcome = peer.process(private_key, packet);
    let refusal = our_refusal(outcome.as_ref().err(), shared == Some([0; 32]), packet.len());
    let mut case = Case::new();
    let Some(status) = refusal else {
        case.insert("result".into(), json!("valid"));
        case.extend(accepted(peer, outcome.as_ref().unwrap_or_else(|_| unreachable!())));
        return case;
    };
    case.insert("result".into(), json!("invalid"));
    case.insert("status".into(), json!(status));
    if ["bad_routing_flag", "bad_payload_length"].contains(&status) {
        // Authentic packets: the replay filter sees their tags.
        let secret = HopSecret::from_shared(&shared.expect("longer than alpha"));
        case.insert("replayTag".into(), hex(&secret.replay_tag()));
    }
    let theirs = match outcome {
        Ok(processed) => Value::Object(accepted(peer, &processed)),
        Err(error) => peer_error(&error),
    };
    case.insert("peerOutcome".into(), theirs);
    case
}

/// A packet's way along its route: the outcome at every hop, and the header's final padding.
pub struct Journey {
    pub outcomes: Vec<Value>,
    pub final_padding: Vec<u8>,
}

/// Sends `packet` through the nodes of `inputs`, all of whose private keys are known.
pub fn travel(peer: &dyn Peer, inputs: &Inputs, packet: &[u8]) -> Journey {
    let mut packet = packet.to_vec();
    let mut journey = Journey { outcomes: Vec::new(), final_padding: Vec::new() };
    for hop in &inputs.hops {
        let key = hop.private_key.expect("travel() is for known keys");
        let processed = peer
            .process(&key, &packet)
            .unwrap_or_else(|error| panic!("{}: {error:?}", inputs.label));
        journey.outcomes.push(Value::Object(accepted(peer, &processed)));
        match processed.data {
            ProcessedData::Forward { packet: next, .. } => packet = next,
            ProcessedData::Deliver { .. } => {
                let alpha = packet[..ALPHA].try_into().expect("32 bytes");
                let routing = HopSecret::at_node(&key, &alpha).open(&packet);
                journey.final_padding = padding_of(&routing, inputs.hops.len());
            }
        }
    }
    journey
}

/// The random part of a final hop's routing information.
fn padding_of(routing: &[u8], hops: usize) -> Vec<u8> {
    routing[52..300 - 60 * (hops - 1)].to_vec()
}
