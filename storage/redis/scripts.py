"""The Lua programs of the store: one file each, put together with the files that its first line names."""

from functools import cache
from importlib.resources import files

from storage.redis.script import Script

_USES = "--! "


@cache
def script(name: str) -> Script:
    """Return the program of that name, ready to be sent."""
    text = _read(name)
    first, _, _ = text.partition("\n")
    used = first.removeprefix(_USES).split() if first.startswith(_USES) else []
    return Script.of(name, "\n".join([*map(_read, used), text]).encode())


def names() -> tuple[str, ...]:
    """Every file of Lua, those that others use included."""
    lua = files("storage.redis") / "lua"
    return tuple(sorted(one.name.removesuffix(".lua") for one in lua.iterdir()))


def _read(name: str) -> str:
    return (files("storage.redis") / "lua" / f"{name}.lua").read_text(encoding="utf-8")
