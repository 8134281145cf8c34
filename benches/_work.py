"""What benches work on: the work of `sphinxcore bench`, on all versions that clients send."""

from sphinxcore.cli.work import DESTINATION, HOPS, MESSAGE, packets, route, rows

__all__ = ["DESTINATION", "HOPS", "MESSAGE", "VERSIONS", "packets", "route", "rows"]

VERSIONS = (258, 259)
