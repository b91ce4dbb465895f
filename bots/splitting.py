"""Cuts Markdown into messages of a platform's length."""

from collections.abc import Callable


def split(text: str, limit: int, measure: Callable[[str], int] = len) -> tuple[str, ...]:
    """Cut Markdown into parts whose ``measure`` is at most ``limit``."""
    parts = (text[at : at + limit // 2] for at in range(0, len(text), limit // 2))
    return tuple(part for part in parts if part.strip() and measure(part) <= limit)
