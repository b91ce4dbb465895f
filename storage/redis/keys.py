"""The names of keys. All keys of a workspace share a bucket's hash tag, so that one script may use them.

::

    {bNNN}:due                    when each session of the bucket with an inbox can be taken
    {bNNN}:q                      what could not be read: triples of place, reason and bytes
    {bNNN}:<workspace>            the workspace: key, title, and the keys that lead to it
    {bNNN}:<workspace>:s          sessions by id
    {bNNN}:<workspace>:b          bindings: threads to session ids
    {bNNN}:<workspace>:n          folded names to session ids
    {bNNN}:<workspace>:u          audiences with the number of their sessions
    {bNNN}:<workspace>:r:<a>      an audience's sessions by last activity
    {bNNN}:<workspace>:a:<a>      an audience's sessions by name
    {bNNN}:<workspace>:i:<id>     a session's inbox
    {bNNN}:<workspace>:t:<id>     a session's transcript
    {bNNN}:<workspace>:e:<event>  an accepted event, for 48 hours
    {bNNN}:<workspace>:c:<event>  what a command's event came to, for 48 hours
    {bNNN}:<workspace>:k:<kind>   facts, or checkpoints, by key
    {bNNN}:<workspace>:m:<kind>   marks of facts to their keys: no two have the same
    {bNNN}:<workspace>:g:<kind>:<key>  that a fact was forgotten, for 48 hours
    {bNNN}:<workspace>:kd         knowledge: documents by source
    {bNNN}:<workspace>:kl         their sources in order
    {bNNN}:<workspace>:kn         their sources by the number of their first passage
    {bNNN}:<workspace>:kc         counters: the next number, passages, their words, changes
    {bNNN}:<workspace>:ks         stretches of numbers that are being filled, or are to be cleared
    {bNNN}:<workspace>:kw:<n>     which words stand in the stretch that begins with that number
    {bNNN}:<workspace>:kp:<leaf>  passages of a leaf (256 numbers)
    {bNNN}:<workspace>:kv:<leaf>  their vectors
    {bNNN}:<workspace>:kx:<leaf>  which words stand where in it, in rows
    {bNNN}:<workspace>:kf         the leaves there are, with how many numbers of each are filled
    k:<workspace key>             the workspace that a key leads to
    {c:<chat>}:h                  which workspace holds each thread of the chat
    {c:<chat>}:l:<thread>:<who>   what a person saw listed, for an hour
    {xNN}:…                       errands of a bucket
    {roles}:…                     who has which role, who lives, and what a check wrote
    workspaces                    all workspaces by their creation
"""

from collections.abc import Callable
from functools import lru_cache
from zlib import crc32

from sessions.model import Audience, EventId, PersonId, SessionId, ThreadRef, WorkspaceId, WorkspaceKey

BUCKETS = 256
"""Into so many hash slots a deployment's workspaces spread; fixed, for keys are named after it."""
ERRAND_BUCKETS = 8
_CACHED = 4096


class KnowledgeKeys:
    """The keys of one workspace's knowledge."""

    __slots__ = (
        "_base",
        "counters",
        "documents",
        "leaves",
        "numbers",
        "quarantine",
        "sources",
        "stretches",
    )

    def __init__(self, base: bytes, quarantine: bytes) -> None:
        self._base = base
        self.documents = base + b":kd"
        self.sources = base + b":kl"
        self.numbers = base + b":kn"
        self.counters = base + b":kc"
        self.stretches = base + b":ks"
        self.leaves = base + b":kf"
        self.quarantine = quarantine

    @property
    def of_shelf(self) -> list[bytes]:
        """What every script that changes documents is given first."""
        return [self.stretches, self.counters, self.documents, self.sources, self.numbers]

    def laid(self, first: int) -> bytes:
        """Which words stand in the stretch."""
        return b"%b:kw:%d" % (self._base, first)

    def passages(self, leaf: int) -> bytes:
        """The passages of the leaf."""
        return b"%b:kp:%d" % (self._base, leaf)

    def vectors(self, leaf: int) -> bytes:
        """The vectors of the leaf."""
        return b"%b:kv:%d" % (self._base, leaf)

    def places(self, leaf: int) -> bytes:
        """Which words stand where in the leaf."""
        return b"%b:kx:%d" % (self._base, leaf)

    def of_part(self, first: int, leaf: int) -> list[bytes]:
        """What every script about a part of the stretch is given."""
        return [
            *self.of_shelf,
            self.leaves,
            self.laid(first),
            self.passages(leaf),
            self.vectors(leaf),
            self.places(leaf),
        ]


class WorkspaceKeys:
    """The keys of one workspace."""

    __slots__ = (
        "_base",
        "audiences",
        "bindings",
        "due",
        "knowledge",
        "meta",
        "names",
        "quarantine",
        "sessions",
        "workspace",
    )

    def __init__(self, prefix: bytes, workspace: WorkspaceId) -> None:
        tag = bucket_tag(prefix, crc32(workspace.encode()) % BUCKETS)
        base = tag + b":" + workspace.encode()
        self.workspace = workspace
        self._base = base
        self.due = tag + b":due"
        self.meta = base
        self.sessions = base + b":s"
        self.bindings = base + b":b"
        self.names = base + b":n"
        self.audiences = base + b":u"
        self.quarantine = tag + b":q"
        self.knowledge = KnowledgeKeys(base, self.quarantine)

    def recent(self, audience: Audience) -> bytes:
        """The audience's sessions by last activity."""
        return b"%b:r:%b" % (self._base, audience.encode())

    def alphabet(self, audience: Audience) -> bytes:
        """The audience's sessions by name."""
        return b"%b:a:%b" % (self._base, audience.encode())

    def inbox(self, session: SessionId) -> bytes:
        """The session's inbox."""
        return b"%b:i:%b" % (self._base, session.encode())

    def transcript(self, session: SessionId) -> bytes:
        """The session's transcript."""
        return b"%b:t:%b" % (self._base, session.encode())

    def of_turns(self, session: SessionId) -> list[bytes]:
        """What every script about a session's turns is given first."""
        return [self.sessions, self.inbox(session), self.transcript(session), self.due]

    def event(self, event: EventId) -> bytes:
        """The accepted event."""
        return b"%b:e:%b" % (self._base, event.encode())

    def receipt(self, event: EventId) -> bytes:
        """What a command's event came to."""
        return b"%b:c:%b" % (self._base, event.encode())

    def shelf(self, kind: str) -> bytes:
        """What the workspace keeps of that kind; see :mod:`storage.shelf`."""
        return b"%b:k:%b" % (self._base, kind.encode())

    def marks(self, kind: str) -> bytes:
        """Which key on the shelf has which mark."""
        return b"%b:m:%b" % (self._base, kind.encode())

    def dropped(self, kind: str, key: str) -> bytes:
        """When the key's noun was taken off the shelf."""
        return b"%b:g:%b:%b" % (self._base, kind.encode(), key.encode())


class Keys:
    """All keys below a prefix."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix.encode() + b":"
        self.of: Callable[[WorkspaceId], WorkspaceKeys] = lru_cache(_CACHED)(
            lambda workspace: WorkspaceKeys(self._prefix, workspace)
        )
        self.workspaces = self._prefix + b"workspaces"
        self.checked = self._prefix + b"{roles}:checked"
        self.crew = self._prefix + b"{roles}:crew"
        self.wakeups = f"{prefix}:wakeups"
        """The channel."""

    def due(self) -> list[bytes]:
        """The sets of all buckets."""
        return [bucket_tag(self._prefix, bucket) + b":due" for bucket in range(BUCKETS)]

    def quarantine(self, bucket: int) -> bytes:
        """What could not be read in the bucket."""
        return bucket_tag(self._prefix, bucket) + b":q"

    def lead(self, key: WorkspaceKey) -> bytes:
        """The workspace that a key leads to."""
        return self._prefix + b"k:" + key.encode()

    def homes(self, chat: ThreadRef) -> bytes:
        """Which workspace holds each thread of the ref's chat."""
        return self._of_chat(chat) + b":h"

    def listing(self, thread: ThreadRef, person: PersonId) -> bytes:
        """What a person saw listed in the thread."""
        return b"%b:l:%b:%b" % (self._of_chat(thread), thread.thread.encode(), person.encode())

    def errands(self, bucket: int) -> list[bytes]:
        """Errands of the bucket: what is known of them, their deadlines, their bodies."""
        base = self._errands(bucket)
        return [base + b":e", base + b":d", base + b":o"]

    def errand_seen(self, event: EventId) -> bytes:
        """The errand's event, for 48 hours."""
        return self._errands(errand_bucket(event)) + b":s:" + event.encode()

    def role(self, role: str) -> bytes:
        """Who has the role."""
        return self._prefix + b"{roles}:r:" + role.encode()

    def _errands(self, bucket: int) -> bytes:
        return self._prefix + b"{x%02d}" % bucket

    def _of_chat(self, chat: ThreadRef) -> bytes:
        return b"%b{c:%b:%b}" % (self._prefix, chat.platform.encode(), chat.chat.encode())


def bucket_tag(prefix: bytes, bucket: int) -> bytes:
    """The beginning of all keys of a bucket."""
    return prefix + b"{b%03d}" % bucket


def errand_bucket(event: EventId) -> int:
    """Where the event's errand is kept."""
    return crc32(event.encode()) % ERRAND_BUCKETS
