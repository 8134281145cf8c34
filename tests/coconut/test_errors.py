"""The errors of the package: all are public, and all are raised."""

import re
from pathlib import Path

import credentials as cr
from credentials import errors

NAMES = {
    name
    for name, thing in vars(errors).items()
    if isinstance(thing, type) and issubclass(thing, Exception)
}


def test_every_error_is_public() -> None:
    public = {
        name
        for name in cr.__all__
        if isinstance(thing := getattr(cr, name), type) and issubclass(thing, Exception)
    }
    assert public == NAMES
    assert all(issubclass(getattr(cr, name), cr.CredentialError) for name in public)


def test_every_error_is_raised() -> None:
    """Outside of the modules that define and export them; what is imported there is used there."""
    package = Path(cr.__file__).parent
    texts = [
        path.read_text(encoding="ascii")
        for path in package.rglob("*.py")
        if path not in (Path(errors.__file__), Path(cr.__file__))
    ]
    used = {name for text in texts for name in re.findall(r"\b[A-Z]\w+Error\b", text)}
    assert NAMES - used == set()


def test_types_and_values_are_told_apart() -> None:
    assert issubclass(cr.ArgumentTypeError, TypeError)
    assert issubclass(cr.ArgumentError, ValueError)
    assert issubclass(cr.DecodeError, ValueError)
