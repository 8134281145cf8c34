"""Cases of the vector files as the C that harness.c includes: primitives, and packets at a node."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import own_files
from c_cases import format_in_c, in_c, in_c_list
from cases import MOD_L, Blob

from sphinxcore import NYM, Status
from vectors import Case, load


@dataclass(frozen=True)
class Primitive:
    """A primitive_case without its name."""

    operation: str
    key: bytes
    data: bytes
    size: int
    expected: Blob
    extra: bytes = b""
    iterations: int = 0


def x25519(case: Case) -> Iterator[Primitive]:
    shared = blob(case, "shared")
    iterations = case.fields.get("iterations", 1)
    yield Primitive(
        "X25519", case.bytes("private"), case.bytes("public"), 32, shared, iterations=iterations
    )


def aes128_ctr(case: Case) -> Iterator[Primitive]:
    data = case.bytes("input")
    output, iv = blob(case, "output"), case.bytes("iv")
    yield Primitive("AES128_CTR", case.bytes("key"), data, len(data), output, iv)


def chacha20(case: Case) -> Iterator[Primitive]:
    data = case.bytes("input")
    block = case.fields["counter"].to_bytes(4, "little") + case.bytes("nonce")
    yield Primitive("CHACHA20", case.bytes("key"), data, len(data), blob(case, "output"), block)


def hmac(case: Case) -> Iterator[Primitive]:
    yield Primitive("HMAC", case.bytes("key"), case.bytes("message"), 32, blob(case, "tag"))


def hkdf(case: Case) -> Iterator[Primitive]:
    size, okm, salt = case.fields["size"], blob(case, "okm"), case.bytes("salt")
    yield Primitive("HKDF", case.bytes("ikm"), case.bytes("info"), size, okm, salt)


def blake2b(case: Case) -> Iterator[Primitive]:
    digest = case.bytes("digest")
    yield Primitive("BLAKE2B", case.bytes("key"), case.bytes("message"), len(digest), Blob(digest))


def lioness(case: Case) -> Iterator[Primitive]:
    """Both directions, from the same input; callers of the C refuse what is too short."""
    data = case.bytes("input")
    if case.result == "valid":
        for name, output in (("LIONESS_ENCRYPT", "encrypted"), ("LIONESS_DECRYPT", "decrypted")):
            yield Primitive(name, case.bytes("key"), data, len(data), blob(case, output))


READERS: dict[str, Callable[[Case], Iterable[Primitive]]] = {
    "X25519": x25519,
    "HMAC-SHA256": hmac,
    "HKDF-SHA256": hkdf,
    "AES-128-CTR": aes128_ctr,
    "ChaCha20": chacha20,
    "BLAKE2b": blake2b,
    "LIONESS": lioness,
}


def blob(case: Case, name: str) -> Blob:
    found = own_files.blob(case.fields, name)
    if found is None:
        raise ValueError(f"{case.file}: {own_files.name_of(case)} has no {name}")
    return found


def cases_in_c() -> str:
    """All of cases.h."""
    return format_in_c() + primitives_in_c() + packets_in_c()


def primitives_in_c() -> str:
    lines = []
    for algorithm, read in READERS.items():
        for file in own_files.names_of(algorithm):
            for case in load(file):
                for one in read(case):
                    members = {
                        "name": string_in_c(f"{file}: {own_files.name_of(case)}"),
                        "operation": one.operation,
                        "iterations": one.iterations,
                        "key": text_in_c(one.key),
                        "extra": text_in_c(one.extra),
                        "data": text_in_c(one.data),
                        "size": one.size,
                    }
                    lines.append(struct_in_c(members | result_in_c("expected", one.expected)))
    return array_in_c("primitive_case PRIMITIVES[]", lines)


def packets_in_c() -> str:
    lines = []
    keys: list[bytes] = []
    for file in own_files.names_of("SphinxProcess"):
        for case in load(file):
            if own_files.skip_of(case) == MOD_L:
                continue  # what comes of it is not what the file says
            node = own_files.node_case(case)
            expected = node.expected
            if node.private_key not in keys:
                keys.append(node.private_key)
            members = {
                "name": string_in_c(f"{file}: {node.name}"),
                "key": keys.index(node.private_key),
                "status": f"STATUS_{Status(expected.status).name}",
                "version": expected.version or 0,
                "delay": f"UINT64_C({expected.delay_ns or 0})",
                "packet": text_in_c(node.packet),
                "tag": text_in_c(expected.replay_tag or b""),
                "next_hop": text_in_c(expected.next_hop or b""),
                "destination": text_in_c(expected.destination or b""),
                "identifier": text_in_c(expected.identifier or b""),
            }
            lines.append(struct_in_c(members | result_in_c("output", expected.output or Blob())))
    arrays = [in_c_list(key) for key in keys]
    return array_in_c(f"uint8_t KEYS[][{NYM.alpha_size}]", arrays) + array_in_c(
        "packet_case PACKETS[]", lines
    )


def result_in_c(name: str, expected: Blob) -> dict[str, object]:
    if expected.whole is not None:
        return {name: text_in_c(expected.whole), "hashed": 0}
    if expected.head or expected.hashed_from:
        raise ValueError("only what is hashed as a whole can be compared")
    return {name: text_in_c(bytes.fromhex(expected.sha256)), "hashed": 1}


def text_in_c(raw: bytes) -> str:
    return f"{{{len(raw)}, {in_c(raw)}}}"


def string_in_c(text: str) -> str:
    return json.dumps(text)


def struct_in_c(members: Mapping[str, object]) -> str:
    return f"{{{', '.join(f'.{name} = {value}' for name, value in members.items())}}}"


def array_in_c(declaration: str, items: Iterable[str]) -> str:
    lines = "".join(f"    {item},\n" for item in items)
    return f"static const {declaration} = {{\n{lines}}};\n\n"
