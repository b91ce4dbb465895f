"""What Discord's app makes of a typed slash command: checked, and in the wire's form."""

from collections.abc import Mapping
from typing import TypeAlias

from tests.emulators.discord import payloads
from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.commands import NESTING, OptionKind, Registry
from tests.emulators.discord.errors import PersonCannot
from tests.emulators.discord.nouns import Channel, Role, User
from tests.emulators.discord.permissions import Permission

Typed: TypeAlias = str | int | float | bool | User | Channel | Role


def command_data(
    registry: Registry,
    channel: Channel,
    words: tuple[str, ...],
    typed: Mapping[str, Typed],
    focused: str | None = None,
) -> JsonObject:
    """Build the data of a command or, with a focused option, of autocomplete.

    PersonCannot when nothing of that name is registered or an option is wrong.
    """
    guild_id = None if channel.guild is None else channel.guild.id
    command = registry.find(words[0], guild_id)
    if command is None:
        raise PersonCannot(f"no command /{words[0]} is registered here")
    options, inner = _descend(command, words)
    filled = [_fill(options, name, value, focused) for name, value in typed.items()]
    if focused is None:
        _check_complete(options, typed, words)
    data: JsonObject = {
        "id": command["id"],
        "name": command["name"],
        "type": 1,
        "resolved": _resolved(channel, typed),
    }
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    data["options"] = _nest(inner, filled)
    return data


def needed_permissions(registry: Registry, channel: Channel, word: str) -> Permission:
    """Give what the registered command asks of members by default."""
    guild_id = None if channel.guild is None else channel.guild.id
    command = registry.find(word, guild_id) or {}
    return Permission(int(command.get("default_member_permissions") or 0))


def _descend(command: JsonObject, words: tuple[str, ...]) -> tuple[list[JsonObject], list[JsonObject]]:
    """Follow the words; give the last one's options and the options passed on the way."""
    options: list[JsonObject] = command.get("options", [])
    passed: list[JsonObject] = []
    for word in words[1:]:
        match = next((o for o in options if o["type"] in NESTING and o["name"] == word), None)
        if match is None:
            raise PersonCannot(f"/{' '.join(words)} is not registered: no {word!r}")
        passed.append(match)
        options = match.get("options", [])
    if any(o["type"] in NESTING for o in options):
        raise PersonCannot(f"/{' '.join(words)} needs a sub-command")
    return options, passed


def _fill(options: list[JsonObject], name: str, value: Typed, focused: str | None) -> JsonObject:
    option = next((o for o in options if o["name"] == name), None)
    if option is None:
        raise PersonCannot(f"the command has no option {name!r}")
    filled: JsonObject = {"name": name, "type": option["type"]}
    if name == focused:
        if not option.get("autocomplete"):
            raise PersonCannot(f"option {name!r} has no autocomplete")
        return filled | {"value": str(value), "focused": True}
    _check_value(option, value)
    if isinstance(value, User | Channel | Role):
        return filled | {"value": str(value.id)}
    return filled | {"value": value}


def _check_value(option: JsonObject, value: Typed) -> None:
    fitting: dict[int, tuple[type, ...]] = {
        OptionKind.STRING: (str,),
        OptionKind.INTEGER: (int,),
        OptionKind.NUMBER: (int, float),
        OptionKind.BOOLEAN: (bool,),
        OptionKind.USER: (User,),
        OptionKind.CHANNEL: (Channel,),
        OptionKind.ROLE: (Role,),
        OptionKind.MENTIONABLE: (User, Role),
    }
    kind = option["type"]
    mistaken = isinstance(value, bool) and kind != OptionKind.BOOLEAN
    if mistaken or not isinstance(value, fitting.get(kind, ())):
        raise PersonCannot(f"option {option['name']!r} cannot be {value!r}")
    choices = [choice["value"] for choice in option.get("choices", [])]
    if choices and value not in choices:
        raise PersonCannot(f"option {option['name']!r} offers {choices}, not {value!r}")
    size = len(value) if isinstance(value, str) else value
    suffix = "length" if isinstance(value, str) else "value"
    least, most = option.get(f"min_{suffix}"), option.get(f"max_{suffix}")
    if isinstance(size, int | float) and (
        (least is not None and size < least) or (most is not None and size > most)
    ):
        raise PersonCannot(f"option {option['name']!r} must be {suffix} {least}..{most}")


def _check_complete(
    options: list[JsonObject], typed: Mapping[str, Typed], words: tuple[str, ...]
) -> None:
    for option in options:
        if option.get("required") and option["name"] not in typed:
            raise PersonCannot(f"/{' '.join(words)} needs {option['name']!r}")


def _nest(passed: list[JsonObject], filled: list[JsonObject]) -> list[JsonObject]:
    for option in reversed(passed):
        filled = [{"name": option["name"], "type": option["type"], "options": filled}]
    return filled


def _resolved(channel: Channel, typed: Mapping[str, Typed]) -> JsonObject:
    found: JsonObject = {}
    for value in typed.values():
        if isinstance(value, User):
            found.setdefault("users", {})[str(value.id)] = payloads.user(value)
            member = None if channel.guild is None else channel.guild.members.get(value.id)
            if member is not None:
                body = payloads.member(member, with_user=False) | {"permissions": "0"}
                found.setdefault("members", {})[str(value.id)] = body
        elif isinstance(value, Channel):
            body = payloads.channel(value) | {"permissions": "0"}
            found.setdefault("channels", {})[str(value.id)] = body
        elif isinstance(value, Role):
            found.setdefault("roles", {})[str(value.id)] = payloads.role(value)
    return found
