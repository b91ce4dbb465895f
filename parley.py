"""The face of the library for Python programs."""
