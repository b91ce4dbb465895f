"""User's text inside our Markdown: never formatting, never a mention, never a link."""

import re

_SPECIAL = re.compile(r"([\\`*_{}<>#+\-!|~$&=^])")
_LIVE = re.compile(r"(?<=[@#<\[\]])(?=\S)|(?<=\w)(?=://)|(?<=\w\.)(?=\w)")
_NUMBERED = re.compile(r"^\d+(?=[.)])")
"""Where a platform could make a mention, a link, an emoji or a list out of plain text.

Brackets are parted and not escaped, because an escaped one begins a formula for some renderers.
"""
_BREAK = "\u200b"


def plain(text: str) -> str:
    """Return Markdown that shows exactly this text, line by line, as text."""
    return "  \n".join(_line(line.strip()) for line in text.strip().splitlines())


def pasted(text: str) -> str:
    """Return a name as it is, where it may have been copied from text that :func:`plain` made."""
    return text.replace(_BREAK, "")


def code(text: str) -> str:
    """Return Markdown that shows this text, made one line, as inline code."""
    line = " ".join(text.split())
    if not line:
        return "—"
    if "`" not in line:
        return f"`{line}`"
    # Three backticks in a row would begin a block on some platforms.
    apart = re.sub(r"`(?=`)", "`" + _BREAK, line)
    return f"`` {apart} ``"


def shorten(text: str, length: int) -> str:
    """Return the text as one line of at most ``length`` code points, cut between words if it can be."""
    line = " ".join(text[: 4 * length].split())
    if len(line) <= length and len(text) <= 4 * length:
        return line
    cut = line[: length - 1]
    word = cut.rfind(" ")
    return (cut[:word] if word > length // 2 else cut).rstrip() + "…"


def _line(line: str) -> str:
    unnumbered = _NUMBERED.sub(lambda found: found.group() + _BREAK, line)
    return _SPECIAL.sub(r"\\\1", _LIVE.sub(_BREAK, unnumbered))
