//! Times published crates. One request per line, one line of JSON back; words are separated by
//! spaces, bytes are in hex.
//!
//! ```text
//! load-packets NAME KEY PACKET..              packets for the node with this private key
//! load-surbs NAME PAYLOAD_SIZE MESSAGE SURB.. SURBs, and the message of all replies
//! load-blocks NAME KEY BLOCK KEY BLOCK..      LIONESS keys and blocks
//!     {"sha256": of all outputs in a row: packets and final payloads, replies, encrypted blocks}
//!
//! process NAME SECONDS        SphinxPacket::from_bytes and process
//! use-surbs NAME SECONDS      SURB::use_surb and SphinxPacket::to_bytes
//! encrypt NAME SECONDS        Lioness::encrypt in place
//! decrypt NAME SECONDS        Lioness::decrypt in place
//!     each of what is loaded, one after the other, all of them and again, for that long
//! build VERSION HOPS PAYLOAD_SIZE SECONDS
//!     full packets through that many hops, for that long
//! x25519-dalek SCALAR POINT SECONDS
//! aws-lc-rs SCALAR POINT SECONDS
//!     one multiplication over and over
//!         all: {"operations": how many, "ns": CPU time of the thread}
//! x25519-check SCALAR POINT   {"x25519-dalek": result, "aws-lc-rs": result}
//! ```
//!
//! What goes wrong is answered by {"error": text}.

mod blocks;
mod multiplication;
mod packets;
mod sender;
mod surbs;
mod words;

use blocks::Blocks;
use cpu_time::ThreadTime;
use multiplication::{AwsLc, Dalek};
use packets::Packets;
use sender::Sender;
use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::time::Duration;
use surbs::Surbs;
use words::{array, number, text, to_hex};

#[derive(Default)]
struct Loaded {
    packets: HashMap<String, Packets>,
    surbs: HashMap<String, Surbs>,
    blocks: HashMap<String, Blocks>,
}

fn main() -> io::Result<()> {
    let mut loaded = Loaded::default();
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

fn answer(loaded: &mut Loaded, words: &[&str]) -> Result<String, String> {
    match *words {
        ["load-packets", name, key, ref packets @ ..] => {
            let set = Packets::new(array(key)?, packets)?;
            let sha256 = set.outputs()?;
            loaded.packets.insert(name.into(), set);
            Ok(format!("{{\"sha256\": \"{sha256:x}\"}}"))
        }
        ["load-surbs", name, payload_size, message, ref surbs @ ..] => {
            let set = Surbs::new(number(payload_size)?, message, surbs)?;
            let sha256 = set.outputs()?;
            loaded.surbs.insert(name.into(), set);
            Ok(format!("{{\"sha256\": \"{sha256:x}\"}}"))
        }
        ["load-blocks", name, ref items @ ..] => {
            let mut set = Blocks::new(items)?;
            let sha256 = set.outputs()?;
            loaded.blocks.insert(name.into(), set);
            Ok(format!("{{\"sha256\": \"{sha256:x}\"}}"))
        }
        ["process", name, seconds] => {
            let set = loaded.packets.get(name).ok_or_else(|| missing(name))?;
            time(seconds, || set.process())
        }
        ["use-surbs", name, seconds] => {
            let set = loaded.surbs.get(name).ok_or_else(|| missing(name))?;
            time_prepared(seconds, || set.parse(), |parsed| set.answer(parsed))
        }
        ["encrypt", name, seconds] => {
            let set = loaded.blocks.get_mut(name).ok_or_else(|| missing(name))?;
            time(seconds, || set.encrypt())
        }
        ["decrypt", name, seconds] => {
            let set = loaded.blocks.get_mut(name).ok_or_else(|| missing(name))?;
            time(seconds, || set.decrypt())
        }
        ["build", version, hops, payload_size, seconds] => {
            let sender = Sender::new(number(version)?, number(hops)?, number(payload_size)?)?;
            time(seconds, || sender.build())
        }
        ["x25519-dalek", scalar, point, seconds] => {
            let dalek = Dalek::new(array(scalar)?, array(point)?);
            time(seconds, || Ok(dalek.multiply()))
        }
        ["aws-lc-rs", scalar, point, seconds] => {
            let aws_lc = AwsLc::new(array(scalar)?, array(point)?)?;
            time(seconds, || aws_lc.multiply())
        }
        ["x25519-check", scalar, point] => {
            let dalek = to_hex(&Dalek::new(array(scalar)?, array(point)?).once());
            let aws_lc = to_hex(&AwsLc::new(array(scalar)?, array(point)?)?.once()?);
            Ok(format!("{{\"x25519-dalek\": \"{dalek}\", \"aws-lc-rs\": \"{aws_lc}\"}}"))
        }
        _ => Err("there is no such request, or not with these words".into()),
    }
}

fn missing(name: &str) -> String {
    format!("nothing is loaded as {name}")
}

/// Repeats `work`, which returns how many operations it did.
fn time(seconds: &str, mut work: impl FnMut() -> Result<usize, String>) -> Result<String, String> {
    time_prepared(seconds, || Ok(()), |()| work())
}

/// The same for work that uses something up: making it is not timed.
fn time_prepared<T>(
    seconds: &str,
    mut make: impl FnMut() -> Result<T, String>,
    mut work: impl FnMut(T) -> Result<usize, String>,
) -> Result<String, String> {
    let limit = Duration::try_from_secs_f64(number(seconds)?).map_err(text)?;
    let mut elapsed = Duration::ZERO;
    let mut operations = 0;
    loop {
        let made = make()?;
        let start = ThreadTime::now();
        operations += work(made)?;
        elapsed += start.elapsed();
        if elapsed >= limit {
            let ns = elapsed.as_nanos();
            return Ok(format!("{{\"operations\": {operations}, \"ns\": {ns}}}"));
        }
    }
}
