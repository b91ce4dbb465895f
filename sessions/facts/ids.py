"""Ids of facts: short enough to be typed, and the same whenever the same event makes the same fact."""

from hashlib import blake2b

from sessions.model import EventId
from sessions.ports.facts import FactId

_DIGITS = "23456789"
_SYMBOLS = "23456789abcdefghijkmnpqrstuvwxyz"
"""Without those that are taken for each other."""
_LENGTH = 8


def fact_id(event: EventId, number: int = 0) -> FactId:
    """Return the id of the event's fact of that number.

    It begins with a digit, so that it is seldom a word. Of 5,000 facts one in 20,000 workspaces has two
    with the same id; the store then keeps the first.
    """
    said = f"{event}\0{number}".encode(errors="surrogatepass")
    rest = int.from_bytes(blake2b(said, digest_size=8).digest(), "big")
    rest, first = divmod(rest, len(_DIGITS))
    id_ = _DIGITS[first]
    while len(id_) < _LENGTH:
        rest, symbol = divmod(rest, len(_SYMBOLS))
        id_ += _SYMBOLS[symbol]
    return FactId(id_)
