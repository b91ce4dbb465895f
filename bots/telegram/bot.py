"""The Telegram bot: opens the wire, shows answers, and receives until it is cancelled."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Protocol, Self

import structlog

from bots.admission import Admission
from bots.commands import Commands
from bots.duty import Duty
from bots.outlet import OutletError
from bots.pacing import Pacer
from bots.reply import open_streamed
from bots.telegram.clerk import Accepts, Clerk
from bots.telegram.control import Control
from bots.telegram.known import KnownThreads
from bots.telegram.notices import Notices
from bots.telegram.outlet import Outlets
from bots.telegram.polling import Poller
from bots.telegram.reception import Bindings, Reception
from bots.telegram.rendering import Renderer
from bots.telegram.speaker import Speaker
from bots.telegram.updates import Change, Reader
from bots.telegram.webhook import Webhook
from bots.telegram.wire import OFFICIAL, Wire
from sessions.errors import SettingError
from sessions.incidents import report
from sessions.model import Platform, RoleName, Turn
from sessions.ports.errands import Errands
from sessions.ports.replies import Grant, Reply
from sessions.ports.roles import Roles
from sessions.threads import ThreadEvents

if TYPE_CHECKING:
    from bots.telegram.administration import Administration

PRIVATE_PACE = timedelta(seconds=1)
GROUP_PACE = timedelta(seconds=3)
"""Groups take 20 messages a minute (https://core.telegram.org/bots/faq); edits count as well."""

MENU_AFTER = timedelta(seconds=10)
"""Importing what sets the menu takes seconds of a processor, which the first answers may need."""

log = structlog.get_logger(__name__)


class Desk(Errands, Bindings, Roles, Protocol):
    """The ports of a store that the adapter uses by itself."""


class TelegramBot:
    """One bot. Enter it to open HTTP, :meth:`serve` to receive; leave it after the engine has drained.

    With ``hook``, its webhook, updates come by that instead of polling. ``logged_in``: Telegram has told
    who the bot is. Raises SettingError for a token or an address that cannot be one.
    """

    def __init__(
        self,
        token: str,
        admission: Admission,
        *,
        api_base: str = OFFICIAL,
        private_pace: timedelta = PRIVATE_PACE,
        group_pace: timedelta = GROUP_PACE,
        hook: Webhook | None = None,
        menu_after: timedelta = MENU_AFTER,
    ) -> None:
        self._wire = Wire(token, api_base)
        self._admission = admission
        pacer = Pacer(private_pace, lambda chat: group_pace if chat.startswith("-") else None)
        self._changes: asyncio.Queue[Change] = asyncio.Queue()
        outlets = Outlets(self._wire, Renderer(), self._changes.put_nowait)
        self._speaker = Speaker(outlets, pacer)
        self.replies = TelegramReplies(outlets, pacer)
        self.hook = hook
        self._menu_after = menu_after
        self.logged_in = False

    async def __aenter__(self) -> Self:
        await self._wire.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.__aexit__(kind, error, trace)

    async def serve(
        self, engine: Accepts, commands: Commands, threads: ThreadEvents, errands: Desk
    ) -> NoReturn:
        """Receive until cancelled, while no other does. Raises SettingError when the token is refused."""
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._serve(engine, commands, threads, errands, tasks)
        except BaseExceptionGroup as errors:
            refused = _first(errors, SettingError)
            if refused is None:
                raise
        raise refused

    async def _serve(
        self,
        engine: Accepts,
        commands: Commands,
        threads: ThreadEvents,
        errands: Desk,
        tasks: asyncio.TaskGroup,
    ) -> NoReturn:
        made: asyncio.Task[Administration] | None = None

        async def desk() -> "Administration":
            nonlocal made
            if made is None:
                made = tasks.create_task(asyncio.to_thread(_administration, self._wire))
            return await asyncio.shield(made)

        async def free_updates() -> None:
            await (await desk()).remove_webhook()

        poller = Poller(self._wire, free_updates)
        me = await poller.identify()
        self.logged_in = True
        reader, known = Reader(me.id, me.username), KnownThreads()
        clerk = Clerk(engine, commands, self._speaker, desk, known.changed)
        control = Control(reader, engine.holder, errands, clerk, tasks)
        reception = Reception(
            reader,
            self._admission,
            engine,
            errands,
            threads,
            control,
            clerk,
            Notices(self._speaker, tasks),
            known,
        )
        tasks.create_task(_set_menu(desk, self._menu_after))
        tasks.create_task(control.adopt_for_ever())
        tasks.create_task(self._tell_changes(reception))
        log.info("telegram.serving", bot=me.id)

        try:
            if self.hook is not None:
                await self.hook.serve(self._wire, reception.take_one)
            duty = Duty(errands, RoleName(f"telegram:{me.id}:updates"), engine.holder, engine.lease)
            await duty.perform(lambda: _poll(poller, reception, control))
        finally:
            await control.settle()

    async def _tell_changes(self, reception: Reception) -> None:
        """Pass on what sends brought to light."""
        while True:
            await reception.change(await self._changes.get())


class TelegramReplies:
    """Implements :class:`sessions.ports.replies.Replies`."""

    def __init__(self, outlets: Outlets, pacer: Pacer) -> None:
        self._outlets = outlets
        self._pacer = pacer

    @property
    def platforms(self) -> frozenset[Platform]:
        """Telegram."""
        return frozenset({Platform.TELEGRAM})

    def open(self, turn: Turn, grant: Grant) -> AbstractAsyncContextManager[Reply]:
        """Answer the turn's Inbound where it was asked."""
        inbound = turn.inbound
        outlet = self._outlets.at(inbound.place.thread, inbound.message)
        return open_streamed(outlet, turn, grant, self._pacer)


def _administration(wire: Wire) -> "Administration":
    """Import aiogram. Runs in a thread because it takes seconds."""
    from bots.telegram.administration import Administration

    return Administration(wire)


async def _poll(poller: Poller, reception: Reception, control: Control) -> NoReturn:
    try:
        await poller.run(reception.take)
    finally:
        # Before another polls: what is written behind a command is accepted after it.
        await control.settle()


async def _set_menu(desk: Callable[[], Awaitable["Administration"]], after: timedelta) -> None:
    await asyncio.sleep(after.total_seconds())
    try:
        await (await desk()).set_menu()
    except OutletError as error:
        log.warning("telegram.menu_not_set", error=type(error).__name__)
    except Exception:  # noqa: BLE001 - the bot works without a menu
        report("telegram.menu_failed")


def _first(errors: BaseExceptionGroup[BaseException], kind: type[SettingError]) -> SettingError | None:
    """Return the first error of that kind in a group and the groups in it."""
    for error in errors.exceptions:
        if isinstance(error, kind):
            return error
        if isinstance(error, BaseExceptionGroup) and (found := _first(error, kind)) is not None:
            return found
    return None
