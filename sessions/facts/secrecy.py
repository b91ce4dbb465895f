"""What looks like a secret: it is never taken down of what was said."""

import re

_PASSWORD = re.compile(
    r"\b(?:pass(?:word|phrase|code|wd)?s?|pwd|pins?|secrets?|tokens?|credentials?"
    r"|(?:api|access|private|secret)[ _-]?keys?"
    r"|passw(?:ort|örter)|kennw(?:ort|örter)|geheimzahl|zugangsdaten|schlüssel)\b"
    r"[^.;\n]{0,40}?(?:[:=]|\b(?:is|are|was|lautet|ist|sind)\b)\s*\S",
    re.IGNORECASE,
)
_KNOWN = re.compile(
    r"\bsk-[\w-]{16,}|\bgh[opsur]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abeprs]-[\w-]{10,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bAIza[\w-]{30,}|\b\d{8,10}:[\w-]{35}\b|\beyJ[\w-]{8,}\.[\w-]{8,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|://[^\s/:@]+:[^\s/@]+@"
)
_RUN = re.compile(r"[A-Za-z0-9+/_=-]{24,}")
_CARD = re.compile(r"\b\d(?:[ -]?\d){12,18}\b")


def looks_secret(text: str) -> bool:
    """Whether the text seems to hold a password, a key or the number of a card; rather yes than no."""
    if _PASSWORD.search(text) or _KNOWN.search(text):
        return True
    if any(_is_random(run) for run in _RUN.findall(text)):
        return True
    return any(_is_card(found) for found in _CARD.findall(text))


def _is_random(run: str) -> bool:
    """Whether a long run of characters is rather a key than a word or a path."""
    digits = sum(map(str.isdecimal, run))
    return digits >= 4 and any(map(str.isalpha, run)) and "/" not in run


def _is_card(text: str) -> bool:
    """https://en.wikipedia.org/wiki/Luhn_algorithm."""
    digits = [int(one) for one in text if one.isdecimal()]
    doubled = (sum(divmod(2 * one, 10)) for one in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
