"""Session names: what is one, and when two are the same."""

import unicodedata

from sessions.errors import InvalidName

MAX_LENGTH = 64
"""Unicode code points after NFC."""

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d"}


def parse_name(text: str, kind: str = "session") -> str:
    """Return the name as it will be shown: NFC, without surrounding space; ``kind`` is for the error.

    Raises InvalidName, whose text tells the rule that was broken.
    """
    name = unicodedata.normalize("NFC", text).strip()
    if not name:
        raise InvalidName(f"A {kind} name cannot be empty. Give one, for example: trip-plan")
    if len(name) > MAX_LENGTH:
        raise InvalidName(f"That name has {len(name)} characters; at most {MAX_LENGTH} are allowed.")
    if any(_is_invisible(character) for character in name):
        raise InvalidName(
            f"A {kind} name must be one line of visible characters. "
            "Leave out line breaks and control or direction marks."
        )
    if not any(_is_visible(character) for character in name):
        raise InvalidName(f"A {kind} name needs at least one visible character.")
    if name.isdecimal():
        raise InvalidName("A name of digits only would be taken for a number of the list. Add a letter.")
    return name


def nearest_name(text: str, otherwise: str) -> str:
    """Return the valid name that is most like the text; ``otherwise`` where it has nothing visible."""
    try:
        return parse_name(text)
    except InvalidName:
        normal = unicodedata.normalize("NFC", text)
    seen = "".join(" " if _is_invisible(one) else one for one in normal)
    name = " ".join(seen.split())[:MAX_LENGTH].strip()
    if not any(map(_is_visible, name)):
        return otherwise
    return f"session-{name}"[:MAX_LENGTH] if name.isdecimal() else name


def fold(name: str) -> str:
    """Return the form in which names are compared: equal forms are the same name."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _is_invisible(character: str) -> bool:
    return character not in _JOINERS and unicodedata.category(character) in _INVISIBLE


def _is_visible(character: str) -> bool:
    return character not in _JOINERS and not character.isspace()


def name_digest(name: str) -> str:
    """Return 16 hex digits that stand for a name where there is no room for it, as in a button."""
    import hashlib  # slow to import, rarely asked for

    return hashlib.sha256(fold(name).encode()).hexdigest()[:16]
