"""What can change in the tables: absolute values, so that a change stands without those before it.

The class names and fields are the file store's format: a field may be added with a default, but none
renamed or given another meaning without another version of the journal.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from sessions.model import (
    Answer,
    EventId,
    Holder,
    Inbound,
    Listing,
    Message,
    PersonId,
    Platform,
    ReplyRecord,
    RoleName,
    Session,
    SessionId,
    ThreadRef,
    Workspace,
    WorkspaceId,
    WorkspaceKey,
)
from sessions.ports.checkpoints import Checkpoint
from sessions.ports.facts import Fact


class Command(StrEnum):
    """What a receipt is for: one event may lead to several of them."""

    CREATE = "create"
    BIND = "bind"
    DELETE = "delete"
    STOP = "stop"


class PutSession(msgspec.Struct, frozen=True, tag=True):
    """The session as a whole. A deleted one loses its name and transcript."""

    session: Session


class DropSession(msgspec.Struct, frozen=True, tag=True):
    """Nothing of the session is left."""

    session: SessionId


class PutBinding(msgspec.Struct, frozen=True, tag=True):
    """The thread is bound to the session, or to nothing."""

    thread: ThreadRef
    session: SessionId | None


class PutMessages(msgspec.Struct, frozen=True, tag=True):
    """These messages follow the first ``start`` of the transcript."""

    session: SessionId
    start: int
    messages: tuple[Message, ...]


class PutInbound(msgspec.Struct, frozen=True, tag=True):
    """An Inbound is in the inbox and its event is known."""

    session: SessionId
    inbound: Inbound
    accepted_at: datetime


class Progress(msgspec.Struct, frozen=True, tag=True):
    """What changes about a turn. ``rank`` orders the inbox; ``kept_until`` is its owner's word."""

    session: SessionId
    turn: EventId
    rank: int
    kept_until: datetime
    handed: bool = False
    takeovers: int = 0
    stop: bool = False
    reply: ReplyRecord = ReplyRecord()
    answer: Answer | None = None


class PutEvent(msgspec.Struct, frozen=True, tag=True):
    """An accepted event. ``token`` is of the lease that took its turn from the inbox."""

    event: EventId
    session: SessionId
    at: datetime
    committed: bool = False
    token: str = ""


class DropTurn(msgspec.Struct, frozen=True, tag=True):
    """The turn has left the inbox."""

    session: SessionId
    turn: EventId


class PutLease(msgspec.Struct, frozen=True, tag=True):
    """Who holds the session's lease; nobody where the holder is empty.

    ``void``: the session was deleted under the holder, who may only release it.
    """

    session: SessionId
    fence: int
    holder: Holder
    token: str
    deadline: datetime
    void: bool = False


class PutReceipt(msgspec.Struct, frozen=True, tag=True):
    """What a command's event came to the first time."""

    command: Command
    event: EventId
    at: datetime
    session: Session | None = None
    turn: EventId | None = None


class Forget(msgspec.Struct, frozen=True, tag=True):
    """These events and receipts are past their time."""

    events: tuple[EventId, ...] = ()
    receipts: tuple[tuple[Command, EventId], ...] = ()


class PutFact(msgspec.Struct, frozen=True, tag=True):
    """The fact is remembered."""

    fact: Fact


class PutCheckpoint(msgspec.Struct, frozen=True, tag=True):
    """The run has come so far."""

    checkpoint: Checkpoint


class DropShelved(msgspec.Struct, frozen=True, tag=True):
    """Nothing stands at that key of the shelf, and since that time, if there is one, nothing may."""

    kind: str
    key: str
    at: datetime | None = None


class ForgetShelved(msgspec.Struct, frozen=True, tag=True):
    """These shelves' keys were taken down long ago and are free again."""

    places: tuple[tuple[str, str], ...]


ShelfChange = PutFact | PutCheckpoint | DropShelved | ForgetShelved

Change = (
    PutSession
    | DropSession
    | PutBinding
    | PutMessages
    | PutInbound
    | Progress
    | PutEvent
    | DropTurn
    | PutLease
    | PutReceipt
    | Forget
    | ShelfChange
)


class PutWorkspace(msgspec.Struct, frozen=True, tag=True):
    """The workspace as a whole; its key leads to it."""

    workspace: Workspace


class PutHome(msgspec.Struct, frozen=True, tag=True):
    """Which workspace's tables hold the thread's binding."""

    thread: ThreadRef
    workspace: WorkspaceId | None


class PutAlias(msgspec.Struct, frozen=True, tag=True):
    """A key that the workspace had before its chat got another id."""

    key: WorkspaceKey
    workspace: WorkspaceId


class PutListing(msgspec.Struct, frozen=True, tag=True):
    """What a person saw listed in a thread."""

    thread: ThreadRef
    person: PersonId
    listing: Listing
    at: datetime


class PutErrand(msgspec.Struct, frozen=True, tag=True):
    """An errand; without a holder it is finished and only its event is still known."""

    event: EventId
    platform: Platform
    at: datetime
    body: bytes
    holder: Holder
    deadline: datetime


class ForgetRoot(msgspec.Struct, frozen=True, tag=True):
    """These listings and finished errands are past their time."""

    listings: tuple[tuple[ThreadRef, PersonId], ...] = ()
    errands: tuple[EventId, ...] = ()


class PutRole(msgspec.Struct, frozen=True, tag=True):
    """Who holds the role; nobody where the holder is empty."""

    role: RoleName
    holder: Holder
    deadline: datetime


class PutMuster(msgspec.Struct, frozen=True, tag=True):
    """A process and how many lanes it runs."""

    holder: Holder
    lanes: int
    deadline: datetime


class DropMuster(msgspec.Struct, frozen=True, tag=True):
    """The process has left, or its time has run out."""

    holder: Holder


RootChange = (
    PutWorkspace
    | PutHome
    | PutAlias
    | PutListing
    | PutErrand
    | ForgetRoot
    | PutRole
    | PutMuster
    | DropMuster
)
