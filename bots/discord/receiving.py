"""Takes the gateway's events to what they concern, in order within a channel."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from bots.beginning import Work, begin
from bots.discord.backlog import Backlog
from bots.discord.catching_up import CatchingUp, Read, Taker
from bots.discord.connection import Connection
from bots.discord.events import Interaction, Said, Where
from bots.discord.interactions import Interactions
from bots.discord.messages import Messages
from bots.discord.places import thread_of
from bots.patience import until_stored
from sessions.incidents import report
from sessions.threads import ThreadEvents


class Receiver:
    """Implements :class:`bots.discord.channels.Listener`; its work ends with the task group."""

    def __init__(
        self,
        connection: Connection,
        tasks: asyncio.TaskGroup,
        messages: Messages,
        interactions: Interactions,
        threads: ThreadEvents,
        missed: CatchingUp,
    ) -> None:
        self._connection = connection
        self._tasks = tasks
        self._messages = messages
        self._interactions = interactions
        self._threads = threads
        self._missed = missed
        self._newest: dict[str, asyncio.Task[None]] = {}
        self._newest_missed: dict[str, asyncio.Task[None]] = {}
        self._backlog = Backlog(self._newest_missed)
        self._looks = 0
        self._running: set[asyncio.Task[None]] = set()

    def heard(self, event: str, data: object) -> None:
        """Begin to handle an event."""
        match event:
            case "MESSAGE_CREATE":
                self.message(msgspec.convert(data, Said))
            case "INTERACTION_CREATE":
                interaction = msgspec.convert(data, Interaction)
                self._begin(lambda: self._interactions.heed(interaction))
            case "READY":
                self._missed.connected()
                self._backlog.begin()
            case "THREAD_UPDATE" | "CHANNEL_UPDATE":
                self._changed(msgspec.convert(data, Where))
            case "THREAD_DELETE" | "CHANNEL_DELETE":
                self._deleted(msgspec.convert(data, Where).id)
            case _:
                return

    def changed(self, state: str) -> None:
        """Look for what was missed when a gateway session could not be resumed."""
        match state:
            case "ready":
                self._look(lambda: self._catch_up(self._missed.look))
            case "resumed":
                self._look(lambda: self._catch_up(self._missed.resumed))
            case _:
                self._missed.lost()

    async def settle(self, seconds: float) -> None:
        """Let what has begun come to its end, for so long; the task group cancels the rest."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    def message(self, said: Said) -> None:
        """Handle a message that was heard, after the earlier ones of its channel."""
        self._missed.saw(said)
        channel = said.channel_id
        turn = partial(self._backlog.over, channel)
        self._in_order(self._newest, channel, lambda: self._heed(said, turn=turn))

    def missed(self, said: Said, *, quiet: bool = False) -> None:
        """Handle a message that was read later, after the others of its channel that were."""
        self._missed.saw(said)
        work = partial(self._heed, said, quiet=quiet)
        self._in_order(self._newest_missed, said.channel_id, work)

    async def _heed(
        self, said: Said, *, quiet: bool = False, turn: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        connection = self._connection
        role = connection.role(said.guild_id or "")
        await self._messages.heed(said, connection.user, role, quiet=quiet, turn=turn)

    async def _catch_up(self, look: Callable[[Taker, Read], Awaitable[None]]) -> None:
        self._looks += 1
        try:
            await look(self.missed, self._backlog.read)
        finally:
            self._looks -= 1
            if not self._looks:
                self._backlog.end()

    def _changed(self, now: Where) -> None:
        before = self._connection.channel(now.id)
        thread = thread_of(now.id)
        name = now.name
        if name and (before is None or before.name != name):
            self._in_order(self._newest, now.id, partial(self._threads.renamed, thread, name))
        if now.thread_metadata is None:
            return
        shut = now.thread_metadata.archived or now.thread_metadata.locked
        if shut and not (before and before.shut):
            self._in_order(self._newest, now.id, partial(self._threads.closed, thread))
        elif not shut and (before is None or before.shut):
            self._in_order(self._newest, now.id, partial(self._threads.reopened, thread))

    def _deleted(self, channel: str) -> None:
        threads = [found.id for found in self._connection.channels() if found.parent == channel]
        for gone in (channel, *threads):
            thread = thread_of(gone)
            self._in_order(self._newest, gone, partial(self._threads.removed, thread))

    def _in_order(self, newest: dict[str, asyncio.Task[None]], channel: str, work: Work) -> None:
        before = newest.get(channel)
        task = self._begin(lambda: _after(before, work))
        if task is not None:
            newest[channel] = task
            task.add_done_callback(lambda done: _forget(newest, channel, done))

    def _begin(self, work: Work) -> asyncio.Task[None] | None:
        task = self._look(work)
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return task

    def _look(self, work: Work) -> asyncio.Task[None] | None:
        """Begin what nobody has to wait for when serving ends."""
        return begin(self._tasks, lambda: _guarded(work))


def _forget(newest: dict[str, asyncio.Task[None]], channel: str, done: asyncio.Task[None]) -> None:
    if newest.get(channel) is done:
        del newest[channel]


async def _after(before: asyncio.Task[None] | None, work: Work) -> None:
    if before is not None:
        await asyncio.wait({before})
    await until_stored(work)


async def _guarded(work: Work) -> None:
    """The edge of a handler: one failure must not end the others."""
    try:
        await work()
    except Exception:  # noqa: BLE001 - logged with an id
        report("discord.handler_failed")
