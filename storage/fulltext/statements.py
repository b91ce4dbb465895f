"""What the room needs of a database: something that carries out statements in a transaction."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol


class Statements(Protocol):
    """A connection, or a step of the SQLite store."""

    @property
    def execute(self) -> Callable[..., sqlite3.Cursor]:
        """Carry out one statement."""
        ...

    @property
    def executemany(self) -> Callable[[str, Iterable[Sequence[object]]], sqlite3.Cursor]:
        """Carry out one statement for each row of values."""
        ...


class DocumentRow(NamedTuple):
    """A row of ``documents`` as far as a noun is made of it."""

    seq: int
    source: str
    id: str
    title: str
    digest: str
    size: int
    passages: int
    added_at: int


COLUMNS = ", ".join(f"d.{column}" for column in DocumentRow._fields)
