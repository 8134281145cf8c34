//! Streams of frames between nodes.

use super::{case, document, refused, taken, ROTATIONS};
use crate::blob::{Blob, Parts};
use crate::codec::{decode, encode};
use crate::document::{sha256, Document, Group};
use crate::outcome::failed;
use crate::randomness::Stream;
use nym_sphinx::params::{PacketSize, PacketType, SphinxKeyRotation};
use nym_sphinx::NymPacket;
use nym_sphinx_framing::packet::FramedNymPacket;
use serde_json::{json, Value};

/// By their tags, from 1.
const SIZES: [usize; 5] = [2413, 386, 33133, 8557, 16749];
const ACK: u8 = 2;

fn size(tag: u8) -> usize {
    SIZES[usize::from(tag) - 1]
}

fn describe(frame: &FramedNymPacket, after: usize) -> Value {
    let header = frame.header();
    let packet = frame.packet().to_bytes().expect("a packet has bytes");
    json!({
        "version": header.packet_version.as_u8(),
        "packetType": header.packet_type as u8,
        "keyRotation": header.key_rotation as u8,
        "packetSha256": sha256(&packet),
        "after": after,
    })
}

fn add(group: &mut Group, comment: impl Into<String>, flags: &[&str], parts: &Parts) {
    let decoded = decode(parts.bytes());
    let frames: Vec<Value> =
        decoded.frames.iter().map(|(frame, after)| describe(frame, *after)).collect();
    let begun = decoded.frames.last().map_or(0, |(_, after)| *after);
    let mut fields = case(json!({"parts": parts.json(), "frames": frames}));
    match decoded.error {
        Some((error, after)) => {
            fields.insert("errorAt".into(), json!(begun));
            fields.insert("errorAfter".into(), json!(after));
            group.push(comment, flags, refused(fields, &error));
        }
        None => {
            let unread = json!({"unread": decoded.unread});
            group.push(comment, flags, taken(fields, unread));
        }
    }
}

/// The header that the crate writes for a packet; the rest must be the packet.
fn header(packet: &[u8], version: u8, rotation: u8) -> Vec<u8> {
    let rotation = SphinxKeyRotation::try_from(rotation).map_err(failed).expect("0..2");
    let sphinx = NymPacket::sphinx_from_bytes(packet).map_err(failed).expect("long enough");
    let frame = encode(FramedNymPacket::new(sphinx, PacketType::Mix, rotation, version == 7));
    let header = frame.strip_suffix(packet).expect("the packet ends its frame").to_vec();
    assert_eq!(PacketSize::try_from(header[1]).map(PacketSize::size).ok(), Some(packet.len()));
    header
}

struct Maker(Stream);

impl Maker {
    fn encoded(&mut self, parts: Parts, version: u8, tag: u8, rotation: u8) -> Parts {
        let blob = Blob::draw(&mut self.0, size(tag));
        parts.whole(&header(&blob.bytes(), version, rotation)).blob(&blob)
    }

    /// A frame with this header, right or wrong.
    fn framed(&mut self, parts: Parts, header: &[u8], packet: usize) -> Parts {
        parts.whole(header).blob(&Blob::draw(&mut self.0, packet))
    }
}

fn encoded(group: &mut Group, maker: &mut Maker) {
    for tag in 1..=5 {
        for (version, rotation) in [(8, 0), (8, 1), (8, 2), (7, 0)] {
            let parts = maker.encoded(Parts::default(), version, tag, rotation);
            let words = ROTATIONS[usize::from(rotation)];
            let comment = format!("version {version}, {} bytes, {words}", size(tag));
            add(group, comment, &["Encoded"], &parts);
        }
    }
}

fn streams(group: &mut Group, maker: &mut Maker) {
    let lists: [&[(u8, u8, u8)]; 4] = [
        &[(8, 2, 1), (8, 2, 1), (8, 2, 1), (8, 2, 1)],
        &[(8, 1, 2), (7, 2, 0), (8, 2, 0), (7, 1, 0), (8, 2, 1)],
        &[(8, 5, 1), (8, 4, 1), (8, 1, 2), (8, 2, 2)],
        &[(7, 2, 0), (7, 4, 0), (7, 2, 0), (7, 1, 0), (7, 2, 0), (7, 2, 0), (7, 1, 0)],
    ];
    for list in lists {
        let stream = list.iter().fold(Parts::default(), |parts, &(version, tag, rotation)| {
            maker.encoded(parts, version, tag, rotation)
        });
        add(group, format!("{} frames", list.len()), &["Encoded", "ManyFrames"], &stream);
    }
}

fn waiting(group: &mut Group, maker: &mut Maker) {
    add(group, "nothing", &["Waiting"], &Parts::default());
    let headers: [&[u8]; 8] =
        [&[7], &[8], &[0], &[255], &[8, ACK], &[0, 99], &[8, ACK, 0], &[8, 99, 99]];
    for header in headers {
        let comment = format!("{} bytes, the first is {}", header.len(), header[0]);
        add(group, comment, &["Waiting"], &Parts::default().whole(header));
    }
    for (header, missing) in [(&[7, ACK, 0][..], 1), (&[8, ACK, 0, 1], 1), (&[8, 3, 0, 2], 33133)] {
        let parts = maker.framed(Parts::default(), header, size(header[1]) - missing);
        add(group, format!("{missing} bytes are missing"), &["Waiting"], &parts);
    }
    let parts = maker.framed(Parts::default(), &[8, ACK, 2, 1], size(ACK) - 1);
    add(group, "of the retired type, 1 byte is missing", &["RetiredType", "Waiting"], &parts);
    let parts = maker.encoded(Parts::default(), 8, ACK, 2);
    add(group, "a frame and the begin of one", &["Waiting"], &parts.whole(&[8, ACK]));
}

fn refusals(group: &mut Group, maker: &mut Maker) {
    let bad: [(&str, &str, &[u8]); 20] = [
        ("version 0", "BadVersion", &[0, ACK, 0]),
        ("version 1", "BadVersion", &[1, ACK, 0, 0]),
        ("version 6", "BadVersion", &[6, ACK, 0, 0]),
        ("version 9", "BadVersion", &[9, ACK, 0, 0]),
        ("version 255, all else wrong, too", "BadVersion", &[255, 0, 9, 9]),
        ("size tag 0", "BadSizeTag", &[8, 0, 0, 0]),
        ("size tag 6", "BadSizeTag", &[8, 6, 0, 0]),
        ("size tag 7", "BadSizeTag", &[8, 7, 0, 0]),
        ("size tag 8", "BadSizeTag", &[7, 8, 0]),
        ("size tag 255", "BadSizeTag", &[7, 255, 0]),
        ("type 1", "BadType", &[8, ACK, 1, 0]),
        ("type 3", "BadType", &[7, ACK, 3]),
        ("type 255", "BadType", &[8, ACK, 255, 2]),
        ("rotation 3", "BadRotation", &[8, ACK, 0, 3]),
        ("rotation 255", "BadRotation", &[8, ACK, 0, 255]),
        ("size tag and type", "BadSizeTag", &[7, 0, 1]),
        ("rotation and size tag", "BadRotation", &[8, 0, 0, 3]),
        ("rotation and type", "BadRotation", &[8, ACK, 1, 3]),
        ("the retired type, size tag 6", "BadSizeTag", &[8, 6, 2, 0]),
        ("the retired type, rotation 3", "BadRotation", &[8, ACK, 2, 3]),
    ];
    for (comment, flag, header) in bad {
        add(group, comment, &[flag], &Parts::default().whole(header));
    }
    for (comment, flag, header) in bad.iter().step_by(3) {
        let parts = maker.encoded(Parts::default(), 8, ACK, 1).whole(header);
        add(group, format!("{comment}, behind a good frame"), &["BehindGood", flag], &parts);
    }
    for (version, header) in [(7, &[7, ACK, 2][..]), (8, &[8, ACK, 2, 1])] {
        let parts = maker.framed(Parts::default(), header, size(ACK));
        let comment = format!("a whole frame of the retired type, version {version}");
        add(group, comment, &["RetiredType"], &parts);
        let parts = maker.encoded(Parts::default(), 8, ACK, 2);
        let parts = maker.framed(parts, header, size(ACK));
        let comment = format!("a frame and one of the retired type, version {version}");
        add(group, comment, &["BehindGood", "RetiredType"], &parts);
    }
    let parts = maker.framed(Parts::default(), &[8, ACK, 0, 0], 377).whole(&[8, 6, 0, 0]);
    let parts = maker.framed(parts, &[], 400);
    add(group, "a packet of 377 bytes under the tag of 386", &["WrongLength"], &parts);
}

pub fn frames() -> Document {
    let mut group = Group::from_crate("nym-sphinx-framing", "2.0.0", json!({}));
    let maker = &mut Maker(Stream::new("frames"));
    encoded(&mut group, maker);
    streams(&mut group, maker);
    waiting(&mut group, maker);
    refusals(&mut group, maker);
    document(
        "NymFrames",
        "nym_frame.schema.json",
        &[
            "A stream between two nodes, and the frames in it, up to the first bad one. The stream \
             is the parts in a row.",
            "after: so many bytes of the stream had to be there. unread: so many wait for more.",
            "errorAt: where the bad frame begins; errorAfter: so many bytes had to be there.",
            "Encoded: the crate wrote the stream, from just these frames.",
        ],
        vec![group],
    )
}
