"""Wire formats: one file each, all sizes in one object."""

from sphinxcore.formats.nym import NYM
from sphinxcore.formats.wire_format import WireFormat

__all__ = ["NYM", "WireFormat"]
