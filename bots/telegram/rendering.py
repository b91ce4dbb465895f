"""Markdown as Telegram messages: text with entities, split within the limits, valid in every part."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
import pyromark
from telegramify_markdown import convert, utf16_len
from telegramify_markdown.config import RenderConfig
from telegramify_markdown.converter import STANDARD_OPTIONS

from bots.outlet import Asked
from bots.telegram.schema import Entity
from sessions.incidents import report

LIMIT = 4096
"""UTF-16 units of a message (https://core.telegram.org/bots/api#sendmessage)."""
MOST_ENTITIES = 100
"""Telegram drops entities after the hundredth without a word (https://limits.tginfo.me)."""
REPEAT_LINE = "(This may be a repeat.)\n"
ROOM = LIMIT - len(REPEAT_LINE)
"""What a part may have, so that the line above fits later."""
_HTML_ROUNDS = 4
_MOST_GROWTH = 3
_INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}
_LINK = re.compile(r"https?://\w[\w.-]*\.\w[\w-]*(:\d{1,4})?([/?#]\S*)?", re.IGNORECASE)
"""Addresses that Telegram takes; it refuses a whole message for one like ``http://localhost``."""
_NO_CONTROLS = {code: " " for code in range(32) if chr(code) not in "\n\t"}
_NO_CONTROLS |= dict.fromkeys(range(0x2028, 0x202F), "") | {0x2028: "\n", 0x2029: "\n", 0x7F: " "}


@dataclass(frozen=True, slots=True)
class Part:
    """One message's content; ``asked`` is what the buttons below it decide about."""

    text: str
    entities: tuple[Entity, ...] = ()
    asked: Asked | None = None

    @property
    def plain(self) -> "Part":
        """The same text without formatting."""
        return Part(self.text)


class Renderer:
    """Converts Markdown; keeps the library's configuration, of which it wants its own."""

    def __init__(self) -> None:
        self._config = RenderConfig.isolated()
        symbols = self._config.markdown_symbol
        symbols.heading_level_1 = symbols.heading_level_2 = ""
        symbols.heading_level_3 = symbols.heading_level_4 = ""
        symbols.unordered_list_item = "•"

    def render(self, markdown: str, note: str = "", room: int = ROOM) -> tuple[Part, ...]:
        """Split Markdown, followed by a note in italics, into messages of at most ``room`` units."""
        text, entities = self._converted(clean(markdown)) if markdown.strip() else ("", ())
        text = text.rstrip()
        if note := clean(note).strip():
            text = f"{text}\n\n" if text else ""
            ends = utf16_len(text.rstrip())
            entities = (*_clipped(entities, 0, ends), Entity("italic", utf16_len(text), utf16_len(note)))
            text += note
        return split(text, entities, room)

    def _converted(self, markdown: str) -> tuple[str, tuple[Entity, ...]]:
        try:
            text, found = convert(escape_html(markdown), config=self._config)
        except Exception:  # noqa: BLE001 - an answer arrives as it is rather than not at all
            report("telegram.markdown_not_converted", length=len(markdown))
            return markdown, ()
        if len(text) > _MOST_GROWTH * len(markdown) + LIMIT or not _is_visible(text):
            # Deep lists and wide tables are padded without end; lone definitions show nothing.
            return markdown, ()
        return text, tuple(
            Entity(one.type, one.offset, one.length, one.url, one.language, one.custom_emoji_id)
            for one in found
            if one.type != "text_link" or _LINK.fullmatch(one.url or "")
        )


def clean(text: str) -> str:
    """Return the text without what Telegram takes out or refuses: control characters, half surrogates."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n").translate(_NO_CONTROLS)
    return whole.encode("utf-8", "replace").decode() if not whole.isascii() else whole


def escape_html(markdown: str) -> str:
    """Let tags be read as text: the converter would drop them, and ``List<String>`` with them.

    What was inside of an HTML block is Markdown afterwards and may hold further tags, hence the rounds.
    """
    for _ in range(_HTML_ROUNDS):
        if "<" not in markdown:
            return markdown
        data = markdown.encode()
        ranges = _html_ranges(markdown)
        if not ranges:
            return markdown
        pieces, done = [], 0
        for start, end in ranges:
            pieces += [data[done:start], data[start:end].replace(b"<", b"&lt;")]
            done = end
        markdown = b"".join((*pieces, data[done:])).decode()
    return markdown


def split(text: str, entities: tuple[Entity, ...], room: int) -> tuple[Part, ...]:
    """Split at paragraphs, lines or words; formatting that spans a border goes on after it.

    Where a part ends depends on nothing after it, so text that grows leaves earlier parts as they are.
    """
    ordered = sorted(entities, key=lambda entity: (entity.offset, -entity.length))
    parts: list[Part] = []
    at, units = 0, 0
    while at < len(text):
        window = _fitting(text, at, _room_for_entities(ordered, units, room))
        chunk = window if at + len(window) == len(text) else window[: _cut(window)]
        kept = chunk.lstrip("\n")
        start = units + len(chunk) - len(kept)
        kept = kept.rstrip()
        if _is_visible(kept):
            parts.append(Part(kept, _clipped(ordered, start, start + utf16_len(kept))))
        at += len(chunk)
        units += utf16_len(chunk)
    return tuple(parts)


def mark_repeat(part: Part) -> Part:
    """Put a line above that says that the message may have been sent before."""
    shift = len(REPEAT_LINE)
    return Part(
        REPEAT_LINE + part.text,
        tuple(msgspec.structs.replace(entity, offset=entity.offset + shift) for entity in part.entities),
        part.asked,
    )


def _is_visible(text: str) -> bool:
    """Whether there is anything to see; Telegram refuses messages of nothing but invisible characters."""
    return any(unicodedata.category(letter) not in _INVISIBLE for letter in text)


def _html_ranges(markdown: str) -> list[tuple[int, int]]:
    """Return where tags stand, in bytes of UTF-8 and in order."""
    return [
        (place["start"], place["end"])
        for event, place in pyromark.events_with_range(markdown, options=STANDARD_OPTIONS)
        if isinstance(event, dict) and ("Html" in event or "InlineHtml" in event)
    ]


def _fitting(text: str, at: int, room: int) -> str:
    """Return the longest stretch from ``at`` on that has at most ``room`` UTF-16 units."""
    window = text[at : at + room]
    while (over := utf16_len(window) - room) > 0:
        window = window[: -((over + 1) // 2)]
    return window


def _cut(window: str) -> int:
    """Return where to cut: behind the last paragraph, line or word of the second half."""
    half = len(window) // 2
    for border in ("\n\n", "\n", " "):
        found = window.rfind(border, half)
        if found >= 0:
            return found + len(border)
    return len(window)


def _room_for_entities(ordered: list[Entity], start: int, room: int) -> int:
    """Shrink the room, down to a quarter, so that a part has no more entities than Telegram keeps."""
    open_ones = [entity.offset for entity in ordered if entity.offset + entity.length > start]
    if len(open_ones) <= MOST_ENTITIES:
        return room
    return min(room, max(open_ones[MOST_ENTITIES] - start, room // 4))


def _clipped(ordered: Iterable[Entity], start: int, end: int) -> tuple[Entity, ...]:
    found = []
    for entity in ordered:
        first, last = max(entity.offset, start), min(entity.offset + entity.length, end)
        if first < last:
            found.append(msgspec.structs.replace(entity, offset=first - start, length=last - first))
    return tuple(found[:MOST_ENTITIES])
