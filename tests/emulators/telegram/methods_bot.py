"""Methods about the bot itself: who it is, its commands and its descriptions."""

import json
import re

from tests.emulators.telegram.rendering import me_json
from tests.emulators.telegram.wire import Arguments, JsonObject, as_list, as_object, bad_request
from tests.emulators.telegram.world import World

MAX_COMMANDS = 100
MAX_COMMAND_DESCRIPTION = 256
_COMMAND = re.compile(r"/?[a-z0-9_]{1,32}")


def get_me(world: World, _: Arguments) -> object:
    return me_json(world)


def set_my_commands(world: World, arguments: Arguments) -> object:
    given = arguments.structure("commands", "commands")
    items = [] if given is None else as_list(given)
    if items is None:
        raise bad_request("Expected an Array of BotCommand")
    commands = [_command(item) for item in items]
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    world.commands[_scope(arguments)] = commands
    world.changes.notify()
    return True


def get_my_commands(world: World, arguments: Arguments) -> object:
    return world.commands.get(_scope(arguments), [])


def delete_my_commands(world: World, arguments: Arguments) -> object:
    world.commands.pop(_scope(arguments), None)
    world.changes.notify()
    return True


def set_my_name(world: World, arguments: Arguments) -> object:
    return _set(world, arguments, "name")


def get_my_name(world: World, arguments: Arguments) -> object:
    return {"name": world.profile.get(_key(arguments, "name"), world.bot.first_name)}


def set_my_description(world: World, arguments: Arguments) -> object:
    return _set(world, arguments, "description")


def get_my_description(world: World, arguments: Arguments) -> object:
    return _get(world, arguments, "description")


def set_my_short_description(world: World, arguments: Arguments) -> object:
    return _set(world, arguments, "short_description")


def get_my_short_description(world: World, arguments: Arguments) -> object:
    return _get(world, arguments, "short_description")


def accept(_: World, __: Arguments) -> object:
    """Take a setting that nothing here depends on."""
    return True


def _set(world: World, arguments: Arguments, name: str) -> bool:
    world.profile[_key(arguments, name)] = arguments.text(name)
    return True


def _get(world: World, arguments: Arguments, name: str) -> JsonObject:
    return {name: world.profile.get(_key(arguments, name), "")}


def _key(arguments: Arguments, name: str) -> str:
    return f"{name}:{arguments.text('language_code')}"


def _scope(arguments: Arguments) -> str:
    scope = as_object(arguments.structure("scope", "BotCommandScope")) or {"type": "default"}
    return json.dumps([scope, arguments.text("language_code")], sort_keys=True)


def _command(given: object) -> JsonObject:
    command = as_object(given)
    if command is None:
        raise bad_request("Can't parse BotCommand: expected an Object")
    for name in ("command", "description"):
        if not isinstance(command.get(name), str):
            raise bad_request(f"Can't parse BotCommand: Can't find field \"{name}\"")
    name, description = str(command["command"]), str(command["description"]).strip()
    if not _COMMAND.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not description or len(description) > MAX_COMMAND_DESCRIPTION:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name.removeprefix("/"), "description": description}
