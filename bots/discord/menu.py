"""The slash commands as Discord is told them, and when it has to be told again."""

from collections.abc import Mapping, Sequence

import structlog

from bots.discord.events import Anything
from bots.discord.sending import Rest

_COMMANDS = "/applications/{application_id}/commands"
_GROUP, _TEXT, _NUMBER = 1, 3, 4
_GUILD, _DIRECT = 0, 1

Definition = dict[str, object]

log = structlog.get_logger(__name__)


def definitions() -> list[Definition]:
    """Return ``/session`` with its six words, ``/stop`` and ``/retry``.

    https://discord.com/developers/docs/interactions/application-commands#application-command-object
    """
    words = [
        _word("start", "Begin a new session", _text("name", "What to call it")),
        _word("list", "See the sessions", _option("page", "Which page", _NUMBER)),
        _word("resume", "Go on with a session here", _named("Its name or number", required=True)),
        _word("show", "See a session's details", _named("Its name; the one here if left out")),
        _word("delete", "Delete a session for good", _named("Its name; the one here if left out")),
        _word("help", "See what can be said"),
    ]
    return [
        _command("session", "Named sessions") | {"options": words},
        _command("stop", "End the running answer"),
        _command("retry", "Run the last message again"),
    ]


async def publish(rest: Rest, application: str) -> bool:
    """Tell Discord the commands if it knows others; whether it had to be told. Raises OutletError."""
    ids = {"application_id": application}
    known = await rest.call("GET", _COMMANDS, list[Definition], ids)
    wanted = definitions()
    if _same(known, wanted):
        return False
    await rest.call("PUT", _COMMANDS, Anything, ids, body=wanted)
    log.info("discord.commands_published", count=len(wanted))
    return True


def _same(known: Sequence[Definition], wanted: Sequence[Definition]) -> bool:
    by_name = {command.get("name"): command for command in known}
    return len(known) == len(wanted) and all(
        _covers(by_name.get(command["name"]), command) for command in wanted
    )


def _covers(known: object, wanted: object) -> bool:
    """Whether Discord's form, which has more fields and leaves out what is usual, says the same."""
    if isinstance(wanted, Mapping):
        return isinstance(known, Mapping) and all(
            _covers(known.get(name, False if value is False else None), value)
            for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(known, list)
            and len(known) == len(wanted)
            and all(_covers(one, other) for one, other in zip(known, wanted, strict=True))
        )
    return known == wanted


def _command(name: str, description: str) -> Definition:
    return {
        "name": name,
        "description": description,
        "type": 1,
        "contexts": [_GUILD, _DIRECT],
        "integration_types": [0],
    }


def _word(name: str, description: str, *options: Definition) -> Definition:
    word: Definition = {"type": _GROUP, "name": name, "description": description}
    return word | {"options": list(options)} if options else word


def _named(description: str, *, required: bool = False) -> Definition:
    return _text("session", description, required=required) | {"autocomplete": True}


def _text(name: str, description: str, *, required: bool = False) -> Definition:
    return _option(name, description, _TEXT, required=required)


def _option(name: str, description: str, kind: int, *, required: bool = False) -> Definition:
    return {"type": kind, "name": name, "description": description, "required": required}
