"""The version, for the package and for its metadata."""

VERSION = "0.1.0"
