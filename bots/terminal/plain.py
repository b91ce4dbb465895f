"""Text for a terminal: nothing in it steers the terminal, and its width in columns is known."""

import re

_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_NARROW = re.compile(r"[ -~─│┌┐└┘├┤┬┴┼…“”]*")


def printable(text: str) -> str:
    """Return the text with control characters made visible; line feeds and tabs stay."""
    return _STEERING.sub(_visible, text) if _STEERING.search(text) else text


def one_line(text: str) -> str:
    """Return the text as one line: runs of white space become one space, text direction is not turned."""
    return _TURNING.sub("", printable(" ".join(text.split())))


def width(line: str) -> int:
    """How many columns a printable line takes."""
    if _NARROW.fullmatch(line):
        return len(line)
    import wcwidth  # takes as long to import as all the rest; most text is ASCII

    return max(0, wcwidth.wcswidth(line))


def pad(line: str, columns: int) -> str:
    """Return the line filled up with spaces."""
    return line + " " * (columns - width(line))


def shorten(text: str, columns: int) -> str:
    """Return the text as one line of at most that many columns, cut between words where possible."""
    line = one_line(text)
    if width(line) <= columns:
        return line
    room = columns - 3
    kept = line[:columns]
    while width(kept) > room:
        kept = kept[:-1]
    whole_words = kept if line[len(kept)] == " " else kept.rpartition(" ")[0]
    if width(whole_words) * 2 >= room:
        kept = whole_words
    return kept.rstrip(" ,;:") + "..."


def _visible(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"
