//! The byte strings that requests and answers of the co-process are made of.

use crate::outcome::{Outcome, PeerError};

pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("bounded by the longest request");
    out.extend(length.to_le_bytes());
    out.extend(bytes);
}

pub fn bad_request(text: impl Into<String>) -> PeerError {
    PeerError::new("BadRequest", text)
}

/// What is left to read of a request or an item.
pub struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub fn take(&mut self, length: usize) -> Outcome<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(|| {
            bad_request(format!("{length} bytes were expected, {} are left", self.0.len()))
        })?;
        self.0 = rest;
        Ok(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Outcome<[u8; N]> {
        Ok(self.take(N)?.try_into().expect("take() gives what was asked for"))
    }

    pub fn u8(&mut self) -> Outcome<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub fn flag(&mut self) -> Outcome<bool> {
        Ok(self.u8()? != 0)
    }

    pub fn u16(&mut self) -> Outcome<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Outcome<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn bytes(&mut self) -> Outcome<&'a [u8]> {
        let length = self.u32()?;
        self.take(length as usize)
    }

    /// A u16 count and as many of what `read` reads.
    pub fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Outcome<T>) -> Outcome<Vec<T>> {
        (0..self.u16()?).map(|_| read(self)).collect()
    }

    pub fn end(&self) -> Outcome<()> {
        match self.0.len() {
            0 => Ok(()),
            left => Err(bad_request(format!("{left} bytes too many"))),
        }
    }
}
