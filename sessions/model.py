"""The nouns of Parley: frozen values without behaviour that needs the outside.

Every word here has the meaning that docs/glossary.md gives it. Times are aware UTC datetimes.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

SessionId = NewType("SessionId", str)
WorkspaceId = NewType("WorkspaceId", str)
WorkspaceKey = NewType("WorkspaceKey", str)
"""The platform's own word for a workspace: ``telegram:-1001``, ``discord:guild:7``, ``local``."""
EventId = NewType("EventId", str)
"""A platform event, unique over all platforms; the deduplication key and the id of its turn."""
PersonId = NewType("PersonId", str)
"""Who says something: ``telegram:42``, ``discord:7``, ``cli:ada``."""
Holder = NewType("Holder", str)
"""One running process, new at every start."""
RoleName = NewType("RoleName", str)
"""What one process does for all: ``telegram:<bot id>:updates``, ``discord:<application id>:shard:0``."""
Audience = NewType("Audience", str)
"""Who may read a session: :data:`OPEN`, or the private channel it was born in."""

OPEN = Audience("open")
OPERATOR = Audience("operator")
"""The operator's own terminal: any session may be bound there, and what starts there is open."""


class Platform(StrEnum):
    """Where people talk."""

    TELEGRAM = "telegram"
    DISCORD = "discord"
    TERMINAL = "cli"


@dataclass(frozen=True, slots=True)
class ThreadRef:
    """A place in chat: platform, chat and thread ("" is the chat itself, or its General topic)."""

    platform: Platform
    chat: str
    thread: str = ""

    def __str__(self) -> str:
        return f"{self.platform}:{self.chat}:{self.thread}"


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the platform names them; the name is for display and may change."""

    id: PersonId
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """A thread together with the workspace it belongs to and who can read along there.

    ``home`` is what people call the workspace: the title of the group or server, a person's name.
    """

    workspace: WorkspaceKey
    thread: ThreadRef
    audience: Audience = OPEN
    home: str = ""


class Ask(StrEnum):
    """What an Inbound wants."""

    ANSWER = "answer"
    RETRY = "retry"
    """Run the session's last turn again; the Inbound's own text is empty."""
    TASK = "task"
    """Do the Inbound's task: several steps instead of one answer."""


class Verb(StrEnum):
    """What is to be done with a run."""

    RUN = "run"
    """Begin a run of the workflow."""
    RESUME = "resume"
    """Go on where the run's checkpoint stands."""
    APPROVE = "approve"
    """Go on, and past the step that waits for a person."""
    REFUSE = "refuse"
    """End the run at the step that waits for a person."""
    PLAN = "plan"
    """Make a plan for the Inbound's text, and wait for a person to approve it."""


@dataclass(frozen=True, slots=True)
class Task:
    """Several steps that an Inbound asks for.

    ``run`` is the checkpoint's name; of a run that begins it may be empty. ``variables`` are pairs.
    ``rebase`` resumes a run also where the workflow's definition changed. ``step`` is the one that an
    approval or a refusal is about; empty for whatever the run waits for.
    """

    verb: Verb
    workflow: str = ""
    run: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    rebase: bool = False
    step: str = ""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person wants of one answer, beside the text; empty leaves it to session and deployment.

    ``history`` is the number of other sessions of the workspace, the last used first, that go into the
    prompt.
    """

    model: str = ""
    system: str = ""
    memory: bool = False
    knowledge: bool = False
    history: int = 0


@dataclass(frozen=True, slots=True)
class Inbound:
    """One chat message and where to answer it.

    ``number`` orders the messages of a thread (the platform's message id, ascending).
    ``message`` is the platform's id of the message to reply to. ``owner`` is set where only one
    process can show the answer (a terminal) and empty where any process of the platform can.
    """

    event: EventId
    place: Place
    author: Person
    text: str
    number: int
    message: str
    sent_at: datetime
    ask: Ask = Ask.ANSWER
    owner: Holder = Holder("")
    wishes: Wishes = Wishes()
    task: Task | None = None


class Role(StrEnum):
    """Who speaks, in the words of the chat completions API."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class Ending(StrEnum):
    """How a turn ended, as the person sees it."""

    ANSWERED = "answered"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    UNANSWERED = "unanswered"
    """Its session was deleted while it waited or ran."""


@dataclass(frozen=True, slots=True)
class Message:
    """One line of a transcript.

    ``supersedes`` names the turn whose answer this one replaces. ``ending`` says of a user's message how
    its turn ended, so that one without an answer is marked where the transcript is read.
    """

    role: Role
    content: str
    turn: EventId
    at: datetime
    author: Person | None = None
    supersedes: EventId | None = None
    ending: Ending = Ending.ANSWERED


class Status(StrEnum):
    """Derived from bindings and from being put away; DELETED is a tombstone, never listed."""

    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one model call, as the API counted them (``estimated`` where it did not)."""

    prompt: int = 0
    completion: int = 0
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """What a session amounts to; kept at every commit, never recounted.

    ``messages`` is the length of the transcript, ``size`` its contents' UTF-8 bytes, ``tokens`` all
    tokens ever used, ``context`` those of the newest call (its prompt and its answer), and
    ``estimated`` says that some of them were estimated.
    """

    messages: int = 0
    user_messages: int = 0
    agent_messages: int = 0
    tokens: int = 0
    context: int = 0
    size: int = 0
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a session wants of the model; an empty string leaves it to the deployment."""

    model: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True)
class SessionKey:
    """A session's full address. Ids are looked up inside their workspace only."""

    workspace: WorkspaceId
    id: SessionId

    def __str__(self) -> str:
        return f"{self.workspace}/{self.id}"


@dataclass(frozen=True, slots=True)
class Session:
    """A named conversation in a workspace. ``archived_at`` is there while it is put away."""

    key: SessionKey
    name: str
    title: str
    status: Status
    audience: Audience
    starter: PersonId
    created_at: datetime
    active_at: datetime
    tally: Tally = Tally()
    preferences: Preferences = Preferences()
    archived_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where session names are unique, and who shares them."""

    id: WorkspaceId
    key: WorkspaceKey
    title: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Used:
    """What an answer draws on beside its session: how many facts, which sessions, which sources.

    ``sessions`` and ``sources`` are names as people know them, in the order in which they are numbered.
    """

    facts: int = 0
    sessions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a turn came to: Markdown ``text`` and a ``note`` to the person that is not part of it.

    ``decision`` names the run that waits for a person's approval, if one does, and ``step`` what for.
    """

    ending: Ending
    text: str = ""
    note: str = ""
    used: Used = Used()
    decision: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True)
class ReplyPart:
    """One message of an answer on its platform. An empty id is an intent: it may have been sent."""

    message: str = ""


@dataclass(frozen=True, slots=True)
class ReplyRecord:
    """The messages of an answer in order; data that lets any replica finish the answer."""

    parts: tuple[ReplyPart, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One Inbound in its session's inbox and, once committed, its answer.

    ``takeovers`` counts how often a lease ran out over it uncommitted. ``stop`` says that a person
    asked for it to end.
    """

    session: SessionKey
    inbound: Inbound
    accepted_at: datetime
    takeovers: int = 0
    stop: bool = False
    reply: ReplyRecord = ReplyRecord()
    answer: Answer | None = None

    @property
    def id(self) -> EventId:
        """The turn's id is its Inbound's event."""
        return self.inbound.event


@dataclass(frozen=True, slots=True)
class TurnResult:
    """What :meth:`~sessions.ports.Turns.commit` writes: the answer and what joins the transcript.

    ``messages`` may be empty (nothing is appended) and never holds one without content.
    """

    turn: EventId
    answer: Answer
    messages: tuple[Message, ...] = ()
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a session's turns and to send or edit its answers.

    ``deadline`` is by the store's clock. ``fence`` only grows; ``token`` is random, because a fence
    can roll back when a store fails over.
    """

    session: SessionKey
    holder: Holder
    token: str
    fence: int
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """What a person last saw listed in a thread: number ``n`` is ``ids[n - 1]``."""

    ids: tuple[SessionId, ...] = field(default=())
