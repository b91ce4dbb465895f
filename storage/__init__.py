"""Backends of the store contract, opened by URL."""
