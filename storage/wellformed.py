"""Text that no encoding can carry is replaced before it reaches a store.

Half of a surrogate pair is a valid Python string and comes out of JSON and of command lines, but has no
UTF-8. Each becomes U+FFFD, in ids as in texts, so that what was stored is found by the same word again.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass, replace
from functools import wraps
from inspect import iscoroutinefunction
from typing import TypeVar, cast

C = TypeVar("C", bound=type)
T = TypeVar("T")

_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


def takes_any_text(store: C) -> C:
    """Give every public coroutine method of the class well-formed arguments, whatever comes."""
    for name, method in list(vars(store).items()):
        if not name.startswith("_") and iscoroutinefunction(method):
            setattr(store, name, _guarded(method))
    return store


def well_formed(value: T) -> T:
    """The same value, or a copy in which all text can be encoded. Looks into nouns and tuples."""
    if isinstance(value, str):
        # An enumeration's member is ASCII and stays what it is.
        if value.isascii() or _SURROGATE.search(value) is None:
            return value
        return cast("T", _SURROGATE.sub(_REPLACEMENT, value))
    if isinstance(value, tuple | frozenset):
        items = [well_formed(item) for item in value]
        changed = any(new is not old for new, old in zip(items, value, strict=True))
        return cast("T", type(value)(items)) if changed else value
    if is_dataclass(value) and not isinstance(value, type):
        old = {field.name: getattr(value, field.name) for field in fields(value)}
        new = {name: well_formed(part) for name, part in old.items()}
        changes = {name: part for name, part in new.items() if part is not old[name]}
        return replace(value, **changes) if changes else value
    return value


def _guarded(method: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
    @wraps(method)
    async def guarded(store: object, *args: object, **kwargs: object) -> T:
        clean = (well_formed(one) for one in args)
        return await method(store, *clean, **{name: well_formed(one) for name, one in kwargs.items()})

    return guarded
