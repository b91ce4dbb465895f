"""Workspaces in Redis: found, listed, and moved when their chat gets a new id.

A move changes keys in several slots, so it is many steps; each may be repeated, and all are if one fails.
"""

from collections.abc import Iterable
from dataclasses import replace

from sessions.model import SessionId, ThreadRef, Workspace, WorkspaceId, WorkspaceKey
from sessions.ports.catalog import Cursor, WorkspacePage
from storage import cursors
from storage.redis.calls import blob, number, row, text
from storage.redis.homes import holder_in
from storage.redis.records import chat_field, inbound_field, instant, moment, thread_field, turn_record
from storage.redis.room import Room
from storage.wellformed import mends_text


@mends_text
class Workspaces(Room):
    """The part of :class:`sessions.ports.catalog.Catalog` about whole workspaces."""

    async def workspace(self, key: WorkspaceKey, title: str = "") -> Workspace:
        """See :meth:`sessions.ports.catalog.Catalog.workspace`."""
        return await self._homes.obtain(key, title)

    async def find_workspace(self, key: WorkspaceKey) -> Workspace | None:
        """See :meth:`sessions.ports.catalog.Catalog.find_workspace`."""
        return await self._homes.find(key)

    async def workspaces(self, after: Cursor | None, limit: int) -> WorkspacePage:
        """See :meth:`sessions.ports.catalog.Catalog.workspaces`."""
        ids = await self._registered(after, max(limit, 0))
        counted = [await self._counted(one) for one in ids[:limit]]
        shown = tuple(one for one in counted if one is not None)
        following = None
        if shown and len(ids) > limit:
            last = shown[-1][0]
            following = cursors.after_session(instant(last.created_at), last.id)
        return WorkspacePage(shown, following)

    async def migrate(self, old: ThreadRef, new: ThreadRef) -> None:
        """See :meth:`sessions.ports.catalog.Catalog.migrate`."""
        if chat_field(old) == chat_field(new):
            return
        affected = await self._affected(old, new)
        await self._move_key(_chat_key(old), _chat_key(new), affected)
        for workspace in affected:
            await self._move_bindings(workspace, old, new)
            await self._move_inbounds(workspace, old, new)
        homes = self._calls.keys.homes(old)
        await self._calls.client.command(homes, b"DEL", homes)

    async def _registered(self, after: Cursor | None, limit: int) -> list[WorkspaceId]:
        """The ids of a page and of the one behind it, in order of creation."""
        registry = self._calls.keys.workspaces
        start = 0
        if after is not None:
            _, last = cursors.session_position(after)
            rank = await self._calls.client.command(registry, b"ZRANK", registry, last)
            if rank is None:
                raise cursors.unknown()
            start = number(rank) + 1
        found = await self._calls.client.command(registry, b"ZRANGE", registry, start, start + limit)
        return [WorkspaceId(text(one)) for one in row(found)]

    async def _counted(self, id_: WorkspaceId) -> tuple[Workspace, int] | None:
        keys = self._calls.keys.of(id_)
        found = await self._calls.run("describe", [keys.meta, keys.audiences], durable=False)
        if found is None:
            return None
        key, title, created_at, sessions = row(found)
        described = Workspace(id_, WorkspaceKey(text(key)), text(title), moment(number(created_at)))
        return described, number(sessions)

    async def _affected(self, old: ThreadRef, new: ThreadRef) -> list[WorkspaceId]:
        found: dict[WorkspaceId, None] = {}
        for chat in (old, new):
            if (workspace := await self._homes.lead(_chat_key(chat))) is not None:
                found[workspace] = None
            homes = self._calls.keys.homes(chat)
            for holder in row(await self._calls.client.command(homes, b"HVALS", homes)):
                found[holder_in(text(holder))] = None
        return list(found)

    async def _move_key(
        self, old: WorkspaceKey, new: WorkspaceKey, affected: Iterable[WorkspaceId]
    ) -> None:
        """The old key goes on leading to the workspace.

        A workspace that the new chat got in the meantime steps aside: its own key gets its id added. A
        record always names the keys that lead to it before they do, so that no step leaves a key astray.
        """
        moved, there = await self._homes.find(old), await self._homes.find(new)
        if moved is None:
            return
        if there is not None and there.id != moved.id:
            await self._rename(there.id, WorkspaceKey(f"{new}:{there.id}"))
        if there is None or there.id != moved.id:
            await self._rename(moved.id, new)
        for meta in (self._calls.keys.of(other).meta for other in affected if other != moved.id):
            await self._calls.client.command(meta, b"HDEL", meta, f"={new}")
        self._homes.forget_key(new)

    async def _rename(self, workspace: WorkspaceId, key: WorkspaceKey) -> None:
        await self._calls.run("rename", [self._calls.keys.of(workspace).meta], key)
        await self._lead(key, workspace)

    async def _lead(self, key: WorkspaceKey, workspace: WorkspaceId) -> None:
        lead = self._calls.keys.lead(key)
        await self._calls.client.command(lead, b"SET", lead, workspace)

    async def _move_bindings(self, workspace: WorkspaceId, old: ThreadRef, new: ThreadRef) -> None:
        keys, start = self._calls.keys.of(workspace), chat_field(new)
        names = [keys.sessions, keys.bindings]
        for field in row(await self._calls.run("bound_in_chat", names, chat_field(old))):
            thread = ThreadRef(new.platform, new.chat, text(field).removeprefix(chat_field(old)))
            await self._homes.settle(thread, workspace)
        await self._calls.run("move_bindings", names, chat_field(old), start)

    async def _move_inbounds(self, workspace: WorkspaceId, old: ThreadRef, new: ThreadRef) -> None:
        keys = self._calls.keys.of(workspace)
        for member in row(await self._calls.client.command(keys.due, b"ZRANGE", keys.due, 0, -1)):
            _, _, holder, session = text(member).split("\0")
            if holder == workspace:
                await self._move_inbox([keys.sessions, keys.inbox(SessionId(session))], old, new)

    async def _move_inbox(self, names: list[bytes], old: ThreadRef, new: ThreadRef) -> None:
        """Each turn is swapped for the moved one, or read again if somebody changed it meanwhile."""
        inbox, left = names[1], 1
        while left:
            left = 0
            for before in row(await self._calls.client.command(inbox, b"LRANGE", inbox, 0, -1)):
                turn = turn_record(blob(before))
                inbound = turn.noun()
                if not turn.thread.startswith(chat_field(old)):
                    continue
                place = inbound.place
                key = _chat_key(new) if place.workspace == _chat_key(old) else place.workspace
                thread = ThreadRef(new.platform, new.chat, place.thread.thread)
                moved = replace(inbound, place=replace(place, workspace=key, thread=thread))
                args = (blob(before), thread_field(thread), inbound_field(moved))
                left += not await self._calls.run("swap_turn", names, *args)


def _chat_key(chat: ThreadRef) -> WorkspaceKey:
    """The key of the workspace that a chat has for itself."""
    return WorkspaceKey(f"{chat.platform}:{chat.chat}")
