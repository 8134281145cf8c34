//! Reply SURBs, one by one: as bytes, and used.

use super::{case, document, refused, taken};
use crate::document::{hex, Case, Document, Group};
use crate::message::Surb;
use crate::network::{address_bytes, Client, Network, Node};
use crate::nodes::travel;
use crate::outcome::{failed, Outcome};
use crate::randomness::{with_peer_randomness, Stream};
use crate::receiver::digest;
use crate::release::{Release, Settings};
use nym_sphinx::anonymous_replies::{ReplySurb, SurbEncryptionKey};
use nym_sphinx::params::PacketSize;
use serde_json::{json, Value};

/// Packets that show what a SURB does and are short.
const ACK_TAG: u8 = 2;

fn key_digest(key: [u8; 16]) -> Value {
    hex(&digest(&SurbEncryptionKey::try_from_bytes(&key).expect("16 bytes")))
}

fn describe(surb: &Surb) -> Value {
    json!({"key": hex(&surb.key()), "digest": key_digest(surb.key())})
}

/// The shortest reply to `surb`, and what becomes of it.
fn used(release: &dyn Release, network: &Network, surb: &Surb, message: &[u8]) -> Outcome<Case> {
    let leg = release.use_surb(surb, message, ACK_TAG)?;
    let end = travel(network, &leg)?;
    assert_eq!(end.message, message, "what was sent is delivered");
    Ok(case(json!({
        "content": hex(message),
        "firstHop": hex(&address_bytes(leg.first_hop)),
        "packetKeyRotation": leg.key_rotation,
        "packet": hex(&leg.packet),
        "path": end.path,
        "destination": hex(&end.destination),
    })))
}

fn made(release: &dyn Release, rotation_id: u32) -> Group {
    let network = Network::draw("reply SURBs", rotation_id);
    let nodes: Value = network.nodes.iter().map(Node::describe).collect();
    let shared = json!({"form": "made", "rotationId": rotation_id, "nodes": nodes});
    let mut group = Group::from_crate("nym-sphinx-anonymous-replies", release.version(), shared);
    for (number, exit) in network.exits().into_iter().enumerate() {
        let client = Client::draw(&format!("reply SURBs: client {number}"), exit);
        let settings = [false, true].map(|no_mix_hops| Settings { no_mix_hops });
        for settings in settings {
            let way = if settings.no_mix_hops { "straight to" } else { "four hops to" };
            let label = format!("{way} exit {}, rotation id {rotation_id}", number + 1);
            let fields = with_peer_randomness(&format!("{label} {}", release.version()), || {
                let mut stream = Stream::new(&label);
                let mut sender = release
                    .sender(&network, &client, stream.array(), settings)
                    .expect("a network of ours");
                let (_, surbs) = sender.repliable([0; 16], None, 1).expect("a route");
                let message = stream.bytes(PacketSize::AckPacket.plaintext_size());
                let mut fields = case(json!({
                    "surb": hex(&surbs[0].bytes),
                    "keyRotation": surbs[0].key_rotation,
                }));
                fields = taken(fields, describe(&surbs[0]));
                fields.extend(used(release, &network, &surbs[0], &message).expect("a good SURB"));
                fields
            });
            group.push(label, &[], fields.expect("no panic"));
        }
    }
    group
}

fn add(group: &mut Group, comment: impl Into<String>, flag: &str, surb: &[u8]) {
    let fields = case(json!({"surb": hex(surb)}));
    match ReplySurb::from_bytes(surb).map_err(failed) {
        Ok(read) => {
            assert_eq!(read.to_bytes(), surb);
            let plain = Surb { key_rotation: 0, bytes: surb.to_vec() };
            let mut found = case(describe(&plain));
            found.insert("text".into(), json!(read.to_base58_string()));
            group.push(comment, &[flag], taken(fields, Value::Object(found)));
        }
        Err(error) => group.push(comment, &[flag], refused(fields, &error)),
    }
}

fn parsed(release: &dyn Release) -> Group {
    let shared = json!({"form": "bytes"});
    let mut group = Group::from_crate("nym-sphinx-anonymous-replies", release.version(), shared);
    let stream = &mut Stream::new("reply SURB bytes");
    let mut good = stream.bytes(16 + 348 + 32 + 6 * 16);
    good[16 + 348] = 4;
    for seeds in 0..=6 {
        add(&mut group, format!("{seeds} seeds"), "SeedCount", &good[..396 + 16 * seeds]);
    }
    for length in [0, 1, 15, 16, 17, 16 + 348, 395, 411, 413, 459, 461] {
        add(&mut group, format!("{length} bytes"), "MaterialLength", &good[..length]);
    }
    for kind in [0, 5, 6, 255] {
        let mut surb = good[..460].to_vec();
        surb[16 + 348] = kind;
        add(&mut group, format!("a first hop of type {kind}"), "BadAddress", &surb);
    }
    let zeros = [&[0; 16 + 348][..], &[4], &[0; 31 + 64]].concat();
    add(&mut group, "zeros but for the first hop's type", "OpaqueSurb", &zeros);
    group
}

pub fn reply_surbs(release: &dyn Release) -> Document {
    let mut groups: Vec<Group> = [12, 13, 0].map(|id| made(release, id)).into();
    if release.version() == "2.0.0" {
        groups.push(parsed(release));
    }
    document(
        "NymReplySurbs",
        "nym_reply_surb.schema.json",
        &[
            "Form made: a SURB, and the packet that is made with it of content. path: nodes of the \
             group by their index, the last of which hands the content to destination.",
            "Form bytes: bytes taken as a SURB. digest is that of key; text is base58.",
        ],
        groups,
    )
}
