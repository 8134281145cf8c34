//! Writes every vector file that comes from a published crate: `write_vectors FOLDER`.
//!
//! FOLDER stands for vectors/. The same input gives the same bytes.

use sphinx_peers::files::{build, message, process, surb};
use sphinx_peers::notes::note;
use sphinx_peers::peer::PEERS;
use sphinx_peers::primitives;
use std::path::Path;

fn main() {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: write_vectors FOLDER");
        std::process::exit(2);
    };
    // Panics of the peers are results; ours end up in the exit code with their text.
    let ours = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() == Some("main") {
            ours(info);
        }
    }));
    let folder = Path::new(&folder);
    for peer in PEERS {
        let name = format!("sphinx_packet_{}", peer.release().replace('.', "_"));
        let place = folder.join("peers").join(name);
        build::document(peer).write(&place.join("build.json"), note);
        process::document(peer).write(&place.join("process.json"), note);
        message::document(peer).write(&place.join("message.json"), note);
        surb::surbs(peer).write(&place.join("surb.json"), note);
        surb::parsing(peer).write(&place.join("surb_parse.json"), note);
        if peer.release() == "0.8.0" {
            surb::recovery(peer).write(&place.join("surb_recovery.json"), note);
        }
    }
    let place = folder.join("primitives");
    let (document, notes) = primitives::x25519();
    let wycheproof = |flag: &str| primitives::wycheproof_note(&notes, flag);
    document.write(&place.join("x25519_wycheproof.json"), wycheproof);
    primitives::blake2b().write(&place.join("blake2b_crate.json"), primitives::note);
    primitives::lioness().write(&place.join("lioness.json"), primitives::note);
}
