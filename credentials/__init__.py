"""Threshold anonymous credentials: the Coconut scheme on BLS12-381.

Authorities sign attributes that they may not see, any `threshold` of them make a credential, and
its owner shows it without being linked. See README.md for what is proven.
"""

from credentials import files
from credentials._backends import available_backends, backend, missing_backends
from credentials.aggregation import aggregate, check_blinded_share
from credentials.attributes import Kind
from credentials.batch import verify_batch
from credentials.blinded_share import BlindedShare
from credentials.claims import Claims
from credentials.credential import Credential
from credentials.dealing import DealtKeys, deal_keys
from credentials.errors import (
    ArgumentError,
    ArgumentTypeError,
    BackendError,
    CredentialError,
    DecodeError,
    DoubleUseError,
    EpochError,
    IssuanceError,
    LengthError,
    LocalStateError,
    PassphraseError,
    ProofError,
    RequestEpochError,
    RequestKeyError,
    RequestProofError,
    ShareError,
    SuiteError,
    TooFewSharesError,
    WrongKeyError,
)
from credentials.issuance import check_request, request_credential, sign
from credentials.keys import (
    SigningKeyShare,
    VerificationKey,
    VerificationKeyShare,
    aggregate_keys,
)
from credentials.parameters import Parameters
from credentials.presentation import BatchablePresentation, Presentation
from credentials.request import CredentialRequest, RequestState
from credentials.show import present
from credentials.verification import verify

__version__: str
"""That of the distribution, which is sphinxcore's."""


def __getattr__(name: str) -> str:
    if name == "__version__":  # asked for seldom, and a search through what is installed
        from importlib.metadata import version

        return version("sphinxcore")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "ArgumentError",
    "ArgumentTypeError",
    "BackendError",
    "BatchablePresentation",
    "BlindedShare",
    "Claims",
    "Credential",
    "CredentialError",
    "CredentialRequest",
    "DealtKeys",
    "DecodeError",
    "DoubleUseError",
    "EpochError",
    "IssuanceError",
    "Kind",
    "LengthError",
    "LocalStateError",
    "Parameters",
    "PassphraseError",
    "Presentation",
    "ProofError",
    "RequestEpochError",
    "RequestKeyError",
    "RequestProofError",
    "RequestState",
    "ShareError",
    "SigningKeyShare",
    "SuiteError",
    "TooFewSharesError",
    "VerificationKey",
    "VerificationKeyShare",
    "WrongKeyError",
    "aggregate",
    "aggregate_keys",
    "available_backends",
    "backend",
    "check_blinded_share",
    "check_request",
    "deal_keys",
    "files",
    "missing_backends",
    "present",
    "request_credential",
    "sign",
    "verify",
    "verify_batch",
]
