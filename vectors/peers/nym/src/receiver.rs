//! A client as it receives. What both releases do alike, 2.0.0 does here; its release reads the
//! message in the end.

use crate::message::{Message, Surb};
use crate::network::Client;
use crate::outcome::{failed, Outcome, PeerError};
use crate::release::{release, Release};
use nym_crypto::asymmetric::x25519;
use nym_crypto::shared_key::recompute_shared_key;
use nym_sphinx::acknowledgements::{identifier::recover_identifier, AckKey};
use nym_sphinx::anonymous_replies::SurbEncryptionKey;
use nym_sphinx::chunking::{
    fragment::{Fragment, FragmentIdentifier},
    reconstruction::MessageReconstructor,
};
use nym_sphinx::cover::is_cover;
use nym_sphinx::params::{PacketEncryptionAlgorithm, PacketHkdfAlgorithm, PacketSize};
use nym_sphinx::receiver::{MessageReceiver, SphinxMessageReceiver};
use std::collections::HashMap;

/// An ephemeral public key or the digest of a reply's key stands before the fragment.
pub const HEAD: usize = 32;

/// What a delivered payload turned out to be.
pub enum Received {
    /// Five bytes name the fragment.
    Ack([u8; 5]),
    Cover,
    /// The message is not complete yet.
    Fragment,
    Message(Message),
}

/// A delivered payload, decrypted.
pub struct Opened {
    pub key: [u8; 16],
    pub content: Vec<u8>,
}

pub struct Receiver {
    release: &'static dyn Release,
    encryption_key: x25519::PrivateKey,
    ack_key: AckKey,
    reply_keys: HashMap<[u8; HEAD], SurbEncryptionKey>,
    decryption: SphinxMessageReceiver,
    fragments: MessageReconstructor,
}

pub fn digest(key: &SurbEncryptionKey) -> [u8; HEAD] {
    key.compute_digest().into()
}

impl Receiver {
    pub fn new(version: &str, client: &Client) -> Outcome<Self> {
        let release = release(version)
            .ok_or_else(|| PeerError::new("BadRequest", format!("no release {version:?}")))?;
        Ok(Self {
            release,
            encryption_key: x25519::PrivateKey::from_secret(client.encryption_key),
            ack_key: AckKey::try_from_bytes(&client.ack_key).expect("16 bytes"),
            reply_keys: HashMap::new(),
            decryption: SphinxMessageReceiver::new(),
            fragments: MessageReconstructor::new(),
        })
    }

    /// Keeps the keys of SURBs that go out.
    pub fn expect_replies(&mut self, surbs: &[Surb]) {
        for surb in surbs {
            let key = SurbEncryptionKey::try_from_bytes(&surb.key()).expect("16 bytes");
            self.reply_keys.insert(digest(&key), key);
        }
    }

    /// Finds the key of a payload and decrypts it. A reply's key is gone after that.
    pub fn open(&mut self, delivered: &[u8]) -> Outcome<Opened> {
        let mut bytes = delivered.to_vec();
        if let Some((digest, key)) = self.reply_key(delivered) {
            self.reply_keys.remove(&digest);
            let mut content = bytes.split_off(HEAD);
            self.decryption.recover_plaintext_from_reply(&mut content, key).map_err(failed)?;
            return Ok(Opened { key: key.as_bytes().try_into().expect("16 bytes"), content });
        }
        let content = self
            .decryption
            .recover_plaintext_from_regular_packet(&self.encryption_key, &mut bytes)
            .map_err(failed)?
            .to_vec();
        let ephemeral = x25519::PublicKey::from_bytes(&delivered[..HEAD]).expect("32 bytes");
        let key = recompute_shared_key::<PacketEncryptionAlgorithm, PacketHkdfAlgorithm>(
            &ephemeral,
            &self.encryption_key,
        );
        Ok(Opened { key: key.as_slice().try_into().expect("16 bytes"), content })
    }

    fn reply_key(&self, delivered: &[u8]) -> Option<([u8; HEAD], SurbEncryptionKey)> {
        let head: [u8; HEAD] = delivered.get(..HEAD)?.try_into().expect("32 bytes");
        self.reply_keys.get(&head).map(|key| (head, *key))
    }

    /// Takes what the gateway pushed. Only the length tells acknowledgements from the rest.
    pub fn receive(&mut self, delivered: &[u8]) -> Outcome<Received> {
        if delivered.len() == PacketSize::AckPacket.plaintext_size() {
            let id = recover_identifier(&self.ack_key, delivered)
                .ok_or_else(|| PeerError::new("None", "no identifier can be recovered"))?;
            let id = FragmentIdentifier::try_from_bytes(id).map_err(failed)?;
            return Ok(Received::Ack(id.to_bytes()));
        }
        let content = self.open(delivered)?.content;
        if is_cover(&content) {
            return Ok(Received::Cover);
        }
        let fragment = Fragment::try_from_bytes(&content).map_err(failed)?;
        Ok(match self.fragments.insert_new_fragment(fragment) {
            Some((padded, _)) => Received::Message(self.release.read(&padded)?),
            None => Received::Fragment,
        })
    }
}
