"""Clients' keys, and the keys of data packets."""

import copy
import pickle

import numpy as np
import pytest
from blake3 import blake3
from nacl.signing import VerifyKey
from network import seeded

import sphinxcore as sx
from sphinxcore import nym
from sphinxcore.nym.packet_keys import packet_keys

GATEWAY = nym.IdentityKey.from_bytes(seeded(b"gateway", 32)).public_key


def test_identity_key() -> None:
    """RFC 8032, section 7.1, test 2."""
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    key = nym.IdentityKey.from_bytes(seed)
    public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert key.public_key.hex() == public
    signature = key.sign(b"\x72")
    assert signature.hex().startswith("92a009a9f0d4cab8720e820b5f642540")
    VerifyKey(key.public_key).verify(b"\x72", signature)


def test_keys_make_an_address() -> None:
    keys = nym.ClientKeys.generate(gateway=GATEWAY)
    assert keys.address.gateway == GATEWAY
    assert keys.address.identity == keys.identity.public_key
    assert keys.address.encryption_key == keys.encryption.public_key.to_bytes()
    assert repr(keys) == f"<ClientKeys of {keys.address}>"
    assert nym.ClientKeys.generate(gateway=GATEWAY).address != keys.address


def test_secrets_are_kept() -> None:
    keys = nym.ClientKeys.generate(gateway=GATEWAY)
    for secret in (keys.identity, keys.acks, keys.encryption, keys):
        for leak in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="secret"):
                leak(secret)
    assert repr(keys.acks) == "<AckKey>"
    assert repr(keys.identity) == "<IdentityKey>"


def test_wrong_types() -> None:
    keys = nym.ClientKeys.generate(gateway=GATEWAY)
    with pytest.raises(TypeError, match="acks must be AckKey, not PrivateKey"):
        nym.ClientKeys(keys.identity, keys.encryption, keys.encryption, gateway=GATEWAY)
    with pytest.raises(sx.SphinxError, match="gateway must be 32 bytes, not 31"):
        nym.ClientKeys.generate(gateway=GATEWAY[1:])
    for kind, size in ((nym.IdentityKey, 32), (nym.AckKey, 16)):
        with pytest.raises(sx.SphinxError, match=f"must be {size} bytes, not 3"):
            kind.from_bytes(b"abc")


def test_packet_keys_are_hkdf() -> None:
    """RFC 5869 spelled out, with the keyless BLAKE3 as the hash of RFC 2104's HMAC."""

    def mac(key: bytes, data: bytes) -> bytes:
        key = key.ljust(64, b"\0")
        inner = blake3(bytes(k ^ 0x36 for k in key) + data).digest()
        return blake3(bytes(k ^ 0x5C for k in key) + inner).digest()

    shared = np.frombuffer(seeded(b"shared secrets", 5 * 32), np.uint8).reshape(5, 32)
    expected = [mac(mac(b"", secret.tobytes()), b"\1")[:16] for secret in shared]
    assert [key.tobytes() for key in packet_keys(shared)] == expected
    assert packet_keys(shared[:0]).shape == (0, 16)
