"""Write vectors/credentials/ with the `blst` backend; --check compares instead.

All random bytes, the library's own included, are SHAKE-128("sphinxcore vectors v1" || label):
the same code writes the same bytes. Points and sums are those of curve_model.py.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import checkout  # noqa: F401
from credential_curve import pairing_file, points_file, sum_file
from credential_hashes import attribute_file, hash_to_g1_file, hash_to_scalar_file
from credential_issuance import aggregation_file, blinded_share_file, credential_file, request_file
from credential_keys import key_decoding_file, key_shares_file, keys_file, signing_key_file
from credential_shows import batch_file, presentation_file
from document import File
from update import update

FOLDER = Path(__file__).resolve().parent / "credentials"

FILES: dict[str, Callable[[], File]] = {
    "points.json": points_file,
    "pairings.json": pairing_file,
    "sums.json": sum_file,
    "hash_to_g1.json": hash_to_g1_file,
    "hash_to_scalar.json": hash_to_scalar_file,
    "attributes.json": attribute_file,
    "keys.json": keys_file,
    "key_decoding.json": key_decoding_file,
    "key_shares.json": key_shares_file,
    "signing_keys.json": signing_key_file,
    "requests.json": request_file,
    "blinded_shares.json": blinded_share_file,
    "aggregation.json": aggregation_file,
    "credentials.json": credential_file,
    "presentations.json": presentation_file,
    "batches.json": batch_file,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare and change nothing")
    return update(FOLDER, FILES, check=parser.parse_args().check)


if __name__ == "__main__":
    sys.exit(main())
