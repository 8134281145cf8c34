//! Messages as bytes: type and body, and the padding behind them.

use super::{case, document, refused, taken};
use crate::document::{hex, Case, Document, Group};
use crate::message::{Message, Surb};
use crate::network::{Client, Network};
use crate::outcome::Outcome;
use crate::randomness::{with_peer_randomness, Stream};
use crate::release::{release_2_0_0::Release200, Release, Settings};
use nym_sphinx::anonymous_replies::requests::ReplyMessage;
use nym_sphinx::message::NymMessage;
use rand::{rngs::StdRng, SeedableRng};
use serde_json::{json, Value};

const TAG: usize = 16;

/// A message's members, its surbs by their bytes.
pub fn describe(message: &Message) -> Value {
    match message {
        Message::Plain(data) => json!({"kind": "plain", "data": hex(data)}),
        Message::Repliable { tag, content, surbs, data } => {
            let mut fields = case(json!({
                "kind": "repliable",
                "senderTag": hex(tag),
                "content": content,
                "surbs": surbs.iter().map(|surb| hex(&surb.bytes)).collect::<Value>(),
            }));
            if let Some(Surb { key_rotation, .. }) = surbs.first() {
                fields.insert("keyRotation".into(), json!(key_rotation));
            }
            fields.insert("data".into(), hex(data));
            Value::Object(fields)
        }
        Message::Reply(data) => json!({"kind": "reply", "data": hex(data)}),
        Message::SurbRequest { recipient, amount } => {
            json!({"kind": "surbRequest", "recipient": hex(recipient), "amount": amount})
        }
    }
}

/// What the crate makes of bytes that are a message without padding.
fn read(encoded: &[u8]) -> Outcome<Message> {
    Release200.read(&[encoded, &[1]].concat())
}

fn add(group: &mut Group, comment: impl Into<String>, flags: &[&str], encoded: &[u8]) {
    let fields = case(json!({"message": hex(encoded)}));
    let fields = match read(encoded) {
        Ok(message) => taken(fields, describe(&message)),
        Err(error) => refused(fields, &error),
    };
    group.push(comment, flags, fields);
}

fn prefixed(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], body].concat()
}

fn repliable(label: &str, rotation_id: u32, data: Option<&[u8]>, surbs: usize) -> Vec<u8> {
    let network = Network::draw("message bytes", rotation_id);
    let client = Client::draw("message bytes: client", network.exits()[0]);
    let mut stream = Stream::new(label);
    let body = with_peer_randomness(label, || {
        let mut sender = Release200
            .sender(&network, &client, stream.array(), Settings::default())
            .expect("a network of ours");
        sender.repliable(stream.array(), data.map(<[u8]>::to_vec), surbs).expect("a route")
    });
    prefixed(1, &body.expect("no panic").0)
}

fn encoded(group: &mut Group) {
    let stream = &mut Stream::new("message bytes");
    for size in [0, 1, 2, 300] {
        let data = stream.bytes(size);
        add(group, format!("plain, {size} bytes"), &["Encoded"], &prefixed(0, &data));
    }
    for (size, surbs, rotation_id) in [(0, 0, 4), (5, 0, 4), (0, 1, 4), (3, 2, 5), (40, 1, 0)] {
        let data = stream.bytes(size);
        let label = format!("repliable, {size} bytes, {surbs} SURBs, rotation {rotation_id}");
        let message = repliable(&label, rotation_id, Some(&data), surbs);
        add(group, label, &["Encoded"], &message);
    }
    for (surbs, rotation_id) in [(0, 4), (1, 7)] {
        let label = format!("{surbs} additional SURBs");
        let mut message = repliable(&label, rotation_id, None, surbs);
        add(group, label, &["Encoded"], &message);
        message[1 + TAG] = 5;
        add(group, format!("heartbeat, {surbs} SURBs"), &["Encoded"], &message);
    }
    for size in [1, 2, 200] {
        let reply = ReplyMessage::new_data_message(stream.bytes(size)).into_bytes();
        add(group, format!("reply, {size} bytes"), &["Encoded"], &prefixed(2, &reply));
    }
    let network = Network::draw("message bytes", 4);
    for amount in [0, 1, 500, u32::MAX] {
        let client = Client::draw(&format!("asks for {amount}"), network.exits()[1]);
        let asker = nym_sphinx::addressing::clients::Recipient::try_from_bytes(client.recipient())
            .expect("a client of ours");
        let request = ReplyMessage::new_surb_request_message(asker, amount).into_bytes();
        add(group, format!("request for {amount}"), &["Encoded"], &prefixed(2, &request));
    }
}

fn odd(group: &mut Group) {
    let stream = &mut Stream::new("odd message bytes");
    add(group, "nothing", &["ShortMessage"], &[]);
    for kind in [3, 4, 255] {
        add(group, format!("type {kind}"), &["BadType"], &prefixed(kind, &stream.bytes(40)));
    }
    let one = repliable("odd: one SURB", 4, Some(b"data"), 1);
    let list = 1 + TAG + 1;
    for length in [1, 2, TAG, 1 + TAG, list, list + 1, list + 3, list + 4, list + 4 + 459] {
        let comment = format!("repliable, cut to {length} bytes");
        add(group, comment, &["ShortMessage"], &one[..length]);
    }
    add(group, "repliable, cut behind its SURB", &[], &one[..list + 4 + 460]);
    for tag in [6, 7, 255] {
        let mut message = one.clone();
        message[1 + TAG] = tag;
        add(group, format!("content tag {tag}"), &["BadType"], &message);
    }
    let additional = repliable("odd: additional", 4, None, 1);
    for tag in [4, 5] {
        let mut message = [&additional[..], &stream.bytes(6)].concat();
        message[1 + TAG] = tag;
        add(group, format!("content tag {tag}, 6 bytes behind"), &["TrailingBytes"], &message);
    }
    let mut changed = |comment: &str, flag: &str, at: usize, value: u8| {
        let mut message = one.clone();
        message[list + at] = value;
        add(group, comment, &[flag], &message);
    };
    changed("two SURBs are said, one is there", "BadCount", 1, 2);
    changed("65281 SURBs are said, one is there", "BadCount", 0, 255);
    changed("no seeds are said", "BadCount", 2, 0);
    changed("five seeds are said, four are there", "BadCount", 2, 5);
    changed("255 seeds are said", "BadCount", 2, 255);
    changed("rotation 3", "BadRotation", 3, 3);
    changed("rotation 255", "BadRotation", 3, 255);
    changed("the SURB's first hop is of type 5", "BadAddress", 4 + 16 + 348, 5);
    let mut message = [&one[..list + 4 + 460], &stream.bytes(16)].concat();
    message[list + 2] = 5;
    add(group, "five seeds are said, 16 bytes are added", &["OpaqueSurb"], &message);

    for body in [&[][..], &[0], &[1]] {
        let comment = format!("reply, {} bytes of body", body.len());
        add(group, comment, &["ShortMessage"], &prefixed(2, body));
    }
    for tag in [2, 255] {
        let body = [&[tag], &stream.bytes(20)[..]].concat();
        add(group, format!("content tag {tag} of a reply"), &["BadType"], &prefixed(2, &body));
    }
    let network = Network::draw("message bytes", 4);
    let asker = Client::draw("asks", network.exits()[0]).recipient();
    let request = [&[2, 1], &asker[..], &7_u32.to_be_bytes()].concat();
    for length in [2 + 95, 2 + 96, 2 + 99] {
        let comment = format!("request, cut to {length} bytes");
        add(group, comment, &["ShortMessage"], &request[..length]);
    }
    let longer = [&request[..], &[0]].concat();
    add(group, "request with a byte behind it", &["TrailingBytes"], &longer);
    let mut message = request;
    message[2..34].copy_from_slice(&[&[2][..], &[0; 31]].concat());
    add(group, "request of somebody whose identity is no point", &["OddPoint"], &message);
}

/// Plain messages of this data in fragments of this size: what is cut, and read again.
fn padded(group: &mut Group, stream: &mut Stream) {
    for (size, length) in [(20, 0), (20, 1), (20, 10), (20, 11), (20, 12), (20, 13), (20, 24)] {
        let data = stream.bytes(length);
        let message = NymMessage::new_plain(data.clone()).pad_to_full_packet_lengths(size);
        let mut rng = StdRng::from_seed(stream.array());
        let fragments = message.split_into_fragments(&mut rng, size);
        let padded: Vec<u8> =
            fragments.iter().flat_map(|fragment| fragment.payload().to_vec()).collect();
        let mut fields = padding(&padded);
        fields.insert("fragmentSize".into(), json!(size));
        let comment = format!("{length} bytes of data in fragments of {size}");
        group.push(comment, &["Encoded"], fields);
    }
}

fn padding(padded: &[u8]) -> Case {
    let fields = case(json!({"padded": hex(padded)}));
    match Release200.read(padded) {
        Ok(Message::Plain(data)) => taken(fields, json!({"message": hex(&prefixed(0, &data))})),
        Ok(_) => panic!("all are plain messages"),
        Err(error) => refused(fields, &error),
    }
}

fn odd_padding(group: &mut Group) {
    let cases: [(&str, &str, &[u8]); 10] = [
        ("nothing", "NoEndMark", &[]),
        ("only zeros", "NoEndMark", &[0; 30]),
        ("no 01", "NoEndMark", &[0, 2, 3, 0, 255]),
        ("nothing before the 01", "NoEndMark", &[1, 0, 0, 0]),
        ("only 01", "NoEndMark", &[1]),
        ("two 01, the last one counts", "EndMark", &[0, 5, 1, 6, 1, 0]),
        ("two 01 in a row", "EndMark", &[0, 9, 1, 1]),
        ("other bytes than zeros behind the 01", "EndMark", &[0, 8, 1, 0, 2, 255]),
        ("data of zeros", "EndMark", &[0, 0, 0, 0, 1, 0]),
        ("nothing behind the 01", "EndMark", &[0, 77, 78, 1]),
    ];
    for (comment, flag, padded) in cases {
        group.push(comment, &[flag], padding(padded));
    }
}

pub fn message_bytes() -> Document {
    let mut messages = Group::from_crate("nym-sphinx", "2.0.0", json!({"form": "message"}));
    encoded(&mut messages);
    odd(&mut messages);
    let mut paddings = Group::from_crate("nym-sphinx", "2.0.0", json!({"form": "padding"}));
    padded(&mut paddings, &mut Stream::new("padding"));
    odd_padding(&mut paddings);
    document(
        "NymMessageBytes",
        "nym_message_bytes.schema.json",
        &[
            "Form message: type and body, and what they say. Form padding: message is what is left \
             of padded; with fragmentSize, padded is what message becomes for such fragments.",
            "Encoded: what is read is written as these bytes.",
        ],
        vec![messages, paddings],
    )
}
