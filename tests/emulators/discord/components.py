"""The rules for message components: rows, buttons and select menus.

https://discord.com/developers/docs/components/reference (the classic layout; not the
IS_COMPONENTS_V2 one).
"""

from collections.abc import Iterator

from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.form import Form

ROW, BUTTON, SELECT = 1, 2, 3
_LINK, _PREMIUM = 5, 6
_MENUS = frozenset({3, 5, 6, 7, 8})


def read_components(form: Form) -> list[JsonObject]:
    """Check the components of a message form and give them as Discord stores them."""
    rows = form.children("components", most=5)
    seen: set[str] = set()
    next_id = iter(range(1, 100))
    return [_row(row, seen, next_id) for row in rows]


def parts(components: list[JsonObject]) -> Iterator[JsonObject]:
    """Go through the buttons and menus of stored rows."""
    for row in components:
        yield from row.get("components", [])


def _row(row: Form, seen: set[str], next_id: Iterator[int]) -> JsonObject:
    row.choice("type", {ROW}, required=True)
    number = next(next_id)
    children = row.children("components", most=5, least=1)
    stored = [_part(child, seen, next_id) for child in children]
    if len(stored) > 1 and any(part["type"] in _MENUS for part in stored):
        row.refuse("components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "Components exceed the width")
    return {"type": ROW, "id": number, "components": stored}


def _part(part: Form, seen: set[str], next_id: Iterator[int]) -> JsonObject:
    kind = part.choice("type", {BUTTON, *_MENUS}, required=True)
    stored: JsonObject = {"type": kind, "id": next(next_id)}
    stored |= _button(part) if kind == BUTTON else _menu(part, kind)
    custom_id = stored.get("custom_id")
    if custom_id is not None:
        if custom_id in seen:
            message = "Component custom id cannot be duplicated"
            part.refuse("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", message)
        seen.add(custom_id)
    if part.flag("disabled"):
        stored["disabled"] = True
    return stored


def _button(part: Form) -> JsonObject:
    style = part.choice("style", range(1, 7), required=True)
    label = part.text("label", most=80)
    stored: JsonObject = {"style": style}
    if label:
        stored["label"] = label
    if part.given("emoji"):
        stored["emoji"] = part.raw("emoji")
    if style == _LINK:
        stored["url"] = part.text("url", least=1, most=512, required=True)
        if part.given("custom_id"):
            message = "A custom id and url cannot both be specified"
            part.refuse("custom_id", "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message)
    elif style != _PREMIUM:
        stored["custom_id"] = _custom_id(part)
    if style != _PREMIUM and not label and not part.raw("emoji"):
        message = "A button must have a label or emoji"
        part.refuse_all("BUTTON_COMPONENT_EMPTY", message)
    return stored


def _menu(part: Form, kind: int | None) -> JsonObject:
    stored: JsonObject = {"custom_id": _custom_id(part)}
    placeholder = part.text("placeholder", most=150)
    if placeholder:
        stored["placeholder"] = placeholder
    stored["min_values"] = _or(part.integer("min_values", 0, 25), 1)
    stored["max_values"] = _or(part.integer("max_values", 1, 25), 1)
    if kind != SELECT:
        return stored
    options = part.children("options", most=25, least=1)
    stored["options"] = [_option(option) for option in options]
    values = [option["value"] for option in stored["options"]]
    if len(set(values)) != len(values):
        message = "The specified option value is already used"
        part.refuse("options", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)
    return stored


def _option(option: Form) -> JsonObject:
    return {
        "label": option.text("label", 1, 100, required=True),
        "value": option.text("value", 1, 100, required=True),
        "description": option.text("description", most=100),
        "default": bool(option.flag("default")),
    }


def _custom_id(part: Form) -> str | None:
    return part.text("custom_id", 1, 100, required=True)


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value
