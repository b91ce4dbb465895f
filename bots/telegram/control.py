"""Carries out commands and pressed buttons, beside the receiving loop and beside running turns.

They are errands: kept in the store before Telegram is told "taken", finished after the outcome was said,
and adopted from processes that died in between. Commands of one thread take effect in order, and a
message behind them is accepted after them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol, assert_never

import msgspec
import structlog

from bots.actions import ResumeById, parse_action
from bots.outlet import Closed, OutletError
from bots.spoken import Retry, parse_spoken, run_action, run_spoken
from bots.telegram.schema import Update
from bots.telegram.speaker import Speaker
from bots.telegram.updates import Commanded, Origin, Pressed, Reader, inbound_of
from bots.wording import Notice, say, say_error, say_failure, say_kept
from sessions.commands import Caller, SessionCommands
from sessions.errors import StoreUnavailable, UserError
from sessions.incidents import report
from sessions.model import Ask, EventId, Holder, Inbound, Platform, ThreadRef
from sessions.ports.errands import Errand, Errands
from sessions.ports.turns import Accepted

ERRAND_LEASE = timedelta(seconds=60)
ERRAND_TIME = timedelta(seconds=45)
"""Less than the lease, so that no other process carries the errand out at the same time."""
STALE = "This button does not work any more. Send /session list."
_ADOPTED_AT_ONCE = 20
_TURN_TIME = 15.0
"""Seconds that a message waits for the commands before it."""

log = structlog.get_logger(__name__)


class Accepts(Protocol):
    """The engine, as far as an adapter needs it."""

    @property
    def holder(self) -> Holder:
        """The running process, as leases name it."""
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


class Control:
    """The commands of all chats. ``desk`` may take seconds to be there; ``changed`` hears of effects."""

    def __init__(
        self,
        reader: Reader,
        engine: Accepts,
        commands: SessionCommands,
        errands: Errands,
        speaker: Speaker,
        desk: Callable[[], Awaitable[Desk]],
        changed: Callable[[ThreadRef], None],
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._reader = reader
        self._engine = engine
        self._commands = commands
        self._errands = errands
        self._speaker = speaker
        self._desk = desk
        self._changed = changed
        self._tasks = tasks
        self._running: set[EventId] = set()
        self._last: dict[ThreadRef, asyncio.Event] = {}

    async def admit(self, event: EventId, said: Commanded | Pressed, raw: bytes) -> None:
        """Keep the errand and begin it; a repeat does nothing. Raises StoreUnavailable."""
        errand = Errand(event, Platform.TELEGRAM, raw)
        if await self._errands.admit(errand, self._engine.holder, ERRAND_LEASE):
            self._begin(errand, said)

    async def refuse(self, pressed: Pressed) -> None:
        """Tell somebody who may not press this button, or whose button is out of reach."""
        alert = STALE if pressed.origin is None else "You may not use this bot."
        try:
            async with asyncio.timeout(ERRAND_TIME.total_seconds()):
                await (await self._desk()).answer(pressed.query, alert)
        except (TimeoutError, OutletError) as error:
            log.info("telegram.alert_dropped", error=type(error).__name__)

    async def wait_for_commands(self, thread: ThreadRef) -> None:
        """Return when the thread's earlier commands have taken effect, or take too long."""
        if (last := self._last.get(thread)) is not None:
            try:
                async with asyncio.timeout(_TURN_TIME):
                    await last.wait()
            except TimeoutError:
                log.warning("telegram.command_slow", thread=str(thread))

    async def adopt_for_ever(self) -> None:
        """Take over, at once and then regularly, what processes that died left undone."""
        while True:
            try:
                await self._adopt()
            except StoreUnavailable:
                log.warning("telegram.errands_not_adopted")
            except Exception:  # noqa: BLE001 - the edge of a lane
                report("telegram.adoption_failed")
            await asyncio.sleep(ERRAND_LEASE.total_seconds())

    async def _adopt(self) -> None:
        platforms = frozenset({Platform.TELEGRAM})
        adopted = await self._errands.adopt(
            platforms, self._engine.holder, ERRAND_LEASE, _ADOPTED_AT_ONCE
        )
        for errand in adopted:
            if errand.event in self._running:
                continue
            said = self._read(errand)
            if said is None:
                await self._errands.finish(errand.event)
            else:
                self._begin(errand, said)

    def _read(self, errand: Errand) -> Commanded | Pressed | None:
        try:
            said = self._reader.read(msgspec.json.decode(errand.body, type=Update))
        except msgspec.MsgspecError:
            log.warning("telegram.errand_undecodable", event_id=errand.event)
            return None
        return said if isinstance(said, Commanded | Pressed) else None

    def _begin(self, errand: Errand, said: Commanded | Pressed) -> None:
        """Take a place in the thread's order before anything else can."""
        self._running.add(errand.event)
        place, effect = _thread_of(said), asyncio.Event()
        before = None
        if place is not None and not _is_stop(said):
            before, self._last[place] = self._last.get(place), effect
        self._tasks.create_task(self._carry_out(errand, said, before, effect))

    async def _carry_out(
        self,
        errand: Errand,
        said: Commanded | Pressed,
        before: asyncio.Event | None,
        effect: asyncio.Event,
    ) -> None:
        try:
            async with asyncio.timeout(ERRAND_TIME.total_seconds()):
                if before is not None:
                    await before.wait()
                await self._answer(said, effect)
                await self._errands.finish(errand.event)
        except (TimeoutError, StoreUnavailable, OutletError) as error:
            # The errand stays in the store and is adopted when its time has run out.
            log.warning("telegram.errand_postponed", event_id=errand.event, error=type(error).__name__)
        except Exception:  # noqa: BLE001 - the edge of a lane
            report("telegram.errand_failed", event_id=errand.event)
            await self._give_up(errand)
        finally:
            self._running.discard(errand.event)
            effect.set()
            if (place := _thread_of(said)) is not None and self._last.get(place) is effect:
                del self._last[place]

    async def _give_up(self, errand: Errand) -> None:
        """Let go of what would fail the same way each time."""
        try:
            await self._errands.finish(errand.event)
        except StoreUnavailable:
            log.warning("telegram.errand_not_finished", event_id=errand.event)

    async def _answer(self, said: Commanded | Pressed, effect: asyncio.Event) -> None:
        match said:
            case Commanded():
                notice = await self._outcome(said.origin, lambda: self._command(said))
                effect.set()
                await self._say(said.origin, notice)
            case Pressed():
                await self._press(said, effect)
            case other:
                assert_never(other)

    async def _command(self, said: Commanded) -> Notice | None:
        """Do what was said; None: an answer follows as the reply of a turn."""
        spoken = parse_spoken(_without_name(said.text))
        caller = self._caller(said.origin)
        if spoken is None:
            return None
        if isinstance(spoken, Retry):
            await self._commands.check_retry(caller)
            retry = inbound_of(said.origin, "", said.sent_at, Ask.RETRY)
            await self._engine.accept(retry, said.title)
            return None
        return say(await run_spoken(self._commands, caller, spoken))

    async def _press(self, said: Pressed, effect: asyncio.Event) -> None:
        desk = await self._desk()
        action, origin = parse_action(said.data), said.origin
        if action is None or origin is None:
            effect.set()
            await desk.answer(said.query, STALE)
            return
        try:
            outcome = await run_action(self._commands, self._caller(origin), action)
        except UserError as error:
            effect.set()
            await desk.answer(said.query, str(error))
            return
        except (StoreUnavailable, OutletError):
            raise
        except Exception:  # noqa: BLE001 - the edge of a lane
            incident = report("telegram.button_failed", event_id=origin.event)
            await desk.answer(said.query, f"Something failed. The operator can look up {incident}.")
            return
        finally:
            self._changed(origin.place.thread)
        effect.set()
        await desk.answer(said.query)
        notice = say_kept() if outcome is None else say(outcome)
        if isinstance(action, ResumeById):
            await self._say(origin, notice)
            return
        try:
            await self._speaker.replace(origin, notice)
        except Closed as closed:
            log.info("telegram.notice_refused", error=type(closed).__name__)

    async def _outcome(
        self, origin: Origin, run: Callable[[], Awaitable[Notice | None]]
    ) -> Notice | None:
        try:
            return await run()
        except UserError as error:
            return say_error(error)
        except (StoreUnavailable, OutletError):
            raise
        except Exception:  # noqa: BLE001 - the edge of a lane
            return say_failure(report("telegram.command_failed", event_id=origin.event))
        finally:
            self._changed(origin.place.thread)

    async def _say(self, origin: Origin, notice: Notice | None) -> None:
        if notice is None:
            return
        try:
            await self._speaker.say(origin, notice)
        except Closed as closed:
            log.info("telegram.notice_refused", error=type(closed).__name__)

    def _caller(self, origin: Origin) -> Caller:
        async def administers() -> bool:
            if origin.administers or origin.private:
                return True
            person = int(origin.person.id.partition(":")[2])
            return await (await self._desk()).administers(int(origin.chat), person)

        return Caller(origin.person, origin.place, origin.event, administers)


def _thread_of(said: Commanded | Pressed) -> ThreadRef | None:
    return None if said.origin is None else said.origin.place.thread


def _is_stop(said: Commanded | Pressed) -> bool:
    return isinstance(said, Commanded) and said.text[:5].casefold() == "/stop"


def _without_name(text: str) -> str:
    """Return the command without ``@name``: the reader has seen to it that it is this bot's."""
    head, *rest = text.split(maxsplit=1)
    return " ".join((head.partition("@")[0], *rest))
