//! Lists of reply SURBs, in the layout of either release.

use super::{case, document, hex_list, refused, taken};
use crate::document::{hex, Document, Group};
use crate::message::Message;
use crate::network::{Client, Network};
use crate::randomness::{with_peer_randomness, Stream};
use crate::release::{Release, Settings};
use serde_json::json;

/// Sender tag and content tag stand before the list.
const HEAD: usize = 17;

struct Lists<'a> {
    release: &'a dyn Release,
    layout: u8,
    /// The content tag of data.
    content: u8,
    /// Bytes of the count, and of one SURB of four hops.
    count: usize,
    surb: usize,
}

impl Lists<'_> {
    fn add(&self, group: &mut Group, comment: &str, flags: &[&str], list: &[u8]) {
        let fields = case(json!({"list": hex(list)}));
        let body = [&[0; 16], &[self.content][..], list].concat();
        let read = with_peer_randomness(comment, || self.release.read_repliable(&body));
        match read.expect("no panic") {
            Ok(Message::Repliable { surbs, data, .. }) => {
                let found = json!({
                    "surbs": hex_list(surbs.iter().map(|surb| surb.bytes.as_slice())),
                    "consumed": list.len() - data.len(),
                });
                let mut fields = taken(fields, found);
                if let Some(surb) = surbs.first() {
                    fields.insert("keyRotation".into(), json!(surb.key_rotation));
                }
                group.push(comment, flags, fields);
            }
            Ok(_) => panic!("only repliable messages were asked for"),
            Err(error) => group.push(comment, flags, refused(fields, &error)),
        }
    }

    fn make(&self, label: &str, rotation_id: u32, surbs: usize, settings: Settings) -> Vec<u8> {
        let network = Network::draw("SURB lists", rotation_id);
        let client = Client::draw("SURB lists: client", network.exits()[1]);
        let made = with_peer_randomness(label, || {
            let mut stream = Stream::new(label);
            self.release
                .sender(&network, &client, stream.array(), settings)
                .and_then(|mut sender| sender.repliable([0; 16], Some(Vec::new()), surbs))
                .expect("a route")
        });
        let (body, _) = made.expect("no panic");
        body[HEAD..].to_vec()
    }

    fn made(&self, group: &mut Group) {
        let rotations: &[u32] = match self.layout {
            2 => &[8, 9, 0],
            _ => &[8],
        };
        for (surbs, rotation) in [(0, 8), (1, 8), (3, 9), (2, 0), (10, 8)] {
            let rotation = if rotations.contains(&rotation) { rotation } else { 8 };
            let label = format!("{surbs} SURBs, rotation {rotation}");
            let list = self.make(&label, rotation, surbs, Settings::default());
            self.add(group, &label, &["Encoded"], &list);
            if surbs == 1 {
                let list = [&list[..], b"behind it"].concat();
                self.add(group, "a SURB and data", &["Encoded"], &list);
            }
        }
    }

    fn odd(&self, group: &mut Group) {
        let one = self.make("odd lists", 8, 1, Settings::default());
        let whole = one.len();
        assert_eq!(whole, self.count + self.surb);
        for length in [1, self.count - 1, self.count, self.count + 1, whole - 1] {
            let comment = format!("one SURB, cut to {length} bytes");
            self.add(group, &comment, &["ShortList"], &one[..length]);
        }
        let mut changed = |comment: &str, flag: &str, at: usize, value: u8| {
            let mut list = one.clone();
            list[at] = value;
            self.add(group, comment, &[flag], &list);
        };
        changed("the highest byte of the count is 255", "BadCount", 0, 255);
        changed("the highest byte of the count is 1", "BadCount", 0, 1);
        changed("a first hop of type 0", "BadAddress", self.count + 16 + 348, 0);
        changed("a first hop of type 5", "BadAddress", self.count + 16 + 348, 5);
        changed("another key", "OpaqueSurb", self.count, one[self.count] ^ 1);
        changed("another header", "OpaqueSurb", self.count + 50, one[self.count + 50] ^ 1);
        changed("other material", "OpaqueSurb", whole - 1, one[whole - 1] ^ 1);
        if self.layout == 2 {
            for seeds in [0, 3, 5, 6, 255] {
                changed(&format!("{seeds} seeds are said"), "BadCount", 2, seeds);
            }
            for rotation in [3, 4, 255] {
                changed(&format!("rotation {rotation}"), "BadRotation", 3, rotation);
            }
            let list = [&[0, 0, 7, 2], &b"no SURBs"[..]].concat();
            self.add(group, "no SURBs of 7 seeds", &["NoSurbs"], &list);
            self.add(group, "no SURBs, rotation 3", &["BadRotation"], &[0, 0, 0, 3]);
            for seeds in 1..=6_u8 {
                let mut list = [&one[..], &[0x5a; 32]].concat();
                list[2] = seeds;
                list.truncate(4 + 396 + 16 * usize::from(seeds));
                let comment = format!("a SURB of {seeds} seeds");
                self.add(group, &comment, &["SeedCount"], &list);
            }
            let settings = Settings { no_mix_hops: true };
            let list = self.make("without mix hops", 8, 2, settings);
            self.add(group, "two SURBs without mix hops", &["Encoded", "SeedCount"], &list);
        }
    }
}

const HEADER: [&str; 3] = [
    "Lists of reply SURBs as they stand in repliable messages, and what is behind them.",
    "consumed: the list's own bytes. keyRotation: all its SURBs are for this rotation; layout 1 \
     cannot say which.",
    "Encoded: these SURBs are written as the list's own bytes.",
];

pub fn surb_lists(release: &dyn Release) -> Document {
    let lists = match release.version() {
        "2.0.0" => Lists { release, layout: 2, content: 3, count: 4, surb: 460 },
        _ => Lists { release, layout: 1, content: 0, count: 4, surb: 1164 },
    };
    let shared = json!({"layout": lists.layout});
    let mut group = Group::from_crate("nym-sphinx-anonymous-replies", release.version(), shared);
    lists.made(&mut group);
    lists.odd(&mut group);
    document("NymSurbLists", "nym_surb_list.schema.json", &HEADER, vec![group])
}
