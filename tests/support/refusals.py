"""What a negative test does: it sees refusals, and counts them."""

import re
from collections.abc import Callable
from typing import Any

import pytest

import credentials as cr

NEGATIVE = re.compile(r"test_neg_((?:\d\d_)+)")
"""Names of negative tests have the numbers of what they test."""


class Refusals:
    """Checks of one test, of which there must be one at least."""

    def __init__(self) -> None:
        self.count = 0

    def refuses(
        self, error: type[cr.CredentialError], action: Callable[..., Any], *args: Any, of: str = ""
    ) -> Any:
        """The error, which must be of exactly this type."""
        return self._refuses((error,), action, *args, of=of)

    def is_no_encoding(self, action: Callable[..., Any], *args: Any, of: str = "") -> Any:
        """A DecodeError: by chance for its length or for something that is read before."""
        return self._refuses((cr.DecodeError, cr.LengthError), action, *args, of=of)

    def _refuses(
        self,
        errors: tuple[type[cr.CredentialError], ...],
        action: Callable[..., Any],
        *args: Any,
        of: str,
    ) -> Any:
        try:
            result = action(*args)
        except Exception as caught:
            if type(caught) in errors:
                self.count += 1
                return caught
            raise AssertionError(f"{of}: {type(caught).__name__} is not expected") from caught
        pytest.fail(f"{of}: accepted, gives {result!r}")

    def holds(self, condition: bool, of: str = "") -> None:
        """What is no exception."""
        assert condition, of
        self.count += 1
