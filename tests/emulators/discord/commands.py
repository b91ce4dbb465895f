"""Application commands: the rules for registering them.

https://discord.com/developers/docs/interactions/application-commands
"""

import re
from collections.abc import Iterable
from enum import IntEnum

from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.form import Form


class OptionKind(IntEnum):
    SUB_COMMAND = 1
    SUB_COMMAND_GROUP = 2
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10
    ATTACHMENT = 11


NESTING = frozenset({OptionKind.SUB_COMMAND, OptionKind.SUB_COMMAND_GROUP})
_COMPLETING = frozenset({OptionKind.STRING, OptionKind.INTEGER, OptionKind.NUMBER})
_CHAT_INPUT = 1
_SIZE_LIMIT = 8000
_NAME = re.compile(r"[-_'\w\u0900-\u097F\u0E00-\u0E7F]{1,32}")


class Registry:
    """The commands of the application: global ones and those of each guild."""

    def __init__(self) -> None:
        self.everywhere: dict[str, JsonObject] = {}
        self.of_guild: dict[int, dict[str, JsonObject]] = {}

    def scope(self, guild_id: int | None) -> dict[str, JsonObject]:
        if guild_id is None:
            return self.everywhere
        return self.of_guild.setdefault(guild_id, {})

    def find(self, name: str, guild_id: int | None) -> JsonObject | None:
        """Find the slash command that a person who types a name would get."""
        if guild_id is not None and (found := self.scope(guild_id).get(f"1:{name}")) is not None:
            return found
        command = self.everywhere.get(f"1:{name}")
        if command is None:
            return None
        contexts = command["contexts"]
        fits = contexts is None or (0 if guild_id is not None else 1) in contexts
        allowed_in_dm = guild_id is not None or command["dm_permission"]
        return command if fits and allowed_in_dm else None


def read_commands(bodies: list[object]) -> list[JsonObject]:
    """Check a bulk overwrite and give the commands as Discord stores them."""
    root = Form({str(index): body for index, body in enumerate(bodies)})
    commands = [_command(root.child(str(index))) for index in range(len(bodies))]
    names = [(c["type"], c["name"]) for c in commands]
    for index, name in enumerate(names):
        if name in names[:index]:
            message = "Application command names must be unique"
            root.child(str(index)).refuse("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
    for kind, most in ((1, 100), (2, 5), (3, 5)):
        if sum(1 for c in commands if c["type"] == kind) > most:
            message = f"Must be {most} or fewer in length."
            root.refuse_all("BASE_TYPE_MAX_LENGTH", message)
    root.check()
    return commands


def read_command(body: object) -> JsonObject:
    """Check one command."""
    form = Form(body)
    command = _command(form)
    form.check()
    return command


def _command(form: Form) -> JsonObject:
    kind = form.choice("type", {1, 2, 3}) or _CHAT_INPUT
    slash = kind == _CHAT_INPUT
    name = _slash_name(form) if slash else form.text("name", 1, 32, required=True)
    command: JsonObject = {
        "type": kind,
        "name": name,
        "description": "",
        "default_member_permissions": form.raw("default_member_permissions"),
        "dm_permission": form.flag("dm_permission") is not False,
        "contexts": form.raw("contexts"),
        "integration_types": form.raw("integration_types") or [0],
        "nsfw": bool(form.flag("nsfw")),
    }
    if not slash:
        if form.raw("description"):
            message = "Context menu commands cannot have description"
            form.refuse("description", "APPLICATION_COMMAND_DESCRIPTION_INVALID", message)
        return command
    command["description"] = form.text("description", 1, 100, required=True)
    command["options"] = _options(form, depth=0)
    if _size(command) > _SIZE_LIMIT:
        message = f"Command exceeds maximum size ({_SIZE_LIMIT})"
        form.refuse_all("APPLICATION_COMMAND_TOO_LARGE", message)
    return command


def _slash_name(form: Form) -> str | None:
    name = form.text("name", 1, 32, required=True)
    if name and len(name) <= 32 and (not _NAME.fullmatch(name) or name != name.lower()):
        form.refuse("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    return name


def _options(form: Form, depth: int) -> list[JsonObject]:
    children = form.children("options", most=25)
    stored = [_option(child, depth) for child in children]
    seen: set[str] = set()
    optional_before = False
    for child, option in zip(children, stored, strict=True):
        if option["name"] in seen:
            message = "Option name already exists"
            child.refuse("name", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", message)
        seen.add(option["name"])
        if option.get("required") and optional_before:
            message = "Required options must be placed before non-required options"
            child.refuse_all("APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        optional_before |= not option.get("required", False)
    kinds = {option["type"] in NESTING for option in stored}
    if len(kinds) > 1:
        message = "Sub-command and sub-command group option types are mutually exclusive"
        form.refuse("options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
    return stored


def _option(form: Form, depth: int) -> JsonObject:
    kind = form.choice("type", {int(k) for k in OptionKind}, required=True)
    option: JsonObject = {
        "type": kind,
        "name": _slash_name(form),
        "description": form.text("description", 1, 100, required=True),
    }
    if kind in NESTING:
        deepest = 1 if kind == OptionKind.SUB_COMMAND else 0
        if depth > deepest:
            message = "Sub-command nesting is too deep"
            form.refuse("type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
        option["options"] = _options(form, depth + 1)
        return option
    option["required"] = bool(form.flag("required"))
    return option | _limits(form) | _suggestions(form, kind)


def _limits(form: Form) -> JsonObject:
    found = {
        "min_length": form.integer("min_length", 0, 6000),
        "max_length": form.integer("max_length", 1, 6000),
        "min_value": form.raw("min_value"),
        "max_value": form.raw("max_value"),
        "channel_types": form.raw("channel_types"),
    }
    return {key: value for key, value in found.items() if value is not None}


def _suggestions(form: Form, kind: int | None) -> JsonObject:
    choices = [_choice(choice, kind) for choice in form.children("choices", most=25)]
    completes = bool(form.flag("autocomplete"))
    if completes and (choices or kind not in _COMPLETING):
        message = "Autocomplete is not available for this option"
        form.refuse("autocomplete", "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID", message)
    found: JsonObject = {"autocomplete": True} if completes else {}
    return found | ({"choices": choices} if choices else {})


def _choice(form: Form, kind: int | None) -> JsonObject:
    name = form.text("name", 1, 100, required=True)
    if kind == OptionKind.STRING:
        return {"name": name, "value": form.text("value", 1, 100, required=True)}
    return {"name": name, "value": form.raw("value")}


def _size(command: JsonObject) -> int:
    """Count what Discord counts: names, descriptions and values, all the way down."""
    own = len(command.get("name") or "") + len(command.get("description") or "")
    options: Iterable[JsonObject] = command.get("options", [])
    choices: Iterable[JsonObject] = command.get("choices", [])
    of_choices = sum(len(str(c["name"])) + len(str(c["value"])) for c in choices)
    return own + of_choices + sum(_size(option) for option in options)
