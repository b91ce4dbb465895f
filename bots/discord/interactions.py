"""Slash commands, buttons and autocomplete: each acknowledged in time, whatever it comes to."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bots.admission import Admission
from bots.discord.callers import Callers
from bots.discord.events import Interaction, Option
from bots.discord.opening import Opening
from bots.discord.places import Places, Spot
from bots.discord.responding import HIDDEN, Manner, Outspoken, Response
from bots.discord.retrying import retry
from bots.discord.sending import Rest
from bots.patience import until_stored
from bots.quoting import plain
from bots.spoken import Command, Word, run_action, run_spoken
from bots.wording import (
    Action,
    CancelDelete,
    ConfirmedDelete,
    ListPage,
    Notice,
    parse_action,
    say,
    say_error,
    say_failure,
)
from sessions.commands import Caller, SessionCommands
from sessions.engine import Engine
from sessions.errors import NotPermitted, UsageError, UserError
from sessions.incidents import report
from sessions.ports.catalog import Catalog
from sessions.recent import Recent

_COMMAND, _COMPONENT, _AUTOCOMPLETE = 2, 3, 4
_CHOICES = 25
_CHOOSING_TIME = 2.0
_WORKING_TIME = 120.0
_FINDING_TIME = 0.8
"""Of the three seconds that Discord gives."""
_FOR_ALL = frozenset({"start", "resume", "delete", "stop", "retry"})

log = structlog.get_logger(__name__)


class Interactions:
    """Carries out what people do with the bot's commands and buttons."""

    def __init__(
        self,
        rest: Rest,
        engine: Engine,
        commands: SessionCommands,
        catalog: Catalog,
        admission: Admission,
        places: Places,
        callers: Callers,
        opening: Opening,
    ) -> None:
        self._rest = rest
        self._engine = engine
        self._commands = commands
        self._catalog = catalog
        self._admission = admission
        self._places = places
        self._callers = callers
        self._opening = opening
        self._handled: Recent[str, None] = Recent()

    async def heed(self, used: Interaction) -> None:
        """Answer an interaction once."""
        if used.id in self._handled:
            return
        self._handled.put(used.id, None)
        spot = await self._places.of(used.channel_id, used.guild_id, _FINDING_TIME)
        response = Response(self._rest, used)
        caller = self._callers.of(used, spot)
        admitted = self._admission.admits(*spot.admission_ids(self._callers.user(used)))
        if used.type == _AUTOCOMPLETE:
            await response.choose(await self._names(caller, used) if admitted else ())
        elif not admitted:
            refusal = self._admission.refusal(f"discord:user:{self._callers.user(used)}")
            await response.settle(lambda: _say(Notice(f"⚠️ {plain(refusal)}")), HIDDEN)
        elif used.type == _COMPONENT:
            await self._press(used, caller, response)
        elif used.type == _COMMAND:
            await self._command(used, caller, spot, response)

    async def _command(self, used: Interaction, caller: Caller, spot: Spot, response: Response) -> None:
        word, options = _words(used)
        manner = Manner(hidden=word not in _FOR_ALL)
        match word:
            case "retry":
                await retry(self._engine, self._commands, caller, used, response)
            case "start" if spot.opens is not None:
                if await response.defer(manner):  # or two replicas would open two threads
                    name = _text(options, "name")
                    opened = await _outcome(lambda: self._opening.start(caller, spot, name), manner)
                    await response.fill(opened, manner)
            case _:
                await response.settle(
                    lambda: _outcome(lambda: self._run(caller, word, options), manner), manner
                )

    async def _run(self, caller: Caller, word: str, options: dict[str, object]) -> Notice:
        if word not in set(Word):
            raise UsageError("There is no such command. Say /session help to see what there is.")
        rest = _text(
            options, "page" if word == Word.LIST else "name" if word == Word.START else "session"
        )
        if word == Word.LIST:
            page = int(rest) if rest and rest.removeprefix("-").isdecimal() else 1
            return say(await until_stored(lambda: self._commands.list(caller, page)))
        if word == Word.START:
            return say(await until_stored(lambda: self._commands.start(caller, rest)))
        command = Command(Word(word), rest or "")
        return say(await until_stored(lambda: run_spoken(self._commands, caller, command)))

    async def _press(self, used: Interaction, caller: Caller, response: Response) -> None:
        action = parse_action(used.data.custom_id)
        update = isinstance(action, ConfirmedDelete | CancelDelete | ListPage)
        manner = Manner(hidden=isinstance(action, ListPage), update=update)
        await response.settle(lambda: _outcome(lambda: self._act(used, caller, action), manner), manner)

    async def _act(self, used: Interaction, caller: Caller, action: Action | None) -> Notice:
        if action is None:
            raise UsageError("This button is not one of mine, or too old. Use the command again.")
        if isinstance(action, ConfirmedDelete | CancelDelete):
            asked = used.message.interaction_metadata if used.message else None
            if asked is None or asked.user is None or asked.user.id != self._callers.user(used):
                raise NotPermitted(
                    "Only the person who asked can answer this. Use /session delete yourself."
                )
        outcome = await until_stored(lambda: run_action(self._commands, caller, action))
        return say(outcome)

    async def _names(self, caller: Caller, used: Interaction) -> tuple[str, ...]:
        """Return the names that go on as typed; none if that takes too long.

        Resuming takes only what has the place's own audience.
        """
        resuming = _words(used)[0] == Word.RESUME
        audiences = frozenset({caller.place.audience}) if resuming else caller.audiences
        typed = next((str(o.value or "") for o in _leaves(used.data.options) if o.focused), "")
        try:
            async with asyncio.timeout(_CHOOSING_TIME):
                home = await self._catalog.find_workspace(caller.place.workspace)
                if home is None:
                    return ()
                return await self._catalog.names(home.id, audiences, typed, _CHOICES)
        except TimeoutError:
            return ()
        except Exception:  # noqa: BLE001 - a failed suggestion is no failure
            report("discord.autocomplete_failed")
            return ()


async def _outcome(work: Callable[[], Awaitable[Notice]], manner: Manner) -> Outspoken:
    """The edge of a command: whatever goes wrong is told to the person alone."""
    try:
        async with asyncio.timeout(_WORKING_TIME):
            return Outspoken(await work(), manner)
    except UserError as error:
        return Outspoken(say_error(error), HIDDEN)
    except Exception:  # noqa: BLE001 - logged with the id that the person is told
        return Outspoken(say_failure(report("discord.command_failed")), HIDDEN)


async def _say(notice: Notice) -> Outspoken:
    return Outspoken(notice, HIDDEN)


def _words(used: Interaction) -> tuple[str, dict[str, object]]:
    """Return the last word of the command and what was given with it."""
    if used.data.name != "session":
        return used.data.name, {}
    if not used.data.options:
        return "help", {}
    inner = used.data.options[0]
    return inner.name, {option.name: option.value for option in inner.options}


def _leaves(options: tuple[Option, ...]) -> list[Option]:
    found: list[Option] = []
    for option in options:
        found += _leaves(option.options) if option.options else [option]
    return found


def _text(options: dict[str, object], name: str) -> str | None:
    value = options.get(name)
    return None if value is None else str(value)
