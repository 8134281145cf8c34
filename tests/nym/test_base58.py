"""Base58, both ways, and that long texts cost nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from network import DETERMINISTIC

from sphinxcore.nym import base58
from sphinxcore.nym.errors import NymError


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        # Those of draft-msporny-base58-03, and the ends of the alphabet.
        ("2NEpo7TZRRrLZSi2U", b"Hello World!"),
        (
            "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
            b"The quick brown fox jumps over the lazy dog.",
        ),
        ("11233QC4", bytes.fromhex("0000287fb4cd")),
        ("", b""),
        ("1", b"\0"),
        ("z", b"\x39"),
        ("21", b"\x3a"),
    ],
)
def test_known(text: str, raw: bytes) -> None:
    assert base58.encode(raw) == text
    assert base58.decode(text) == raw


@DETERMINISTIC
@given(st.binary(max_size=100) | st.integers(0, 600).map(bytes))
def test_both_ways(raw: bytes) -> None:
    assert base58.decode(base58.encode(raw)) == raw


@DETERMINISTIC
@given(st.integers(0, 300), st.integers(0, 300), st.sampled_from([b"\x01", b"\xff"]))
def test_everything_up_to_the_bound_is_read(size: int, zeros: int, fill: bytes) -> None:
    zeros = min(zeros, size)
    raw = bytes(zeros) + fill * (size - zeros)
    assert base58.decode(base58.encode(raw), size) == raw
    with pytest.raises(NymError, match=f"at most {size} bytes were expected"):
        base58.decode(base58.encode(raw + b"\0"), size)


@DETERMINISTIC
@given(st.text() | st.text(base58.ALPHABET))
def test_any_text(text: str) -> None:
    try:
        raw = base58.decode(text)
    except NymError:
        assert not set(text) <= set(base58.ALPHABET)
        return
    assert base58.encode(raw) == text


@pytest.mark.parametrize("wrong", ["0", "O", "I", "l", " ", "\n", "\u00e9", "\u0661", "\0"])
def test_other_characters(wrong: str) -> None:
    with pytest.raises(NymError, match=r"character '.+' at 2 is not one of base58") as caught:
        base58.decode(f"11{wrong}1")
    assert str(caught.value).isascii()


def test_long_texts_are_refused_unread() -> None:
    # Reading these digits would take hours.
    with pytest.raises(NymError, match="10000000 characters is too long"):
        base58.decode("z" * 10**7)


def test_wrong_types() -> None:
    with pytest.raises(TypeError, match="text must be str, not bytes"):
        base58.decode(b"11")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="raw must be bytes, not str"):
        base58.encode("11")
