"""Transcripts: messages by index, appended and read in ranges."""

from collections.abc import Sequence

from sessions.errors import StoreDamaged
from sessions.model import Message
from sessions.ports.turns import NEWS_LIMIT, Known
from storage.sqlite import records
from storage.sqlite.rows import SessionRow
from storage.sqlite.step import Step

_SPAN = 1 << 32
"""The numbers of one session's messages begin at its own times this; see schema."""


def append(step: Step, row: SessionRow, messages: Sequence[Message]) -> None:
    """Add to the end; the session's tally is the caller's to move."""
    write(step, row.seq, row.messages, messages)


def write(step: Step, session: int, start: int, messages: Sequence[Message]) -> None:
    """Put messages at that index and those behind it, where none are; ``session`` is a row number."""
    first = session * _SPAN + start
    step.executemany(
        "INSERT INTO messages (seq, record) VALUES (?, ?)",
        [(first + index, records.encode(message)) for index, message in enumerate(messages)],
    )


def news(step: Step, row: SessionRow, known: Known | None) -> tuple[int, tuple[Message, ...]]:
    """The first index and the messages that the caller does not have, at most NEWS_LIMIT of them."""
    have = 0
    if known is not None and known.session == row.id and known.messages <= row.messages:
        have = known.messages
    since = max(have, row.messages - NEWS_LIMIT)
    return since, () if since == row.messages else read(step, row, since, row.messages)


def read(step: Step, row: SessionRow, since: int, until: int) -> tuple[Message, ...]:
    """The messages of that range of indexes; what cannot be read is put aside and left out."""
    base = row.seq * _SPAN
    found = step.execute(
        "SELECT seq, record FROM messages WHERE seq >= ? AND seq < ? ORDER BY seq",
        (base + since, base + until),
    ).fetchall()
    messages: list[Message] = []
    damaged: list[int] = []
    for seq, record in found:
        try:
            messages.append(records.decode(Message, record))
        except StoreDamaged as damage:
            records.put_aside(step, f"transcript of {row.key}, message {seq - base}", damage, record)
            damaged.append(seq)
    for seq in reversed(damaged):
        _close_up(step, row, seq)
    return tuple(messages)


def erase(step: Step, row: SessionRow) -> None:
    """Take the whole transcript away."""
    step.execute(
        "DELETE FROM messages WHERE seq >= ? AND seq < ?", (row.seq * _SPAN, (row.seq + 1) * _SPAN)
    )


def _close_up(step: Step, row: SessionRow, seq: int) -> None:
    # Indexes are without holes, so that a caller may count what it was given.
    end = (row.seq + 1) * _SPAN
    step.execute("DELETE FROM messages WHERE seq = ?", (seq,))
    # By way of negative numbers: a row must not meet its neighbour on the way.
    step.execute("UPDATE messages SET seq = 1 - seq WHERE seq > ? AND seq < ?", (seq, end))
    step.execute("UPDATE messages SET seq = -seq WHERE seq < 0")
    step.execute("UPDATE sessions SET messages = messages - 1 WHERE seq = ?", (row.seq,))
