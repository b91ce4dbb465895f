"""The SQLite backend: one file, many processes."""

from storage.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
