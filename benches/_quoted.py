"""Figures of libraries that no bench here runs: not to be had on a user's machine, or under a
licence (AGPL) that keeps them out. Microseconds of thread CPU time, measured by hand once."""

CPU = "a quiet Zen 4 at 3.7 GHz, one core"

X25519 = {
    "lib25519 20260614, one": 14.6,
    "lib25519 20260614, IFMA, batch of 8": 6.0,
    "lib25519 20260614, AVX2, batch of 8": 13.1,
    "Intel crypto_mb x25519_mb8": 6.4,
    "Go circl": 31,
}


def text(figures: dict[str, float]) -> str:
    """As a table that says what it is."""
    lines = [f"\nquoted, NOT measured in this run: {CPU}"]
    lines += [f"  {name:<40}{us:>9.1f} us" for name, us in figures.items()]
    return "\n".join(lines)
