//! The crate's decoder of frames, fed byte by byte.

use crate::outcome::{failed, PeerError};
use bytes::BytesMut;
use nym_sphinx_framing::codec::NymCodec;
use nym_sphinx_framing::packet::FramedNymPacket;
use tokio_util::codec::{Decoder, Encoder};

/// What became of a stream.
pub struct Decoded {
    /// Frames, and the number of bytes that had to be there for each.
    pub frames: Vec<(FramedNymPacket, usize)>,
    /// The first error, and the number of bytes that had to be there for it.
    pub error: Option<(PeerError, usize)>,
    /// Bytes that wait for more.
    pub unread: usize,
}

pub fn decode(stream: &[u8]) -> Decoded {
    let mut buffer = BytesMut::new();
    let mut decoded = Decoded { frames: Vec::new(), error: None, unread: 0 };
    for (i, byte) in stream.iter().enumerate() {
        buffer.extend_from_slice(&[*byte]);
        match NymCodec.decode(&mut buffer) {
            Ok(Some(frame)) => decoded.frames.push((frame, i + 1)),
            Ok(None) => {}
            Err(error) => {
                decoded.error = Some((failed(error), i + 1));
                return decoded;
            }
        }
    }
    decoded.unread = buffer.len();
    decoded
}

pub fn encode(frame: FramedNymPacket) -> Vec<u8> {
    let mut buffer = BytesMut::new();
    NymCodec.encode(frame, &mut buffer).expect("any frame can be encoded");
    buffer.to_vec()
}
