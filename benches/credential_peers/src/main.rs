//! Times coconut-crypto 0.14.0 and nym-compact-ecash 2.0.0. One request per line, one line of JSON
//! back:
//!
//! ```text
//! OPERATION SECONDS    does it over and over for that long: one of `coconut::OPERATIONS`, or
//!                      spend_verify
//!                      {"operations": how many, "ns": CPU time of the thread}
//! ```
//!
//! What goes wrong is answered by {"error": text}. Every crate is set up when it is first asked.

mod coconut;
mod ecash;

use coconut::Coconut;
use cpu_time::ThreadTime;
use ecash::Ecash;
use std::fmt::Debug;
use std::io::{self, BufRead, Write};
use std::time::Duration;

#[derive(Default)]
struct Peers {
    coconut: Option<Coconut>,
    ecash: Option<Ecash>,
}

fn main() -> io::Result<()> {
    let mut peers = Peers::default();
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let reply =
            answer(&mut peers, &words).unwrap_or_else(|error| format!("{{\"error\": {error:?}}}"));
        writeln!(output, "{reply}")?;
        output.flush()?;
    }
    Ok(())
}

fn answer(peers: &mut Peers, words: &[&str]) -> Result<String, String> {
    let [operation, seconds] = *words else {
        return Err("an operation and seconds were expected".into());
    };
    if operation == "spend_verify" {
        let ecash = get(&mut peers.ecash, Ecash::new)?;
        return time(seconds, || ecash.spend_verify());
    }
    let work = coconut::operation(operation)?;
    let coconut = get(&mut peers.coconut, Coconut::new)?;
    time(seconds, || work(coconut))
}

fn get<T>(slot: &mut Option<T>, new: fn() -> Result<T, String>) -> Result<&mut T, String> {
    if slot.is_none() {
        *slot = Some(new()?);
    }
    slot.as_mut().ok_or_else(|| "not set up".into())
}

/// Repeats `work`, which returns how many operations it did.
fn time(seconds: &str, mut work: impl FnMut() -> Result<usize, String>) -> Result<String, String> {
    let seconds = seconds.parse().map_err(text)?;
    let limit = Duration::try_from_secs_f64(seconds).map_err(text)?;
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

/// The crates' errors as text: not all of them have more than Debug.
fn text(error: impl Debug) -> String {
    format!("{error:?}")
}
