//! Times sphinx-packet 0.6.0. One request per line, one line of JSON back; words are separated by
//! spaces, bytes are in hex.
//!
//! ```text
//! load NAME KEY PACKET..        keeps a node's private key and packets for it
//!                               {"sha256": of all outputs (packets, final payloads) in a row}
//! process NAME SECONDS          SphinxPacket::from_bytes and process, one packet after the other,
//!                               all of them and again, for that long
//! build VERSION HOPS PAYLOAD_SIZE SECONDS
//!                               full packets through that many hops, for that long
//!                               both: {"operations": how many, "ns": CPU time of the thread}
//! ```
//!
//! What goes wrong is answered by {"error": text}.

use cpu_time::ThreadTime;
use sha2::{Digest, Sha256};
use sphinx_packet::constants::{DESTINATION_ADDRESS_LENGTH, IDENTIFIER_LENGTH};
use sphinx_packet::crypto::{PrivateKey, PublicKey};
use sphinx_packet::header::delays::Delay;
use sphinx_packet::packet::builder::SphinxPacketBuilder;
use sphinx_packet::payload::PAYLOAD_OVERHEAD_SIZE;
use sphinx_packet::route::{Destination, DestinationAddressBytes, Node, NodeAddressBytes};
use sphinx_packet::version::Version;
use sphinx_packet::{ProcessedPacketData, SphinxPacket};
use std::collections::HashMap;
use std::fmt::Display;
use std::hint::black_box;
use std::io::{self, BufRead, Write};
use std::str::FromStr;
use std::time::Duration;

/// Packets built between two looks at the clock.
const BUILDS: usize = 8;

struct Loaded {
    private_key: PrivateKey,
    packets: Vec<Vec<u8>>,
}

fn main() -> io::Result<()> {
    let mut loaded = HashMap::new();
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let reply =
            answer(&mut loaded, &words).unwrap_or_else(|error| format!("{{\"error\": {error:?}}}"));
        writeln!(output, "{reply}")?;
        output.flush()?;
    }
    Ok(())
}

fn answer(loaded: &mut HashMap<String, Loaded>, words: &[&str]) -> Result<String, String> {
    match *words {
        ["load", name, key, ref packets @ ..] => {
            let key = from_hex(key)?;
            let key = <[u8; 32]>::try_from(key).map_err(|_| "a private key has 32 bytes")?;
            let packets = packets.iter().copied().map(from_hex).collect::<Result<_, _>>()?;
            let set = Loaded { private_key: PrivateKey::from(key), packets };
            let sha256 = outputs(&set)?;
            loaded.insert(name.into(), set);
            Ok(format!("{{\"sha256\": \"{sha256:x}\"}}"))
        }
        ["process", name, seconds] => {
            let set = loaded.get(name).ok_or_else(|| format!("nothing is loaded as {name}"))?;
            time(seconds, || process_all(set))
        }
        ["build", version, hops, payload_size, seconds] => {
            let sender = Sender::new(number(version)?, number(hops)?, number(payload_size)?)?;
            time(seconds, || sender.build())
        }
        _ => Err("load, process or build was expected, with all its words".into()),
    }
}

/// Repeats `work`, which returns how many operations it did.
fn time(seconds: &str, mut work: impl FnMut() -> Result<usize, String>) -> Result<String, String> {
    let limit = Duration::try_from_secs_f64(number(seconds)?).map_err(text)?;
    let start = ThreadTime::now();
    let mut operations = 0;
    loop {
        operations += work()?;
        let elapsed = start.elapsed();
        if elapsed >= limit {
            let ns = elapsed.as_nanos();
            return Ok(format!("{{\"operations\": {operations}, \"ns\": {ns}}}"));
        }
    }
}

fn process_all(set: &Loaded) -> Result<usize, String> {
    for bytes in &set.packets {
        let packet = SphinxPacket::from_bytes(black_box(bytes)).map_err(text)?;
        black_box(packet.process(&set.private_key).map_err(text)?);
    }
    Ok(set.packets.len())
}

fn outputs(set: &Loaded) -> Result<sha2::digest::Output<Sha256>, String> {
    if set.packets.is_empty() {
        return Err("no packets".into());
    }
    let mut hash = Sha256::new();
    for bytes in &set.packets {
        let packet = SphinxPacket::from_bytes(bytes).map_err(text)?;
        match packet.process(&set.private_key).map_err(text)?.data {
            ProcessedPacketData::ForwardHop { next_hop_packet, .. } => {
                hash.update(next_hop_packet.to_bytes());
            }
            ProcessedPacketData::FinalHop { payload, .. } => hash.update(payload.as_bytes()),
        }
    }
    Ok(hash.finalize())
}

struct Sender {
    version: Version,
    payload_size: usize,
    message: Vec<u8>,
    route: Vec<Node>,
    delays: Vec<Delay>,
    destination: Destination,
}

impl Sender {
    fn new(version: u16, hops: u8, payload_size: usize) -> Result<Self, String> {
        let room = payload_size.checked_sub(PAYLOAD_OVERHEAD_SIZE).ok_or("too small a payload")?;
        if !(1..=5).contains(&hops) {
            return Err("1 to 5 hops were expected".into()); // the crate would panic
        }
        let key = |i| PublicKey::from(&PrivateKey::from([0x40 | i; 32]));
        let node = |i| Node::new(NodeAddressBytes::from_bytes([i; 32]), key(i));
        let address = DestinationAddressBytes::from_bytes([9; DESTINATION_ADDRESS_LENGTH]);
        Ok(Self {
            version: Version::new(version),
            payload_size,
            message: vec![7; room],
            route: (0..hops).map(node).collect(),
            delays: vec![Delay::new_from_millis(15); hops.into()],
            destination: Destination::new(address, [0; IDENTIFIER_LENGTH]),
        })
    }

    fn build(&self) -> Result<usize, String> {
        for _ in 0..BUILDS {
            let packet = SphinxPacketBuilder::new()
                .with_version(self.version)
                .with_payload_size(self.payload_size)
                .build_packet(&self.message, &self.route, &self.destination, &self.delays)
                .map_err(text)?;
            black_box(packet.to_bytes());
        }
        Ok(BUILDS)
    }
}

fn from_hex(digits: &str) -> Result<Vec<u8>, String> {
    let pair =
        |at| u8::from_str_radix(digits.get(at..at + 2).ok_or("half a byte")?, 16).map_err(text);
    (0..digits.len()).step_by(2).map(pair).collect()
}

fn number<T: FromStr<Err: Display>>(word: &str) -> Result<T, String> {
    word.parse().map_err(|error| format!("{word}: {error}"))
}

fn text(error: impl Display) -> String {
    error.to_string()
}
