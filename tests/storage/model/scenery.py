"""The places, processes and whims that the machine draws from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hypothesis import strategies as st

from sessions.model import (
    OPERATOR,
    Audience,
    EventId,
    Holder,
    Inbound,
    Person,
    PersonId,
    Place,
    Platform,
    ThreadRef,
    Usage,
    WorkspaceKey,
)

HERE, THERE = WorkspaceKey("telegram:-100"), WorkspaceKey("discord:guild:7")
CHANNEL = ThreadRef(Platform.DISCORD, "9")
FAR = Place(THERE, ThreadRef(Platform.DISCORD, "8", "1"))
SHARED = {
    "topic": Place(HERE, ThreadRef(Platform.TELEGRAM, "-100", "7")),
    "general": Place(HERE, ThreadRef(Platform.TELEGRAM, "-100")),
    "channel": Place(HERE, CHANNEL),
    "terminal": Place(HERE, ThreadRef(Platform.TERMINAL, "ada", "here"), OPERATOR),
}
"""Places whose threads begin with one session."""
PLACES = {**SHARED, "private channel": Place(HERE, CHANNEL, Audience("channel 9")), "far": FAR}

ONE, TWO, ADA = Holder("one"), Holder("two"), Holder("ada")
PLATFORMS = {
    ONE: frozenset({Platform.TELEGRAM, Platform.DISCORD}),
    TWO: frozenset({Platform.TELEGRAM}),
    ADA: frozenset({Platform.TERMINAL}),
}


class Deed(StrEnum):
    """What can happen."""

    WRITE = "write"
    WRITE_TO_A_PROCESS = "write to a process"
    TIME = "let time pass"
    REPEAT = "repeat a call"
    ACQUIRE = "acquire"
    OUTLIVE = "outlive a lease"
    SWEEP = "sweep"
    SWEEP_ONE = "sweep one"
    RUN = "commit and deliver"
    COMMIT = "commit"
    DELIVER = "deliver"
    NOTE = "note a reply"
    RENEW = "renew"
    RELEASE = "release"
    ERR = "commit what is not due"
    STOP = "stop"
    STOP_BY_NAME = "stop by name"
    BIND = "bind"
    PUT_AWAY = "put away"
    TAKE_BACK = "take back"
    KEEP_WAITING = "keep waiting"
    DELETE = "delete"
    EXPIRE = "expire"


DEEDS = (
    *(Deed.WRITE, Deed.WRITE_TO_A_PROCESS, Deed.ACQUIRE, Deed.OUTLIVE, Deed.REPEAT) * 2,
    *(Deed.RUN, Deed.COMMIT, Deed.DELIVER) * 3,
    *Deed,
)
"""What happens, as often as it should."""


@dataclass(frozen=True, slots=True)
class Whim:
    """What somebody happens to choose.

    ``which``: how many newer ones there are. ``lasts``: in slots. ``knows``: the part of the transcript
    that the caller has; None where it does not say. ``holder``: None is one that can do the work.
    """

    which: int
    holder: Holder | None
    lasts: int
    knows: float | None
    lines: int
    usage: Usage


whims = st.builds(
    Whim,
    which=st.sampled_from((0, 0, 0, 1, 2, 4)),
    holder=st.sampled_from((None, None, *PLATFORMS)),
    lasts=st.integers(1, 3),
    knows=st.sampled_from((None, 1.0, 0.5)),
    lines=st.sampled_from((2, 0, 1, 3, 250)),
    usage=st.sampled_from((Usage(10, 5), Usage(), Usage(7, 0, estimated=True))),
)


def inbound(identity: int, place: Place, number: int, sent_at: datetime) -> Inbound:
    """A message that somebody writes there; one in the terminal is its process's own."""
    return Inbound(
        event=EventId(f"event {identity}"),
        place=place,
        author=Person(PersonId("telegram:42"), "Ada"),
        text=f"question {identity}",
        number=number,
        message=f"{number}",
        sent_at=sent_at,
        owner=ADA if place.thread.platform is Platform.TERMINAL else Holder(""),
    )
