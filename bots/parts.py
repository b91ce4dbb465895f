"""The messages of an answer: where each stands on the platform, and how that is recorded.

The record is the list of sends in order. An id is a message that is there. An empty id at the end is a
send whose result is not known yet. An empty id that another part follows is a send whose result was
lost: the next part may repeat it, and says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sessions.model import ReplyPart, ReplyRecord

P = TypeVar("P")


@dataclass(slots=True)
class Part(Generic[P]):
    """One message of the answer.

    ``shown`` is what surely stands there (None: unknown). ``lost`` says that it may have been sent
    with the result lost; ``repeat`` that it may say again what another message says.
    """

    message: str = ""
    shown: P | None = None
    lost: bool = False
    repeat: bool = False


def recorded(parts: Iterable[Part[P]]) -> ReplyRecord:
    """Return the record of the parts; only the last may be without an id."""
    record: list[ReplyPart] = []
    for part in parts:
        if part.repeat:
            record.append(ReplyPart())
        record.append(ReplyPart(part.message))
    return ReplyRecord(tuple(record))


def taken_up(record: ReplyRecord) -> list[Part[P]]:
    """Return the parts that another process, or this one before, recorded."""
    parts: list[Part[P]] = []
    repeat = False
    for number, part in enumerate(record.parts, 1):
        if not part.message and number < len(record.parts):
            repeat = True
            continue
        parts.append(Part(part.message, lost=not part.message, repeat=repeat))
        repeat = False
    return parts
