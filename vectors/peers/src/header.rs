//! Opens headers and forges authentic ones: the peers have no call for "right MAC, bad content".

use aes::cipher::{KeyIvInit, StreamCipher};
use aes::Aes128;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use x25519_dalek::x25519;

pub const ALPHA: usize = 32;
pub const MAC: usize = 16;
pub const BETA: usize = 300;
pub const HEADER: usize = ALPHA + MAC + BETA;
const SLOT: usize = 60;
const FINAL_FIELDS: usize = 52;
const EXPANDED: usize = 288;
const INFO: &[u8] = b"Dwste mou enan moxlo arketa makru kai ena upomoxlio gia na ton \
topothetisw kai tha kinisw thn gh.";

/// The keys of one hop.
pub struct HopSecret([u8; EXPANDED]);

impl HopSecret {
    pub fn from_shared(shared: &[u8; 32]) -> Self {
        let mut expanded = [0; EXPANDED];
        Hkdf::<Sha256>::new(None, shared).expand(INFO, &mut expanded).expect("288 < 255 * 32");
        Self(expanded)
    }

    pub fn at_node(private_key: &[u8; 32], alpha: &[u8; 32]) -> Self {
        Self::from_shared(&x25519(*private_key, *alpha))
    }

    fn blinding_factor(&self) -> [u8; 32] {
        self.0[224..256].try_into().expect("32 bytes")
    }

    pub fn replay_tag(&self) -> [u8; 32] {
        self.0[256..].try_into().expect("32 bytes")
    }

    /// XORs the key stream of the header on `routing`, which may have up to 360 bytes.
    fn cipher(&self, routing: &mut [u8]) {
        let key: [u8; 16] = self.0[..16].try_into().expect("16 bytes");
        ctr::Ctr64BE::<Aes128>::new(&key.into(), &[0; 16].into()).apply_keystream(routing);
    }

    fn mac(&self, beta: &[u8]) -> [u8; MAC] {
        let mut hmac = Hmac::<Sha256>::new_from_slice(&self.0[16..32]).expect("any key length");
        hmac.update(beta);
        hmac.finalize().into_bytes()[..MAC].try_into().expect("16 bytes")
    }

    /// The 300 bytes of routing information in the clear.
    pub fn open(&self, packet: &[u8]) -> Vec<u8> {
        let mut routing = packet[ALPHA + MAC..HEADER].to_vec();
        self.cipher(&mut routing);
        routing
    }

    /// `alpha`, MAC and encrypted `routing` of a packet that passes the MAC, then `payload`.
    pub fn seal(&self, alpha: &[u8], routing: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut beta = routing.to_vec();
        self.cipher(&mut beta);
        [alpha, &self.mac(&beta), &beta, payload].concat()
    }
}

/// The sender's secrets by folding X25519 over each node's key; not for 0.6.0's versions 1, 257.
pub fn sender_secrets(initial_secret: &[u8; 32], public_keys: &[[u8; 32]]) -> Vec<HopSecret> {
    let mut factors = vec![*initial_secret];
    let mut secrets = Vec::new();
    for public_key in public_keys {
        let shared = factors.iter().fold(*public_key, |point, factor| x25519(*factor, point));
        let secret = HopSecret::from_shared(&shared);
        factors.push(secret.blinding_factor());
        secrets.push(secret);
    }
    secrets
}

/// The random bytes behind the destination, read out of the first hop's packet.
pub fn final_padding(packet: &[u8], secrets: &[HopSecret]) -> Vec<u8> {
    let mut beta = packet[ALPHA + MAC..HEADER].to_vec();
    for secret in &secrets[..secrets.len() - 1] {
        beta.resize(BETA + SLOT, 0);
        secret.cipher(&mut beta);
        beta.drain(..SLOT);
    }
    secrets[secrets.len() - 1].cipher(&mut beta);
    beta[FINAL_FIELDS..BETA - SLOT * (secrets.len() - 1)].to_vec()
}
