//! The file format: Wycheproof's shape, one case per line.

use serde_json::{json, Map, Value};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

pub type Case = Map<String, Value>;

pub fn hex(bytes: &[u8]) -> Value {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a String");
    }
    Value::String(text)
}

pub fn sha256(bytes: &[u8]) -> Value {
    hex(&Sha256::digest(bytes))
}

/// `name` whole if it is short, else `nameSha256`.
pub fn insert_bytes(case: &mut Case, name: &str, bytes: &[u8], limit: usize) {
    if bytes.len() <= limit {
        case.insert(name.into(), hex(bytes));
    } else {
        case.insert(format!("{name}Sha256"), sha256(bytes));
    }
}

/// Cases that share parameters.
pub struct Group {
    /// Where the expected values are from, and what the cases share.
    pub fields: Case,
    pub tests: Vec<Case>,
}

impl Group {
    pub fn from_crate(name: &str, version: &str, shared: Value) -> Self {
        let url = format!("https://crates.io/crates/{name}/{version}");
        let mut fields = Case::new();
        fields.insert("source".into(), json!({"name": name, "version": version, "url": url}));
        fields.extend(shared.as_object().cloned().unwrap_or_default());
        Self { fields, tests: Vec::new() }
    }

    /// Adds a case; tcIds are given when the file is written.
    pub fn push(&mut self, comment: impl Into<String>, flags: &[&str], fields: Case) {
        let mut case = Case::new();
        case.insert("tcId".into(), json!(0));
        case.insert("comment".into(), json!(comment.into()));
        case.insert("flags".into(), json!(flags));
        case.extend(fields);
        self.tests.push(case);
    }
}

pub struct Document {
    pub algorithm: &'static str,
    pub schema: &'static str,
    pub header: Vec<&'static str>,
    pub groups: Vec<Group>,
}

impl Document {
    /// Numbers the cases, takes the notes of the flags used from `note`, and writes the file.
    pub fn write(mut self, path: &Path, note: impl Fn(&str) -> Value) {
        let mut flags = BTreeSet::new();
        let mut count = 0;
        for test in self.groups.iter_mut().flat_map(|group| &mut group.tests) {
            count += 1;
            test.insert("tcId".into(), json!(count));
            for flag in test["flags"].as_array().expect("flags are a list") {
                flags.insert(flag.as_str().expect("flags are strings").to_string());
            }
        }
        let notes: Vec<String> =
            flags.iter().map(|flag| format!("{}:{}", json!(flag), note(flag))).collect();
        let header: Vec<String> = self.header.iter().map(|line| json!(line).to_string()).collect();
        let groups: Vec<String> = self.groups.iter().map(render_group).collect();
        let text = format!(
            "{{\n\"algorithm\":{},\n\"schema\":{},\n\"numberOfTests\":{count},\n\
             \"header\":[\n{}\n],\n\"notes\":{},\n\"testGroups\":[\n{}\n]\n}}\n",
            json!(self.algorithm),
            json!(self.schema),
            header.join(",\n"),
            if notes.is_empty() { "{}".into() } else { format!("{{\n{}\n}}", notes.join(",\n")) },
            groups.join(",\n"),
        );
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("mkdir");
        std::fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        println!("{:>5} cases  {}", count, path.display());
    }
}

fn render_group(group: &Group) -> String {
    let fields: Vec<String> =
        group.fields.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    let tests: Vec<String> =
        group.tests.iter().map(|test| Value::Object(test.clone()).to_string()).collect();
    format!("{{{},\"tests\":[\n{}\n]}}", fields.join(","), tests.join(",\n"))
}
