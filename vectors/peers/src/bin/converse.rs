//! A co-process through which tests talk to the crates: it reads requests from its standard input
//! and writes one reply to each to its standard output, until the input ends.
//!
//! Numbers are little endian; `bytes` is a u32 length and that many bytes.
//!
//! ```text
//! request   u32 length of the rest; u8 command, bytes release ("0.6.0", "0.8.0"), items: bytes each
//! reply     u32 length of the rest; answers: bytes each, one per item and in their order
//!
//! command       item                                           answer
//! B build       route, u32 payload size, bytes message         'A', bytes packet
//! P process     32 private key, bytes packet                   'F', 32 replay tag, u16 version,
//!                                                                   32 next hop, u64 delay in ns,
//!                                                                   bytes packet
//!                                                              'D', 32 replay tag, u16 version,
//!                                                                   32 destination, 16 identifier,
//!                                                                   bytes payload
//! M message     bytes payload                                  'A', bytes message
//! S make SURB   route                                          'A', bytes SURB, bytes recovery
//!                                                                   (empty but for version 260)
//! U use SURB    u32 payload size, bytes message, bytes SURB    'A', bytes packet, bytes first hop
//! R open reply  bytes recovery, bytes payload                  'A', bytes message
//!
//! route         u16 version, 32 destination, 16 identifier, 32 initial secret, hops:
//!               u8 count, each 32 address, 32 public key, u64 delay in ns
//! ```
//!
//! What goes wrong with an item, a panic of the crate included, is its answer: 'E', bytes kind,
//! bytes text. A request whose items are cut short gets one such answer in their place. Only a
//! request that is cut short itself, or is too long, ends the process with exit code 1.
//!
//! Randomness is the repeatable stand-in of this crate: the same requests get the same replies.

use sphinx_peers::inputs::{Hop, Inputs};
use sphinx_peers::peer::{peer, Peer, PeerError, PeerResult, ProcessedData};
use sphinx_peers::randomness::panic_text;
use std::io::{self, BufWriter, Read, Write};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::process::ExitCode;

/// Longest request and largest payload: the crates allocate what they are told to.
const LONGEST_REQUEST: u32 = 1 << 28;
const LARGEST_PAYLOAD: u32 = 1 << 24;

fn main() -> ExitCode {
    // Panics of the crates are answers, not messages.
    std::panic::set_hook(Box::new(|_| {}));
    match serve(&mut io::stdin().lock(), &mut BufWriter::new(io::stdout().lock())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("converse: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(input: &mut impl Read, output: &mut impl Write) -> io::Result<()> {
    while let Some(request) = read_request(input)? {
        let reply = answer_request(&request);
        let length = u32::try_from(reply.len())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the reply is too long"))?;
        output.write_all(&length.to_le_bytes())?;
        output.write_all(&reply)?;
        output.flush()?;
    }
    Ok(())
}

/// None at the end of the input.
fn read_request(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = Vec::new();
    input.by_ref().take(4).read_to_end(&mut length)?;
    if length.is_empty() {
        return Ok(None);
    }
    let Ok(length) = length.try_into().map(u32::from_le_bytes) else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    if length > LONGEST_REQUEST {
        let text = format!("a request has at most {LONGEST_REQUEST} bytes, not {length}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let mut request = Vec::new();
    input.by_ref().take(length.into()).read_to_end(&mut request)?;
    if request.len() < length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(request))
}

fn answer_request(request: &[u8]) -> Vec<u8> {
    let mut fields = Fields(request);
    let mut reply = Vec::new();
    let answered = answer_items(&mut fields, &mut reply);
    if let Err(error) = answered {
        put_bytes(&mut reply, &refusal(&error));
    }
    reply
}

fn answer_items(fields: &mut Fields, reply: &mut Vec<u8>) -> PeerResult<()> {
    let command = fields.u8()?;
    let release = String::from_utf8_lossy(fields.bytes()?);
    let peer = peer(&release).ok_or_else(|| bad_request(format!("no release {release:?}")))?;
    while !fields.0.is_empty() {
        let item = fields.bytes()?;
        let answer = catch_unwind(AssertUnwindSafe(|| answer_item(peer, command, item)))
            .unwrap_or_else(|panic| Err(PeerError::panic(panic_text(panic))));
        put_bytes(reply, &answer.unwrap_or_else(|error| refusal(&error)));
    }
    Ok(())
}

fn answer_item(peer: &dyn Peer, command: u8, item: &[u8]) -> PeerResult<Vec<u8>> {
    let mut item = Fields(item);
    let mut answer = vec![b'A'];
    match command {
        b'B' => {
            let mut inputs = item.route()?;
            inputs.payload_size = item.payload_size()?;
            inputs.message = item.bytes()?.to_vec();
            item.end()?;
            put_bytes(&mut answer, &peer.build(&inputs)?);
        }
        b'P' => {
            let (private_key, packet) = (item.array()?, item.bytes()?);
            item.end()?;
            return process(peer, &private_key, packet);
        }
        b'M' => {
            let payload = item.bytes()?;
            item.end()?;
            put_bytes(&mut answer, &peer.recover_message(payload)?);
        }
        b'S' => {
            let inputs = item.route()?;
            item.end()?;
            let built = peer.build_surb(&inputs)?;
            put_bytes(&mut answer, &built.surb);
            put_bytes(&mut answer, &built.recovery.unwrap_or_default());
        }
        b'U' => {
            let (payload_size, message) = (item.payload_size()?, item.bytes()?);
            let surb = item.bytes()?;
            item.end()?;
            let (packet, first_hop) = peer.use_surb(surb, message, payload_size)?;
            put_bytes(&mut answer, &packet);
            put_bytes(&mut answer, &first_hop);
        }
        b'R' => {
            let (recovery, payload) = (item.bytes()?, item.bytes()?);
            item.end()?;
            put_bytes(&mut answer, &peer.recover_reply(recovery, payload)?);
        }
        _ => return Err(bad_request(format!("no command {command}"))),
    }
    Ok(answer)
}

fn process(peer: &dyn Peer, private_key: &[u8; 32], packet: &[u8]) -> PeerResult<Vec<u8>> {
    let processed = peer.process(private_key, packet)?;
    let kind = match processed.data {
        ProcessedData::Forward { .. } => b'F',
        ProcessedData::Deliver { .. } => b'D',
    };
    let mut answer = vec![kind];
    answer.extend(processed.replay_tag);
    answer.extend(processed.version.to_le_bytes());
    match processed.data {
        ProcessedData::Forward { next_hop, delay_ns, packet } => {
            answer.extend(next_hop);
            answer.extend(delay_ns.to_le_bytes());
            put_bytes(&mut answer, &packet);
        }
        ProcessedData::Deliver { destination, identifier, payload } => {
            answer.extend(destination);
            answer.extend(identifier);
            put_bytes(&mut answer, &payload);
        }
    }
    Ok(answer)
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("bounded by the longest request and payload");
    out.extend(length.to_le_bytes());
    out.extend(bytes);
}

fn refusal(error: &PeerError) -> Vec<u8> {
    let mut answer = vec![b'E'];
    put_bytes(&mut answer, error.kind.as_bytes());
    put_bytes(&mut answer, error.text.as_bytes());
    answer
}

fn bad_request(text: String) -> PeerError {
    PeerError { kind: "BadRequest".into(), text }
}

/// What is left to read of a request or an item.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> PeerResult<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(|| {
            bad_request(format!("{length} bytes were expected, {} are left", self.0.len()))
        })?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> PeerResult<[u8; N]> {
        Ok(self.take(N)?.try_into().expect("take() gives what was asked for"))
    }

    fn u8(&mut self) -> PeerResult<u8> {
        self.array().map(u8::from_le_bytes)
    }

    fn u32(&mut self) -> PeerResult<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn bytes(&mut self) -> PeerResult<&'a [u8]> {
        let length = self.u32()?;
        self.take(length as usize)
    }

    fn payload_size(&mut self) -> PeerResult<usize> {
        let size = self.u32()?;
        if size > LARGEST_PAYLOAD {
            return Err(bad_request(format!("a payload has at most {LARGEST_PAYLOAD} bytes")));
        }
        Ok(size as usize)
    }

    /// Inputs without message and payload size.
    fn route(&mut self) -> PeerResult<Inputs> {
        let version = self.array().map(u16::from_le_bytes)?;
        let (destination, identifier, initial_secret) =
            (self.array()?, self.array()?, self.array()?);
        let count = self.u8()?;
        let hop = |_| {
            let (address, public_key) = (self.array()?, self.array()?);
            let delay_ns = self.array().map(u64::from_le_bytes)?;
            Ok(Hop { private_key: None, public_key, address, delay_ns })
        };
        Ok(Inputs {
            label: String::new(),
            version,
            payload_size: 0,
            hops: (0..count).map(hop).collect::<PeerResult<_>>()?,
            destination,
            identifier,
            message: Vec::new(),
            initial_secret,
        })
    }

    fn end(&self) -> PeerResult<()> {
        match self.0.len() {
            0 => Ok(()),
            left => Err(bad_request(format!("{left} bytes too many"))),
        }
    }
}
