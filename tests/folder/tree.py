"""Folders for tests, and what of them a question gets."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sessions.folder import FolderGround
from sessions.model import (
    OPEN,
    EventId,
    Holder,
    Inbound,
    Lease,
    Message,
    Person,
    PersonId,
    Place,
    Platform,
    Role,
    Session,
    SessionId,
    SessionKey,
    Status,
    ThreadRef,
    Turn,
    WorkspaceId,
    WorkspaceKey,
)
from sessions.ports.turns import Work

AT = datetime(2031, 3, 5, 12, tzinfo=UTC)
ADA = Person(PersonId("cli:ada"), "ada")
KEY = SessionKey(WorkspaceId("w"), SessionId("s"))
PLENTY = 16_000


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def asking(text: str, *before: str) -> Work:
    """A turn that asks this, after other messages."""
    place = Place(WorkspaceKey("local"), ThreadRef(Platform.TERMINAL, "local", "ada"))
    inbound = Inbound(EventId("cli:1"), place, ADA, text, 1, "cli:1", AT)
    session = Session(KEY, "one", "one", Status.ACTIVE, OPEN, ADA.id, AT, AT)
    lease = Lease(KEY, Holder("h"), "t", 1, AT + timedelta(seconds=30))
    news = tuple(Message(Role.USER, said, EventId(f"cli:{said}"), AT, ADA) for said in before)
    return Work(lease, Turn(KEY, inbound, AT), session, news)


async def shown(folder: Path, question: str, budget: int = PLENTY) -> str:
    """What a question gets of the folder."""
    ground = await FolderGround(folder).ground(asking(question), budget, 1)
    return ground.text if ground else ""
