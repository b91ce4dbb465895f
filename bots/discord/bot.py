"""The Discord bot as the composition root sees it. discord.py is loaded when it is entered."""

import asyncio
import importlib
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import structlog

from bots.admission import Admission
from bots.discord.failures import BadToken, NoIntent
from bots.duty import Duty
from bots.outlet import OutletError
from bots.patience import waits
from sessions.errors import SettingError
from sessions.model import RoleName
from sessions.ports.catalog import Catalog
from sessions.ports.roles import Roles

if TYPE_CHECKING:
    from bots.commands import Commands
    from bots.discord.connection import Connection
    from bots.discord.receiving import Receiver
    from sessions.engine import Engine
    from sessions.ports.replies import Replies
    from sessions.threads import ThreadEvents

_SETTLING_TIME = 2.0
"""Seconds that commands get to show their outcome when the bot is told to stop."""

log = structlog.get_logger(__name__)


class Desk(Catalog, Roles, Protocol):
    """The ports of a store that the adapter uses by itself."""


class DiscordBot:
    """One bot account. ``api_base`` is Discord's REST API, version included; empty: the real one.

    Entering logs in, for as long as it takes, and raises SettingError for a token that is refused. The
    HTTP session stays open until the context is left, so that answers can still be finished after
    :meth:`serve` ended.
    """

    def __init__(self, token: str, admission: Admission, *, api_base: str = "") -> None:
        self._token = token
        self._admission = admission
        self._api_base = api_base
        self._connection: Connection | None = None
        self._replies: Replies | None = None

    async def __aenter__(self) -> Self:
        if not self._token.isascii() or not self._token.isprintable() or " " in self._token:
            raise _bad_token()
        # The import takes seconds; the loop has other work.
        await asyncio.to_thread(importlib.import_module, "bots.discord.connection")
        from bots.discord.replies import DiscordReplies

        connection = self._connection = await _log_in(self._token, self._api_base)
        self._replies = DiscordReplies(connection, lambda: connection.user)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            await self._connection.close()

    @property
    def logged_in(self) -> bool:
        """Whether the token was taken."""
        return self._connection is not None

    @property
    def hook(self) -> None:
        """Discord's events come over its gateway."""
        return

    @property
    def replies(self) -> "Replies":
        """Where answers are shown; usable as soon as the bot is entered."""
        if self._replies is None:
            raise RuntimeError("the bot is not entered")
        return self._replies

    async def serve(
        self,
        engine: "Engine",
        commands: "Commands",
        threads: "ThreadEvents",
        desk: Desk,
    ) -> None:
        """Receive until cancelled, while no other process does.

        Raises SettingError when Discord does not let the bot in.
        """
        if self._connection is None:
            raise RuntimeError("the bot is not entered")
        connection = self._connection
        refused: SettingError | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                receiver = self._receivers(tasks, connection, engine, commands, threads, desk)
                tasks.create_task(_publish(connection))

                async def receive() -> None:
                    receiving = receiver()
                    try:
                        await connection.listen(receiving)
                    finally:
                        # Before another listens: what is written behind a command is accepted after it.
                        await receiving.settle(_SETTLING_TIME)

                role = RoleName(f"discord:{connection.application}:shard:0")
                await Duty(desk, role, engine.holder, engine.lease).perform(receive)
        except* BadToken:
            refused = _bad_token()
        except* NoIntent:
            refused = SettingError(
                "PARLEY_DISCORD_TOKEN: the bot may not read messages. Switch on “Message Content "
                "Intent” at https://discord.com/developers/applications, under Bot."
            )
        if refused is not None:
            raise refused  # Python before 3.11.4 would wrap what is raised above in one more group

    def _receivers(
        self,
        tasks: asyncio.TaskGroup,
        connection: "Connection",
        engine: "Engine",
        commands: "Commands",
        threads: "ThreadEvents",
        catalog: Catalog,
    ) -> "Callable[[], Receiver]":
        """Return what makes a receiver for each time that this process begins to listen.

        It does not know until when another process listened, so it catches up as after a start.
        """
        from bots.discord.callers import Callers
        from bots.discord.catching_up import CatchingUp
        from bots.discord.finding import Finder
        from bots.discord.interactions import Interactions
        from bots.discord.messages import Messages
        from bots.discord.opening import Opening
        from bots.discord.places import Places
        from bots.discord.receiving import Receiver

        places = Places(Finder(connection).find)
        messages = Messages(connection, engine, catalog, self._admission, places)
        interactions = Interactions(
            connection,
            engine,
            commands,
            catalog,
            self._admission,
            places,
            Callers(connection),
            Opening(connection, commands.sessions),
        )

        def receiver() -> Receiver:
            missed = CatchingUp(connection, catalog)
            return Receiver(connection, tasks, messages, interactions, threads, missed)

        return receiver


async def _log_in(token: str, api_base: str) -> "Connection":
    from bots.discord.connection import Connection

    for pause in waits(0.5):
        connection = Connection(token, api_base)
        try:
            return await _opened(connection)
        except BadToken:
            raise _bad_token() from None
        except OutletError as error:
            log.warning(
                "discord.not_logged_in",
                error=type(error).__name__,
                code=str(error),
                hint="check the network and PARLEY_DISCORD_API_BASE",
            )
            await asyncio.sleep(pause)
    raise AssertionError("waits() is endless")


async def _opened(connection: "Connection") -> "Connection":
    try:
        await connection.open()
    except BaseException:
        await connection.close()
        raise
    return connection


async def _publish(connection: "Connection") -> None:
    """Bring the slash commands up to date; the bot works without for as long as that fails."""
    from bots.discord.menu import publish

    for pause in waits(1.0):
        try:
            await publish(connection, connection.application)
        except OutletError as error:
            log.warning("discord.commands_not_published", error=type(error).__name__, code=str(error))
            await asyncio.sleep(pause)
        else:
            return


def _bad_token() -> SettingError:
    return SettingError(
        "PARLEY_DISCORD_TOKEN is not accepted by Discord. Copy it anew from "
        "https://discord.com/developers/applications, under Bot."
    )
