"""The Lua programs of the store: one file each, put together with the files that its first line names."""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from storage.redis.script import Script

_USES = "--! "
_DECLARATION = re.compile(r"^local function .*?^end$|^local [A-Z].*?$", re.MULTILINE | re.DOTALL)
"""A function or constants at the top level of a library."""
_WORD = re.compile(r"[A-Za-z_]\w*")


@cache
def script(name: str) -> Script:
    """Return the program of that name, ready to be sent."""
    text = _read(name)
    first, _, _ = text.partition("\n")
    used = first.removeprefix(_USES).split() if first.startswith(_USES) else []
    return Script.of(name, "\n".join([*_needed(text, list(map(_read, used))), text]).encode())


def names() -> tuple[str, ...]:
    """Every file of Lua, those that others use included."""
    lua = files("storage.redis") / "lua"
    return tuple(sorted(one.name.removesuffix(".lua") for one in lua.iterdir()))


def _needed(text: str, libraries: Sequence[str]) -> list[str]:
    """The declarations of the libraries that the text needs, in their order.

    Redis runs a whole program at each call: what is declared in vain costs as much as what is used.
    """
    declarations = [one for library in libraries for one in _DECLARATION.findall(library)]
    words, kept = set(_WORD.findall(text)), list[str]()
    for declared in reversed(declarations):
        head, _, _ = declared.partition("(" if declared.startswith("local function") else "=")
        if words.intersection(_WORD.findall(head.removeprefix("local function").removeprefix("local"))):
            words.update(_WORD.findall(declared))
            kept.append(declared)
    return kept[::-1]


def _read(name: str) -> str:
    return (files("storage.redis") / "lua" / f"{name}.lua").read_text(encoding="utf-8")
