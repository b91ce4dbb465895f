"""Where chats belong: workspaces by their keys, and which workspace holds each thread's binding."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from secrets import token_hex

from sessions.errors import StoreUnavailable
from sessions.model import Audience, SessionId, ThreadRef, Workspace, WorkspaceId, WorkspaceKey
from sessions.recent import Recent
from storage.redis.calls import Calls, number, packed, row, text
from storage.redis.records import instant, moment, thread_field

REMEMBERED = 20_000
"""So many threads, keys and sessions a process remembers."""

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Home:
    """The session that a thread was last seen bound to. Every script checks it."""

    key: WorkspaceKey
    workspace: WorkspaceId
    session: SessionId
    audience: Audience


class Homes:
    """Finds and remembers; what is remembered may be out of date and is checked by whoever uses it."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._leads: Recent[WorkspaceKey, WorkspaceId] = Recent(REMEMBERED)
        self._bound: Recent[ThreadRef, Home] = Recent(REMEMBERED)
        self._made: Recent[WorkspaceKey, WorkspaceId] = Recent(REMEMBERED)

    def bound(self, thread: ThreadRef, key: WorkspaceKey) -> Home | None:
        """The session the thread was bound to, if that was in the workspace of that key."""
        home = self._bound.get(thread, None)
        return home if home is not None and home.key == key else None

    def remember(self, thread: ThreadRef, home: Home) -> None:
        """The thread is bound there."""
        self._bound.put(thread, home)

    def forget(self, thread: ThreadRef, key: WorkspaceKey) -> None:
        """What is remembered of the thread and of its workspace's key is out of date."""
        self._bound.drop(thread)
        self._leads.drop(key)

    def forget_key(self, key: WorkspaceKey) -> None:
        """Where the key leads is out of date."""
        self._leads.drop(key)

    async def workspace(self, key: WorkspaceKey) -> WorkspaceId:
        """The workspace that the key leads to, as far as is remembered; made if there is none."""
        return self._leads.get(key, None) or (await self.obtain(key)).id

    async def lead(self, key: WorkspaceKey) -> WorkspaceId | None:
        """Where the key leads, be it in the middle of a move that the workspace does not know of yet."""
        lead = self._calls.keys.lead(key)
        found = await self._calls.client.command(lead, b"GET", lead)
        return None if found is None else WorkspaceId(text(found))

    async def find(self, key: WorkspaceKey, title: str = "") -> Workspace | None:
        """Look the workspace up; a title that is given replaces the stored one."""
        for _ in range(_TRIES):
            id_ = self._leads.get(key, None) or await self.lead(key)
            if id_ is None:
                return None
            found = await self._record(id_, key, title, make=False)
            if found is not None:
                self._leads.put(key, id_)
                return found
            self._leads.drop(key)
        raise StoreUnavailable("the chat's workspace is being moved")

    async def obtain(self, key: WorkspaceKey, title: str = "") -> Workspace:
        """Find the workspace or make it."""
        for _ in range(_TRIES):
            found = await self.find(key, title)
            if found is not None:
                await self._register(found)
                return found
            await self._make(key, title)
        raise StoreUnavailable("the chat's workspace is being moved")

    async def settled(self, thread: ThreadRef, key: WorkspaceKey) -> WorkspaceId:
        """Settle the thread in the workspace of that key, which is read anew before a binding ends."""
        workspace = await self.workspace(key)
        if await self._claim(thread, workspace) != workspace:
            self.forget_key(key)
            workspace = await self.workspace(key)
            await self.settle(thread, workspace)
        return workspace

    async def settle(self, thread: ThreadRef, workspace: WorkspaceId) -> None:
        """Let the thread's binding be looked up in that workspace; another one's binding ends."""
        there = await self._claim(thread, workspace)
        if there != workspace:
            await self.unbind(there, thread)
            await self._claim(thread, workspace, instead_of=there)

    async def holder(self, thread: ThreadRef) -> WorkspaceId | None:
        """The workspace that holds the thread's binding, if it has one."""
        mark = await self._mark(thread)
        return None if mark is None else holder_in(mark)

    async def vacate(self, workspace: WorkspaceId, threads: Iterable[ThreadRef]) -> None:
        """Forget which workspace holds the threads, where they are bound to nothing there any more.

        Whoever binds a thread settles it before and after, so that this hides no binding.
        """
        await asyncio.gather(*(self._vacate(workspace, thread) for thread in threads))

    async def unbind(self, workspace: WorkspaceId, thread: ThreadRef) -> None:
        """End the thread's binding in that workspace."""
        keys = self._calls.keys.of(workspace)
        await self._calls.run("unbind", [keys.sessions, keys.bindings], thread_field(thread))
        self._bound.drop(thread)

    async def _mark(self, thread: ThreadRef) -> str | None:
        homes = self._calls.keys.homes(thread)
        found = await self._calls.client.command(homes, b"HGET", homes, thread_field(thread))
        return None if found is None else text(found)

    async def _vacate(self, workspace: WorkspaceId, thread: ThreadRef) -> None:
        mark, bindings = await self._mark(thread), self._calls.keys.of(workspace).bindings
        if mark is None or holder_in(mark) != workspace:
            return
        field = thread_field(thread)
        if await self._calls.client.command(bindings, b"HGET", bindings, field) is None:
            await self._calls.run("vacate", [self._calls.keys.homes(thread)], field, mark)

    async def _claim(
        self, thread: ThreadRef, workspace: WorkspaceId, *, instead_of: WorkspaceId | None = None
    ) -> WorkspaceId:
        """Settle the thread there unless yet another workspace has it; returns the one that has."""
        args = (thread_field(thread), workspace, instead_of or workspace, token_hex(4))
        return WorkspaceId(text(await self._calls.run("home", [self._calls.keys.homes(thread)], *args)))

    async def _make(self, key: WorkspaceKey, title: str) -> None:
        # The record first: a key never leads to nothing. One that lost the race is taken away again, and
        # one whose making got no reply is made under the same id when that is repeated.
        fresh = self._made.get(key, None) or WorkspaceId(token_hex(8))
        self._made.put(key, fresh)
        await self._record(fresh, key, title, make=True)
        first = text(await self._calls.run("claim_key", [self._calls.keys.lead(key)], fresh))
        if first != fresh:
            meta = self._calls.keys.of(fresh).meta
            await self._calls.client.command(meta, b"DEL", meta)
        self._made.drop(key)

    async def _register(self, workspace: Workspace) -> None:
        """Again and again, for whoever made it may have died before."""
        registry = self._calls.keys.workspaces
        born = instant(workspace.created_at)
        await self._calls.client.command(registry, b"ZADD", registry, b"NX", born, workspace.id)

    async def _record(
        self, id_: WorkspaceId, key: WorkspaceKey, title: str, *, make: bool
    ) -> Workspace | None:
        meta = self._calls.keys.of(id_).meta
        reply = await self._calls.run("workspace", [meta], packed(self._calls.clock, key, title, make))
        if reply is None:
            return None
        own, called, created_at, leads = row(reply)
        if leads is None:
            return None
        return Workspace(id_, WorkspaceKey(text(own)), text(called), moment(number(created_at)))


def holder_in(mark: str) -> WorkspaceId:
    """The workspace in what is noted of a thread; behind it stands which call noted it."""
    return WorkspaceId(mark.partition(" ")[0])
