//! What a crate said instead of doing something.

use crate::randomness::panic_text;
use serde_json::{json, Value};
use std::cell::Cell;
use std::fmt::{Debug, Display};
use std::panic::{catch_unwind, AssertUnwindSafe};

/// The error's variant ("Panic" when the crate did not return at all) and its text.
#[derive(Clone, Debug)]
pub struct PeerError {
    pub kind: String,
    pub text: String,
}

pub type Outcome<T> = Result<T, PeerError>;

impl PeerError {
    pub fn new(kind: &str, text: impl Into<String>) -> Self {
        Self { kind: kind.into(), text: text.into() }
    }

    pub fn json(&self) -> Value {
        json!({"kind": self.kind, "text": self.text})
    }
}

/// An error of a crate: the name of its variant stands first in its debugging form.
pub fn failed(error: impl Debug + Display) -> PeerError {
    let debug = format!("{error:?}");
    let kind = debug.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
    PeerError::new(kind, error.to_string())
}

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; a panic is an outcome, too.
pub fn caught<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    CATCHING.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(false);
    outcome.unwrap_or_else(|panic| Err(PeerError::new("Panic", panic_text(panic))))
}

/// From now on only those panics are told that are nobody's outcome.
pub fn silence_caught_panics() {
    let ours = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !CATCHING.get() {
            ours(info);
        }
    }));
}
