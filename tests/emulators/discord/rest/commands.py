"""Registering application commands over REST, global and for a guild."""

from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.commands import read_command, read_commands
from tests.emulators.discord.errors import foreign_application, unknown_command
from tests.emulators.discord.form import Form
from tests.emulators.discord.rest.request import Reply, Request, Routes

_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


def routes() -> Routes:
    found: Routes = {}
    for base in (_GLOBAL, _GUILD):
        found |= {
            ("GET", base): list_all,
            ("PUT", base): overwrite,
            ("POST", base): upsert,
            ("GET", f"{base}/{{command_id}}"): get,
            ("DELETE", f"{base}/{{command_id}}"): remove,
        }
    return found


def list_all(request: Request) -> Reply:
    return Reply(200, list(_scope(request).values()))


def overwrite(request: Request) -> Reply:
    """Replace all commands of a scope; those that keep type and name keep their id."""
    scope = _scope(request)
    wrapped = Form({"commands": request.body})
    bodies = wrapped.items("commands")
    wrapped.check()
    commands = read_commands(bodies)
    before = dict(scope)
    scope.clear()
    for command in commands:
        _store(request, scope, command, before)
    request.world.changes.happened()
    return Reply(200, list(scope.values()))


def upsert(request: Request) -> Reply:
    scope = _scope(request)
    command = read_command(request.body)
    new = _key(command) not in scope
    stored = _store(request, scope, command, scope)
    request.world.changes.happened()
    return Reply(201 if new else 200, stored)


def get(request: Request) -> Reply:
    return Reply(200, _find(request)[1])


def remove(request: Request) -> Reply:
    key, _ = _find(request)
    del _scope(request)[key]
    return Reply(204)


def _scope(request: Request) -> dict[str, JsonObject]:
    if request.id("application_id") != request.world.application_id:
        raise foreign_application()
    guild_id = request.guild().id if "guild_id" in request.params else None
    return request.parts.registry.scope(guild_id)


def _find(request: Request) -> tuple[str, JsonObject]:
    wanted = str(request.id("command_id"))
    for key, command in _scope(request).items():
        if command["id"] == wanted:
            return key, command
    raise unknown_command()


def _store(
    request: Request,
    scope: dict[str, JsonObject],
    command: JsonObject,
    before: dict[str, JsonObject],
) -> JsonObject:
    key = _key(command)
    world = request.world
    command_id = before[key]["id"] if key in before else str(world.ids.next())
    stored = command | {
        "id": command_id,
        "application_id": str(world.application_id),
        "version": str(world.ids.next()),
        "name_localizations": None,
        "description_localizations": None,
    }
    if "guild_id" in request.params:
        stored["guild_id"] = request.params["guild_id"]
    scope[key] = stored
    return stored


def _key(command: JsonObject) -> str:
    return f"{command['type']}:{command['name']}"
