"""The Redis client on real servers."""
