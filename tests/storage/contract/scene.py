"""The people, places and turns that the contract's tests speak of."""

from datetime import UTC, datetime, timedelta

from sessions.model import (
    OPEN,
    Answer,
    Ask,
    Audience,
    Ending,
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
    ThreadRef,
    TurnResult,
    Usage,
    WorkspaceKey,
)
from sessions.ports.catalog import NewSession
from sessions.ports.store import Store
from sessions.ports.turns import Accepted, Claim, Known, Proposal, Work

HOME = WorkspaceKey("telegram:-100")
LEASE = timedelta(seconds=30)
ADA = Person(PersonId("telegram:42"), "Ada")
TELEGRAM = frozenset({Platform.TELEGRAM})
UNCOUNTED = Usage()
EVERYWHERE = frozenset(Platform)


def thread(name: str = "7", chat: str = "-100", platform: Platform = Platform.TELEGRAM) -> ThreadRef:
    return ThreadRef(platform, chat, name)


def inbound(
    number: int,
    where: ThreadRef | None = None,
    *,
    event: str = "",
    workspace: WorkspaceKey = HOME,
    audience: Audience = OPEN,
    owner: str = "",
    text: str = "",
) -> Inbound:
    where = where or thread()
    return Inbound(
        event=EventId(event or f"{where}:{number}"),
        place=Place(workspace, where, audience),
        author=ADA,
        text=text or f"question {number}",
        number=number,
        message=str(number),
        sent_at=datetime(2031, 3, 5, 11, tzinfo=UTC),
        ask=Ask.ANSWER,
        owner=Holder(owner),
    )


def proposal(identity: str = "session-id-000001", name: str = "alpha") -> Proposal:
    return Proposal(SessionId(identity), name)


def claim(
    holder: str = "one",
    platforms: frozenset[Platform] = EVERYWHERE,
    token: str = "",
    lasts: timedelta = LEASE,
) -> Claim:
    return Claim(Holder(holder), token or f"token of {holder}", lasts, platforms)


def new(identity: str, name: str, audience: Audience = OPEN) -> NewSession:
    return NewSession(SessionId(identity), name, audience, ADA.id)


def result(turn: str, *said: str, usage: Usage = UNCOUNTED, text: str = "an answer") -> TurnResult:
    """A turn's result; what was said is by turns the person's and the agent's."""
    roles = (Role.USER, Role.ASSISTANT)
    messages = tuple(
        Message(roles[place % 2], content, EventId(turn), datetime(2031, 3, 5, 11, tzinfo=UTC))
        for place, content in enumerate(said)
    )
    return TurnResult(EventId(turn), Answer(Ending.ANSWERED, text), messages, usage)


async def accept(
    store: Store,
    message: Inbound,
    by: Claim | None = None,
    *,
    proposed: Proposal | None = None,
    known: Known | None = None,
) -> Accepted:
    """Accept, with a proposal whose id and name come from the thread unless one is given."""
    where = message.place.thread
    default = proposal(f"session-of-{where}", f"talk {where}")
    return await store.accept(message, proposed or default, by, known)


async def take(store: Store, message: Inbound, by: Claim | None = None) -> Work:
    """Accept and get the lease."""
    accepted = await accept(store, message, by or claim())
    assert accepted.work is not None
    return accepted.work


async def converse(store: Store, message: Inbound, *said: str, by: Claim | None = None) -> Session:
    """Run a whole turn: accepted, committed and delivered."""
    by = by or claim()
    work = await take(store, message, by)
    committed = await store.commit(work.lease, result(work.turn.id, *(said or ("hello", "hi"))))
    assert await store.delivered(work.lease, work.turn.id, by, None) is None
    return committed.session


async def workspace_session(
    store: Store,
    name: str,
    *,
    where: ThreadRef | None = None,
    audience: Audience = OPEN,
    workspace: WorkspaceKey = HOME,
) -> Session:
    """Create a session by name."""
    home = await store.workspace(workspace)
    identity = f"id-of-{name}-in-{workspace}"
    return await store.create(
        home.id, new(identity, name, audience), where, EventId(f"create {identity}")
    )


def without_lease(lease: Lease) -> Lease:
    """A lease that somebody made up."""
    return Lease(lease.session, lease.holder, "made up", lease.fence, lease.deadline)
