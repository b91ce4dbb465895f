"""Does what a command or a pressed button says, and says what came of it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol, assert_never

import structlog

from bots.actions import Action, Decide, ResumeById, parse_action
from bots.commands import (
    Commands,
    Told,
    asks_for_task,
    decided,
    run_action,
    run_spoken,
    task_of,
)
from bots.outlet import Closed, OutletError
from bots.patience import until_stored
from bots.spoken import Retry, parse_spoken
from bots.telegram.speaker import Speaker
from bots.telegram.updates import Commanded, Origin, Pressed, event_of, inbound_of
from bots.wording import Notice, asked_for, say, say_error, say_failure
from sessions.commands import Caller
from sessions.errors import UserError
from sessions.incidents import report
from sessions.model import Ask, Holder, Inbound, ThreadRef
from sessions.ports.turns import Accepted

STALE = "This button does not work any more. Send /session list."

Tell = Callable[[], Awaitable[None]]
"""Says what came of an errand. Raises OutletError."""

_REST_OF_THE_SECOND = timedelta(milliseconds=999)
"""Telegram's dates are whole seconds; other platforms' messages of that second count as earlier."""

log = structlog.get_logger(__name__)


class Accepts(Protocol):
    """The engine, as far as an adapter needs it."""

    @property
    def holder(self) -> Holder:
        """The running process, as leases name it."""
        ...

    @property
    def lease(self) -> timedelta:
        """How long what this process holds stays its own without being renewed."""
        ...

    async def accept(self, inbound: Inbound, title: str = "") -> Accepted:
        """Take an Inbound over durably. Raises StoreUnavailable."""
        ...


class Desk(Protocol):
    """Rights and buttons: :class:`bots.telegram.administration.Administration`."""

    async def administers(self, chat: int, person: int) -> bool:
        """Whether the person administers the chat."""
        ...

    async def answer(self, query: str, alert: str = "") -> None:
        """End the spinner of a button."""
        ...


class Clerk:
    """Serves one errand at a time, any number at once. ``desk`` may take seconds to be there.

    ``changed`` hears of threads whose binding may have changed.
    """

    def __init__(
        self,
        engine: Accepts,
        commands: Commands,
        speaker: Speaker,
        desk: Callable[[], Awaitable[Desk]],
        changed: Callable[[ThreadRef], None],
    ) -> None:
        self._engine = engine
        self._commands = commands
        self._speaker = speaker
        self._desk = desk
        self._changed = changed

    async def do(self, said: Commanded | Pressed) -> Tell:
        """Do it and return how to say what came of it. Waits for a store that is away.

        Raises OutletError when a right could not be looked up.
        """
        match said:
            case Commanded():
                notice = await self._outcome(said)
                return lambda: self._say(said.origin, notice)
            case Pressed():
                return await self._press(said)
            case other:
                assert_never(other)

    async def _command(self, said: Commanded) -> Notice | None:
        """Do what was said; None: an answer follows as the reply of a turn."""
        spoken = parse_spoken(_without_name(said.text))
        caller = self._caller(said.origin, said.sent_at + _REST_OF_THE_SECOND)
        if spoken is None:
            return None
        if isinstance(spoken, Retry):
            await self._commands.sessions.check_retry(caller)
            retry = inbound_of(said.origin, "", said.sent_at, Ask.RETRY)
            await self._engine.accept(retry, said.title)
            return None
        if not asks_for_task(spoken):
            return say(await run_spoken(self._commands, caller, spoken))
        task = await task_of(self._commands, _asking(caller, said.origin), spoken)
        asked = inbound_of(said.origin, asked_for(task, spoken.rest), said.sent_at, Ask.TASK, task)
        await self._engine.accept(asked, said.title)
        return None

    async def _press(self, said: Pressed) -> Tell:
        action, origin = parse_action(said.data), said.origin
        if action is None or origin is None:
            return lambda: self.end_spinner(said, STALE)
        caller = self._caller(origin)
        try:
            outcome = await until_stored(lambda: self._act(origin, caller, action))
        except UserError as error:
            alert = str(error)
            return lambda: self.end_spinner(said, alert)
        except OutletError:
            raise
        except Exception:  # noqa: BLE001 - the edge of a lane
            incident = report("telegram.button_failed", event_id=origin.event)
            return lambda: self.end_spinner(
                said, f"Something failed. The operator can look up {incident}."
            )
        finally:
            self._changed(origin.place.thread)
        if outcome is None:
            return lambda: self._decided(said, origin)
        notice = say(outcome)
        in_place = not isinstance(action, ResumeById)
        return lambda: self._show(said, origin, notice, in_place=in_place)

    async def _act(self, origin: Origin, caller: Caller, action: Action) -> Told | None:
        """Do it; None: an answer follows as the reply of a turn."""
        if not isinstance(action, Decide):
            return await run_action(self._commands, caller, action)
        task = await decided(self._commands, _asking(caller, origin), action)
        now = datetime.now(UTC)
        await self._engine.accept(inbound_of(origin, asked_for(task), now, Ask.TASK, task))
        return None

    async def _decided(self, said: Pressed, origin: Origin) -> None:
        await self.end_spinner(said)
        await self._speaker.undress(origin)

    async def _show(self, said: Pressed, origin: Origin, notice: Notice, *, in_place: bool) -> None:
        await self.end_spinner(said)
        await self._say(origin, notice, in_place=in_place)

    async def end_spinner(self, said: Pressed, alert: str = "") -> None:
        """Answer the button's query; if that fails, the spinner ends by itself."""
        try:
            await (await self._desk()).answer(said.query, alert)
        except OutletError as error:
            log.info("telegram.spinner_not_ended", error=type(error).__name__)

    async def _outcome(self, said: Commanded) -> Notice | None:
        try:
            return await until_stored(lambda: self._command(said))
        except UserError as error:
            return say_error(error)
        except OutletError:
            raise
        except Exception:  # noqa: BLE001 - the edge of a lane
            return say_failure(report("telegram.command_failed", event_id=said.origin.event))
        finally:
            self._changed(said.origin.place.thread)

    async def _say(self, origin: Origin, notice: Notice | None, *, in_place: bool = False) -> None:
        if notice is None:
            return
        try:
            await (self._speaker.replace if in_place else self._speaker.say)(origin, notice)
        except Closed as closed:
            log.info("telegram.notice_refused", error=type(closed).__name__)

    def _caller(self, origin: Origin, said_at: datetime | None = None) -> Caller:
        async def administers() -> bool:
            if origin.administers or origin.private:
                return True
            person = int(origin.person.id.partition(":")[2])
            return await (await self._desk()).administers(int(origin.chat), person)

        return Caller(origin.person, origin.place, origin.event, said_at=said_at, administers=administers)


def _asking(caller: Caller, origin: Origin) -> Caller:
    """Return the caller by the event of the task: repeated, it finds the run that it goes on with."""
    return replace(caller, event=event_of(origin, Ask.TASK))


def _without_name(text: str) -> str:
    """Return the command without ``@name``: the reader has seen to it that it is this bot's."""
    head, *rest = text.split(maxsplit=1)
    return " ".join((head.partition("@")[0], *rest))
