//! A co-process through which tests talk to Nym's message layer: it reads requests from its
//! standard input and writes one reply to each to its standard output, until the input ends. It
//! remembers the network and the clients that it is told of.
//!
//! Numbers are little endian; `bytes` is a u32 length and that many bytes, `list of` a u16 count
//! and that many of them.
//!
//! ```text
//! request   u32 length of the rest; u8 command, items: bytes each
//! reply     u32 length of the rest; answers: bytes each, one per item and in their order
//!
//! command         item                                          answer, behind 'A'
//! N network       u32 rotation id, list of nodes                nothing
//! C client        bytes release ("2.0.0", "1.21.6"),            u32 number, 96 its address
//!                 32 identity seed, 32 encryption private key,
//!                 16 ack key, 32 gateway's identity,
//!                 u8 1 for packets without mix hops, else 0
//! P plain         u32 client, u8 size tag, 96 recipient,        packets
//!                 bytes data
//! R repliable     u32 client, u8 size tag, 96 recipient,        packets
//!                 16 sender tag, u16 number of new SURBs,
//!                 u8 1 and bytes data, or u8 0
//! A reply         u32 client, u8 size tag, list of SURBs,       packets
//!                 bytes data
//! Q request for   u32 client, u8 size tag, list of SURBs,       packets
//!   SURBs         u32 amount
//! V cover         u32 client, u8 size tag                       packets
//! D deliver       leg                                           32 destination, list of u16 nodes
//!                                                                   by their number from 0,
//!                                                                   u64 delay in ns,
//!                                                                   bytes delivered, u8 1 and the
//!                                                                   acknowledgement's leg, or u8 0
//! G receive       u32 client, bytes delivered                   received
//!
//! node            u8 layer 1..3, or 0 at the exits, bytes address, 32 identity, 32 private key
//! leg             bytes first hop's address, u8 rotation, bytes packet
//! packets         list of legs, each with 5 fragment id and u64 delay in ns until the
//!                 acknowledgement is expected, which is 0 for cover
//! SURB            u8 rotation, bytes SURB
//! received        'K', 5 fragment id                            an acknowledgement
//!                 'C'                                           cover
//!                 'F'                                           the message is not complete yet
//!                 'P', bytes data                               plain
//!                 'R', 16 sender tag, u8 content tag, list of   repliable
//!                     SURBs, bytes data
//!                 'A', bytes data                               reply
//!                 'Q', 96 recipient, u32 amount                 a request for SURBs
//! ```
//!
//! A new network ends the clients of the one before. The keys of SURBs that a client sends stay
//! with it. What goes wrong with an item, a panic of a crate included, is its answer: 'E', bytes
//! kind, bytes text. A request whose items are cut short gets one such answer in their place. Only
//! a request that is cut short itself, or is too long, ends the process with exit code 1.
//!
//! Randomness is a repeatable stand-in: the same requests get the same replies, but for the choice
//! between several nodes of a layer, which the crates keep in sets without an order.

use nym_sphinx_addressing::nodes::NymNodeRoutingAddress;
use sphinx_peers_nym::fields::{bad_request, put_bytes, Fields};
use sphinx_peers_nym::message::{Leg, Message, Outgoing, Prepared, Sent, Surb};
use sphinx_peers_nym::network::{address_bytes, Client, Network, Node};
use sphinx_peers_nym::nodes::{travel, Delivered};
use sphinx_peers_nym::outcome::{caught, failed, silence_caught_panics, Outcome, PeerError};
use sphinx_peers_nym::receiver::{Received, Receiver};
use sphinx_peers_nym::release::{release, Sender, Settings};
use std::io::{self, BufWriter, Read, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

const LONGEST_REQUEST: u32 = 1 << 28;

fn main() -> ExitCode {
    silence_caught_panics();
    match serve(&mut io::stdin().lock(), &mut BufWriter::new(io::stdout().lock())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("converse_nym: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(input: &mut impl Read, output: &mut impl Write) -> io::Result<()> {
    let mut world = World::new();
    while let Some(request) = read_request(input)? {
        let reply = world.answer_request(&request);
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

struct Party {
    sender: Box<dyn Sender>,
    receiver: Receiver,
}

struct World {
    network: Network,
    parties: Vec<Party>,
}

impl World {
    fn new() -> Self {
        Self { network: Network { rotation_id: 0, nodes: Vec::new() }, parties: Vec::new() }
    }

    fn answer_request(&mut self, request: &[u8]) -> Vec<u8> {
        let mut fields = Fields(request);
        let mut reply = Vec::new();
        if let Err(error) = self.answer_items(&mut fields, &mut reply) {
            put_bytes(&mut reply, &refusal(&error));
        }
        reply
    }

    fn answer_items(&mut self, fields: &mut Fields, reply: &mut Vec<u8>) -> Outcome<()> {
        let command = fields.u8()?;
        while !fields.0.is_empty() {
            let item = fields.bytes()?;
            let answer = caught(|| self.answer_item(command, &mut Fields(item)));
            put_bytes(reply, &answer.unwrap_or_else(|error| refusal(&error)));
        }
        Ok(())
    }

    fn answer_item(&mut self, command: u8, item: &mut Fields) -> Outcome<Vec<u8>> {
        let mut answer = vec![b'A'];
        match command {
            b'N' => {
                let (rotation_id, nodes) = (item.u32()?, item.list(node)?);
                item.end()?;
                *self = Self { network: Network { rotation_id, nodes }, parties: Vec::new() };
            }
            b'C' => self.add_client(item, &mut answer)?,
            b'P' | b'R' | b'A' | b'Q' | b'V' => {
                let number = item.u32()?;
                let party = self.party(number)?;
                put_packets(&mut answer, &prepare(party, command, item)?);
            }
            b'D' => {
                let leg = leg(item)?;
                item.end()?;
                put_delivered(&mut answer, &travel(&self.network, &leg)?);
            }
            b'G' => {
                let (number, delivered) = (item.u32()?, item.bytes()?);
                item.end()?;
                put_received(&mut answer, self.party(number)?.receiver.receive(delivered)?);
            }
            _ => return Err(bad_request(format!("no command {command}"))),
        }
        Ok(answer)
    }

    fn party(&mut self, number: u32) -> Outcome<&mut Party> {
        let found = usize::try_from(number).ok().and_then(|index| self.parties.get_mut(index));
        found.ok_or_else(|| bad_request(format!("no client {number}")))
    }

    fn add_client(&mut self, item: &mut Fields, answer: &mut Vec<u8>) -> Outcome<()> {
        let version = String::from_utf8_lossy(item.bytes()?);
        let client = Client {
            identity_seed: item.array()?,
            encryption_key: item.array()?,
            ack_key: item.array()?,
            gateway: item.array()?,
        };
        let settings = Settings { no_mix_hops: item.flag()? };
        item.end()?;
        let release =
            release(&version).ok_or_else(|| bad_request(format!("no release {version:?}")))?;
        let mut seed = [0; 32];
        getrandom_0_2::getrandom(&mut seed).map_err(failed)?;
        let sender = release.sender(&self.network, &client, seed, settings)?;
        let receiver = Receiver::new(&version, &client)?;
        let number = u32::try_from(self.parties.len()).map_err(failed)?;
        answer.extend(number.to_le_bytes());
        answer.extend(client.recipient());
        self.parties.push(Party { sender, receiver });
        Ok(())
    }
}

/// Recipients of replies are those who made the SURBs.
const NOBODY: [u8; 96] = [0; 96];

fn prepare(party: &mut Party, command: u8, item: &mut Fields) -> Outcome<Vec<Sent>> {
    let size_tag = item.u8()?;
    if command == b'V' {
        item.end()?;
        let leg = party.sender.cover(size_tag)?;
        return Ok(vec![Sent { leg, fragment_id: [0; 5], delay_ns: None }]);
    }
    let (recipient, message) = match command {
        b'P' => (item.array()?, Outgoing::Plain { data: item.bytes()?.to_vec() }),
        b'R' => {
            let (recipient, tag, surbs) = (item.array()?, item.array()?, item.u16()?.into());
            let data = if item.flag()? { Some(item.bytes()?.to_vec()) } else { None };
            (recipient, Outgoing::Repliable { tag, data, surbs })
        }
        b'A' => {
            let surbs = item.list(surb)?;
            (NOBODY, Outgoing::Reply { surbs, data: item.bytes()?.to_vec() })
        }
        _ => {
            let surbs = item.list(surb)?;
            (NOBODY, Outgoing::SurbRequest { surbs, amount: item.u32()? })
        }
    };
    item.end()?;
    let Prepared { packets, surbs } = party.sender.send(message, &recipient, size_tag)?;
    party.receiver.expect_replies(&surbs);
    Ok(packets)
}

fn address(item: &mut Fields) -> Outcome<SocketAddr> {
    let bytes = item.bytes()?;
    Ok(NymNodeRoutingAddress::try_from_bytes(bytes).map_err(failed)?.into())
}

fn node(item: &mut Fields) -> Outcome<Node> {
    Ok(Node {
        layer: item.u8()?,
        address: address(item)?,
        identity: item.array()?,
        sphinx_key: item.array()?,
    })
}

fn leg(item: &mut Fields) -> Outcome<Leg> {
    Ok(Leg { first_hop: address(item)?, key_rotation: item.u8()?, packet: item.bytes()?.to_vec() })
}

fn surb(item: &mut Fields) -> Outcome<Surb> {
    Ok(Surb { key_rotation: item.u8()?, bytes: item.bytes()?.to_vec() })
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    let count = u16::try_from(count).expect("no message has so many packets or SURBs");
    out.extend(count.to_le_bytes());
}

fn put_leg(out: &mut Vec<u8>, leg: &Leg) {
    put_bytes(out, &address_bytes(leg.first_hop));
    out.push(leg.key_rotation);
    put_bytes(out, &leg.packet);
}

fn put_packets(out: &mut Vec<u8>, packets: &[Sent]) {
    put_count(out, packets.len());
    for sent in packets {
        put_leg(out, &sent.leg);
        out.extend(sent.fragment_id);
        out.extend(sent.delay_ns.unwrap_or(0).to_le_bytes());
    }
}

fn put_delivered(out: &mut Vec<u8>, end: &Delivered) {
    out.extend(end.destination);
    put_count(out, end.path.len());
    for index in &end.path {
        put_count(out, *index);
    }
    out.extend(end.delay_ns.to_le_bytes());
    put_bytes(out, &end.message);
    out.push(end.ack.is_some().into());
    if let Some(ack) = &end.ack {
        put_leg(out, ack);
    }
}

fn put_received(out: &mut Vec<u8>, received: Received) {
    match received {
        Received::Ack(id) => {
            out.push(b'K');
            out.extend(id);
        }
        Received::Cover => out.push(b'C'),
        Received::Fragment => out.push(b'F'),
        Received::Message(Message::Plain(data)) => {
            out.push(b'P');
            put_bytes(out, &data);
        }
        Received::Message(Message::Repliable { tag, content, surbs, data }) => {
            out.push(b'R');
            out.extend(tag);
            out.push(content);
            put_count(out, surbs.len());
            for surb in surbs {
                out.push(surb.key_rotation);
                put_bytes(out, &surb.bytes);
            }
            put_bytes(out, &data);
        }
        Received::Message(Message::Reply(data)) => {
            out.push(b'A');
            put_bytes(out, &data);
        }
        Received::Message(Message::SurbRequest { recipient, amount }) => {
            out.push(b'Q');
            out.extend(recipient);
            out.extend(amount.to_le_bytes());
        }
    }
}

fn refusal(error: &PeerError) -> Vec<u8> {
    let mut answer = vec![b'E'];
    put_bytes(&mut answer, error.kind.as_bytes());
    put_bytes(&mut answer, error.text.as_bytes());
    answer
}
