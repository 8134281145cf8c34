//! Fragments of messages in several orders, put together again.

use super::{case, document, hex_list};
use crate::document::{hex, Document, Group};
use crate::outcome::{caught, Outcome};
use crate::randomness::Stream;
use nym_sphinx::chunking::{
    fragment::Fragment, reconstruction::MessageReconstructor, split_into_sets,
};
use rand::{rngs::StdRng, SeedableRng};
use serde_json::{json, Value};

/// Payloads of 4 bytes, 1 in linked fragments.
const SIZE: usize = 11;
const FULL_SET: usize = 255 * 4;

/// The fragments of some message of this length, set by set.
fn split(stream: &mut Stream, length: usize) -> Vec<Vec<Vec<u8>>> {
    let (data, mut rng) = (stream.bytes(length), StdRng::from_seed(stream.array()));
    let sets = split_into_sets(&mut rng, &data, SIZE);
    sets.into_iter().map(|set| set.into_iter().map(Fragment::into_bytes).collect()).collect()
}

fn shuffle(stream: &mut Stream, fragments: &mut [Vec<u8>]) {
    for end in (1..fragments.len()).rev() {
        let other = usize::try_from(stream.u64() % (end as u64 + 1)).expect("below end");
        fragments.swap(end, other);
    }
}

/// Feeds the crate: the messages, each with the index of the fragment that completed it.
fn put_together(fragments: &[Vec<u8>]) -> Outcome<Vec<Value>> {
    caught(|| {
        let mut reconstructor = MessageReconstructor::new();
        let mut messages = Vec::new();
        for (index, bytes) in fragments.iter().enumerate() {
            let fragment = Fragment::try_from_bytes(bytes).expect("a good header");
            if let Some((message, sets)) = reconstructor.insert_new_fragment(fragment) {
                let message = hex(&message);
                messages.push(json!({"after": index, "message": message, "setIds": sets}));
            }
        }
        Ok(messages)
    })
}

fn add(group: &mut Group, comment: &str, flags: &[&str], fragments: &[Vec<u8>]) {
    let messages = put_together(fragments).unwrap_or_else(|error| panic!("{comment}: {error:?}"));
    let fields = json!({
        "fragments": hex_list(fragments.iter().map(Vec::as_slice)),
        "messages": messages,
        "result": "valid",
    });
    group.push(comment, flags, case(fields));
}

/// The fragments at `lies` do not fit their set. What comes out is what comes of the others.
fn add_lies(group: &mut Group, comment: &str, flag: &str, fragments: &[Vec<u8>], lies: &[usize]) {
    let honest: Vec<usize> = (0..fragments.len()).filter(|index| !lies.contains(index)).collect();
    let others: Vec<Vec<u8>> = honest.iter().map(|index| fragments[*index].clone()).collect();
    let mut messages = put_together(&others).expect("honest fragments");
    for message in &mut messages {
        let after = message["after"].as_u64().and_then(|at| usize::try_from(at).ok());
        message["after"] = json!(honest[after.expect("an index")]);
    }
    let theirs = match put_together(fragments) {
        Ok(_) => json!({"accepted": true}),
        Err(error) => error.json(),
    };
    let fields = json!({
        "fragments": hex_list(fragments.iter().map(Vec::as_slice)),
        "messages": messages,
        "refused": lies,
        "result": "invalid",
        "peerOutcome": theirs,
    });
    group.push(comment, &[flag], case(fields));
}

fn one_set(group: &mut Group, stream: &mut Stream) {
    for length in [1, 4, 5, 12, 400, FULL_SET] {
        let fragments = split(stream, length).concat();
        add(group, &format!("{length} bytes in order"), &[], &fragments);
        if fragments.len() > 1 {
            let mut mixed = fragments;
            mixed.reverse();
            add(group, &format!("{length} bytes backwards"), &["Order"], &mixed);
            shuffle(stream, &mut mixed);
            add(group, &format!("{length} bytes shuffled"), &["Order"], &mixed);
        }
    }
}

fn several(group: &mut Group, stream: &mut Stream) {
    let [first, second, third] = [20, 31, 9].map(|length| split(stream, length).concat());
    let mut mixed = [first.clone(), second.clone(), third.clone()].concat();
    add(group, "three messages, one after the other", &[], &mixed);
    shuffle(stream, &mut mixed);
    add(group, "three messages, mixed", &["Order"], &mixed);
    let twice = [&first[..4], &first[..]].concat();
    add(group, "fragments 1..4 twice before the last", &["Duplicate"], &twice);
    let missing = [&second[..3], &second[4..], &third[..]].concat();
    add(group, "one fragment of a message is missing", &["Missing"], &missing);
    let again = [&first[..], &third[..], &first[..]].concat();
    add(group, "the same message again, complete", &["SetAgain"], &again);
    let begun = [&second[..], &second[..5]].concat();
    add(group, "the same message again, not complete", &["SetAgain"], &begun);
}

fn linked(group: &mut Group, stream: &mut Stream) {
    let flags = &["LinkedSets", "Order"];
    let two = split(stream, FULL_SET + 8);
    add(group, "two sets", &["LinkedSets"], &two.concat());
    let turned = [two[1].clone(), two[0].clone()].concat();
    add(group, "two sets, the second one first", flags, &turned);
    let mut mixed = two.concat();
    shuffle(stream, &mut mixed);
    add(group, "two sets, shuffled", flags, &mixed);
    let three = split(stream, 2 * FULL_SET);
    assert_eq!(three.len(), 3);
    for order in [[0, 1, 2], [2, 1, 0], [0, 2, 1], [1, 0, 2]] {
        let fragments = order.map(|set| three[set].clone()).concat();
        add(group, &format!("three sets in the order {order:?}"), flags, &fragments);
    }
    let without = [three[0].clone(), three[2].clone()].concat();
    add(group, "three sets without the middle one", &["LinkedSets", "Missing"], &without);
    add(group, "the second of two sets alone", &["LinkedSets", "Missing"], &two[1]);
}

fn lies(group: &mut Group, stream: &mut Stream) {
    let honest = split(stream, 18).concat();
    let (total, position) = (4, 5);
    let with = |index: usize, byte: usize, value: u8| {
        let mut lie = honest[index].clone();
        lie[byte] = value;
        lie
    };
    let outside = [&honest[..1], &[with(4, total, 9)], &honest[1..]].concat();
    add_lies(group, "a larger total", "OtherTotal", &outside, &[1]);
    let mut beyond = with(4, total, 9);
    beyond[position] = 6;
    let outside = [&honest[..2], &[beyond], &honest[2..]].concat();
    add_lies(group, "a larger total and a position in it", "OutsideSet", &outside, &[2]);
    let mut last = with(0, total, 255);
    last[position] = 255;
    let outside = [&honest[..4], &[last], &honest[4..]].concat();
    add_lies(group, "255 of 255 in a set of 5", "OutsideSet", &outside, &[4]);
    let smaller = [&honest[..3], &[with(3, total, 4)], &honest[3..]].concat();
    add_lies(group, "a smaller total", "OtherTotal", &smaller, &[3]);
}

pub fn reconstruction() -> Document {
    let mut group = Group::from_crate("nym-sphinx-chunking", "2.0.0", json!({}));
    let stream = &mut Stream::new("reconstruction");
    one_set(&mut group, stream);
    several(&mut group, stream);
    linked(&mut group, stream);
    lies(&mut group, stream);
    document(
        "NymReconstruction",
        "nym_reconstruction.schema.json",
        &[
            "Fragments as they come in, and the messages that come out: after is the index of the \
             fragment that completed it, setIds are its sets in order.",
            "refused: fragments by their index that do not fit their set, which stays as it was. \
             The crate takes them for good, or panics: peerOutcome.",
        ],
        vec![group],
    )
}
