"""The Sphinx packet of the Nym network, as sphinx-packet 0.8.0 and Nym 2.0.0 speak it."""

from sphinxcore.formats.wire_format import LIONESS_KEY_SIZE, WireFormat

NYM = WireFormat(
    name="nym",
    max_hops=5,
    alpha_size=32,
    mac_size=16,
    flag_size=1,
    version_size=3,
    address_size=32,
    delay_size=8,
    identifier_size=16,
    forward_flag=1,
    final_flag=2,
    payload_seed_size=16,
    zero_prefix_size=16,
    minimum_payload_size=33,
    key_schedule=(
        ("stream_key", 16),
        ("mac_key", 16),
        ("payload_key", LIONESS_KEY_SIZE),
        ("blinding_factor", 32),
        ("replay_tag", 32),
    ),
    secret_info=(
        b"Dwste mou enan moxlo arketa makru kai ena upomoxlio"
        b" gia na ton topothetisw kai tha kinisw thn gh."
    ),
    payload_key_salt=b"sphinx-payload-key-V01-CS01-HKDF:SHA256-SALT",
    payload_key_info=b"sphinx-payload-key-V01-CS01-HKDF:SHA256-INFO",
    # 1 and 257 are the first releases' numbers, 258 is what clients up to 1.21.6 send.
    explicit_payload_key_versions=frozenset({1, 257, 258}),
    default_version=259,
    surb_versions=frozenset({258, 259}),
    recoverable_surb_version=260,
)
"""Versions 258 (what clients up to 1.21.6 send), 259 (what 2.0.0 sends) and 260."""
