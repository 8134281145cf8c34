//! Words of a request, and bytes in hex.

use std::fmt::Display;
use std::str::FromStr;

pub fn from_hex(digits: &str) -> Result<Vec<u8>, String> {
    let pair =
        |at| u8::from_str_radix(digits.get(at..at + 2).ok_or("half a byte")?, 16).map_err(text);
    (0..digits.len()).step_by(2).map(pair).collect()
}

pub fn all_from_hex(words: &[&str]) -> Result<Vec<Vec<u8>>, String> {
    if words.is_empty() {
        return Err("there is nothing to load".into());
    }
    words.iter().copied().map(from_hex).collect()
}

pub fn array<const N: usize>(digits: &str) -> Result<[u8; N], String> {
    let bytes = from_hex(digits)?;
    bytes.try_into().map_err(|_| format!("{N} bytes were expected"))
}

pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn number<T: FromStr<Err: Display>>(word: &str) -> Result<T, String> {
    word.parse().map_err(|error| format!("{word}: {error}"))
}

pub fn text(error: impl Display) -> String {
    error.to_string()
}
