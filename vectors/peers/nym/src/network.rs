//! A network and its clients in plain bytes, from which both releases are set up.

use crate::document::hex;
use crate::randomness::Stream;
use nym_crypto::asymmetric::{ed25519, x25519};
use nym_sphinx::addressing::clients::Recipient;
use nym_sphinx::addressing::nodes::NymNodeRoutingAddress;
use serde_json::{json, Value};
use std::net::SocketAddr;

#[derive(Clone)]
pub struct Node {
    /// 1..3, or 0 for one at which packets leave the network.
    pub layer: u8,
    pub address: SocketAddr,
    pub identity: [u8; 32],
    pub sphinx_key: [u8; 32],
}

#[derive(Clone)]
pub struct Network {
    pub rotation_id: u32,
    pub nodes: Vec<Node>,
}

#[derive(Clone)]
pub struct Client {
    pub identity_seed: [u8; 32],
    pub encryption_key: [u8; 32],
    pub ack_key: [u8; 16],
    /// Identity of the node that takes its packets.
    pub gateway: [u8; 32],
}

/// An address as it stands in packets: 7 or 19 bytes.
pub fn address_bytes(address: SocketAddr) -> Vec<u8> {
    NymNodeRoutingAddress::from(address).as_bytes()
}

pub fn identity(seed: &[u8; 32]) -> [u8; 32] {
    ed25519::PrivateKey::from_bytes(seed).expect("any 32 bytes").public_key().to_bytes()
}

impl Node {
    pub fn draw(stream: &mut Stream, layer: u8, address: &str) -> Self {
        Self {
            layer,
            address: address.parse().expect("an address of ours"),
            identity: identity(&stream.array()),
            sphinx_key: stream.array(),
        }
    }

    pub fn public_key(&self) -> [u8; 32] {
        x25519::PrivateKey::from_secret(self.sphinx_key).public_key().to_bytes()
    }

    pub fn describe(&self) -> Value {
        json!({
            "layer": self.layer,
            "address": hex(&address_bytes(self.address)),
            "identity": hex(&self.identity),
            "privateKey": hex(&self.sphinx_key),
            "publicKey": hex(&self.public_key()),
        })
    }
}

impl Network {
    /// One node in each layer, so that there is one route to each of the two exits: the crates
    /// keep a layer's nodes in a set whose order differs from run to run.
    pub fn draw(label: &str, rotation_id: u32) -> Self {
        let mut stream = Stream::new(label);
        let places = [
            (1, "198.51.100.17:1789"),
            (2, "[2001:db8::2a]:1789"),
            (3, "203.0.113.255:65535"),
            (0, "192.0.2.1:1789"),
            (0, "[2001:db8:ffff::1]:443"),
        ];
        let nodes = places.map(|(layer, address)| Node::draw(&mut stream, layer, address)).to_vec();
        Self { rotation_id, nodes }
    }

    /// The node at `address`, by its index.
    pub fn find(&self, address: SocketAddr) -> Option<usize> {
        self.nodes.iter().position(|node| node.address == address)
    }

    pub fn exits(&self) -> Vec<&Node> {
        self.nodes.iter().filter(|node| node.layer == 0).collect()
    }
}

impl Client {
    pub fn draw(label: &str, gateway: &Node) -> Self {
        let mut stream = Stream::new(label);
        Self {
            identity_seed: stream.array(),
            encryption_key: stream.array(),
            ack_key: stream.array(),
            gateway: gateway.identity,
        }
    }

    /// Where others write to.
    pub fn recipient(&self) -> [u8; 96] {
        let seed = &self.identity_seed;
        Recipient::new(
            ed25519::PrivateKey::from_bytes(seed).expect("any 32 bytes").public_key(),
            x25519::PrivateKey::from_secret(self.encryption_key).public_key(),
            ed25519::PublicKey::from_bytes(&self.gateway).expect("a node's identity"),
        )
        .to_bytes()
    }

    pub fn describe(&self, name: &str) -> Value {
        json!({
            "name": name,
            "address": hex(&self.recipient()),
            "identitySeed": hex(&self.identity_seed),
            "encryptionKey": hex(&self.encryption_key),
            "ackKey": hex(&self.ack_key),
        })
    }
}
