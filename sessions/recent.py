"""A bounded memory: what was set last stays, older things are forgotten."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

_REMEMBERED = 2048

Key = TypeVar("Key")
Value = TypeVar("Value")
Default = TypeVar("Default")


class Recent(Generic[Key, Value]):
    """The values that were set last."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._most = most
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def __contains__(self, key: Key) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[Key]:
        """The keys, oldest first, as they are at this moment."""
        return iter(tuple(self._values))

    def put(self, key: Key, value: Value) -> None:
        """Remember the value as the newest."""
        self._values[key] = value
        self._values.move_to_end(key)
        while len(self._values) > self._most:
            self._values.popitem(last=False)

    def get(self, key: Key, default: Default) -> Value | Default:
        """Return what is remembered, or the default."""
        return self._values.get(key, default)

    def drop(self, key: Key) -> None:
        """Forget it."""
        self._values.pop(key, None)
