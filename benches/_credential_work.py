"""What the credential bench works on: a key, a credential under it, and what is sent."""

import itertools
from collections.abc import Callable

import credentials as cr

BATCH = 64
THRESHOLD, AUTHORITIES = 7, 10
DISCLOSED = {3: "2026-11", 4: b"gateways"}
"""Text and bytes are hashed to scalars: none is short."""
CONTEXT = b"gateway-7|nonce"
SCOPE = b"2026-11-25"


class Wallet:
    """A key, a credential under it, and all that is sent while it is issued and shown."""

    def __init__(self, nullifier: int | None = None) -> None:
        parameters = cr.Parameters(attributes=4, domain=b"example.org/v1", nullifier=nullifier)
        self.keys = cr.deal_keys(parameters, threshold=THRESHOLD, authorities=AUTHORITIES)
        self.key = self.keys.verification_key
        hidden = {j: f"hidden {j}" for j in (1, 2) if j != nullifier}
        request, self.state = cr.request_credential(
            self.key, hidden=hidden, disclosed=DISCLOSED, issue_context=bytes(32)
        )
        self.scope = None if nullifier is None else SCOPE
        self.request = request.to_bytes()
        self.shares = [self.signed(i) for i in range(1, THRESHOLD + 1)]
        self.credential = self.aggregated()
        self.shown = [self.presented() for _ in range(BATCH)]
        self.batchable = [self.presented(batchable=True) for _ in range(BATCH)]
        self._check()

    def signed(self, authority: int = 1) -> bytes:
        """An authority's whole work on the request."""
        share = self.keys.shares[authority]
        return cr.sign(share, cr.CredentialRequest.from_bytes(self.request, share)).to_bytes()

    def decoded_shares(self) -> list[cr.BlindedShare]:
        """What the wallet was sent."""
        return [cr.BlindedShare.from_bytes(share, self.key) for share in self.shares]

    def aggregated(self, shares: list[cr.BlindedShare] | None = None) -> cr.Credential:
        """The wallet's work on the shares, from their bytes unless they are given."""
        decoded = self.decoded_shares() if shares is None else shares
        return cr.aggregate(decoded, self.state, self.key, self.keys.key_shares)

    def presented(self, *, batchable: bool = False) -> bytes:
        """A presentation."""
        return cr.present(
            self.credential, self.key, DISCLOSED, CONTEXT, self.scope, batchable
        ).to_bytes()

    def verify(self, shown: bytes, key: cr.VerificationKey | None = None) -> cr.Claims:
        """A presentation, by this key or the same on another backend."""
        under = key or self.key
        decoded = cr.Presentation.from_bytes(shown, under)
        return cr.verify(decoded, under, CONTEXT, self.scope)

    def verifying(self, key: cr.VerificationKey | None = None) -> Callable[[], cr.Claims]:
        """Verifies a presentation after the other."""
        shown = itertools.cycle(self.shown)
        return lambda: self.verify(next(shown), key)

    def verify_each(self, key: cr.VerificationKey | None = None) -> None:
        """All presentations, one after the other."""
        for shown in self.shown:
            self.verify(shown, key)

    def verify_batch(self, key: cr.VerificationKey | None = None) -> None:
        """All presentations at once, by this key or the same on another backend."""
        results = cr.verify_batch(
            self.batchable, key or self.key, [CONTEXT] * BATCH, [self.scope] * BATCH
        )
        for result in results:
            if isinstance(result, cr.CredentialError):
                raise result

    def _check(self) -> None:
        """What verifies must be able to fail, or the figures are worth nothing."""
        for shown in self.shown:
            if dict(self.verify(shown)) != DISCLOSED:
                raise RuntimeError("a presentation says something else")
        other = cr.Presentation.from_bytes(self.shown[0], self.key)
        try:
            cr.verify(other, self.key, CONTEXT + b"?", self.scope)
        except cr.CredentialError:
            return
        raise RuntimeError("a presentation for another occasion was accepted")
