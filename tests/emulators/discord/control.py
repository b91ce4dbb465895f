"""The control API of an emulator in another process: the same methods, over POST with JSON.

`POST /_control/<method>` takes the method's arguments by name and answers `{"result": …}`.
Channels, users, guilds and messages are given by id. Methods of a person also take `user`, those
of a channel's view `channel`, those of a guild `guild`; `gateway_<name>` is a gateway method.
"""

import inspect
import json
from dataclasses import asdict
from datetime import datetime, timedelta

from aiohttp import web

from tests.emulators.discord.building import GuildView
from tests.emulators.discord.changes import JsonObject
from tests.emulators.discord.emulator import Discord
from tests.emulators.discord.errors import PersonCannot
from tests.emulators.discord.faults import Fault
from tests.emulators.discord.interactions import Choice, Interaction
from tests.emulators.discord.limits import Violation
from tests.emulators.discord.nouns import Channel, Member, Message, Role, Typing, User
from tests.emulators.discord.people import InteractionFailed, Invocation
from tests.emulators.discord.permissions import Permission
from tests.emulators.discord.rest.server import Call
from tests.emulators.discord.seen import SeenMessage, seen

_OF_PERSON = frozenset(
    {
        "say",
        "dm",
        "edit",
        "delete",
        "type",
        "press",
        "choose",
        "open_thread",
        "open_post",
        "add_to_thread",
        "rename",
        "archive",
        "unarchive",
        "lock",
        "unlock",
        "delete_channel",
    }
)
_OF_VIEW = frozenset({"visible", "everything", "by_bot", "typing", "wait_text", "wait_messages"})
_OF_GUILD = frozenset({"text", "forum", "role", "join", "kick"})
_OF_GATEWAY = frozenset(
    {
        "close",
        "drop",
        "stall",
        "reconnect",
        "invalidate",
        "refuse_resumes",
        "redeliver",
        "deliver_twice",
        "garbage",
        "send_raw",
    }
)
_OF_DISCORD = frozenset(
    {
        "user",
        "guild",
        "threads",
        "fail",
        "wait_connected",
        "calls",
        "rate_limit_violations",
        "failed_interactions",
    }
)


_OF_CONTROL = frozenset(
    {"info", "slash", "autocomplete", "response", "conversation", "advance", "release"}
)


class Control:
    """Turns control requests into calls on a Discord."""

    def __init__(self, discord: Discord, app: web.Application) -> None:
        self._discord = discord
        self._invocations: dict[int, Invocation] = {}
        app.router.add_post("/_control/{method}", self._serve)

    def info(self) -> JsonObject:
        """Say where the emulator is and who the bot is."""
        discord = self._discord
        return {
            "api_base": discord.api_base,
            "gateway_url": discord.gateway_url,
            "bot": discord.bot.id,
        }

    def slash(
        self, user: int, channel: int, words: list[str], options: JsonObject | None = None
    ) -> Invocation:
        person = self._discord.person(user)
        return person.slash(channel, *words, **(options or {}))

    async def autocomplete(
        self, user: int, channel: int, words: list[str], options: JsonObject
    ) -> list[Choice]:
        return await self._discord.person(user).autocomplete(channel, *words, **options)

    async def response(self, invocation: int, timeout: float = 10.0) -> SeenMessage:  # noqa: ASYNC109
        """Wait for what an invocation shows."""
        return await self._invocations[invocation].response(timeout)

    def conversation(self, user: int) -> int:
        """Give the id of the channel between the bot and a user."""
        return self._discord.dm(user).id

    def advance(self, seconds: float) -> None:
        self._discord.advance(timedelta(seconds=seconds))

    def release(self) -> None:
        """End all faults."""
        self._discord.faults.release_all()

    async def _serve(self, request: web.Request) -> web.Response:
        try:
            text = await request.text()
            arguments = json.loads(text) if text else {}
            result = await self._call(request.match_info["method"], arguments)
        except (PersonCannot, InteractionFailed) as refusal:
            return _error(409, refusal)
        except TimeoutError as late:
            return _error(408, late)
        except (TypeError, KeyError, ValueError, AttributeError) as mistake:
            return _error(400, mistake)
        if isinstance(result, Invocation):
            self._invocations[result.id] = result
        return web.json_response({"result": _plain(result)})

    async def _call(self, method: str, arguments: JsonObject) -> object:
        target, name = self._find(method, arguments)
        found: object = getattr(target, name)
        if not callable(found):
            return found
        result: object = found(**arguments)
        return await result if inspect.isawaitable(result) else result

    def _find(self, method: str, arguments: JsonObject) -> tuple[object, str]:
        """Find whose method it is, taking from the arguments what names the owner."""
        discord = self._discord
        if method.removeprefix("gateway_") in _OF_GATEWAY and method.startswith("gateway_"):
            return discord.gateway, method.removeprefix("gateway_")
        if method in _OF_PERSON:
            return discord.person(int(arguments.pop("user"))), method
        if method in _OF_VIEW:
            return discord.channel(int(arguments.pop("channel"))), method
        self._name_nouns(arguments)
        if method in _OF_GUILD:
            return discord.guild_view(int(arguments.pop("guild"))), method
        if method in _OF_DISCORD:
            return discord, method
        if method in _OF_CONTROL:
            return self, method
        raise KeyError(method)

    def _name_nouns(self, arguments: JsonObject) -> None:
        users = self._discord.world.users
        for key in ("member", "owner"):
            if key in arguments:
                arguments[key] = users[int(arguments[key])]
        if arguments.get("only_for") is not None:
            arguments["only_for"] = [users[int(user)] for user in arguments["only_for"]]
        for key in ("may", "bot_may", "permissions"):
            if key in arguments:
                arguments[key] = Permission(int(arguments[key]))


def _error(status: int, error: Exception) -> web.Response:
    body = {"error": type(error).__name__, "message": str(error)}
    return web.json_response(body, status=status)


def _plain(value: object) -> object:
    """Give a result as JSON can carry it."""
    match value:
        case list():
            return [_plain(item) for item in value]
        case Message():
            return _plain(seen(value))
        case SeenMessage() | Call() | Violation() | Choice():
            return _dated(asdict(value))
        case Invocation():
            return _plain(value.interaction)
        case Interaction():
            return {"id": value.id, "name": value.name, "progress": value.progress}
        case _:
            return _plain_noun(value)


def _plain_noun(value: object) -> object:
    match value:
        case Channel():
            return {"id": value.id, "kind": int(value.kind), "name": value.name}
        case User() | Role() | GuildView():
            return {"id": value.id}
        case Member():
            return {"id": value.user.id}
        case Typing():
            return {"user": value.user.id, "at": value.at.isoformat()}
        case Fault():
            return {"kind": value.kind, "hits": value.hits}
        case _:
            return value


def _dated(value: object) -> object:
    if isinstance(value, dict):
        return {key: _dated(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_dated(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value
