//! Writes every vector file of Nym's message layer: `write_nym_vectors FOLDER`.
//!
//! FOLDER stands for vectors/. The same input gives the same bytes.

use sphinx_peers_nym::files::{
    acks, addresses, envelopes, fragments, frames, headers, message_bytes, messages, mix_packets,
    reconstruction, reply_surbs, surb_lists,
};
use sphinx_peers_nym::notes::note;
use sphinx_peers_nym::outcome::silence_caught_panics;
use sphinx_peers_nym::release::RELEASES;
use std::path::Path;

fn main() {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: write_nym_vectors FOLDER");
        std::process::exit(2);
    };
    silence_caught_panics();
    let folder = Path::new(&folder).join("peers");
    let place = folder.join("nym_2_0_0");
    frames::frames().write(&place.join("frames.json"), note);
    addresses::addresses().write(&place.join("addresses.json"), note);
    fragments::fragments().write(&place.join("fragments.json"), note);
    headers::headers().write(&place.join("fragment_headers.json"), note);
    reconstruction::reconstruction().write(&place.join("reconstruction.json"), note);
    message_bytes::message_bytes().write(&place.join("message_bytes.json"), note);
    mix_packets::mix_packets().write(&place.join("mix_packets.json"), note);
    envelopes::envelopes().write(&place.join("envelopes.json"), note);
    acks::acks().write(&place.join("acks.json"), note);
    for release in RELEASES {
        let place = folder.join(format!("nym_{}", release.version().replace('.', "_")));
        surb_lists::surb_lists(release).write(&place.join("surb_lists.json"), note);
        reply_surbs::reply_surbs(release).write(&place.join("reply_surbs.json"), note);
        messages::messages(release).write(&place.join("messages.json"), note);
    }
}
