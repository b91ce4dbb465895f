"""Makes a session's record anew from what its indexes, bindings and transcript still say of it.

Title, settings, tokens and the lease are lost with the record; who held the lease has lost it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from sessions.errors import StoreDamaged
from sessions.model import OPEN, Audience, Holder, Message, PersonId, Role, SessionKey
from storage import codec
from storage.redis.calls import Calls, blob, number, row, text
from storage.redis.client import Reply
from storage.redis.keys import WorkspaceKeys
from storage.redis.records import VERSION, SessionRecord, instant, session_record


async def rebuild(calls: Calls, key: SessionKey) -> str | None:
    """Replace the record if it cannot be read, and say why it could not; None if it can.

    A record of a later version is left as it is.
    """
    sessions = calls.keys.of(key.workspace).sessions
    damaged = await calls.client.command(sessions, b"HGET", sessions, key.id)
    if damaged is None:
        return None
    try:
        session_record(blob(damaged))
    except StoreDamaged as damage:
        if _is_later(blob(damaged)):
            return None
        record = await _Remains(calls, key).record()
        names = [sessions, calls.keys.of(key.workspace).quarantine]
        encoded = b"" if record is None else msgspec.msgpack.encode(record)
        args = (key.id, blob(damaged), encoded, f"session {key}", str(damage))
        await calls.run("replace_session", names, *args)
        return str(damage)
    return None


def _is_later(record: bytes) -> bool:
    try:
        version, *_ = msgspec.msgpack.decode(record, type=list[object])
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        return False
    return isinstance(version, int) and version > VERSION


@dataclass(frozen=True, slots=True)
class _Listed:
    """How the indexes know a session. A tombstone is in none."""

    folded: str = ""
    name: str = ""
    audience: Audience = OPEN
    active_at: int = 0


class _Remains:
    """What is left of one session."""

    def __init__(self, calls: Calls, key: SessionKey) -> None:
        self._calls = calls
        self._key = key
        self._keys: WorkspaceKeys = calls.keys.of(key.workspace)

    async def record(self) -> SessionRecord | None:
        """The new record; None for a tombstone without an inbox."""
        listed, due_as = await self._listed(), await self._due()
        inbox = self._keys.inbox(self._key.id)
        if not listed.folded and not await self._ask(inbox, "EXISTS"):
            return None
        threads = await self._pointing_here(self._keys.bindings)
        said = [one for one in await self._messages() if one is not None]
        length = await self._ask(self._keys.transcript(self._key.id), "LLEN")
        return SessionRecord(
            VERSION,
            self._key.id,
            listed.name,
            listed.folded,
            "",
            listed.audience,
            next((one.author.id for one in said if one.author), PersonId("")),
            instant(said[0].at) if said else listed.active_at,
            listed.active_at,
            0,
            not listed.folded,
            threads,
            "",
            "",
            number(length),
            sum(one.role is Role.USER for one in said),
            sum(one.role is Role.ASSISTANT for one in said),
            0,
            0,
            sum(len(one.content.encode()) for one in said),
            True,
            Holder(""),
            "",
            # Far above any that counted up from nothing: a fence only grows.
            listed.active_at,
            0,
            False,
            due_as,
        )

    async def _listed(self) -> _Listed:
        folded = next(iter(await self._pointing_here(self._keys.names)), "")
        audiences = [text(one) for one in row(await self._ask(self._keys.audiences, "HKEYS"))]
        for audience in map(Audience, audiences):
            score = await self._ask(self._keys.recent(audience), "ZSCORE", self._key.id)
            if score is None or not folded:
                continue
            bounds = (f"[{folded}\0", f"({folded}\1")
            found = row(await self._ask(self._keys.alphabet(audience), "ZRANGEBYLEX", *bounds))
            name = text(found[0]).split("\0")[1] if found else folded
            return _Listed(folded, name, audience, -int(float(text(score))))
        return _Listed()

    async def _due(self) -> str:
        """As what the session stands in the bucket's set."""
        ending = f"\0{self._key.workspace}\0{self._key.id}"
        members = map(text, row(await self._ask(self._keys.due, "ZRANGE", 0, -1)))
        return next((member for member in members if member.endswith(ending)), "")

    async def _messages(self) -> Iterable[Message | None]:
        transcript = self._keys.transcript(self._key.id)
        return map(_message, row(await self._ask(transcript, "LRANGE", 0, -1)))

    async def _pointing_here(self, table: bytes) -> list[str]:
        """The fields of a hash whose value is the session's id."""
        flat = [text(one) for one in row(await self._ask(table, "HGETALL"))]
        return [name for name, id_ in zip(flat[::2], flat[1::2], strict=True) if id_ == self._key.id]

    async def _ask(self, name: bytes, command: str, *words: str | int) -> Reply:
        return await self._calls.client.command(name, command, name, *words)


def _message(record: Reply) -> Message | None:
    try:
        return codec.decode(Message, blob(record))
    except StoreDamaged:
        return None
