"""Sessions and messages as the specification's page shows them."""

from datetime import UTC, datetime

from sessions.model import (
    OPEN,
    Ending,
    EventId,
    Message,
    PersonId,
    Role,
    Session,
    SessionId,
    SessionKey,
    Status,
    Tally,
    WorkspaceId,
)


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def session(
    name: str = "my-project",
    *,
    active: str = "2024-12-16 15:45",
    status: Status = Status.ACTIVE,
    tally: Tally = Tally(),  # noqa: B008 - frozen
) -> Session:
    return Session(
        key=SessionKey(WorkspaceId("w"), SessionId(name)),
        name=name,
        title="",
        status=status,
        audience=OPEN,
        starter=PersonId("cli:ada"),
        created_at=at("2024-12-16 15:30"),
        active_at=at(active),
        tally=tally,
    )


def said(text: str, role: Role = Role.USER, ending: Ending = Ending.ANSWERED) -> Message:
    return Message(role, text, EventId("e"), at("2024-12-16 15:45"), ending=ending)
