"""Markdown and notices as Discord shows them: within its limits, with its buttons."""

from collections.abc import Sequence

from bots.discord.sending import LENGTH
from bots.quoting import plain
from bots.splitting import split
from bots.wording import Button, ButtonStyle, Notice, encode_action

_EMBED_LENGTH = 4096
_EMBEDS, _EACH = 2, 2990
"""One embed has 4,096 characters at most, all of a message together 6,000.

https://discord.com/developers/docs/resources/message#embed-object-embed-limits
"""
_REPEAT = "-# ⚠️ This may have been sent before.\n"
_STYLES = {ButtonStyle.PLAIN: 2, ButtonStyle.PRIMARY: 1, ButtonStyle.DANGER: 4}


def render_answer(text: str, note: str) -> tuple[str, ...]:
    """Split an answer into messages; the note is small print below the last one."""
    small = "\n".join(f"-# {line.strip()}" for line in plain(note).splitlines() if line.strip())
    room = LENGTH - len(_REPEAT)
    parts = split(text, room) if text.strip() else ()
    if not small:
        return parts
    if parts and len(parts[-1]) + len(small) + 1 <= room:
        return (*parts[:-1], f"{parts[-1]}\n{small}")
    return (*parts, *split(small, room))


def mark_repeat(part: str) -> str:
    """Put a line above the content; :func:`render_answer` leaves room for it."""
    return part if part.startswith(_REPEAT) else _REPEAT + part


def render_notice(notice: Notice) -> dict[str, object]:
    """Return the body of a message that says exactly this, whatever it said before.

    What is too long for one message is cut short.
    """
    text = "\n".join(line.rstrip() for line in notice.text.splitlines())
    fits = len(text) <= LENGTH
    return {
        "content": text if fits else "",
        "embeds": [] if fits else _embeds(text),
        "components": components(notice.buttons),
        "allowed_mentions": {"parse": []},
    }


def _embeds(text: str) -> list[dict[str, object]]:
    parts = (text,) if len(text) <= _EMBED_LENGTH else split(text, _EACH)
    shown = [*parts[:_EMBEDS]]
    if len(parts) > _EMBEDS:
        shown[-1] += "\n…"
    return [{"description": part} for part in shown]


def components(rows: Sequence[Sequence[Button]]) -> list[dict[str, object]]:
    """Return rows of buttons.

    https://discord.com/developers/docs/components/reference#action-row
    """
    return [{"type": 1, "components": [_button(button) for button in row]} for row in rows]


def _button(button: Button) -> dict[str, object]:
    return {
        "type": 2,
        "style": _STYLES[button.style],
        "label": button.label,
        "custom_id": encode_action(button.action),
    }
