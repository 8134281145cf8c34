//! X25519 by other crates, with key objects kept where they have such.

use aws_lc_rs::agreement::{agree, PrivateKey, UnparsedPublicKey, X25519};
use std::hint::black_box;

/// Multiplications between two looks at the clock.
const MULTIPLIED: usize = 16;

pub struct Dalek {
    scalar: [u8; 32],
    point: [u8; 32],
}

impl Dalek {
    pub fn new(scalar: [u8; 32], point: [u8; 32]) -> Self {
        Self { scalar, point }
    }

    pub fn once(&self) -> [u8; 32] {
        x25519_dalek::x25519(black_box(self.scalar), black_box(self.point))
    }

    pub fn multiply(&self) -> usize {
        for _ in 0..MULTIPLIED {
            black_box(self.once());
        }
        MULTIPLIED
    }
}

pub struct AwsLc {
    key: PrivateKey,
    point: [u8; 32],
}

impl AwsLc {
    pub fn new(scalar: [u8; 32], point: [u8; 32]) -> Result<Self, String> {
        let key = PrivateKey::from_private_key(&X25519, &scalar).map_err(|e| e.to_string())?;
        Ok(Self { key, point })
    }

    pub fn once(&self) -> Result<[u8; 32], String> {
        let point = UnparsedPublicKey::new(&X25519, black_box(&self.point));
        agree(&self.key, &point, "aws-lc-rs refuses the point".to_string(), |secret| {
            secret.try_into().map_err(|_| "32 bytes were expected".to_string())
        })
    }

    pub fn multiply(&self) -> Result<usize, String> {
        for _ in 0..MULTIPLIED {
            black_box(self.once()?);
        }
        Ok(MULTIPLIED)
    }
}
