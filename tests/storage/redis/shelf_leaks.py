"""What a workspace's knowledge may leave in Redis: what is a document's, or waits to be cleared."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import cast

from storage.redis.client import Client
from storage.redis.keys import KnowledgeKeys
from storage.redis.passages import ENTRY, LEAF, DocumentRecord, document_record, laid_part


async def check_shelf(client: Client, keys: KnowledgeKeys, names: Collection[bytes]) -> None:
    """Fail on an entry of these keys of the workspace that belongs to nothing."""
    shelf = _Shelf(client, keys)
    records = {
        source: document_record(record) for source, record in (await shelf.table(keys.documents)).items()
    }
    await shelf.check_documents(records)
    waiting = [int(first) for first in await shelf.table(keys.stretches)]
    owners = _Owners(records.values(), waiting)
    leaves, filled = await shelf.table(keys.leaves), Counter[bytes]()
    for name in names:
        match name.removeprefix(keys.documents[:-1])[:2]:
            case b"w:":
                first = int(name.rpartition(b":")[2])
                assert owners.has(first), "words of nothing"
                for kept in await shelf.elements(name):
                    part = laid_part(kept)
                    assert 0 <= part.low <= part.high < LEAF
                    filled[b"%d" % part.leaf] += part.high - part.low + 1
            case b"p:" | b"v:":
                leaf = int(name.rpartition(b":")[2])
                for number in await shelf.table(name):
                    assert owners.has(leaf * LEAF + int(number)), "a passage of nothing"
            case b"x:":
                leaf = int(name.rpartition(b":")[2])
                for entries in _entries(await shelf.table(name)):
                    numbers = [leaf * LEAF + low for low in entries[::ENTRY]]
                    assert len(set(numbers)) == len(numbers), "a word stands twice in one passage"
                    assert all(map(owners.has, numbers)), "a word in nothing"
    assert {leaf: int(count) for leaf, count in leaves.items()} == filled, "a leaf is miscounted"


def _entries(rows: Mapping[bytes, bytes]) -> Iterator[bytes]:
    """What stands behind each mark."""
    for said in rows.values():
        for marked in said.split(b"\xff\xff")[1:]:
            _, _, counted = marked.partition(b"\xff")
            assert len(counted) == 1 + counted[0] * ENTRY, "a row is broken"
            yield counted[1:]


class _Owners:
    """Whose numbers are whose."""

    def __init__(self, records: Collection[DocumentRecord], waiting: Collection[int]) -> None:
        self._ends = {one.first: one.first + one.count for one in records}
        self._firsts = sorted({*self._ends, *waiting})

    def has(self, number: int) -> bool:
        at = bisect_right(self._firsts, number)
        return at > 0 and number < self._ends.get(self._firsts[at - 1], number + 1)


class _Shelf:
    def __init__(self, client: Client, keys: KnowledgeKeys) -> None:
        self._client = client
        self._keys = keys

    async def check_documents(self, records: Mapping[bytes, DocumentRecord]) -> None:
        keys = self._keys
        assert set(await self._range(keys.sources)) == set(records)
        starts = await self._range(keys.numbers, "WITHSCORES")
        numbers = dict(zip(starts[::2], map(int, starts[1::2]), strict=True))
        assert numbers == {source: one.first for source, one in records.items()}
        counters = await self.table(keys.counters)
        for name, expected in (
            (b"passages", sum(one.count for one in records.values())),
            (b"words", sum(one.words for one in records.values())),
        ):
            assert int(counters.get(name, b"0")) == expected, name

    async def table(self, key: bytes) -> dict[bytes, bytes]:
        flat = cast("list[bytes]", await self._client.command(key, b"HGETALL", key))
        return dict(zip(flat[::2], flat[1::2], strict=True))

    async def elements(self, key: bytes) -> list[bytes]:
        return cast("list[bytes]", await self._client.command(key, b"LRANGE", key, 0, -1))

    async def _range(self, key: bytes, *how: str) -> list[bytes]:
        return cast("list[bytes]", await self._client.command(key, b"ZRANGE", key, 0, -1, *how))
