"""What the commands come to: values that every surface renders in its own idiom."""

from dataclasses import dataclass

from sessions.model import Message, Session


@dataclass(frozen=True, slots=True)
class Started:
    """A new session, bound to the thread where one was given."""

    session: Session


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of sessions. The first one has the number ``first``; ``page`` counts from 1."""

    sessions: tuple[Session, ...]
    total: int
    first: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """The session the thread is bound to from here on; ``last`` is its newest message of a person."""

    session: Session
    last: Message | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A session with its newest messages, oldest first, and how many Inbounds wait in it."""

    session: Session
    recent: tuple[Message, ...]
    waiting: int


@dataclass(frozen=True, slots=True)
class ConfirmDelete:
    """The person may delete the session and has to say so once more."""

    session: Session


@dataclass(frozen=True, slots=True)
class Deleted:
    """The session as it was; nothing of it is left."""

    session: Session


@dataclass(frozen=True, slots=True)
class Kept:
    """A delete was asked for and taken back."""

    session: Session


@dataclass(frozen=True, slots=True)
class Helped:
    """The words that there are."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Whether there was a running answer to stop."""

    session: Session
    running: bool


Outcome = Started | Listed | Resumed | Shown | ConfirmDelete | Deleted | Kept | Helped | Stopped
