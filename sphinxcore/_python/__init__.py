"""The reference backend: reads like the wire format, and is the fallback where nothing compiles."""

from sphinxcore._python.backend import PythonBackend

__all__ = ["PythonBackend"]
