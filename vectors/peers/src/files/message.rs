//! message.json: the padding of the final payload, on and off.

use crate::document::{hex, Case, Document, Group};
use crate::outcome::peer_error;
use crate::peer::Peer;
use serde_json::json;

const ZEROS: usize = 16;

pub fn document(peer: &dyn Peer) -> Document {
    let mut group = Group::from_crate("sphinx-packet", peer.release(), json!({}));
    let mut add = |comment: String, flags: &[&str], payload: &[u8]| {
        let mut case = Case::new();
        case.insert("payload".into(), hex(payload));
        match peer.recover_message(payload) {
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
    let padded = |rest: &[u8]| [&[0; ZEROS], rest].concat();
    for length in [0, 1, 15, 16] {
        add(format!("{length} zeros"), &["ShortPayload"], &vec![0; length]);
    }
    add("a message of no bytes, no padding".into(), &[], &padded(&[1]));
    add("a message of no bytes, padded".into(), &[], &padded(&[1, 0, 0, 0]));
    add("one byte".into(), &[], &padded(&[0xaa, 1, 0]));
    add("no padding behind the mark".into(), &[], &padded(&[2, 3, 4, 1]));
    add("a message of zeros".into(), &["EndMark"], &padded(&[0, 0, 0, 1, 0]));
    add("a message of 01".into(), &["EndMark"], &padded(&[1, 1, 1, 1, 0]));
    add("a message that ends in 01 00".into(), &["EndMark"], &padded(&[9, 1, 0, 1, 0, 0]));
    add("bytes behind the mark, none 01".into(), &["EndMark"], &padded(&[9, 8, 1, 0, 7, 0xff]));
    add("no mark: zeros".into(), &["NoEndMark"], &padded(&[0; 20]));
    add("no mark: other bytes".into(), &["NoEndMark"], &padded(&[2, 3, 0xff, 0x10, 0x81]));
    for bit in 0..8 {
        let mut payload = padded(&[5, 1, 0, 0]);
        payload[2 * bit] = 1 << bit;
        add(format!("bit {bit} of byte {} of the zeros set", 2 * bit), &["LeadingZeros"], &payload);
    }
    let mut payload = padded(&[5, 1, 0, 0]);
    payload[ZEROS - 1] = 1;
    add("the last of the zeros is 01".into(), &["LeadingZeros"], &payload);
    add(
        "the last of the zeros is 01, and no mark".into(),
        &["LeadingZeros"],
        &payload[..ZEROS + 1],
    );
    add("all ff".into(), &["LeadingZeros"], &[0xff; 40]);
    Document {
        algorithm: "SphinxMessage",
        schema: "sphinx_message.schema.json",
        header: vec!["Final payloads, and the message the crate reads from them."],
        groups: vec![group],
    }
}
