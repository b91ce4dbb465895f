"""Text and entities as Telegram's own parser (TDLib) judges and normalises them."""

import json
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import tdjson

from tests.emulators.telegram.wire import (
    Arguments,
    JsonObject,
    RefusedError,
    as_list,
    as_object,
    bad_request,
)

MAX_TEXT_UNITS = 4096
"""UTF-16 units of a text after parsing (https://core.telegram.org/bots/api#sendmessage)."""
MAX_TEXT_BYTES = 1 << 15
MAX_ENTITIES = 100
"""Entities after the hundredth are dropped without an error, in order of their offset
(https://limits.tginfo.me)."""

_PLAIN_TYPES = {
    "mention": "Mention",
    "hashtag": "Hashtag",
    "cashtag": "Cashtag",
    "bot_command": "BotCommand",
    "url": "Url",
    "email": "EmailAddress",
    "phone_number": "PhoneNumber",
    "bold": "Bold",
    "italic": "Italic",
    "underline": "Underline",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
    "blockquote": "BlockQuote",
    "expandable_blockquote": "ExpandableBlockQuote",
    "code": "Code",
    "pre": "Pre",
}
_AUTOMATIC = frozenset({"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"})
_INDIVISIBLE = frozenset({"code", "pre", "text_link", "text_mention", "custom_emoji"})
"""Entities in which the server looks for no others."""
_BOT_API_NAMES = {f"textEntityType{name}": wire for wire, name in _PLAIN_TYPES.items()}
_PARSE_MODES: dict[str, JsonObject] = {
    "markdown": {"@type": "textParseModeMarkdown", "version": 1},
    "markdownv2": {"@type": "textParseModeMarkdown", "version": 2},
    "html": {"@type": "textParseModeHTML"},
}


@dataclass(frozen=True, slots=True)
class FormattedText:
    text: str
    entities: tuple[JsonObject, ...] = ()

    @property
    def units(self) -> int:
        return utf16_length(self.text)


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def read_text(arguments: Arguments, *, may_be_empty: bool = False) -> FormattedText:
    """Read `text`, `parse_mode` and `entities` of a call; raise what the server would answer."""
    text = arguments.text("text")
    if not text:
        if may_be_empty:
            return FormattedText("")
        raise bad_request("Message text is empty")
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES:
        raise bad_request("Text is too long")
    mode = arguments.text("parse_mode").lower()
    if mode and mode != "none":
        parsed = _parse(text, mode)
    else:
        parsed = _with_given_entities(text, arguments.structure("entities", "entities"))
    trimmed = _trim(_clean(parsed))
    if looks_empty(trimmed.text) and not may_be_empty:
        raise bad_request("Text must be non-empty")
    return _with_found_entities(trimmed)


def as_typed_by_a_person(text: str) -> FormattedText:
    """Give a person's text the entities that the server finds in it."""
    return _with_found_entities(_trim(_clean(FormattedText(text))))


def link_mentions(formatted: FormattedText, user_of: Callable[[int], JsonObject | None]) -> FormattedText:
    """Put users into mentions by id; mentions of unknown users are dropped as the server does."""
    kept: list[JsonObject] = []
    for entity in formatted.entities:
        if entity["type"] != "text_mention":
            kept.append(entity)
            continue
        user = as_object(entity["user"]) or {}
        known = user_of(int(str(user.get("id", 0))))
        if known is not None:
            kept.append({**entity, "user": known})
    return FormattedText(formatted.text, tuple(kept))


def _parse(text: str, mode: str) -> FormattedText:
    if mode not in _PARSE_MODES:
        raise bad_request("Unsupported parse_mode")
    answer = _execute({"@type": "parseTextEntities", "text": text, "parse_mode": _PARSE_MODES[mode]})
    return FormattedText(str(answer["text"]), _from_tdlib(answer))


def _with_given_entities(text: str, given: object) -> FormattedText:
    asked = [_to_tdlib(entity) for entity in as_list(given) or []]
    entities = [entity for entity in asked if entity is not None]
    formatted = {"@type": "formattedText", "text": text, "entities": entities}
    # getMarkdownText checks and cleans its argument before it converts: its errors are the ones
    # that a message with these entities gets.
    _execute({"@type": "getMarkdownText", "text": formatted})
    return FormattedText(text, _from_tdlib(as_object(formatted) or {}))


def _to_tdlib(given: object) -> JsonObject | None:
    entity = as_object(given)
    if entity is None:
        raise bad_request("Can't parse MessageEntity: expected an Object")
    for name in ("offset", "length"):
        if name not in entity:
            raise bad_request(f"Can't parse MessageEntity: Can't find field \"{name}\"")
        if not isinstance(entity[name], int) or isinstance(entity[name], bool):
            raise bad_request(f'Can\'t parse MessageEntity: Field "{name}" must be of type Number')
    kind = entity.get("type")
    if kind in _AUTOMATIC or kind == "bank_card_number":
        return None
    place = {"@type": "textEntity", "offset": entity["offset"], "length": entity["length"]}
    return {**place, "type": _tdlib_type(kind, entity)}


def _tdlib_type(kind: object, entity: JsonObject) -> JsonObject:
    match kind:
        case "pre" if entity.get("language"):
            return {"@type": "textEntityTypePreCode", "language": entity["language"]}
        case "text_link":
            return {"@type": "textEntityTypeTextUrl", "url": entity.get("url", "")}
        case "text_mention":
            user = as_object(entity.get("user")) or {}
            return {"@type": "textEntityTypeMentionName", "user_id": user.get("id", 0)}
        case "custom_emoji":
            number = entity.get("custom_emoji_id", "0")
            return {"@type": "textEntityTypeCustomEmoji", "custom_emoji_id": number}
        case str(name) if name in _PLAIN_TYPES:
            return {"@type": f"textEntityType{_PLAIN_TYPES[name]}"}
        case _:
            raise bad_request("Can't parse MessageEntity: Unsupported type specified")


def _from_tdlib(formatted: JsonObject) -> tuple[JsonObject, ...]:
    entities: list[JsonObject] = []
    for item in as_list(formatted.get("entities")) or []:
        entity = as_object(item) or {}
        described = _described(as_object(entity.get("type")) or {})
        if described is not None and entity["length"]:
            entities.append({"offset": entity["offset"], "length": entity["length"], **described})
    return tuple(sorted(entities, key=lambda entity: (_int(entity, "offset"), -_int(entity, "length"))))


def _described(kind: JsonObject) -> JsonObject | None:
    match kind.get("@type"):
        case "textEntityTypePreCode":
            return {"type": "pre", "language": kind["language"]}
        case "textEntityTypeTextUrl":
            return {"type": "text_link", "url": kind["url"]}
        case "textEntityTypeMentionName":
            return {"type": "text_mention", "user": {"id": kind["user_id"]}}
        case "textEntityTypeCustomEmoji":
            return {"type": "custom_emoji", "custom_emoji_id": str(kind["custom_emoji_id"])}
        case str(name) if name in _BOT_API_NAMES:
            return {"type": _BOT_API_NAMES[name]}
        case _:
            return None


def _clean(formatted: FormattedText) -> FormattedText:
    """Drop what the server drops from any text: carriage returns, overrides of direction, NUL."""
    text = _cleaned(formatted.text)
    if utf16_length(text) == formatted.units:
        return FormattedText(text, formatted.entities)
    units = formatted.text.encode("utf-16-le")

    def moved(position: int) -> int:
        return utf16_length(_cleaned(units[: position * 2].decode("utf-16-le")))

    entities: list[JsonObject] = []
    for entity in formatted.entities:
        start, end = map(moved, _span(entity))
        entities.append({**entity, "offset": start, "length": end - start})
    return FormattedText(text, tuple(entities))


def _cleaned(text: str) -> str:
    formatted = {"@type": "formattedText", "text": text, "entities": []}
    return str(_execute({"@type": "getMarkdownText", "text": formatted})["text"])


def looks_empty(text: str) -> bool:
    """Whether nothing of a text could be seen, such as a lone zero-width space."""
    return all(unicodedata.category(character) in {"Cc", "Cf", "Zs"} for character in text)


def _trim(formatted: FormattedText) -> FormattedText:
    """Strip white space at the end, and at the start as far as no entity begins there."""
    text = formatted.text.rstrip(" \n\t\v\f")
    first = min((_int(entity, "offset") for entity in formatted.entities), default=len(text))
    start = 0
    while start < min(first, len(text)) and text[start] in " \n\t":
        start += 1
    text = text[start:]
    limit = utf16_length(text)
    kept: list[JsonObject] = []
    for entity in formatted.entities:
        offset = _int(entity, "offset") - start
        length = min(_int(entity, "length"), limit - offset)
        if length > 0:
            kept.append({**entity, "offset": offset, "length": length})
    return FormattedText(text, tuple(kept))


def _with_found_entities(formatted: FormattedText) -> FormattedText:
    answer = _execute({"@type": "getTextEntities", "text": formatted.text})
    taken = [_span(entity) for entity in formatted.entities if entity["type"] in _INDIVISIBLE]
    found = [
        entity
        for entity in _from_tdlib(answer)
        if not any(start < _span(entity)[1] and _span(entity)[0] < end for start, end in taken)
    ]
    together: Iterable[JsonObject] = sorted(
        (*formatted.entities, *found), key=lambda entity: _int(entity, "offset")
    )
    return FormattedText(formatted.text, tuple(together)[:MAX_ENTITIES])


def _span(entity: JsonObject) -> tuple[int, int]:
    return _int(entity, "offset"), _int(entity, "offset") + _int(entity, "length")


def _int(entity: JsonObject, name: str) -> int:
    value = entity[name]
    assert isinstance(value, int)
    return value


def _execute(query: JsonObject) -> JsonObject:
    tdjson.td_execute(b'{"@type":"setLogVerbosityLevel","new_verbosity_level":0}')
    answer = tdjson.td_execute(json.dumps(query).encode())
    result = as_object(json.loads(answer or b"null"))
    if result is None:
        raise RefusedError(500, "Internal Server Error")
    if result["@type"] == "error":
        raise bad_request(str(result["message"]))
    return result
