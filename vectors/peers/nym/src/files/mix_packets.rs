//! Packets between a client and its gateway.

use super::{case, document, refused, taken, ROTATIONS};
use crate::blob::{Blob, Parts};
use crate::document::{hex, sha256, Document, Group};
use crate::message::Leg;
use crate::network::address_bytes;
use crate::nodes::mix_packet;
use crate::outcome::{failed, Outcome};
use crate::randomness::Stream;
use nym_sphinx::forwarding::packet::MixPacket;
use serde_json::{json, Value};
use std::net::SocketAddr;

const ACK: usize = 386;
const SIZES: [usize; 5] = [2413, ACK, 8557, 16749, 33133];

fn read(layout: u8, bytes: &[u8]) -> Outcome<Value> {
    let packet = match layout {
        1 => MixPacket::try_from_v1_bytes(bytes),
        _ => MixPacket::try_from_v2_bytes(bytes),
    }
    .map_err(failed)?;
    Ok(json!({
        "packetType": packet.packet_type() as u8,
        "keyRotation": packet.key_rotation() as u8,
        "firstHop": hex(&address_bytes(packet.next_hop_address())),
        "packetSha256": sha256(&packet.packet().to_bytes().map_err(failed)?),
    }))
}

fn add(group: &mut Group, layout: u8, comment: impl Into<String>, flags: &[&str], parts: &Parts) {
    let fields = case(json!({"parts": parts.json()}));
    let fields = match read(layout, parts.bytes()) {
        Ok(found) => taken(fields, found),
        Err(error) => refused(fields, &error),
    };
    group.push(comment, flags, fields);
}

/// What the crate writes before the packet.
fn prefix(layout: u8, leg: &Leg) -> Vec<u8> {
    let packet = mix_packet(leg).expect("long enough");
    let bytes = match layout {
        1 => packet.into_v1_bytes(),
        _ => packet.into_v2_bytes(),
    }
    .expect("not of the retired type");
    bytes.strip_suffix(leg.packet.as_slice()).expect("the packet comes last").to_vec()
}

fn encoded(group: &mut Group, layout: u8, stream: &mut Stream) {
    let hops = ["192.0.2.9:1789", "[2001:db8::9]:65535"];
    for (size, hop) in SIZES.into_iter().flat_map(|size| hops.map(|hop| (size, hop))) {
        for (rotation, words) in (0_u8..).zip(ROTATIONS) {
            if layout == 1 && rotation == 1 || size > 2413 && rotation != 1 {
                continue;
            }
            let blob = Blob::draw(stream, size);
            let first_hop: SocketAddr = hop.parse().expect("an address of ours");
            let leg = Leg { first_hop, key_rotation: rotation, packet: blob.bytes() };
            let parts = Parts::default().whole(&prefix(layout, &leg)).blob(&blob);
            add(group, layout, format!("{size} bytes, {hop}, {words}"), &["Encoded"], &parts);
        }
    }
}

fn odd(group: &mut Group, layout: u8, stream: &mut Stream) {
    let rotation: &[u8] = if layout == 1 { &[] } else { &[1] };
    let (v4, v6) = ([4, 6, 253, 192, 0, 2, 9], [&[6, 6, 253][..], &[0x20; 16]].concat());
    let mut packet = |begin: &[&[u8]], size: usize| {
        Parts::default().whole(&begin.concat()).blob(&Blob::draw(stream, size))
    };
    add(group, layout, "nothing", &["ShortMixPacket"], &Parts::default());
    let begin = [&[0], rotation, &v4].concat();
    for length in 1..begin.len() {
        let parts = Parts::default().whole(&begin[..length]);
        add(group, layout, format!("{length} bytes"), &["ShortMixPacket"], &parts);
    }
    for kind in [1, 3, 255] {
        let parts = packet(&[&[kind], rotation, &v4], ACK);
        add(group, layout, format!("packet type {kind}"), &["BadType"], &parts);
    }
    let parts = packet(&[&[2], rotation, &v4], ACK);
    add(group, layout, "the retired type", &["RetiredType"], &parts);
    let parts = packet(&[&[2], rotation, &v4], ACK + 1);
    add(group, layout, "the retired type, a size of no packet", &["RetiredType"], &parts);
    for kind in [0, 5, 7] {
        let parts = packet(&[&[0], rotation, &[kind], &v4[1..]], ACK);
        add(group, layout, format!("address type {kind}"), &["BadAddress"], &parts);
    }
    let parts = Parts::default().whole(&[&[0], rotation, &v6[..18]].concat());
    add(group, layout, "an IPv6 address cut short", &["BadAddress"], &parts);
    for size in [0, 1, ACK - 1, ACK + 1, 377, 2377, 2412, 2414, 40_000] {
        let parts = packet(&[&[0], rotation, &v4], size);
        add(group, layout, format!("a packet of {size} bytes"), &["WrongLength"], &parts);
    }
    let parts = packet(&[&[0], rotation, &v4, &[0; 12]], ACK);
    add(group, layout, "an IPv4 address padded to 19 bytes", &["WrongLength"], &parts);
    if layout == 2 {
        for rotation in [3, 4, 255] {
            let parts = packet(&[&[0, rotation], &v4], ACK);
            add(group, layout, format!("rotation {rotation}"), &["BadRotation"], &parts);
        }
        let parts = packet(&[&[1, 3, 9]], ACK);
        add(group, layout, "type, rotation and address are bad", &["BadType"], &parts);
        let parts = packet(&[&[0, 3, 9]], ACK);
        add(group, layout, "rotation and address are bad", &["BadRotation"], &parts);
        let parts = packet(&[&[0], &v4], ACK);
        add(group, layout, "layout 1, taken as layout 2", &["OtherLayout"], &parts);
    } else {
        let parts = packet(&[&[0, 1], &v4], ACK);
        add(group, layout, "layout 2, taken as layout 1", &["OtherLayout"], &parts);
    }
}

pub fn mix_packets() -> Document {
    let groups = [1, 2].map(|layout| {
        let shared = json!({"layout": layout});
        let mut group = Group::from_crate("nym-sphinx-forwarding", "2.0.0", shared);
        let mut stream = Stream::new(&format!("mix packets {layout}"));
        encoded(&mut group, layout, &mut stream);
        odd(&mut group, layout, &mut stream);
        group
    });
    document(
        "NymMixPackets",
        "nym_mix_packet.schema.json",
        &[
            "What a client has its gateway send on: the parts in a row.",
            "Encoded: the crate wrote it, in layout 1 without the rotation.",
        ],
        groups.into(),
    )
}
