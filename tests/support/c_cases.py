"""Bytes and the wire format as C, for the harnesses in C."""

from sphinxcore import NYM


def in_c(raw: bytes) -> str:
    return '(const uint8_t *)"' + "".join(f"\\x{byte:02x}" for byte in raw) + '"'


def in_c_list(raw: bytes) -> str:
    return "{" + ", ".join(map(str, raw)) + "}"


def format_in_c() -> str:
    """sphinxcore.NYM as a sphinx_format."""
    part = NYM.secret_part
    numbers = {
        "alpha_size": NYM.alpha_size,
        "mac_size": NYM.mac_size,
        "routing_size": NYM.routing_size,
        "header_size": NYM.header_size,
        "minimum_size": NYM.minimum_packet_size,
        "minimum_payload_size": NYM.minimum_payload_size,
        "slot_size": NYM.slot_size,
        "version_offset": NYM.flag_size + NYM.version_size - 2,
        "address_offset": NYM.flag_size + NYM.version_size,
        "address_size": NYM.address_size,
        "delay_offset": NYM.flag_size + NYM.version_size + NYM.address_size,
        "next_mac_offset": NYM.meta_size,
        "identifier_offset": NYM.flag_size + NYM.version_size + NYM.address_size,
        "identifier_size": NYM.identifier_size,
        "forward_flag": NYM.forward_flag,
        "final_flag": NYM.final_flag,
        "secret_size": NYM.secret_size,
        "stream_key_offset": part("stream_key").start,
        "mac_key_offset": part("mac_key").start,
        "mac_key_size": part("mac_key").stop - part("mac_key").start,
        "payload_key_offset": part("payload_key").start,
        "payload_seed_size": NYM.payload_seed_size,
        "blinding_offset": part("blinding_factor").start,
        "tag_offset": part("replay_tag").start,
        "tag_size": part("replay_tag").stop - part("replay_tag").start,
        "secret_info_size": len(NYM.secret_info),
        "payload_salt_size": len(NYM.payload_key_salt),
        "payload_info_size": len(NYM.payload_key_info),
        "n_explicit_versions": len(NYM.explicit_payload_key_versions),
    }
    texts = {
        "secret_info": NYM.secret_info,
        "payload_salt": NYM.payload_key_salt,
        "payload_info": NYM.payload_key_info,
    }
    versions = ", ".join(map(str, sorted(NYM.explicit_payload_key_versions)))
    members = [f".{name} = {value}" for name, value in numbers.items()]
    members += [f".{name} = {in_c(value)}" for name, value in texts.items()]
    members.append(f".explicit_versions = {{{versions}}}")
    return f'#include "hop.h"\n\nstatic const sphinx_format FORMAT = {{{", ".join(members)}}};\n\n'
