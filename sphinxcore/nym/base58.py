"""Base58 with Bitcoin's alphabet and no checksum: how keys, tags and SURBs are written as text."""

from typing import Any

from sphinxcore._checks import any_bytes
from sphinxcore.nym.errors import NymError

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
MAX_SIZE = 2048
"""More than the longest thing written in this form: a reply SURB of version 258, 1,164 bytes."""

_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def encode(raw: Any) -> str:
    """The text of some bytes: a 1 for each leading zero byte, then the rest as one number."""
    data = any_bytes(raw, "raw")
    number = int.from_bytes(data, "big")
    digits = []
    while number:
        number, digit = divmod(number, 58)
        digits.append(ALPHABET[digit])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return ALPHABET[0] * zeros + "".join(reversed(digits))


def decode(text: str, max_size: int = MAX_SIZE) -> bytes:
    """The bytes of a text. Raises NymError for other characters and more than `max_size` bytes.

    The time grows with the square of the length, so texts that are too long are refused unread.
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be str, not {type(text).__name__}")
    # log(256) / log(58) < 1.366 characters a byte, and one more for the fraction.
    if len(text) > max_size * 1366 // 1000 + 1:
        raise NymError(
            f"a base58 text of {len(text)} characters is too long: at most {max_size} bytes "
            "were expected"
        )
    number = 0
    for i, character in enumerate(text):
        try:
            number = number * 58 + _VALUES[character]
        except KeyError:
            raise NymError(f"character {character!a} at {i} is not one of base58") from None
    zeros = len(text) - len(text.lstrip(ALPHABET[0]))
    raw = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    if len(raw) > max_size:
        raise NymError(
            f"a base58 text has {len(raw)} bytes: at most {max_size} bytes were expected"
        )
    return raw
