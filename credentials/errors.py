"""What this package raises. Every refusal is a CredentialError; verification returns no bool.

An argument of a wrong type is an ArgumentTypeError, which is a TypeError, too; one with a wrong
value is an ArgumentError, and bytes that are no encoding are a DecodeError, both of which are
ValueErrors, too. So one `except CredentialError` catches whatever a stranger can cause. Plain
TypeErrors are left for mistakes of the program: pickling or copying what is secret, and calling
constructors that there are not. Files raise OSErrors as open() does.
"""

from collections.abc import Iterable


class CredentialError(Exception):
    """Something was refused: the message says what was wrong and what was expected."""


class ArgumentError(CredentialError, ValueError):
    """A value that the caller passed is out of its range."""


class ArgumentTypeError(CredentialError, TypeError):
    """A value that the caller passed has a type that is not accepted."""


class BackendError(CredentialError):
    """A curve backend is unknown, not installed, mixed with another, or takes no secrets."""


class DecodeError(CredentialError, ValueError):
    """Bytes are not the canonical encoding of what they should be."""


class LengthError(DecodeError):
    """Bytes are missing or too many."""


class SuiteError(DecodeError):
    """The header names another format, version, suite or type."""


class WrongKeyError(CredentialError):
    """Something belongs to another key, or a key is not a valid one."""


class EpochError(CredentialError):
    """Something belongs to another key epoch or share epoch."""


class ProofError(CredentialError):
    """A proof or a signature does not verify."""


class IssuanceError(CredentialError):
    """An issuer refuses a request."""


class RequestKeyError(IssuanceError, WrongKeyError):
    """A request was made for another key."""


class RequestEpochError(IssuanceError, EpochError):
    """A request was made for another key epoch."""


class RequestProofError(IssuanceError, ProofError):
    """The proof of a request does not verify."""


class ShareError(CredentialError):
    """Shares are wrong. `ids` names the authorities whose shares they are."""

    def __init__(self, message: str, ids: Iterable[int]) -> None:
        super().__init__(message)
        self.ids = tuple(ids)


class TooFewSharesError(CredentialError):
    """Fewer shares than the threshold."""


class DoubleUseError(CredentialError):
    """A nullifier was seen before: the same credential in the same scope."""


class LocalStateError(CredentialError):
    """The wallet's own state does not fit: no authority is to blame."""


class PassphraseError(CredentialError):
    """The passphrase of a file is wrong, or the file was changed."""
