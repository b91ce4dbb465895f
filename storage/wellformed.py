"""Text that no encoding can carry is replaced before it reaches a store.

Half of a surrogate pair is a valid Python string and comes out of JSON and of command lines, but has no
UTF-8. Each becomes U+FFFD, in ids as in texts, so that what was stored is found by the same word again.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass, replace
from functools import cache, wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

C = TypeVar("C", bound=type)
T = TypeVar("T")

_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


def takes_any_text(store: C) -> C:
    """Give every public coroutine method of the class well-formed arguments, whatever comes."""
    return _wrapped(store, _clean_before)


def mends_text(store: C) -> C:
    """Do the same for a class whose methods raise UnicodeEncodeError and then have written nothing.

    They are tried as they are called: looking through every argument is a tenth of a turn's cost.
    """
    return _wrapped(store, _clean_after)


def well_formed(value: T) -> T:
    """The same value, or a copy in which all text can be encoded. Looks into nouns, tuples and lists."""
    if isinstance(value, str):
        return cast("T", _encodable(value))
    if isinstance(value, tuple | list | frozenset):
        items = [well_formed(item) for item in value]
        changed = any(new is not old for new, old in zip(items, value, strict=True))
        return cast("T", type(value)(items)) if changed else value
    changes: dict[str, object] = {}
    kind: type = type(value)
    for name in _fields(kind):
        old = getattr(value, name)
        new = well_formed(old)
        if new is not old:
            changes[name] = new
    return cast("T", replace(cast("DataclassInstance", value), **changes)) if changes else value


def _encodable(text: str) -> str:
    if text.isascii():  # an enumeration's member, too: it stays what it is
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(_REPLACEMENT, text)
    return text


@cache
def _fields(kind: type) -> tuple[str, ...]:
    """The names of a noun's fields; none for what is no noun."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def _wrapped(store: C, wrap: Callable[[Callable[..., Awaitable[object]]], object]) -> C:
    for name, method in list(vars(store).items()):
        if not name.startswith("_") and iscoroutinefunction(method):
            setattr(store, name, wrap(method))
    return store


def _clean_before(method: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
    @wraps(method)
    async def clean(store: object, *args: object, **kwargs: object) -> T:
        said = (well_formed(one) for one in args)
        return await method(store, *said, **{name: well_formed(one) for name, one in kwargs.items()})

    return clean


def _clean_after(method: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
    cleaned = _clean_before(method)

    @wraps(method)
    async def tried(store: object, *args: object, **kwargs: object) -> T:
        try:
            return await method(store, *args, **kwargs)
        except UnicodeEncodeError:
            return await cleaned(store, *args, **kwargs)

    return tried
