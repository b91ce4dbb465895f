"""Facts and checkpoints in Redis: a hash a shelf, whose rows scripts put in place and take away."""

import msgspec
import structlog

from sessions.errors import StoreDamaged
from sessions.model import WorkspaceId
from storage import codec
from storage.redis.calls import blob, packed, row, text
from storage.redis.client import Reply
from storage.redis.handing import MEMORY
from storage.redis.room import Room
from storage.shelf import Kind, N, Put, Slot, nowhere
from storage.shelves import Shelves

log = structlog.get_logger(__name__)


class _Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What stands at a key, in the order in which lua/shelve.lua knows it."""

    revision: int
    token: str
    mark: str
    record: str


_rows = msgspec.msgpack.Decoder(_Row)


class Shelving(Room, Shelves):
    """See :class:`storage.shelves.Shelves`."""

    async def _shelve(self, workspace: WorkspaceId, slot: Slot[N]) -> Put:
        found = await self._put(workspace, slot)
        if found == "damaged":
            await self._shelved(workspace, slot.kind, slot.key)
            found = await self._put(workspace, slot)
        if found == "nowhere":
            raise nowhere()
        if found == "damaged":
            raise StoreDamaged(f"a {slot.kind.name} record cannot be read")
        return Put(found)

    async def _put(self, workspace: WorkspaceId, slot: Slot[N]) -> str:
        keys, kind = self._calls.keys.of(workspace), slot.kind.name
        record = codec.encode(slot.noun).decode()
        args = packed(self._calls.clock, slot.key, slot.kind.most, MEMORY)
        names = [keys.meta, keys.shelf(kind), keys.marks(kind), keys.dropped(kind, slot.key)]
        standing = packed(slot.revision, slot.token, slot.mark, record)
        return text(await self._calls.run("shelve", names, args, standing))

    async def _shelved(
        self, workspace: WorkspaceId, kind: Kind[N], key: str | None = None
    ) -> tuple[N, ...]:
        shelf = self._calls.keys.of(workspace).shelf(kind.name)
        if key is None:
            flat = row(await self._calls.client.command(shelf, b"HGETALL", shelf))
            rows = list(zip(map(blob, flat[::2]), flat[1::2], strict=True))
        else:
            rows = [(key.encode(), await self._calls.client.command(shelf, b"HGET", shelf, key))]
        read = [await self._read(workspace, kind, *one) for one in rows]
        return tuple(noun for noun in read if noun is not None)

    async def _unshelve(self, workspace: WorkspaceId, kind: Kind[N], key: str) -> N | None:
        if not await self._shelved(workspace, kind, key):
            return None
        keys = self._calls.keys.of(workspace)
        args = packed(self._calls.clock, key, MEMORY if kind.remembers else 0)
        names = [keys.shelf(kind.name), keys.marks(kind.name), keys.dropped(kind.name, key)]
        found = await self._calls.run("unshelve", names, args)
        return None if found is None else _noun(kind, blob(found))

    async def _read(self, workspace: WorkspaceId, kind: Kind[N], key: bytes, standing: Reply) -> N | None:
        """The noun of a row; one that cannot be read is put aside."""
        if standing is None:
            return None
        try:
            return _noun(kind, blob(standing))
        except StoreDamaged as damage:
            where, why = f"{kind.name} of {workspace}", str(damage)
        keys = self._calls.keys.of(workspace)
        names = [keys.quarantine, keys.shelf(kind.name), keys.marks(kind.name)]
        await self._calls.run("shelf_aside", names, key, blob(standing), where, why)
        # No trace: it may show the record.
        log.error("store.quarantined", place=where, why=why)
        return None


def _noun(kind: Kind[N], standing: bytes) -> N:
    try:
        found = _rows.decode(standing)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreDamaged(f"an unreadable {kind.name} row ({type(error).__name__})") from None
    return codec.decode(kind.noun, found.record.encode())
