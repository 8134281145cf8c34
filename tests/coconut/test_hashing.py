"""RFC 9380: its own test cases, and the third library."""

import py_arkworks_bls12381 as arkworks
import pytest

import credentials as cr
from credentials.bls12381 import Curve, expand_message, hash_to_scalars

EXPANDER_TAG = b"QUUX-V01-CS02-with-expander-SHA256-128"
CURVE_TAG = b"QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_"

# Appendix K.1
EXPANDED = [
    (b"", "68a985b87eb6b46952128911f2a4412bbc302a9d759667f87f7a21d803f07235"),
    (b"abc", "d8ccab23b5985ccea865c6c97b6e5b8350e794e603b4b97902f53a8a0d605615"),
    (
        b"",
        "af84c27ccfd45d41914fdff5df25293e221afc53d8ad2ac06d5e3e29485dadbe"
        "e0d121587713a3e0dd4d5e69e93eb7cd4f5df4cd103e188cf60cb02edc3edf18"
        "eda8576c412b18ffb658e3dd6ec849469b979d444cf7b26911a08e63cf31f9dc"
        "c541708d3491184472c2c29bb749d4286b004ceb5ee6b9a7fa5b646c993f0ced",
    ),
]

# Appendix J.9.1: message, P.x, P.y
HASHED = [
    (
        b"",
        "052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4"
        "e8cf62d9c09db0fac349612b759e79a1",
        "08ba738453bfed09cb546dbb0783dbb3a5f1f566ed67bb6be0e8c67e2e81a4cc"
        "68ee29813bb7994998f3eae0c9c6a265",
    ),
    (
        b"abc",
        "03567bc5ef9c690c2ab2ecdf6a96ef1c139cc0b2f284dca0a9a7943388a49a3a"
        "ee664ba5379a7655d3c68900be2f6903",
        "0b9c15f3fe6e5cf4211f346271d7b01c8f3b28be689c8429c85b67af21553331"
        "1f0b8dfaaa154fa6b88176c229f2885d",
    ),
    (
        b"abcdef0123456789",
        "11e0b079dea29a68f0383ee94fed1b940995272407e3bb916bbf268c263ddd57"
        "a6a27200a784cbc248e84f357ce82d98",
        "03a87ae2caf14e8ee52e51fa2ed8eefe80f02457004ba4d486d6aa1f517c0889"
        "501dc7413753f9599b099ebcbbd2d709",
    ),
]


@pytest.mark.parametrize(("message", "expanded"), EXPANDED, ids=["empty", "abc", "longer"])
def test_expand_message(message: bytes, expanded: str) -> None:
    wanted = bytes.fromhex(expanded)
    assert expand_message(message, EXPANDER_TAG, len(wanted)) == wanted


@pytest.mark.parametrize("size", [0, 255 * 32 + 1])
def test_expand_message_refuses_sizes(size: int) -> None:
    with pytest.raises(cr.ArgumentError):
        expand_message(b"", EXPANDER_TAG, size)


@pytest.mark.parametrize("size", [0, 256])
def test_expand_message_refuses_tags(size: int) -> None:
    with pytest.raises(cr.ArgumentError):
        expand_message(b"", bytes(size), 32)


def test_scalars_are_the_expanded_bytes_modulo_r() -> None:
    wide = expand_message(b"message", b"tag", 3 * 48)
    scalars = hash_to_scalars(b"message", b"tag", 3)
    order = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
    assert scalars == [int.from_bytes(wide[i : i + 48], "big") % order for i in (0, 48, 96)]


@pytest.mark.parametrize(("message", "x", "y"), HASHED, ids=["empty", "abc", "longer"])
def test_hash_to_g1_of_the_rfc(curve: Curve, message: bytes, x: str, y: str) -> None:
    wanted = arkworks.G1Point.from_xy_bytes_be(bytes.fromhex(x + y)).to_compressed_bytes()
    assert curve.hash_to_g1(message, CURVE_TAG).encode() == bytes(wanted)


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 300])
def test_hash_to_g1_of_the_third_library(curve: Curve, size: int) -> None:
    message = bytes(range(256)) * 2
    wanted = arkworks.G1Point.hash_to_curve(message[:size], b"another tag")
    got = curve.hash_to_g1(message[:size], b"another tag")
    assert got.encode() == bytes(wanted.to_compressed_bytes())
