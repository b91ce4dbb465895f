"""Slash commands, buttons and autocomplete: each acknowledged in time, whatever it comes to."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bots.actions import CancelDeleteRun, ConfirmedDeleteRun, Decide, Immediate
from bots.admission import Admission
from bots.commands import Commands, asks_for_task, decided, run_action, run_spoken, task_of
from bots.discord.asking import ask_for, inbound_of
from bots.discord.callers import Callers
from bots.discord.events import Interaction, Option
from bots.discord.opening import Opening
from bots.discord.places import Places, Spot
from bots.discord.responding import HIDDEN, Manner, Outspoken, Response
from bots.discord.sending import Rest
from bots.patience import until_stored
from bots.quoting import plain
from bots.spoken import Command
from bots.wording import (
    CancelDelete,
    ConfirmedDelete,
    ListPage,
    Notice,
    asked_for,
    parse_action,
    say,
    say_error,
    say_failure,
)
from bots.words import ENTRIES, Room, Word
from sessions.commands import Caller
from sessions.engine import Engine
from sessions.errors import NotPermitted, UsageError, UserError
from sessions.incidents import report
from sessions.model import Ask, Inbound
from sessions.ports.catalog import Catalog
from sessions.recent import Recent

_COMMAND, _COMPONENT, _AUTOCOMPLETE = 2, 3, 4
_CHOICES = 25
_CHOOSING_TIME = 2.0
_WORKING_TIME = 120.0
_FINDING_TIME = 0.8
"""Of the three seconds that Discord gives."""
_FOR_ALL = frozenset({Word.START, Word.RESUME, Word.DELETE, Word.STOP})
_DELETES = ConfirmedDelete | CancelDelete | ConfirmedDeleteRun | CancelDeleteRun
_RETRYING = Notice("🔁 Running the last message again.")

log = structlog.get_logger(__name__)


class Interactions:
    """Carries out what people do with the bot's commands and buttons."""

    def __init__(
        self,
        rest: Rest,
        engine: Engine,
        commands: Commands,
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
        if used.data.name == "retry":
            await ask_for(self._engine, lambda: self._retry(used, caller), response)
            return
        command = _read(used)
        if command is None:
            await response.settle(lambda: _outcome(_unknown, HIDDEN), HIDDEN)
            return
        in_sessions = command.room is Room.SESSION
        manner = Manner(hidden=not (in_sessions and command.word in _FOR_ALL))
        if in_sessions and command.word is Word.START and spot.opens is not None:
            if await response.defer(manner):  # or two replicas would open two threads
                name = command.rest or None
                opened = await _outcome(lambda: self._opening.start(caller, spot, name), manner)
                await response.fill(opened, manner)
        elif asks_for_task(command):
            await ask_for(self._engine, lambda: self._task(used, caller, command), response)
        else:
            await response.settle(lambda: _outcome(lambda: self._run(caller, command), manner), manner)

    async def _retry(self, used: Interaction, caller: Caller) -> tuple[Inbound, Notice]:
        await self._commands.sessions.check_retry(caller)
        return inbound_of(caller, used, "", Ask.RETRY), _RETRYING

    async def _task(self, used: Interaction, caller: Caller, command: Command) -> tuple[Inbound, Notice]:
        task = await task_of(self._commands, caller, command)
        text = asked_for(task, command.rest)
        return inbound_of(caller, used, "", Ask.TASK, text, task), Notice(f"▶️ {plain(text)}")

    async def _run(self, caller: Caller, command: Command) -> Notice:
        came_to = await until_stored(lambda: run_spoken(self._commands, caller, command))
        return say(came_to)

    async def _press(self, used: Interaction, caller: Caller, response: Response) -> None:
        action = parse_action(used.data.custom_id)
        if isinstance(action, Decide):
            await self._decide(used, caller, action, response)
            return
        update = isinstance(action, _DELETES | ListPage)
        manner = Manner(hidden=isinstance(action, ListPage), update=update)
        await response.settle(lambda: _outcome(lambda: self._act(used, caller, action), manner), manner)

    async def _act(self, used: Interaction, caller: Caller, action: Immediate | None) -> Notice:
        if action is None:
            raise UsageError("This button is not one of mine, or too old. Use the command again.")
        if isinstance(action, _DELETES):
            asked = used.message.interaction_metadata if used.message else None
            if asked is None or asked.user is None or asked.user.id != self._callers.user(used):
                raise NotPermitted("Only the person who asked can answer this. Use the command yourself.")
        return say(await until_stored(lambda: run_action(self._commands, caller, action)))

    async def _decide(
        self, used: Interaction, caller: Caller, action: Decide, response: Response
    ) -> None:
        """Go on below the message with the buttons, which it loses."""

        async def decide() -> Notice:
            task = await decided(self._commands, caller, action)
            # Nobody can reply to what one person alone sees.
            question = used.message.id if used.message and not used.message.hidden else ""
            inbound = inbound_of(caller, used, question, Ask.TASK, asked_for(task), task)
            await self._engine.accept(inbound)
            return Notice("")

        outcome = await _outcome(lambda: until_stored(decide), Manner(update=True))
        if outcome.manner.update:
            await response.undress()
        else:
            await response.settle(lambda: _same(outcome), HIDDEN)

    async def _names(self, caller: Caller, used: Interaction) -> tuple[str, ...]:
        """Return the names that go on as typed; none if that takes too long.

        Resuming takes only what has the place's own audience.
        """
        command = _read(used)
        resuming = command is not None and command.word is Word.RESUME
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


async def _same(outcome: Outspoken) -> Outspoken:
    return outcome


async def _unknown() -> Notice:
    raise UsageError("There is no such command. Say /session help to see what there is.")


def _read(used: Interaction) -> Command | None:
    """Return the command with what was given; None for one that is not of this version."""
    if used.data.name in (Word.STOP, Word.PLAN):
        room = Room.WORKFLOW if used.data.name == Word.PLAN else Room.SESSION
        return Command(Word(used.data.name), _first(used.data.options), room)
    if used.data.name not in set(Room):
        return None
    room = Room(used.data.name)
    if not used.data.options:
        return Command(Word.HELP, room=room)
    inner = used.data.options[0]
    if all(inner.name != entry.word for entry in ENTRIES[room]):
        return None
    return Command(Word(inner.name), _first(inner.options), room)


def _first(options: tuple[Option, ...]) -> str:
    """Return the value of the one option that a word takes."""
    value = options[0].value if options else None
    return "" if value is None else str(value)


def _leaves(options: tuple[Option, ...]) -> list[Option]:
    found: list[Option] = []
    for option in options:
        found += _leaves(option.options) if option.options else [option]
    return found
