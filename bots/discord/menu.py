"""The slash commands as Discord is told them, and when it has to be told again."""

from collections.abc import Mapping, Sequence

import structlog

from bots.discord.events import Anything
from bots.discord.sending import Rest
from bots.words import ENTRIES, Entry, Room

_COMMANDS = "/applications/{application_id}/commands"
_GROUP, _TEXT, _NUMBER = 1, 3, 4
_ROOMS = {
    Room.SESSION: "Named sessions",
    Room.WORKFLOW: "Workflows and their runs",
    Room.MEMORY: "What is remembered",
    Room.KNOWLEDGE: "Documents to draw on",
}
_GUILD, _DIRECT = 0, 1

Definition = dict[str, object]

log = structlog.get_logger(__name__)


def definitions() -> list[Definition]:
    """Return ``/session`` and its like with their words, ``/plan``, ``/stop`` and ``/retry``.

    https://discord.com/developers/docs/interactions/application-commands#application-command-object
    """
    rooms = [
        _command(room, _ROOMS[room]) | {"options": [_word(entry) for entry in ENTRIES[room]]}
        for room in Room
    ]
    return [
        *rooms,
        _command("plan", "Make a plan, and run it when you agree")
        | {"options": [_text("goal", "What you want to reach", required=True)]},
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


def _word(entry: Entry) -> Definition:
    word: Definition = {"type": _GROUP, "name": str(entry.word), "description": _sentence(entry.meaning)}
    if not entry.parameter:
        return word
    if entry.parameter == "page":
        return word | {"options": [_option(entry.parameter, entry.about, _NUMBER)]}
    option = _text(entry.parameter, entry.about, required=entry.required)
    return word | {"options": [option | {"autocomplete": True} if entry.named else option]}


def _sentence(meaning: str) -> str:
    return meaning[0].upper() + meaning[1:]


def _text(name: str, description: str, *, required: bool = False) -> Definition:
    return _option(name, description, _TEXT, required=required)


def _option(name: str, description: str, kind: int, *, required: bool = False) -> Definition:
    return {"type": kind, "name": name, "description": description, "required": required}
