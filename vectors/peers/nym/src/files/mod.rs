//! One module for each kind of vector file.

use crate::document::{hex, Case, Document, Group};
use crate::outcome::PeerError;
use serde_json::{json, Value};

pub mod acks;
pub mod addresses;
pub mod envelopes;
pub mod fragments;
pub mod frames;
pub mod headers;
pub mod message_bytes;
pub mod messages;
pub mod mix_packets;
pub mod reconstruction;
pub mod reply_surbs;
pub mod surb_lists;

/// A JSON object as the fields of a case.
fn case(value: Value) -> Case {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other} is no object"),
    }
}

/// Fields of something that both refuse, the crate in these words.
fn refused(mut fields: Case, error: &PeerError) -> Case {
    fields.insert("result".into(), json!("invalid"));
    fields.insert("peerOutcome".into(), error.json());
    fields
}

/// Fields of something that both take.
fn taken(mut fields: Case, found: Value) -> Case {
    fields.insert("result".into(), json!("valid"));
    fields.extend(case(found));
    fields
}

fn hex_list<'a>(items: impl IntoIterator<Item = &'a [u8]>) -> Value {
    items.into_iter().map(hex).collect()
}

fn document(
    algorithm: &'static str,
    schema: &'static str,
    header: &[&'static str],
    groups: Vec<Group>,
) -> Document {
    Document { algorithm, schema, header: header.to_vec(), groups }
}

/// Names of the rotation byte's values, by the byte.
const ROTATIONS: [&str; 3] = ["unknown rotation", "odd rotation", "even rotation"];
