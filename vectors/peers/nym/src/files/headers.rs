//! Fragments, one by one, as bytes.

use super::{case, document, refused, taken};
use crate::document::{hex, Document, Group};
use crate::outcome::failed;
use crate::randomness::Stream;
use nym_sphinx::chunking::fragment::Fragment;
use serde_json::{json, Value};

fn describe(fragment: &Fragment) -> Value {
    let mut fields = case(json!({
        "setId": fragment.id(),
        "total": fragment.total_fragments(),
        "position": fragment.current_fragment(),
        "payload": hex(fragment.payload()),
        "identifier": hex(&fragment.fragment_identifier().to_bytes()),
    }));
    let links = [
        ("previousSet", fragment.previous_fragments_set_id()),
        ("nextSet", fragment.next_fragments_set_id()),
    ];
    for (name, link) in links {
        if let Some(id) = link {
            fields.insert(name.into(), json!(id));
        }
    }
    Value::Object(fields)
}

fn add(group: &mut Group, comment: &str, flag: &str, bytes: &[u8]) {
    let fields = case(json!({"fragment": hex(bytes)}));
    let flags: &[&str] = if flag.is_empty() { &[] } else { &[flag] };
    match Fragment::try_from_bytes(bytes) {
        Ok(fragment) => {
            assert_eq!(fragment.clone().into_bytes(), bytes, "{comment}");
            group.push(comment, flags, taken(fields, describe(&fragment)));
        }
        Err(error) => group.push(comment, flags, refused(fields, &failed(error))),
    }
}

const TOP: u32 = 1 << 31;
const LARGEST: u32 = TOP - 1;

fn header(id: u32, total: u8, position: u8, link: &[u8]) -> Vec<u8> {
    [&id.to_be_bytes()[..], &[total, position], link].concat()
}

pub fn headers() -> Document {
    let mut group = Group::from_crate("nym-sphinx-chunking", "2.0.0", json!({}));
    let mut stream = Stream::new("fragment headers");
    let id = u32::from_be_bytes(stream.array()) | TOP;
    let other = (u32::from_be_bytes(stream.array()) | TOP).to_be_bytes();
    let payload = stream.bytes(9);
    let alone = |total, position| [header(id, total, position, &[0]), payload.clone()].concat();
    let linked = |total, position| [header(id, total, position, &other), payload.clone()].concat();

    for (total, position) in [(1, 1), (2, 1), (2, 2), (255, 1), (255, 254), (255, 255), (9, 4)] {
        add(&mut group, &format!("{position} of {total}"), "", &alone(total, position));
    }
    for (total, position) in [(1, 1), (255, 1), (2, 1), (255, 255)] {
        let comment = format!("{position} of {total}, linked");
        add(&mut group, &comment, "LinkedSets", &linked(total, position));
    }
    for (id, what) in [(1, "1"), (LARGEST, "2^31 - 1")] {
        let bytes = [header(id | TOP, 1, 1, &[0]), payload.clone()].concat();
        add(&mut group, &format!("set id {what}"), "", &bytes);
        let link = (id | TOP).to_be_bytes();
        let bytes = [header(TOP | 77, 3, 1, &link), payload.clone()].concat();
        add(&mut group, &format!("linked to set id {what}"), "LinkedSets", &bytes);
    }
    add(&mut group, "no payload", "EmptyPayload", &alone(1, 1)[..7]);
    add(&mut group, "no payload, linked", "EmptyPayload", &linked(1, 1)[..10]);

    for length in 0..7 {
        let comment = format!("{length} bytes");
        add(&mut group, &comment, "ShortFragment", &alone(1, 1)[..length]);
    }
    for length in 7..10 {
        let comment = format!("linked, {length} bytes");
        add(&mut group, &comment, "ShortFragment", &linked(1, 1)[..length]);
    }
    for (total, position) in [(0, 0), (0, 1), (1, 0), (1, 2), (254, 255), (3, 9)] {
        let comment = format!("{position} of {total}");
        add(&mut group, &comment, "BadPosition", &alone(total, position));
    }
    for (total, position) in [(2, 2), (254, 254), (255, 254), (255, 2), (9, 5)] {
        let comment = format!("{position} of {total}, linked");
        add(&mut group, &comment, "BadLink", &linked(total, position));
    }
    let mistakes: [(&str, &str, u32, &[u8]); 9] = [
        ("set id without its top bit", "NoTopBit", id & LARGEST, &[0]),
        ("set id 0", "ZeroId", TOP, &[0]),
        ("set id 0 without its top bit", "NoTopBit", 0, &[0]),
        ("link without its top bit", "NoTopBit", id, &[1, 2, 3, 4]),
        ("link without its top bit, 7f", "NoTopBit", id, &[0x7f, 0xff, 0xff, 0xff]),
        ("link to set 0", "ZeroId", id, &[0x80, 0, 0, 0]),
        ("link to itself", "BadLink", id, &id.to_be_bytes()),
        ("set id 0, linked", "ZeroId", TOP, &other),
        ("set id without its top bit, linked", "NoTopBit", 5, &other),
    ];
    for (comment, flag, id, link) in mistakes {
        add(&mut group, comment, flag, &[header(id, 1, 1, link), payload.clone()].concat());
    }
    document(
        "NymFragmentHeaders",
        "nym_fragment_header.schema.json",
        &[
            "Bytes taken as a fragment. Where they are one, it is written as the same bytes.",
            "identifier is what an acknowledgement of the fragment holds.",
        ],
        vec![group],
    )
}
