//! What is sealed between a client and its gateway.

use super::{case, document, refused, taken};
use crate::document::{hex, Document, Group};
use crate::message::Leg;
use crate::network::address_bytes;
use crate::nodes::{leg, mix_packet};
use crate::outcome::{caught, failed, Outcome};
use crate::randomness::{with_peer_randomness, Stream};
use nym_gateway_requests::{BinaryRequest, BinaryResponse, SharedSymmetricKey};
use serde_json::{json, Value};

const ACK: usize = 386;
/// Kind and flag stand before the nonce.
const HEAD: usize = 2;
const NONCE: usize = 12;

fn shared(key: &[u8; 32]) -> SharedSymmetricKey {
    SharedSymmetricKey::try_from_bytes(key).expect("32 bytes")
}

fn describe(kind: u8, envelope: &[u8], found: Value) -> Value {
    let mut fields = case(json!({"kind": kind, "nonce": hex(&envelope[HEAD..HEAD + NONCE])}));
    fields.extend(case(found));
    Value::Object(fields)
}

/// A request's packet, a response's message.
fn open(form: &str, key: &[u8; 32], envelope: &[u8]) -> Outcome<Value> {
    let bytes = envelope.to_vec();
    if form == "response" {
        let response = BinaryResponse::try_from_encrypted_tagged_bytes(bytes, &shared(key));
        return match response.map_err(failed)? {
            BinaryResponse::PushedMixMessage { message } => {
                Ok(describe(1, envelope, json!({"message": hex(&message)})))
            }
            _ => panic!("there are no other responses"),
        };
    }
    let request = BinaryRequest::try_from_encrypted_tagged_bytes(bytes, &shared(key));
    let (kind, packet) = match request.map_err(failed)? {
        BinaryRequest::ForwardSphinx { packet } => (1, packet),
        BinaryRequest::ForwardSphinxV2 { packet } => (2, packet),
        _ => panic!("there are no other requests"),
    };
    let Leg { first_hop, key_rotation, packet } = leg(packet)?;
    let found = json!({
        "firstHop": hex(&address_bytes(first_hop)),
        "keyRotation": key_rotation,
        "packet": hex(&packet),
    });
    Ok(describe(kind, envelope, found))
}

fn add(
    group: &mut Group,
    form: &str,
    comment: impl Into<String>,
    flags: &[&str],
    key: &[u8; 32],
    envelope: &[u8],
) {
    let fields = case(json!({"key": hex(key), "envelope": hex(envelope)}));
    let fields = match caught(|| open(form, key, envelope)) {
        Ok(_) if flags.contains(&"NotSealed") => {
            let mut fields = fields;
            fields.insert("result".into(), json!("invalid"));
            fields.insert("peerOutcome".into(), json!({"accepted": true}));
            fields
        }
        Ok(found) => taken(fields, found),
        Err(error) => refused(fields, &error),
    };
    group.push(comment, flags, fields);
}

fn seal_request(label: &str, key: &[u8; 32], layout: u8, leg: &Leg) -> Vec<u8> {
    let sealed = with_peer_randomness(label, || {
        let packet = mix_packet(leg).expect("long enough");
        let request = match layout {
            1 => BinaryRequest::ForwardSphinx { packet },
            _ => BinaryRequest::ForwardSphinxV2 { packet },
        };
        request.into_encrypted_tagged_bytes(&shared(key)).expect("it can be sealed")
    });
    sealed.expect("no panic")
}

fn seal_response(label: &str, key: &[u8; 32], message: &[u8]) -> Vec<u8> {
    let sealed = with_peer_randomness(label, || {
        let response = BinaryResponse::PushedMixMessage { message: message.to_vec() };
        response.into_encrypted_tagged_bytes(&shared(key)).expect("it can be sealed")
    });
    sealed.expect("no panic")
}

fn odd(group: &mut Group, form: &str, key: &[u8; 32], good: &[u8], stream: &mut Stream) {
    for length in [0, 1, 2, 3, 13, 14, 15, 29, 30, good.len() - 1] {
        let comment = format!("cut to {length} bytes");
        add(group, form, comment, &["ShortEnvelope"], key, &good[..length]);
    }
    let longer = [good, &[0]].concat();
    add(group, form, "a byte too many", &["Forged"], key, &longer);
    for kind in [0, 2, 3, 7, 255].into_iter().filter(|kind| *kind > 2 || form == "response") {
        let envelope = [&[kind], &good[1..]].concat();
        add(group, form, format!("kind {kind}"), &["BadType"], key, &envelope);
    }
    for flag in [2, 3, 255] {
        let envelope = [&good[..1], &[flag], &good[2..]].concat();
        add(group, form, format!("flag {flag}"), &["BadFlag"], key, &envelope);
    }
    for (comment, at) in [
        ("nonce", HEAD),
        ("end of the nonce", HEAD + NONCE - 1),
        ("ciphertext", HEAD + NONCE),
        ("tag", good.len() - 16),
        ("end", good.len() - 1),
    ] {
        let mut envelope = good.to_vec();
        envelope[at] ^= 0x10;
        add(group, form, format!("{comment}: a bit is flipped"), &["Forged"], key, &envelope);
    }
    add(group, form, "another key", &["Forged"], &stream.array(), good);
}

/// Envelopes whose flag says that they are not sealed; the nonce's place is there all the same.
fn not_sealed(group: &mut Group, form: &str, key: &[u8; 32], plain: &[u8]) {
    let envelope = [&[1, 0][..], &[0; NONCE], plain].concat();
    add(group, form, "not sealed", &["NotSealed"], key, &envelope);
    for length in [2, 5, 13] {
        let comment = format!("not sealed, {length} bytes");
        add(group, form, comment, &["NotSealed", "ShortEnvelope"], key, &envelope[..length]);
    }
}

fn requests() -> Group {
    let form = "request";
    let mut group = Group::from_crate("nym-gateway-requests", "2.0.0", json!({"form": form}));
    let stream = &mut Stream::new("requests");
    let hops = ["192.0.2.9:1789", "[2001:db8::9]:65535"];
    let mut last = Vec::new();
    let key = stream.array();
    for (layout, hop) in [1, 2].into_iter().flat_map(|layout| hops.map(|hop| (layout, hop))) {
        let leg = Leg {
            first_hop: hop.parse().expect("an address of ours"),
            key_rotation: 2,
            packet: stream.bytes(ACK),
        };
        let comment = format!("kind {layout}, {hop}");
        last = seal_request(&comment, &key, layout, &leg);
        add(&mut group, form, comment, &["Encoded"], &key, &last);
    }
    odd(&mut group, form, &key, &last, stream);
    for (kind, comment) in [(1, "kind 2, taken as kind 1"), (0, "kind 0")] {
        let envelope = [&[kind], &last[1..]].concat();
        add(&mut group, form, comment, &["BadType"], &key, &envelope);
    }
    let plain = [&[0, 4, 6, 253, 192, 0, 2, 9][..], &stream.bytes(ACK)].concat();
    not_sealed(&mut group, form, &key, &plain);
    group
}

fn responses() -> Group {
    let form = "response";
    let mut group = Group::from_crate("nym-gateway-requests", "2.0.0", json!({"form": form}));
    let stream = &mut Stream::new("responses");
    let key = stream.array();
    for size in [0, 1, 21, 1643] {
        let message = stream.bytes(size);
        let comment = format!("a message of {size} bytes");
        let envelope = seal_response(&comment, &key, &message);
        add(&mut group, form, comment, &["Encoded"], &key, &envelope);
    }
    let good = seal_response("good", &key, &stream.bytes(21));
    odd(&mut group, form, &key, &good, stream);
    not_sealed(&mut group, form, &key, &stream.bytes(21));
    group
}

pub fn envelopes() -> Document {
    document(
        "NymEnvelopes",
        "nym_envelope.schema.json",
        &[
            "What a client and its gateway seal with their key. A request holds a packet to send \
             on, a response a message that was delivered.",
            "Encoded: the crate wrote it, with this nonce.",
        ],
        vec![requests(), responses()],
    )
}
