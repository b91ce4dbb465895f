"""What a store may leave in Redis: nothing of what is gone but events that stay known for two days."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import msgspec

from sessions.model import SessionId, WorkspaceId
from storage.redis.address import parse_address
from storage.redis.client import Client, Reply
from storage.redis.keys import Keys, WorkspaceKeys
from storage.redis.records import SessionRecord, session_record
from tests.redis_servers import Holding, Key
from tests.storage.redis.shelf_leaks import check_shelf

_HOUR = 3_600_000
_FORMS = {
    "due": (r"\{b\d{3}\}:(due|q)", None),
    "workspace": (r"\{b\d{3}\}:[0-9a-f]{16}", None),
    "tables": (r"\{b\d{3}\}:[0-9a-f]{16}:[sbnu]", None),
    "indexes": (r"\{b\d{3}\}:[0-9a-f]{16}:[ra]:.*", None),
    "inbox": (r"\{b\d{3}\}:(?P<workspace>[0-9a-f]{16}):i:(?P<session>.*)", None),
    "transcript": (r"\{b\d{3}\}:(?P<workspace>[0-9a-f]{16}):t:(?P<session>.*)", None),
    "event": (r"\{b\d{3}\}:[0-9a-f]{16}:[ec]:.*", 48 * _HOUR),
    "shelf": (r"\{b\d{3}\}:[0-9a-f]{16}:(k:(fact|checkpoint)|m:fact)", None),
    "dropped": (r"\{b\d{3}\}:[0-9a-f]{16}:g:fact:.*", 48 * _HOUR),
    "knowledge": (r"\{b\d{3}\}:(?P<workspace>[0-9a-f]{16}):k([dlncsf]|[wpvx]:\d+)", None),
    "lead": (r"k:.*", None),
    "homes": (r"\{c:.*\}:h", None),
    "listing": (r"\{c:.*\}:l:.*", _HOUR),
    "errands": (r"\{x\d\d\}:[edo]", None),
    "errand": (r"\{x\d\d\}:s:.*", 48 * _HOUR),
    "check": (r"\{roles\}:checked", _HOUR),
    "roles": (r"\{roles\}:.*", None),
    "registry": (r"workspaces", None),
}
"""Every key that there may be, and for how many milliseconds at most."""


async def check_leaks(servers: Holding, prefix: str) -> None:
    """Fail on any key or entry that belongs to nothing, and take all keys of the prefix away."""
    keys = await servers.keys_of(f"{prefix}:")
    try:
        found = {name.removeprefix(f"{prefix}:"): key for name, key in keys.items()}
        _check_names(found)
        async with Client.open(parse_address(servers.url)) as client:
            view = _View(client, Keys(prefix))
            for workspace in _workspaces(found):
                await view.check(workspace, _sessions_with(found, workspace))
                shelf = [f"{prefix}:{name}".encode() for name in _knowledge_of(found, workspace)]
                await check_shelf(client, view.names.of(workspace).knowledge, shelf)
            await view.check_errands(found)
    finally:
        await servers.forget(f"{prefix}:")


def _check_names(found: Mapping[str, Key]) -> None:
    for name, key in found.items():
        form = next((form for form, _ in _matching(name)), None)
        assert form is not None, f"no key has a name like {name}"
        longest = _FORMS[form][1]
        if longest is None:
            assert key.ttl is None, f"{name} would vanish by itself"
        else:
            assert key.ttl is not None, f"{name} would stay for ever"
            assert 0 < key.ttl <= longest, f"{name} lives for {key.ttl} ms"


def _matching(name: str) -> list[tuple[str, re.Match[str]]]:
    matches = ((form, re.fullmatch(pattern, name, re.DOTALL)) for form, (pattern, _) in _FORMS.items())
    return [(form, match) for form, match in matches if match]


def _workspaces(found: Mapping[str, Key]) -> list[WorkspaceId]:
    names = {match[1] for name in found if (match := re.match(r"\{b\d{3}\}:([0-9a-f]{16})", name))}
    return [WorkspaceId(name) for name in sorted(names)]


@dataclass(frozen=True)
class _Present:
    """Which sessions have keys of their own."""

    inboxes: frozenset[str]
    transcripts: frozenset[str]


def _sessions_with(found: Mapping[str, Key], workspace: WorkspaceId) -> _Present:
    by_form = defaultdict[str, set[str]](set)
    for name in found:
        for form, match in _matching(name):
            if form in ("inbox", "transcript") and match["workspace"] == workspace:
                by_form[form].add(match["session"])
    return _Present(frozenset(by_form["inbox"]), frozenset(by_form["transcript"]))


def _knowledge_of(found: Mapping[str, Key], workspace: WorkspaceId) -> list[str]:
    matches = ((name, re.fullmatch(_FORMS["knowledge"][0], name, re.DOTALL)) for name in found)
    return [name for name, match in matches if match and match["workspace"] == workspace]


class _View:
    def __init__(self, client: Client, names: Keys) -> None:
        self._client = client
        self.names = names

    async def check(self, workspace: WorkspaceId, present: _Present) -> None:
        keys = self.names.of(workspace)
        records = await self._hash(keys.sessions)
        sessions = {id_: session_record(record) for id_, record in records.items()}
        living = {id_: one for id_, one in sessions.items() if not one.deleted}
        assert present.inboxes <= set(sessions), "an inbox without a session"
        assert present.transcripts <= set(living), "a transcript without a session"
        assert {id_ for id_, one in sessions.items() if one.deleted} <= present.inboxes, (
            "a dead tombstone"
        )
        await self._check_indexes(keys, living)
        await self._check_bindings(keys, living)
        await self._check_due(keys, sessions, present.inboxes)
        await self._check_facts(keys)

    async def check_errands(self, found: Mapping[str, Key]) -> None:
        for bucket in {
            int(match[1]) for name in found if (match := re.match(r"\{x(\d\d)\}:[edo]", name))
        }:
            kept, due, bodies = self.names.errands(bucket)
            events = set(await self._hash(kept))
            assert events == set(await self._hash(bodies)) == set(await self._range(due))

    async def _check_indexes(self, keys: WorkspaceKeys, living: Mapping[str, SessionRecord]) -> None:
        names = {name: id_.decode() for name, id_ in (await self._hash(keys.names)).items()}
        assert names == {one.folded: id_ for id_, one in living.items()}
        audiences = defaultdict[str, list[str]](list)
        for id_, one in living.items():
            audiences[one.audience].append(id_)
        counts = {audience: int(count) for audience, count in (await self._hash(keys.audiences)).items()}
        assert counts == {audience: len(ids) for audience, ids in audiences.items()}
        for audience, ids in audiences.items():
            kind = living[ids[0]].audience
            assert set(await self._range(keys.recent(kind))) == set(ids), audience
            assert len(await self._range(keys.alphabet(kind))) == len(ids), audience

    async def _check_bindings(self, keys: WorkspaceKeys, living: Mapping[str, SessionRecord]) -> None:
        bindings = {thread: id_.decode() for thread, id_ in (await self._hash(keys.bindings)).items()}
        assert bindings == {thread: id_ for id_, one in living.items() for thread in one.threads}

    async def _check_due(
        self, keys: WorkspaceKeys, sessions: Mapping[str, SessionRecord], inboxes: frozenset[str]
    ) -> None:
        mine = {one for one in await self._range(keys.due) if one.split("\0")[2] == keys.workspace}
        assert mine == {sessions[id_].due_as for id_ in inboxes}, (
            "work that no sweep finds, or finds in vain"
        )
        assert all(one.due_as == "" for id_, one in sessions.items() if SessionId(id_) not in inboxes)

    async def _check_facts(self, keys: WorkspaceKeys) -> None:
        marks = {mark: id_.decode() for mark, id_ in (await self._hash(keys.marks("fact"))).items()}
        kept = await self._hash(keys.shelf("fact"))
        assert marks == {msgspec.msgpack.decode(row)[2]: id_ for id_, row in kept.items()}

    async def _hash(self, key: bytes) -> dict[str, bytes]:
        flat = cast("list[bytes]", await self._client.command(key, b"HGETALL", key))
        return dict(zip(map(bytes.decode, flat[::2]), flat[1::2], strict=True))

    async def _range(self, key: bytes) -> list[str]:
        reply: Reply = await self._client.command(key, b"ZRANGE", key, 0, -1)
        return [member.decode() for member in cast("list[bytes]", reply)]
