//! Messages cut into fragments.

use super::{case, document, taken};
use crate::blob::Blob;
use crate::document::{hex, sha256, Document, Group};
use crate::randomness::Stream;
use nym_sphinx::chunking::{fragment::Fragment, number_of_required_fragments, split_into_sets};
use rand::{rngs::StdRng, SeedableRng};
use serde_json::{json, Value};

/// How many fragments at each end of each set are shown.
const SHOWN: usize = 2;
const SET: usize = 255;

/// Longest messages that fit 1, 2 and 3 sets of fragments of `size` bytes.
fn limits(size: usize) -> [usize; 3] {
    let (alone, linked, middle) = (SET * (size - 7), SET * (size - 7) - 3, SET * (size - 7) - 6);
    [alone, 2 * linked, 2 * linked + middle]
}

fn describe(index: usize, fragment: &Fragment) -> Value {
    let header = fragment.serialized_size() - fragment.payload_size();
    let bytes = fragment.clone().into_bytes();
    json!({
        "index": index,
        "header": hex(&bytes[..header]),
        "sha256": sha256(&bytes),
    })
}

fn is_shown(index: usize, count: usize) -> bool {
    let place = index % SET;
    place < SHOWN || place >= SET - SHOWN || index + SHOWN >= count
}

fn add(group: &mut Group, stream: &mut Stream, size: usize, length: usize) {
    let (count, spare) = number_of_required_fragments(length, size);
    let data = Blob::draw(stream, length + spare);
    let mut rng = StdRng::from_seed(stream.array());
    let sets = split_into_sets(&mut rng, &data.bytes(), size);
    let ids: Vec<i32> = sets.iter().map(|set| set[0].id()).collect();
    let fragments = sets.concat();
    assert_eq!(fragments.len(), count);
    let shown: Vec<Value> = fragments
        .iter()
        .enumerate()
        .filter(|(index, _)| is_shown(*index, count))
        .map(|(index, fragment)| describe(index, fragment))
        .collect();
    let all: Vec<u8> = fragments.into_iter().flat_map(Fragment::into_bytes).collect();
    let inputs = json!({
        "fragmentSize": size, "length": length, "data": data.json(), "setIds": ids,
    });
    let found = json!({
        "spare": spare, "count": count, "fragments": shown, "allSha256": sha256(&all),
    });
    let flags: &[&str] = match ids.len() {
        1 => &[],
        _ => &["LinkedSets"],
    };
    let comment = format!("{length} bytes, {count} fragments of {size}");
    group.push(comment, flags, taken(case(inputs), found));
}

pub fn fragments() -> Document {
    let mut group = Group::from_crate("nym-sphinx-chunking", "2.0.0", json!({}));
    let mut stream = Stream::new("fragments");
    for size in [11, 17, 64] {
        let one = size - 7;
        let [alone, two, three] = limits(size);
        let mut lengths = vec![1, one - 1, one, one + 1, 2 * one, 2 * one + 1, 100 * one - 1];
        for limit in [alone, two, three] {
            lengths.extend([limit - 1, limit, limit + 1]);
        }
        // The first set is full, and the first fragment of the second one is nearly, quite, over.
        lengths.extend([alone - 3 + size - 11, alone - 3 + size - 10, alone - 3 + size - 9]);
        lengths.sort_unstable();
        lengths.dedup();
        for length in lengths.into_iter().filter(|length| *length > 0) {
            add(&mut group, &mut stream, size, length);
        }
    }
    let [alone, two, _] = limits(1611);
    for length in [1, 1603, 1604, 1605, 3208, 3209, 100_000, 300_000, alone, alone + 1, two + 1] {
        add(&mut group, &mut stream, 1611, length);
    }
    for (size, length) in [(7755, 300_000), (15947, 300_000), (32331, 300_000), (32331, 32324)] {
        add(&mut group, &mut stream, size, length);
    }
    document(
        "NymFragments",
        "nym_fragment.schema.json",
        &[
            "A message of length bytes fills count fragments but for spare bytes. data, length and \
             spare bytes long, is cut into the fragments; the sets get setIds.",
            "fragments shows those at the ends of the sets; allSha256 is of all of them in a row.",
        ],
        vec![group],
    )
}
