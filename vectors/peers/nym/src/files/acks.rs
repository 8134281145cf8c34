//! Acknowledgements: what they hold, and the block that carries one in a packet.

use super::{case, document, refused, taken};
use crate::document::{hex, Document, Group};
use crate::network::address_bytes;
use crate::outcome::{caught, failed, Outcome, PeerError};
use crate::randomness::Stream;
use nym_sphinx::acknowledgements::identifier::{prepare_identifier, recover_identifier};
use nym_sphinx::acknowledgements::{surb_ack::SurbAck, AckKey};
use nym_sphinx::chunking::fragment::FragmentIdentifier;
use nym_sphinx::params::PacketType;
use rand::{rngs::StdRng, SeedableRng};
use serde_json::{json, Value};

/// First hop, padded, and packet.
const BLOCK: usize = 19 + 386;

fn open(key: &[u8; 16], content: &[u8]) -> Outcome<Value> {
    let key = AckKey::try_from_bytes(key).expect("16 bytes");
    let id = recover_identifier(&key, content)
        .ok_or_else(|| PeerError::new("None", "no identifier can be recovered"))?;
    let id = FragmentIdentifier::try_from_bytes(id).map_err(failed)?;
    Ok(json!({"fragmentId": hex(&id.to_bytes()), "setId": id.set_id()}))
}

fn add(group: &mut Group, comment: &str, flag: &str, key: &[u8; 16], content: &[u8]) {
    let fields = case(json!({"ackKey": hex(key), "content": hex(content)}));
    let fields = match caught(|| open(key, content)) {
        Ok(found) => taken(fields, found),
        Err(error) => refused(fields, &error),
    };
    group.push(comment, &[flag], fields);
}

fn contents() -> Group {
    let mut group =
        Group::from_crate("nym-sphinx-acknowledgements", "2.0.0", json!({"form": "content"}));
    let mut stream = Stream::new("acknowledgements");
    let mut rng = StdRng::from_seed(stream.array());
    let key = stream.array();
    let mut write = |id: [u8; 5]| {
        let key = AckKey::try_from_bytes(&key).expect("16 bytes");
        prepare_identifier(&mut rng, &key, id)
    };
    let ids = [
        ("of a fragment", [0x12, 0x34, 0x56, 0x78, 0x9a]),
        ("of set 1, position 1", [0, 0, 0, 1, 1]),
        ("of the largest set id, position 255", [0x7f, 0xff, 0xff, 0xff, 255]),
        ("of cover", [0; 5]),
    ];
    for (comment, id) in ids {
        add(&mut group, comment, "Encoded", &key, &write(id));
    }
    for (comment, id) in [("set id -1", [255; 5]), ("set id -2^31", [0x80, 0, 0, 0, 7])] {
        add(&mut group, comment, "NegativeId", &key, &write(id));
    }
    let good = write(ids[0].1);
    for length in [0, 1, 15, 16, 17, 20, 22, 37] {
        let content = [&good[..], &[0; 16]].concat();
        let comment = format!("{length} bytes");
        add(&mut group, &comment, "WrongLength", &key, &content[..length]);
    }
    // Nothing is authenticated: a wrong key gives another identifier, or a negative one.
    for i in 0..4 {
        let other = stream.array();
        add(&mut group, &format!("another key, {i}"), "WrongKey", &other, &good);
    }
    group
}

/// What a gateway makes of a block. The crate reads only as many bytes as it needs and leaves the
/// packet's length to its caller.
fn blocks() -> Group {
    let mut group =
        Group::from_crate("nym-sphinx-acknowledgements", "2.0.0", json!({"form": "block"}));
    let mut stream = Stream::new("acknowledgement blocks");
    let packet = stream.bytes(386);
    let v4 = [&[4, 6, 253, 192, 0, 2, 9][..], &[0; 12]].concat();
    let v6 = [&[6, 0, 80][..], &stream.bytes(16)].concat();
    let odd_padding = [&v4[..7], &stream.bytes(12)].concat();
    let mut add = |comment: &str, flags: &[&str], block: &[u8]| {
        let fields = case(json!({"block": hex(block)}));
        let read = caught(|| {
            let (hop, packet) =
                SurbAck::try_recover_first_hop_packet(block, PacketType::Mix).map_err(failed)?;
            Ok((address_bytes(hop.into()), packet.to_bytes().map_err(failed)?))
        });
        let fields = match read {
            Ok((hop, packet)) if block.len() == BLOCK => {
                taken(fields, json!({"firstHop": hex(&hop), "packet": hex(&packet)}))
            }
            Ok(_) => {
                let mut fields = fields;
                fields.insert("result".into(), json!("invalid"));
                fields.insert("peerOutcome".into(), json!({"accepted": true}));
                fields
            }
            Err(error) => refused(fields, &error),
        };
        group.push(comment, flags, fields);
    };
    add("first hop by IPv4", &[], &[&v4[..], &packet].concat());
    add("first hop by IPv6", &[], &[&v6[..], &packet].concat());
    add("other padding than zeros", &["TrailingBytes"], &[&odd_padding[..], &packet].concat());
    for kind in [0, 5, 255] {
        let block = [&[kind], &v4[1..], &packet].concat();
        add(&format!("address type {kind}"), &["BadAddress"], &block);
    }
    let block = [&v4[..], &packet, &[0; 9]].concat();
    for length in [0, 6, 7, 18, 19, 20, BLOCK - 22, BLOCK - 1, BLOCK + 1, BLOCK + 9] {
        add(&format!("{length} bytes"), &["WrongLength"], &block[..length]);
    }
    group
}

pub fn acks() -> Document {
    document(
        "NymAcks",
        "nym_ack.schema.json",
        &[
            "Form content: what an acknowledgement says to its maker. Encoded: made for fragmentId, \
             after an IV in front.",
            "Form block: what stands before the message in a packet, and what the last node sends \
             on.",
        ],
        vec![contents(), blocks()],
    )
}
