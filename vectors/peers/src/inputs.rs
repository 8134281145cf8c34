//! What a packet or a SURB is a function of.

use crate::document::{hex, Case};
use crate::randomness::Stream;
use curve25519_dalek::edwards::EdwardsPoint;
use serde_json::{json, Map, Value};

#[derive(Clone)]
pub struct Hop {
    /// None for public keys that are nobody's: points off the subgroup or on the twist.
    pub private_key: Option<[u8; 32]>,
    pub public_key: [u8; 32],
    pub address: [u8; 32],
    pub delay_ns: u64,
}

#[derive(Clone)]
pub struct Inputs {
    pub label: String,
    pub version: u16,
    pub payload_size: usize,
    pub hops: Vec<Hop>,
    pub destination: [u8; 32],
    pub identifier: [u8; 16],
    pub message: Vec<u8>,
    pub initial_secret: [u8; 32],
}

pub fn public_key(private_key: [u8; 32]) -> [u8; 32] {
    EdwardsPoint::mul_base_clamped(private_key).to_montgomery().to_bytes()
}

impl Inputs {
    /// A case with everything drawn from the stream `label`. The message has `message_size` bytes.
    pub fn draw(
        label: &str,
        version: u16,
        hops: usize,
        payload_size: usize,
        message_size: usize,
    ) -> Self {
        let mut stream = Stream::new(label);
        let hop = |stream: &mut Stream| {
            let private_key = stream.array();
            Hop {
                private_key: Some(private_key),
                public_key: public_key(private_key),
                address: stream.array(),
                // Up to some seconds, as real ones; the ends of the range have their own cases.
                delay_ns: stream.u64() >> 32,
            }
        };
        Self {
            label: label.into(),
            version,
            payload_size,
            hops: (0..hops).map(|_| hop(&mut stream)).collect(),
            destination: stream.array(),
            identifier: stream.array(),
            initial_secret: stream.array(),
            message: stream.bytes(message_size),
        }
    }

    /// The inputs' part of a case; what the peer drew itself is added by the caller.
    pub fn describe(&self) -> Case {
        let hops: Vec<Value> = self.hops.iter().map(describe_hop).collect();
        let mut case = Map::new();
        case.insert("version".into(), json!(self.version));
        case.insert("payloadSize".into(), json!(self.payload_size));
        case.insert("hops".into(), json!(hops));
        case.insert("destination".into(), hex(&self.destination));
        case.insert("identifier".into(), hex(&self.identifier));
        case.insert("message".into(), hex(&self.message));
        case.insert("initialSecret".into(), hex(&self.initial_secret));
        case
    }
}

fn describe_hop(hop: &Hop) -> Value {
    let mut value = Map::new();
    if let Some(private_key) = hop.private_key {
        value.insert("privateKey".into(), hex(&private_key));
    }
    value.insert("publicKey".into(), hex(&hop.public_key));
    value.insert("address".into(), hex(&hop.address));
    // A string: JSON readers may keep numbers in a double, which has 53 bits.
    value.insert("delayNs".into(), json!(hop.delay_ns.to_string()));
    Value::Object(value)
}
