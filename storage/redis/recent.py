"""The newest entries of a dictionary that would grow for ever."""

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

REMEMBERED = 20_000


class Recent(Generic[K, V]):
    """Forgets the entry that was put longest ago beyond :data:`REMEMBERED`."""

    def __init__(self) -> None:
        self._entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value that was put."""
        return self._entries.get(key)

    def put(self, key: K, value: V) -> None:
        """Remember the value; it is the newest."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > REMEMBERED:
            self._entries.popitem(last=False)

    def drop(self, key: K) -> None:
        """Forget it, if it is remembered."""
        self._entries.pop(key, None)
