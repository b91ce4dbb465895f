"""Reads as much of a Lua program as it takes to see where the keys of its commands come from."""

import re
from collections.abc import Iterator

_CALL = re.compile(r"redis\.p?call\(")
_FUNCTION = re.compile(r"local function (\w+)\(([^)]*)\)")
_LOCAL = re.compile(r"^ *local ([\w, ]+) = (.+)$", re.MULTILINE)
_LOOP = re.compile(r"for _, (\w+) in ipairs\(KEYS\)")
_ONE_OF_THEM = re.compile(r"KEYS\[\w+\]")
_ALL_OF_THEM = re.compile(r"unpack\(KEYS(, \d+)?\)")


class Program:
    """A whole program, what it includes among it."""

    def __init__(self, text: str) -> None:
        self._text = re.sub(r"--.*", "", text)
        self._keys = set(_LOOP.findall(self._text)) | set(self._bound())
        self._parameters = [
            (function, place, name.strip())
            for function, names in _FUNCTION.findall(self._text)
            for place, name in enumerate(names.split(","))
        ]

    def commands(self) -> Iterator[tuple[str, str]]:
        """Each command, and its first argument as it is written."""
        for call in _CALL.finditer(self._text):
            name, first, *_ = [*_split(self._text[call.end() :]), ""]
            yield name.strip("'\""), first

    def is_key(self, written: str) -> bool:
        """Whether this is one of KEYS: by number, by a local name, or as what a function is handed."""
        if _ONE_OF_THEM.fullmatch(written) or written in self._keys:
            return True
        taken = [(function, place) for function, place, name in self._parameters if name == written]
        handed = {arguments[place] for function, place in taken for arguments in self._calls(function)}
        # What is handed on under the same name comes from a caller further up.
        return bool(taken) and all(map(self.is_key, handed - {written}))

    def _bound(self) -> Iterator[str]:
        for names, values in _LOCAL.findall(self._text):
            whole = _ALL_OF_THEM.fullmatch(values.strip())
            given = _split(values)
            for place, name in enumerate(names.split(",")):
                if whole or (place < len(given) and _ONE_OF_THEM.fullmatch(given[place])):
                    yield name.strip()

    def _calls(self, function: str) -> Iterator[list[str]]:
        for call in re.finditer(rf"(?<!local function )\b{function}\(", self._text):
            yield _split(self._text[call.end() :])


def _split(text: str) -> list[str]:
    """Arguments up to the end of their list."""
    parts, depth, quoted = [""], 0, ""
    for char in text:
        if quoted:
            quoted = "" if char == quoted else quoted
        elif char in "'\"":
            quoted = char
        elif char in "({":
            depth += 1
        elif char in ")}":
            depth -= 1
        if depth < 0:
            break
        if char == "," and depth == 0 and not quoted:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]
