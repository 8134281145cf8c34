//! Addresses of nodes and clients, and sender tags, as bytes and as text.

use super::{case, document, refused, taken};
use crate::document::{hex, Document, Group};
use crate::outcome::{failed, Outcome};
use crate::randomness::Stream;
use nym_crypto::asymmetric::{ed25519, x25519};
use nym_sphinx::addressing::clients::Recipient;
use nym_sphinx::addressing::nodes::NymNodeRoutingAddress;
use nym_sphinx::anonymous_replies::requests::AnonymousSenderTag;
use serde_json::{json, Value};
use std::net::SocketAddr;

type Item = (String, &'static str, Value);

/// Cases from inputs, each read by `read`.
fn fill(
    version_of: (&str, &str),
    form: &str,
    from: &str,
    items: Vec<Item>,
    read: impl Fn(&Value) -> Outcome<Value>,
) -> Group {
    let shared = json!({"form": form, "from": from});
    let mut group = Group::from_crate(version_of.0, version_of.1, shared);
    for (comment, flag, input) in items {
        let fields = case(json!({"input": input}));
        let fields = match read(&input) {
            Ok(found) => taken(fields, found),
            Err(error) => refused(fields, &error),
        };
        let flags: &[&str] = if flag.is_empty() { &[] } else { &[flag] };
        group.push(comment, flags, fields);
    }
    group
}

fn text(input: &Value) -> &str {
    input.as_str().expect("inputs are strings")
}

fn bytes(input: &Value) -> Vec<u8> {
    let digits = text(input).as_bytes();
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("hex is ASCII");
        u8::from_str_radix(pair, 16).expect("hex digits")
    };
    digits.chunks(2).map(byte).collect()
}

fn describe_node(address: NymNodeRoutingAddress) -> Value {
    let text = SocketAddr::from(address).to_string();
    json!({
        "text": text,
        "bytes": hex(&address.as_bytes()),
        "padded": hex(&address.as_zero_padded_bytes(32)),
    })
}

const TEXTS: [&str; 14] = [
    "192.0.2.77:1789",
    "0.0.0.0:0",
    "255.255.255.255:65535",
    "127.0.0.1:1",
    "10.1.2.3:256",
    "[::]:0",
    "[::1]:1789",
    "[2001:db8::1]:65535",
    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:255",
    "[::ffff:192.0.2.77]:1789",
    "[2001:db8:0:0:1:0:0:1]:443",
    "[fe80::1]:80",
    "[64:ff9b::203.0.113.9]:8080",
    "[1:0:0:2:0:0:0:3]:9",
];

fn node_texts() -> Group {
    let items = TEXTS.map(|text| (text.into(), "", json!(text))).to_vec();
    let read = |input: &Value| {
        Ok(describe_node(text(input).parse::<SocketAddr>().expect("an address of ours").into()))
    };
    fill(("nym-sphinx-addressing", "2.0.0"), "node", "text", items, read)
}

fn node_bytes() -> Group {
    let mut stream = Stream::new("node addresses");
    let mut items: Vec<Item> = Vec::new();
    for (kind, needed) in [(4_u8, 7_usize), (6, 19)] {
        let whole = [vec![kind], stream.bytes(needed - 1)].concat();
        for size in [1, 2, 3, needed - 1] {
            let comment = format!("type {kind}, {size} bytes");
            items.push((comment, "ShortAddress", hex(&whole[..size])));
        }
        for (size, what) in [(0, "nothing"), (1, "a byte"), (12, "12 bytes"), (25, "25 bytes")] {
            let comment = format!("type {kind} and {what} behind it");
            let input = [whole.clone(), stream.bytes(size)].concat();
            items.push((comment, if size > 0 { "TrailingBytes" } else { "" }, hex(&input)));
        }
        let padded = [whole.clone(), vec![0; 32 - needed]].concat();
        items.push((format!("type {kind}, padded to 32 bytes"), "TrailingBytes", hex(&padded)));
        let zeros = [vec![kind], vec![0; 31]].concat();
        items.push((format!("type {kind}, all else zero"), "TrailingBytes", hex(&zeros)));
    }
    items.push(("nothing".into(), "ShortAddress", hex(&[])));
    for kind in [0, 1, 3, 5, 7, 46, 255] {
        let input = [vec![kind], stream.bytes(18)].concat();
        items.push((format!("type {kind}"), "BadType", hex(&input)));
    }
    items.push(("a lone byte 5".into(), "BadType", hex(&[5])));
    let read = |input: &Value| {
        NymNodeRoutingAddress::try_from_bytes(&bytes(input)).map(describe_node).map_err(failed)
    };
    fill(("nym-sphinx-addressing", "2.0.0"), "node", "bytes", items, read)
}

fn describe_recipient(recipient: Recipient) -> Value {
    json!({
        "text": recipient.to_string(),
        "bytes": hex(&recipient.to_bytes()),
        "identity": hex(&recipient.identity().to_bytes()),
        "encryptionKey": hex(&recipient.encryption_key().to_bytes()),
        "gateway": hex(&recipient.gateway().to_bytes()),
    })
}

fn draw_recipient(stream: &mut Stream) -> Recipient {
    let identity = |seed: [u8; 32]| ed25519::PrivateKey::from_bytes(&seed).expect("32 bytes");
    Recipient::new(
        identity(stream.array()).public_key(),
        x25519::PrivateKey::from_secret(stream.array()).public_key(),
        identity(stream.array()).public_key(),
    )
}

/// Encodings of y that a strict decoder and a lenient one tell apart.
fn odd_points() -> Vec<(&'static str, [u8; 32])> {
    let small = |low: u8| {
        let mut bytes = [0; 32];
        bytes[0] = low;
        bytes
    };
    let top = |low: u8, last: u8| {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (low, last);
        bytes
    };
    let signed = |mut bytes: [u8; 32]| {
        bytes[31] |= 0x80;
        bytes
    };
    vec![
        ("y = 0", small(0)),
        ("y = 0, the sign set", signed(small(0))),
        ("y = 1", small(1)),
        ("y = 1, the sign set: x is 0", signed(small(1))),
        ("y = 2", small(2)),
        ("y = 3", small(3)),
        ("y = 4", small(4)),
        ("y = 5", small(5)),
        ("y = p - 1", top(0xec, 0x7f)),
        ("y = p - 1, the sign set: x is 0", top(0xec, 0xff)),
        ("y = p", top(0xed, 0x7f)),
        ("y = p + 1", top(0xee, 0x7f)),
        ("y = p + 1, the sign set", top(0xee, 0xff)),
        ("y = p + 2", top(0xef, 0x7f)),
        ("y = p + 3", top(0xf0, 0x7f)),
        ("y = 2^255 - 1", top(0xff, 0x7f)),
        ("all bits set", top(0xff, 0xff)),
    ]
}

fn recipient_bytes() -> Group {
    let mut stream = Stream::new("recipients");
    let mut items: Vec<Item> = Vec::new();
    for i in 1..=6 {
        let recipient = draw_recipient(&mut stream);
        items.push((format!("keys of anybody, {i}"), "", hex(&recipient.to_bytes())));
    }
    let good = draw_recipient(&mut stream).to_bytes();
    for (comment, point) in odd_points() {
        for (place, at) in [("identity", 0), ("gateway", 64)] {
            let mut input = good;
            input[at..at + 32].copy_from_slice(&point);
            items.push((format!("{place}: {comment}"), "OddPoint", hex(&input)));
        }
    }
    for (comment, key) in [("zero", [0; 32]), ("one", odd_points()[2].1), ("all set", [0xff; 32])] {
        let mut input = good;
        input[32..64].copy_from_slice(&key);
        items.push((format!("encryption key: {comment}"), "OddKey", hex(&input)));
    }
    items.push(("zeros".into(), "OddPoint", hex(&[0; 96])));
    let read = |input: &Value| {
        let input = bytes(input).try_into().expect("96 bytes");
        Recipient::try_from_bytes(input).map(describe_recipient).map_err(failed)
    };
    fill(("nym-sphinx-addressing", "2.0.0"), "recipient", "bytes", items, read)
}

fn recipient_texts() -> Group {
    let mut stream = Stream::new("recipient texts");
    let good = draw_recipient(&mut stream).to_string();
    let (client, gateway) = good.split_once('@').expect("one @");
    let (identity, key) = client.split_once('.').expect("one .");
    let mut leading = draw_recipient(&mut stream).to_bytes();
    leading[32..36].fill(0);
    let leading = Recipient::try_from_bytes(leading).expect("any x25519 key").to_string();
    let texts = [
        ("as written", "", good.clone()),
        ("a key with leading zeros", "", leading),
        ("nothing", "Separators", String::new()),
        ("no @", "Separators", format!("{client}{gateway}")),
        ("two @", "Separators", format!("{client}@{gateway}@")),
        ("no .", "Separators", format!("{identity}{key}@{gateway}")),
        ("two .", "Separators", format!("{identity}..{key}@{gateway}")),
        (". in the right half only", "Separators", format!("{identity}{key}@{gateway}.")),
        (". in both halves", "BadText", format!("{client}@{gateway}.")),
        ("no identity", "BadText", format!(".{key}@{gateway}")),
        ("no encryption key", "BadText", format!("{identity}.@{gateway}")),
        ("no gateway", "BadText", format!("{client}@")),
        ("a space in front", "BadText", format!(" {good}")),
        ("a line end behind", "BadText", format!("{good}\n")),
        ("0 in the identity", "BadText", format!("0{}.{key}@{gateway}", &identity[1..])),
        ("l in the gateway", "BadText", format!("{client}@l{}", &gateway[1..])),
        ("a letter too few", "BadText", format!("{}.{key}@{gateway}", &identity[2..])),
        ("a letter too many", "BadText", format!("{identity}.{key}z@{gateway}")),
        ("a 1 too many", "BadText", format!("1{identity}.{key}@{gateway}")),
        ("identity and key swapped", "OddPoint", format!("{key}.{identity}@{gateway}")),
    ];
    let items = texts.into_iter().map(|(comment, flag, text)| (comment.into(), flag, json!(text)));
    let read = |input: &Value| {
        Recipient::try_from_base58_string(text(input)).map(describe_recipient).map_err(failed)
    };
    fill(("nym-sphinx-addressing", "2.0.0"), "recipient", "text", items.collect(), read)
}

fn sender_tags() -> Group {
    let mut stream = Stream::new("sender tags");
    let mut tags: Vec<[u8; 16]> = (0..4).map(|_| stream.array()).collect();
    tags.extend([[0; 16], [0xff; 16]]);
    tags.push([&[0; 3][..], &stream.bytes(13)].concat().try_into().expect("16 bytes"));
    let write = |tag: &[u8; 16]| AnonymousSenderTag::from_bytes(*tag).to_base58_string();
    let mut items: Vec<Item> = tags.iter().map(|tag| (write(tag), "", json!(write(tag)))).collect();
    let good = write(&tags[0]);
    let bad = [
        ("nothing", String::new()),
        ("15 bytes of zero", "1".repeat(15)),
        ("17 bytes of zero", "1".repeat(17)),
        ("a 1 too many", format!("1{good}")),
        ("a letter too few", good[..20].to_string()),
        ("O, which no text has", format!("O{}", &good[1..])),
        ("a space behind", format!("{good} ")),
    ];
    items.extend(bad.map(|(comment, text)| (comment.into(), "BadText", json!(text))));
    let read = |input: &Value| {
        let tag = AnonymousSenderTag::try_from_base58_string(text(input)).map_err(failed)?;
        Ok(json!({"text": tag.to_base58_string(), "bytes": hex(&tag.to_bytes())}))
    };
    fill(("nym-sphinx-anonymous-replies", "2.0.0"), "senderTag", "text", items, read)
}

pub fn addresses() -> Document {
    document(
        "NymAddresses",
        "nym_address.schema.json",
        &[
            "Addresses of nodes (7 or 19 bytes; padded: 32, as Sphinx holds them) and of clients, \
             and sender tags. input is a text or bytes, as the group's `from` says.",
            "Text of clients and tags is base58. text and bytes are what is written in the end.",
        ],
        vec![node_texts(), node_bytes(), recipient_bytes(), recipient_texts(), sender_tags()],
    )
}
