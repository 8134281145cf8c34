//! Messages in plain bytes, the same for both releases.

/// A packet and where to send it first.
#[derive(Clone)]
pub struct Leg {
    pub first_hop: std::net::SocketAddr,
    pub key_rotation: u8,
    pub packet: Vec<u8>,
}

/// A reply SURB as it stands in lists.
#[derive(Clone)]
pub struct Surb {
    pub key_rotation: u8,
    pub bytes: Vec<u8>,
}

impl Surb {
    /// The key of the reply, which is its first field.
    pub fn key(&self) -> [u8; 16] {
        self.bytes[..16].try_into().expect("16 bytes")
    }
}

/// What a sender makes packets of.
pub enum Outgoing {
    Plain {
        data: Vec<u8>,
    },
    /// Without data it only brings SURBs.
    Repliable {
        tag: [u8; 16],
        data: Option<Vec<u8>>,
        surbs: usize,
    },
    /// Each packet takes one of the SURBs.
    Reply {
        data: Vec<u8>,
        surbs: Vec<Surb>,
    },
    SurbRequest {
        amount: u32,
        surbs: Vec<Surb>,
    },
}

/// A packet that a sender made.
pub struct Sent {
    pub leg: Leg,
    pub fragment_id: [u8; 5],
    /// Until the acknowledgement is back, as the sender expects it. Nobody waits for cover's.
    pub delay_ns: Option<u64>,
}

/// Packets that a sender made, and the SURBs in them.
pub struct Prepared {
    pub packets: Vec<Sent>,
    pub surbs: Vec<Surb>,
}

/// A message that came out.
pub enum Message {
    Plain(Vec<u8>),
    /// `content` is the content tag.
    Repliable {
        tag: [u8; 16],
        content: u8,
        surbs: Vec<Surb>,
        data: Vec<u8>,
    },
    Reply(Vec<u8>),
    SurbRequest {
        recipient: [u8; 96],
        amount: u32,
    },
}
